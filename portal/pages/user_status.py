"""Whether one user may sign in: kept out and let in by an operator, and the status of local accounts."""

from litestar import Response

from directory import accounts, status
from directory.accounts import RoleExplanation
from directory.errors import NotFoundError
from directory.model import UserId
from portal.auth import does, shows
from portal.forms import Form, path_uuid, read_form
from portal.rendering import DIALOG_ID, go, page
from portal.visit import PortalRequest

REASON_CHARS_MAX = 300
USER = "/t/{slug:str}/sub-accounts/{user_id:str}"


@shows(f"{USER}/disable-sign-in", access="users:manage")
async def show_block(request: PortalRequest) -> Response[bytes]:
    """Say what keeping the user out does, and ask why."""
    return await _page(request, "block", Form({}))


@does(f"{USER}/disable-sign-in", access="users:manage")
async def block(request: PortalRequest) -> Response[bytes]:
    """Keep the user out from now on."""
    form, visit = await read_form(request), request.auth
    reason = form.text("reason", chars_max=REASON_CHARS_MAX)
    if form.errors:
        return await _page(request, "block", form)
    user_id = UserId(path_uuid(request, "user_id"))
    await status.block_signin(user_id, reason=reason, by=visit.by, now=visit.now)
    return _done(request, "sign-in-blocked")


@shows(f"{USER}/allow-sign-in", access="users:manage")
async def show_allow(request: PortalRequest) -> Response[bytes]:
    """Say what letting the user in again does."""
    return await _page(request, "allow", Form({}))


@does(f"{USER}/allow-sign-in", access="users:manage", fresh=True)
async def allow(request: PortalRequest) -> Response[bytes]:
    """Let what the source reports hold again."""
    visit = request.auth
    await status.allow_signin(UserId(path_uuid(request, "user_id")), by=visit.by, now=visit.now)
    return _done(request, "sign-in-allowed")


@shows(f"{USER}/status", access="users:manage")
async def show_status(request: PortalRequest) -> Response[bytes]:
    """Say what disabling or enabling the local account does."""
    return await _page(request, "status", Form({}))


@does(f"{USER}/status", access="users:manage", fresh=True)
async def set_status(request: PortalRequest) -> Response[bytes]:
    """Disable or enable a local account."""
    form, visit = await read_form(request), request.auth
    active = form.choice("status", ("active", "disabled")) == "active"
    if form.errors:
        return await _page(request, "status", form)
    await status.set_local_status(UserId(path_uuid(request, "user_id")), active=active, by=visit.by, now=visit.now)
    return _done(request, "account-enabled" if active else "account-disabled")


def _done(request: PortalRequest, done: str) -> Response[bytes]:
    return go(request, request.auth.path("sub-accounts", path_uuid(request, "user_id")), done=done)


async def _page(request: PortalRequest, deed: str, form: Form) -> Response[bytes]:
    visit = request.auth
    why: RoleExplanation = await accounts.explain_role(
        visit.operator.tenant.tenant_id, UserId(path_uuid(request, "user_id"))
    )
    block = await status.find_block(why.user.tenant_id, why.user.user_id)
    if (deed == "allow" and block is None) or (deed == "status" and why.user.source_id is not None):
        raise NotFoundError("page", deed)
    return page(
        request,
        f"user_status/{deed}_page.html",
        fragments={DIALOG_ID: f"user_status/_{deed}.html"},
        status_code=422 if form.errors else 200,
        user=why.user,
        role=why.role,
        block=block,
        form=form,
    )


HANDLERS = (show_block, block, show_allow, allow, show_status, set_status)
