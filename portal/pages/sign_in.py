"""Sign in with a password or a one-time link, show a second factor, and sign out."""

from datetime import datetime
from math import ceil

from litestar import Response

from directory import password_signins, signin_steps, signins
from directory.errors import (
    InvalidError,
    NoEntryError,
    NoKeysError,
    NotFoundError,
    TenantSuspendedError,
    TooManyTriesError,
    WrongProofError,
)
from directory.password_signins import Attempt
from directory.signin_steps import Step
from directory.slugs import SLUG_PATTERN, slug_for
from portal.auth import SIGN_IN_PATH, clock, does, find_visit, shows
from portal.confirming import next_path
from portal.cookies import device_cookie_name, no_cookie, step_cookie_name
from portal.entries import go_in, landing_of, let_in
from portal.forms import Form, read_form
from portal.qr import qr_code_for
from portal.rendering import go, page
from portal.times import ago
from portal.visit import PortalRequest, site_of, visitor_of

TENANT_SIGN_IN = f"/t/{{slug:str}}{SIGN_IN_PATH}"
SECOND_FACTOR = f"{TENANT_SIGN_IN}/second-factor"
CODE_CHARS_MAX = 40


@shows("/", access="signed in")
async def start(request: PortalRequest) -> Response[bytes]:
    """Lead to the overview of the operator's tenant."""
    return go(request, request.auth.path("overview"))


@shows("/t/{slug:str}", access="signed in")
async def start_of_tenant(request: PortalRequest) -> Response[bytes]:
    """Lead to the overview."""
    return go(request, request.auth.path("overview"))


@shows(SIGN_IN_PATH, access="public")
async def find_tenant(request: PortalRequest) -> Response[bytes]:
    """Ask for the tenant: signing in is a matter of each."""
    visit = await find_visit(request)
    if visit is not None:
        return go(request, visit.path("overview"))
    form = Form({"tenant": request.query_params.get("tenant", "")[:200]})
    if not form.fields["tenant"].strip():
        return page(request, "sign_in/tenant.html", form=form)
    try:
        return go(request, f"/t/{slug_for(form.fields['tenant'])}{SIGN_IN_PATH}")
    except InvalidError:
        form.errors["tenant"] = "Enter the name of your tenant, as it stands in the address of its pages."
        return page(request, "sign_in/tenant.html", status_code=422, form=form)


@shows(TENANT_SIGN_IN, access="public")
async def show_form(request: PortalRequest) -> Response[bytes]:
    """Ask for name and password; a tenant that does not exist has the same page."""
    slug, visit = _slug(request), await find_visit(request)
    asked = request.query_params.get("next", "")
    if visit is not None and visit.operator.tenant.slug == slug:
        return go(request, next_path(f"/t/{slug}", asked, visit.path("overview")))
    try:
        await password_signins.check_open(slug)
    except TenantSuspendedError:
        return _suspended(request, slug)
    return page(request, "sign_in/page.html", slug=slug, form=Form({"next": asked}))


@does(TENANT_SIGN_IN, access="public")
async def sign_in(request: PortalRequest) -> Response[bytes]:
    """Take name and password."""
    slug, form, now = _slug(request), await read_form(request), clock()
    attempt = Attempt(
        slug=slug,
        user_name=form.fields.get("user_name", "").strip(),
        password=form.fields.get("password", ""),
        device=request.cookies.get(device_cookie_name(site_of(request)), ""),
        lands_at=next_path(f"/t/{slug}", form.fields.get("next", ""), ""),
    )
    try:
        return await go_in(
            request, await password_signins.sign_in(attempt, visitor_of(request, site_of(request)), now=now)
        )
    except WrongProofError:
        form.errors["user_name"] = "The user name or the password is not right."
        return page(request, "sign_in/page.html", status_code=422, slug=slug, form=form)
    except TenantSuspendedError:
        return _suspended(request, slug)
    except NoEntryError as error:
        form.errors["user_name"] = f"You cannot sign in: {error}. Ask an administrator of your tenant."
        return page(request, "sign_in/page.html", status_code=403, slug=slug, form=form)
    except TooManyTriesError as error:
        form.errors["user_name"] = f"There were too many tries. Try again {ago(error.open_at, now)}."
        return _later(page(request, "sign_in/page.html", status_code=429, slug=slug, form=form), error, now=now)


@shows(SECOND_FACTOR, access="public")
async def show_step(request: PortalRequest) -> Response[bytes]:
    """Ask for a code, or show what to put into an authenticator app."""
    step = await _step(request)
    return _over(request) if step is None else _step_page(request, step, Form({}))


@does(SECOND_FACTOR, access="public")
async def take_code(request: PortalRequest) -> Response[bytes]:
    """Take the code; the first one of a new app shows the recovery codes, this once."""
    step, form, now = await _step(request), await read_form(request), clock()
    if step is None:
        return _over(request)
    token = request.cookies[step_cookie_name(site_of(request))]
    code, visitor = form.text("code", chars_max=CODE_CHARS_MAX), visitor_of(request, site_of(request))
    try:
        if form.errors:
            return _step_page(request, step, form)
        if step.stage == "code":
            return await go_in(request, await signin_steps.finish_with_code(token, code, visitor, now=now))
        entry, codes = await signin_steps.finish_with_enrolment(token, code, visitor, now=now)
    except InvalidError:
        return _over(request)
    except (WrongProofError, NoKeysError) as error:
        form.errors["code"] = f"{str(error).capitalize()}."
        return _step_page(request, step, form)
    except TooManyTriesError as error:
        form.errors["code"] = f"There were too many tries. Try again {ago(error.open_at, now)}."
        return _later(_step_page(request, step, form), error, now=now)
    shown = page(request, "sign_in/recovery.html", codes=codes, lands_at=landing_of(entry))
    return await let_in(request, entry, shown)


@shows(f"{SIGN_IN_PATH}/{{token:str}}", access="public")
async def show_link(request: PortalRequest) -> Response[bytes]:
    """Show the button that uses the link: mail scanners that open links must not use them up."""
    usable = await signins.peek_link(str(request.path_params["token"]), now=clock())
    return page(request, "sign_in/link.html" if usable else "sign_in/used.html", status_code=200 if usable else 410)


@does(f"{SIGN_IN_PATH}/{{token:str}}", access="public")
async def redeem(request: PortalRequest) -> Response[bytes]:
    """Use the link: it stands for a password, and a second factor is asked for all the same."""
    visitor = visitor_of(request, site_of(request))
    try:
        entry = await signins.redeem_link(str(request.path_params["token"]), visitor=visitor, now=clock())
    except InvalidError:
        return page(request, "sign_in/used.html", status_code=410)
    return await go_in(request, entry)


@does("/sign-out", access="signed in")
async def sign_out(request: PortalRequest) -> Response[bytes]:
    """End the web session here and in the directory."""
    visit = request.auth
    await signins.sign_out(visit.operator.session_id, by=visit.by, now=visit.now)
    response = go(request, f"/t/{visit.operator.tenant.slug}{SIGN_IN_PATH}", done="signed-out")
    response.cookies.append(no_cookie(site_of(request)))
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def _slug(request: PortalRequest) -> str:
    slug = str(request.path_params["slug"])
    if SLUG_PATTERN.fullmatch(slug) is None:
        raise NotFoundError("tenant", slug)
    return slug


async def _step(request: PortalRequest) -> Step | None:
    step = await signin_steps.find_step(request.cookies.get(step_cookie_name(site_of(request)), ""), now=clock())
    return step if step is not None and step.tenant.slug == _slug(request) else None


def _step_page(request: PortalRequest, step: Step, form: Form) -> Response[bytes]:
    status_code = 422 if form.errors else 200
    if step.stage == "code":
        return page(request, "sign_in/code.html", status_code=status_code, step=step, form=form)
    qr = qr_code_for(step.uri or "")
    return page(request, "sign_in/set_up.html", status_code=status_code, step=step, form=form, qr=qr)


def _later(response: Response[bytes], error: TooManyTriesError, *, now: datetime) -> Response[bytes]:
    response.status_code = 429
    response.headers["Retry-After"] = str(max(1, ceil((error.open_at - now).total_seconds())))
    return response


def _suspended(request: PortalRequest, slug: str) -> Response[bytes]:
    return page(request, "sign_in/suspended.html", status_code=403, slug=slug)


def _over(request: PortalRequest) -> Response[bytes]:
    return page(request, "sign_in/over.html", status_code=410, slug=_slug(request))


HANDLERS = (
    start, start_of_tenant, find_tenant, show_form, sign_in, show_step, take_code, show_link, redeem, sign_out,
)  # fmt: skip
