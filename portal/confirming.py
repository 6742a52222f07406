"""Asking the operator to confirm who it is, without losing what was sent."""

from dataclasses import replace
from urllib.parse import quote

from litestar import Response

from directory import confirmation, credentials
from directory.errors import NoKeysError, TooManyTriesError, WrongProofError
from portal.cookies import send_new_session
from portal.forms import Form
from portal.rendering import DIALOG_ID, page, target_id, wants_fragment
from portal.times import ago
from portal.visit import TOKEN_FIELD, PortalRequest, Visit, form_pairs, site_of

PASSWORD_FIELD = "confirm_password"  # noqa: S105 - the name of a field
CODE_FIELD = "confirm_code"
ASKED_FIELD = "confirm"
NEXT_CHARS_MAX = 2_000
BACK_CHARS_MAX = 48_000
"""Of whoever is signed in already: long enough for the address of a list of a thousand people who were picked."""

OWN_FIELDS = frozenset({PASSWORD_FIELD, CODE_FIELD, ASKED_FIELD, TOKEN_FIELD})
SECRET_PREFIX = "secret_"  # noqa: S105 - how names of fields begin
"""Fields that no page ever shows again, this one included: whoever sent them is asked once more."""


async def ask_or_confirm(request: PortalRequest, visit: Visit) -> Response[bytes] | None:
    """Ask who it is, or let the request through when it brings the right answer along.

    The page carries every field that was posted and sends them to the same address, together with the answer.
    """
    pairs = await form_pairs(request) if request.method == "POST" else []
    fields = dict(pairs)
    kept = [(name, value) for name, value in pairs if name not in OWN_FIELDS and not name.startswith(SECRET_PREFIX)]
    if request.method != "POST":
        return await ask(request, visit, action=visit.path("confirm"), kept=[("next", address_of(request))])
    action = address_of(request)
    if ASKED_FIELD not in fields:
        return await ask(request, visit, action=action, kept=kept)
    form = await confirm(request, visit, fields)
    return None if form is None else await ask(request, visit, action=action, kept=kept, form=form)


async def confirm(request: PortalRequest, visit: Visit, fields: dict[str, str]) -> Form | None:
    """Take the answer: None when it is right, and the session goes on under a new token; else the form with why not."""
    form = Form({})
    former = request.cookies[site_of(request).cookie_name]
    password, code = fields.get(PASSWORD_FIELD, ""), fields.get(CODE_FIELD, "")
    try:
        token = await confirmation.confirm(visit.operator, former, password=password, code=code, now=visit.now)
    except WrongProofError:
        form.errors["confirm"] = "That is not right. Check what you entered, and take the code that the app shows now."
    except NoKeysError as error:
        form.errors["confirm"] = f"{str(error).capitalize()}."
    except TooManyTriesError as error:
        form.errors["confirm"] = f"Too many tries. Try again {ago(error.open_at, visit.now)}."
    else:
        send_new_session(request, token)
        request.scope["auth"] = confirmed(visit)
        return None
    return form


async def ask(
    request: PortalRequest, visit: Visit, *, action: str, kept: list[tuple[str, str]], form: Form | None = None
) -> Response[bytes]:
    """Return the page that asks who it is; what was wanted, if anything, was not done."""
    refused = 403 if request.route_handler.opt.get("fresh", False) else 200
    response = page(
        request,
        "confirm/page.html",
        fragments={target_id(request): "confirm/_form.html"},
        status_code=refused if form is None else 422,
        action=action,
        kept=kept,
        form=form or Form({}),
        has=await credentials.get_own_credentials(visit.operator),
    )
    if wants_fragment(request) and target_id(request) != DIALOG_ID:
        response.headers.update({"HX-Retarget": "#main", "HX-Reswap": "innerHTML"})
    return response


def confirmed(visit: Visit) -> Visit:
    """Return the visit of an operator who has just shown who it is."""
    return replace(visit, operator=visit.operator.confirmed(visit.now))


def address_of(request: PortalRequest) -> str:
    """Return the address that was asked for, as a path of this site."""
    query = request.scope["query_string"].decode("latin-1")
    path = quote(request.url.path, safe="/:@!$&'()*+,;=-._~")
    return f"{path}?{query}" if query else path


def next_path(visit_path: str, asked: str, default: str, *, chars_max: int = NEXT_CHARS_MAX) -> str:
    """Return where to go next: what was asked for, if it lies below ``visit_path``, else ``default``.

    A browser takes ``//host`` and a backslash for another host.
    """
    plain = asked.isascii() and asked.isprintable() and not any(sign in asked for sign in '\\ "<>')
    inside = asked.startswith(f"{visit_path}/") and "//" not in asked.partition("?")[0]
    if plain and inside and len(asked) <= chars_max:
        return asked
    return default
