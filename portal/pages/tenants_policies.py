"""What a super tenant decides for a tenant below it."""

from litestar import Response

from directory import guard_limits
from directory.errors import InvalidError, NotFoundError
from directory.model import RoleId
from directory.presets import GRACE_DAYS_MAX
from directory.sub_tenants.lists import TenantLine
from directory.sub_tenants.policies import (
    Limits,
    Policies,
    edit_policies,
    read_default_role,
    read_policies,
    set_default_role,
)
from directory.tenant_states import VIEWS, may_set_views
from portal.auth import does, shows
from portal.forms import Form, read_form
from portal.rendering import go, page
from portal.tenants_shown import VIEW_WORDS, child_of
from portal.visit import PortalRequest

POLICIES = "/t/{slug:str}/tenants/{tenant_id:str}/policies"


@shows(POLICIES, access="settings:manage")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show what holds."""
    return await _page(request, await _line(request), Form({}))


@does(POLICIES, access="settings:manage", fresh=True)
async def save(request: PortalRequest) -> Response[bytes]:
    """Decide anew."""
    form, visit, line = await read_form(request), request.auth, await _line(request)
    wanted = Policies(
        limits=Limits(
            on=form.flag("on"),
            at_least=form.number("at_least", low=1, high=guard_limits.AT_LEAST_MAX),
            percent=form.number("percent", low=0, high=100),
            hold_days=form.number("hold_days", low=1, high=guard_limits.HOLD_DAYS_MAX),
        ),
        grace_days=form.number("grace_days", low=1, high=GRACE_DAYS_MAX),
        own_sources=form.flag("own_sources"),
        scoped_views=form.choice("scoped_views", VIEWS),
    )
    if not form.errors:
        try:
            await edit_policies(line.state.tenant.tenant_id, wanted, by=visit.by, now=visit.now)
        except InvalidError as error:
            form.errors["scoped_views"] = f"Looking in {error.reason}."
    if form.errors:
        return await _page(request, line, form)
    return go(request, visit.path("tenants", line.state.tenant.tenant_id), done="tenant-policies")


@does(f"{POLICIES}/default-role", access="settings:manage", fresh=True)
async def save_default(request: PortalRequest) -> Response[bytes]:
    """Set the role of users whom no mapping of the tenant fits."""
    form, visit, line = await read_form(request), request.auth, await _line(request)
    role_id = RoleId(form.ident("role_id"))
    if not form.errors:
        try:
            await set_default_role(line.state.tenant.tenant_id, role_id, by=visit.by, now=visit.now)
        except InvalidError as error:
            form.errors["role_id"] = f"The role {error.reason}."
    if form.errors:
        return await _page(request, line, form)
    return go(request, visit.path("tenants", line.state.tenant.tenant_id), done="tenant-default-role")


async def _line(request: PortalRequest) -> TenantLine:
    line = await child_of(request)
    if line.state.deleted_at is not None:
        raise NotFoundError("tenant", line.state.tenant.tenant_id)
    return line


async def _page(request: PortalRequest, line: TenantLine, form: Form) -> Response[bytes]:
    tenant, by = line.state.tenant, request.auth.by
    held, default = await read_policies(tenant.tenant_id, by=by), await read_default_role(tenant.tenant_id, by=by)
    # Of the two forms of the page only one was sent: the other shows what holds.
    shown = Form({**_fields(held), "role_id": str(default.role.role_id), **form.fields})
    shown.errors |= form.errors
    return page(
        request,
        "tenants_policies/page.html",
        status_code=422 if form.errors else 200,
        line=line,
        form=shown,
        default=default,
        views=[(one, VIEW_WORDS[one], "") for one in VIEWS if may_set_views(held.scoped_views, one)],
    )


def _fields(held: Policies) -> dict[str, str]:
    numbers = {name: str(getattr(held.limits, name)) for name in ("at_least", "percent", "hold_days")}
    return {
        **numbers,
        "on": "yes" if held.limits.on else "",
        "grace_days": str(held.grace_days),
        "own_sources": "yes" if held.own_sources else "",
        "scoped_views": held.scoped_views,
    }


HANDLERS = (show, save, save_default)
