"""Sixty texts that an identity provider could send in any attribute, each made to be more than text somewhere."""

PRODUCT = "62615533"
"""What the expressions in the payloads come to, were they ever evaluated."""

MARKUP = (
    "<script>window.attacked=1</script>",
    "</title><script>window.attacked=1</script>",
    "</textarea><script>window.attacked=1</script>",
    "</option></select><script>window.attacked=1</script>",
    "</pre></code><script>window.attacked=1</script>",
    "--><script>window.attacked=1</script><!--",
    "<img src=x onerror=window.attacked=1>",
    "<img src=https://attacked.example/pixel.png>",
    "<svg onload=window.attacked=1>",
    "<svg><use href='https://attacked.example/x.svg#a'></svg>",
    "<iframe src='javascript:parent.attacked=1'></iframe>",
    "<object data='https://attacked.example/x'></object>",
    "<link rel=stylesheet href=https://attacked.example/x.css>",
    "<style>@import 'https://attacked.example/x.css';</style>",
    "<base href='https://attacked.example/'>",
    "<meta http-equiv=refresh content='0;url=https://attacked.example/'>",
    "<form action='https://attacked.example/'><button>Sign in</button></form>",
    "<details open ontoggle=window.attacked=1>x</details>",
    "<a href='javascript:window.attacked=1'>Ann</a>",
    "<video><source onerror=window.attacked=1></video>",
    "<body onpageshow=window.attacked=1>",
    "&lt;script&gt;window.attacked=1&lt;/script&gt;",
    "&#60;img src=x onerror=window.attacked=1&#62;",
    "<ScRiPt>window.attacked=1</sCrIpT>",
    "<scr<script>ipt>window.attacked=1</script>",
)
BREAK_OUTS = (
    '" onmouseover="window.attacked=1',
    "' onfocus='window.attacked=1' autofocus='",
    '" autofocus onfocus="window.attacked=1" x="',
    '"><script>window.attacked=1</script>',
    "'><img src=x onerror=window.attacked=1>",
    '" style="background:url(https://attacked.example/x)',
    "` onload=`window.attacked=1",
    "javascript:window.attacked=1",
    "data:text/html,<script>window.attacked=1</script>",
    "//attacked.example/",
    "\\u003cscript\\u003ewindow.attacked=1\\u003c/script\\u003e",
)
HTMX = (
    '<div hx-get="/attacked" hx-trigger="load" hx-target="this" hx-swap="innerHTML"></div>',
    '" hx-get="/attacked" hx-trigger="load" x="',
    '<hx-partial hx-target="#main" hx-swap="innerHTML"><b>attacked</b></hx-partial>',
    '<div hx-on:click="window.attacked=1" hx-on--after--init="window.attacked=1">x</div>',
    '<div hx-sse:connect="/attacked" hx-target="this" hx-swap="innerHTML"></div>',
    '<img hx-vals="js:{x: window.attacked=1}" hx-get="/attacked" hx-trigger="load">',
    '<script type="module">window.attacked=1</script>',
)
TEMPLATES = (
    "{{ 7919*7907 }}",
    "{% print(7919*7907) %}",
    "{# {{ 7919*7907 }} #}",
    "${7919*7907}",
    "<%= 7919*7907 %>",
    "#{7919*7907}",
    "{{ ''.__class__.__mro__ }}",
    "%(x)s {0} {visit} %s",
)
TEXTS = (
    "A\u202ennA\u202c",
    "\u2066\u2067\u2068\u2069\u200f\u200eAnn",
    "zero\u200bwidth\ufeffjoiner\u200d",
    "a\u0301\u0327" * 12,
    "M" * 180,
)
FORMULAS = (
    '=HYPERLINK("https://attacked.example","x")',
    "+1+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
)  # fmt: skip
PAYLOADS = (*MARKUP, *BREAK_OUTS, *HTMX, *TEMPLATES, *TEXTS, *FORMULAS)
