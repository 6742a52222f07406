"""The role lock of one user: set or changed, and lifted, each with its effect shown before."""

from litestar import Response

from directory import access_roles, accounts, preview, preview_apply
from directory.accounts import RoleExplanation
from directory.errors import InvalidError, MovedError
from directory.model import RoleId, UserId
from directory.preview import Preview
from directory.proposals import LockProposal, LockRole, UnlockRole
from portal.auth import does, shows
from portal.forms import Form, path_uuid, read_form
from portal.rendering import DIALOG_ID, go, page
from portal.visit import PortalRequest

REASON_CHARS_MAX = 300
USER = "/t/{slug:str}/sub-accounts/{user_id:str}"
STALE = "The directory has changed since this was shown. This is what it would do now."


@shows(f"{USER}/lock", access="users:manage")
async def show_lock(request: PortalRequest) -> Response[bytes]:
    """Ask which role to keep, why and for how long."""
    return await _form_page(request, Form({}))


@does(f"{USER}/lock/preview", access="users:manage")
async def show_lock_effect(request: PortalRequest) -> Response[bytes]:
    """Show what the lock would do."""
    form = await read_form(request)
    proposal = _lock_from(request, form)
    if form.errors:
        return await _form_page(request, form)
    try:
        return await _effect_page(request, form, proposal)
    except InvalidError as error:
        form.errors[error.attribute] = f"{error.attribute.replace('_', ' ').capitalize()} {error.reason}."
        return await _form_page(request, form)


@does(f"{USER}/lock", access="users:manage", fresh=True)
async def lock(request: PortalRequest) -> Response[bytes]:
    """Set the role by hand and keep it: groups and mappings no longer change it."""
    form = await read_form(request)
    proposal = _lock_from(request, form)
    if form.errors:
        return await _form_page(request, form)
    return await _apply(request, form, proposal, done="role-locked")


@shows(f"{USER}/unlock", access="users:manage")
async def show_unlock(request: PortalRequest) -> Response[bytes]:
    """Show which role the user would have without the lock."""
    return await _effect_page(request, Form({}), UnlockRole(user_id=UserId(path_uuid(request, "user_id"))))


@does(f"{USER}/unlock", access="users:manage", fresh=True)
async def unlock(request: PortalRequest) -> Response[bytes]:
    """Give the role back to groups and mappings."""
    proposal = UnlockRole(user_id=UserId(path_uuid(request, "user_id")))
    return await _apply(request, await read_form(request), proposal, done="role-unlocked")


def _lock_from(request: PortalRequest, form: Form) -> LockRole:
    role_id = RoleId(form.ident("role_id"))
    reason = form.text("reason", chars_max=REASON_CHARS_MAX)
    until = form.end_of_day("until", after=request.auth.now)
    return LockRole(user_id=UserId(path_uuid(request, "user_id")), role_id=role_id, reason=reason, until=until)


async def _apply(request: PortalRequest, form: Form, proposal: LockProposal, *, done: str) -> Response[bytes]:
    visit = request.auth
    try:
        await preview_apply.apply(proposal, form.fields.get("plan_hash", ""), consent=True, by=visit.by, now=visit.now)
    except MovedError:
        return await _effect_page(request, form, proposal, stale=STALE)
    return go(request, visit.path("sub-accounts", path_uuid(request, "user_id")), done=done)


async def _form_page(request: PortalRequest, form: Form) -> Response[bytes]:
    visit, why = request.auth, await _why(request)
    roles = await access_roles.list_roles(visit.operator.tenant.tenant_id)
    return page(
        request,
        "user_lock/form_page.html",
        fragments={DIALOG_ID: "user_lock/_form.html"},
        status_code=422 if form.errors else 200,
        user=why.user,
        why=why,
        form=form,
        roles=[role for role in roles if visit.covers(role)],
    )


async def _effect_page(
    request: PortalRequest, form: Form, proposal: LockProposal, *, stale: str = ""
) -> Response[bytes]:
    visit, why = request.auth, await _why(request)
    found: Preview = await preview.preview(proposal, by=visit.by, now=visit.now)
    roles = {role.role_id: role for role in await access_roles.list_roles(visit.operator.tenant.tenant_id)}
    return page(
        request,
        "user_lock/effect_page.html",
        fragments={DIALOG_ID: "user_lock/_effect.html"},
        status_code=409 if stale else 200,
        user=why.user,
        why=why,
        form=form,
        proposal=proposal,
        locks=isinstance(proposal, LockRole),
        role=roles.get(proposal.role_id) if isinstance(proposal, LockRole) else why.unlocked_role,
        preview=found,
        stale=stale,
    )


async def _why(request: PortalRequest) -> RoleExplanation:
    tenant_id = request.auth.operator.tenant.tenant_id
    return await accounts.explain_role(tenant_id, UserId(path_uuid(request, "user_id")))


HANDLERS = (show_lock, show_lock_effect, lock, show_unlock, unlock)
