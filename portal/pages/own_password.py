"""The operator's own password: set, or changed with the present one."""

from litestar import Response

from directory import credentials
from directory.errors import InvalidError, TooManyTriesError, WrongProofError
from directory.passwords import LENGTH_MAX, LENGTH_MIN
from portal.auth import does, shows
from portal.cookies import send_new_session
from portal.forms import Form, read_form
from portal.rendering import go, page
from portal.times import ago
from portal.visit import PortalRequest, site_of

OWN_PASSWORD = "/t/{slug:str}/own-account/password"  # noqa: S105 - an address


@shows(OWN_PASSWORD, access="signed in")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show the form."""
    return await _form_page(request, Form({}))


@does(OWN_PASSWORD, access="signed in")
async def change(request: PortalRequest) -> Response[bytes]:
    """Set the password; all other sessions end, and this one goes on under a new token."""
    visit, form = request.auth, await read_form(request)
    current, password = form.fields.get("current", ""), form.fields.get("password", "")
    if password != form.fields.get("again", ""):
        form.errors["again"] = "These are two different passwords."
        return await _form_page(request, form)
    former = request.cookies[site_of(request).cookie_name]
    try:
        token = await credentials.set_password(
            visit.operator, former, current=current, password=password, now=visit.now
        )
    except WrongProofError:
        form.errors["current"] = "That is not your current password."
    except TooManyTriesError as error:
        form.errors["current"] = f"There were too many tries. Try again {ago(error.open_at, visit.now)}."
    except InvalidError as error:
        form.errors[error.attribute if error.attribute == "password" else "current"] = f"It {error.reason}."
    else:
        send_new_session(request, token)
        return go(request, visit.path("own-account"), done="password-set")
    return await _form_page(request, form)


async def _form_page(request: PortalRequest, form: Form) -> Response[bytes]:
    visit, operator = request.auth, request.auth.operator
    has = await credentials.get_credentials(operator.tenant.tenant_id, operator.user.user_id)
    asks_current = credentials.needs_current(operator, has, now=visit.now)
    return page(
        request,
        "own_password/page.html",
        status_code=422 if form.errors else 200,
        form=form,
        has=has,
        asks_current=asks_current,
        may_set=asks_current or operator.came_by_link(visit.now) or visit.is_fresh,
        length_min=LENGTH_MIN,
        length_max=LENGTH_MAX,
    )


HANDLERS = (show, change)
