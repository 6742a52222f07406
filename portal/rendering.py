"""Templates to answers: whole pages, the fragments htmx asks for, and the headers every answer carries."""

import gzip
import re
import shlex
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Response

from portal.assets import asset_url, icon_url, shipped_folder
from portal.browser_names import browser_name
from portal.event_words import value_words, words_for
from portal.notices import NOTICES
from portal.places import PLACES
from portal.times import ago, day, instant, iso, moment
from portal.visit import AnyRequest, PortalRequest, Site, Visit, site_of

NO_FRAGMENTS: Mapping[str, str] = MappingProxyType({})
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
)
STRICT_TRANSPORT = "max-age=31536000; includeSubDomains"
PAGE_VARY = "HX-Request, HX-Boosted, HX-Target, Accept-Encoding"
_NO_WEIGHT = re.compile(r"q=0(?:\.0*)?")
DIALOG_ID = "dialog-body"
"""Where a page that may also open over another one is put; its templates see ``in_dialog``."""
GZIP_BYTES_MIN = 1024
GZIP_LEVEL = 5  # 0.46 ms for a page of 58 kB; level 9 takes 1.4 ms on the event loop for 2 % less


def page(
    request: PortalRequest,
    name: str,
    *,
    fragments: Mapping[str, str] = NO_FRAGMENTS,
    status_code: int = 200,
    **context: object,
) -> Response[bytes]:
    """Render ``name``, or the fragment that htmx will put at its target.

    ``fragments`` says which file answers for which target id. An unknown target, a boosted link and a history restore
    get the page. The notice named by ``?done=`` (or by ``done`` in the context) is added here and nowhere else.
    """
    chosen = fragments[target_id(request)] if asks_for(request, fragments) else name
    done = str(context.pop("done", "") or request.query_params.get("done", ""))
    notice = NOTICES.get(done)
    shell = {
        "notice": notice,
        "visit": request.scope.get("auth"),
        "path": request.url.path,
        "in_dialog": chosen != name and target_id(request) == DIALOG_ID,
    }
    text = environment().get_template(chosen).render(**shell, **context)
    if notice is not None and chosen != name:
        text += environment().get_template("layout/notice_partial.html").render(notice=notice)
    return answer(text, site=site_of(request), request=request, status_code=status_code)


def answer(text: str, *, site: Site, request: AnyRequest, status_code: int) -> Response[bytes]:
    """Return HTML under the portal's headers, compressed when that is worth it.

    Answers to posted forms are never compressed: one of them shows a secret.
    """
    content = text.encode()
    headers = {**secure_headers(site), "Cache-Control": "no-store", "Vary": PAGE_VARY}
    if request.method == "GET" and len(content) >= GZIP_BYTES_MIN and accepts_gzip(request):
        content = gzip.compress(content, compresslevel=GZIP_LEVEL, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return Response(content, status_code=status_code, headers=headers, media_type="text/html")


def accepts_gzip(request: AnyRequest) -> bool:
    """Whether the client takes gzip: named, or meant by ``*``, and not with the weight 0 (RFC 9110 section 12.5.3)."""
    weights: dict[str, bool] = {}
    for part in request.headers.get("accept-encoding", "").lower().split(","):
        coding, _, weight = part.partition(";")
        weights[coding.strip()] = _NO_WEIGHT.fullmatch(weight.replace(" ", "")) is None
    return weights.get("gzip", weights.get("*", False))


def go(request: PortalRequest, path: str, *, done: str | None = None) -> Response[bytes]:
    """Send the browser to ``path`` by GET, where the notice ``done`` is shown; ``path`` may end in ``#id``."""
    if done is not None:
        assert done in NOTICES  # noqa: S101 - a typo of ours, found by any test of the deed
        path, mark, place = path.partition("#")
        path += ("&" if "?" in path else "?") + f"done={done}{mark}{place}"
    headers = {**secure_headers(site_of(request)), "Cache-Control": "no-store", "Location": path}
    return Response(b"", status_code=303, headers=headers, media_type="text/html")


def secure_headers(site: Site) -> dict[str, str]:
    """Return the headers that every answer carries, errors and static files included."""
    strict = {"Strict-Transport-Security": STRICT_TRANSPORT} if site.secure else {}
    return {**SECURITY_HEADERS, **strict}


def wants_fragment(request: AnyRequest) -> bool:
    """Whether htmx asks for a part of a page; never a reason to allow anything."""
    headers = request.headers
    return (
        headers.get("hx-request") == "true"
        and headers.get("hx-boosted") != "true"
        and headers.get("hx-history-restore-request") != "true"
    )


def asks_for(request: AnyRequest, fragments: Mapping[str, str]) -> bool:
    """Whether htmx asks for one of ``fragments``."""
    return wants_fragment(request) and target_id(request) in fragments


def target_id(request: AnyRequest) -> str:
    """Return the id of the element htmx will swap: what follows # in ``tbody#rows``."""
    return request.headers.get("hx-target", "").partition("#")[2]


@cache
def environment() -> Environment:
    """Return the templates: autoescaped, and an error where a variable is missing."""
    made = Environment(
        loader=FileSystemLoader(shipped_folder("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters.update(
        iso=iso, moment=moment, instant=instant, day=day, ago=ago, number=number, words=words_for, told=value_words
    )
    made.filters["browser"] = browser_name
    made.filters["shell"] = shlex.quote
    made.globals.update(asset=asset_url, icon=icon_url, places=PLACES)
    return made


def number(value: int) -> str:
    """Return a count with thin grouping, as in ``12,408``."""
    return f"{value:,}"


def visit_of(request: AnyRequest) -> Visit | None:
    """Return the visit, once the guard has found one."""
    found = request.scope.get("auth")
    return found if isinstance(found, Visit) else None
