"""The operator's own second factor: set up, replaced, given up, and its recovery codes."""

from litestar import Response

from directory import credentials, second_factors
from directory.errors import InvalidError, TooManyTriesError, WrongProofError
from portal.auth import does, shows
from portal.forms import Form, read_form
from portal.qr import qr_code_for
from portal.rendering import go, page
from portal.times import ago
from portal.visit import PortalRequest, site_of, visitor_of

SECOND_FACTOR = "/t/{slug:str}/own-account/second-factor"
CODE_CHARS_MAX = 40


@does(f"{SECOND_FACTOR}/begin", access="signed in", fresh=True)
async def begin(request: PortalRequest) -> Response[bytes]:
    """Make a secret for an authenticator app."""
    visit = request.auth
    await second_factors.begin_enrolment(visit.operator, now=visit.now)
    return go(request, visit.path("own-account", "second-factor"))


@shows(SECOND_FACTOR, access="signed in", fresh=True)
async def show(request: PortalRequest) -> Response[bytes]:
    """Show the secret that waits for its first code, or the way to begin."""
    return await _set_up_page(request, Form({}))


@does(SECOND_FACTOR, access="signed in", fresh=True)
async def finish(request: PortalRequest) -> Response[bytes]:
    """Take the first code and show the recovery codes, this once."""
    visit, form = request.auth, await read_form(request)
    code = form.text("code", chars_max=CODE_CHARS_MAX)
    if form.errors:
        return await _set_up_page(request, form)
    try:
        codes = await second_factors.finish_enrolment(visit.operator, code, now=visit.now)
    except WrongProofError as error:
        form.errors["code"] = f"{str(error).capitalize()}."
    except TooManyTriesError as error:
        form.errors["code"] = f"There were too many tries. Try again {ago(error.open_at, visit.now)}."
    except InvalidError as error:
        form.errors["code"] = f"{str(error).capitalize()}."
    else:
        return _codes_page(request, codes, ended=True)
    return await _set_up_page(request, form)


@shows(f"{SECOND_FACTOR}/recovery-codes", access="signed in")
async def show_renew(request: PortalRequest) -> Response[bytes]:
    """Say what becomes of the present recovery codes."""
    return await _decide_page(request, "renew")


@does(f"{SECOND_FACTOR}/recovery-codes", access="signed in", fresh=True)
async def renew(request: PortalRequest) -> Response[bytes]:
    """Make new recovery codes and show them, this once."""
    visit = request.auth
    return _codes_page(request, await second_factors.renew_recovery_codes(visit.operator, now=visit.now), ended=False)


@shows(f"{SECOND_FACTOR}/remove", access="signed in")
async def show_remove(request: PortalRequest) -> Response[bytes]:
    """Say what giving the second factor up means."""
    return await _decide_page(request, "remove")


@does(f"{SECOND_FACTOR}/remove", access="signed in", fresh=True)
async def remove(request: PortalRequest) -> Response[bytes]:
    """Give the second factor up."""
    visit = request.auth
    visitor = visitor_of(request, site_of(request))
    await second_factors.remove_factor(visit.operator, visitor, now=visit.now)
    return go(request, visit.path("own-account"), done="factor-removed")


async def _set_up_page(request: PortalRequest, form: Form) -> Response[bytes]:
    enrolment = await second_factors.find_enrolment(request.auth.operator, now=request.auth.now)
    qr = None if enrolment is None else qr_code_for(enrolment.uri)
    status_code = 422 if form.errors else 200
    return page(request, "second_factor/set_up.html", status_code=status_code, form=form, enrolment=enrolment, qr=qr)


async def _decide_page(request: PortalRequest, deed: str) -> Response[bytes]:
    operator = request.auth.operator
    has = await credentials.get_credentials(operator.tenant.tenant_id, operator.user.user_id)
    required = visitor_of(request, site_of(request)).must_have_factor(operator.role)
    fragments = {"dialog-body": f"second_factor/_{deed}.html"}
    return page(request, f"second_factor/{deed}.html", fragments=fragments, has=has, required=required)


def _codes_page(request: PortalRequest, codes: tuple[str, ...], *, ended: bool) -> Response[bytes]:
    return page(request, "second_factor/codes.html", codes=codes, ended=ended)


HANDLERS = (begin, show, finish, show_renew, renew, show_remove, remove)
