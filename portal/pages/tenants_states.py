"""Suspending, deleting and bringing back a tenant below."""

from litestar import Response

from directory.errors import InvalidError, NotFoundError
from directory.sub_tenants.lists import TenantLine
from directory.sub_tenants.states import delete_tenant, restore_tenant, resume_tenant, suspend_tenant
from directory.tenant_states import State
from portal.auth import does, shows
from portal.forms import Form, read_form
from portal.rendering import DIALOG_ID, go, page
from portal.tenants_shown import child_of
from portal.visit import PortalRequest

TENANT = "/t/{slug:str}/tenants/{tenant_id:str}"
NAME_CHARS_MAX = 200


@shows(f"{TENANT}/suspend", access="settings:manage")
async def ask_suspend(request: PortalRequest) -> Response[bytes]:
    """Say what suspending does."""
    line = await _in_state(request, "open")
    return page(
        request,
        "tenants_states/suspend.html",
        fragments={DIALOG_ID: "tenants_states/_suspend.html"},
        tenant=line.state.tenant,
    )


@does(f"{TENANT}/suspend", access="settings:manage", fresh=True)
async def suspend(request: PortalRequest) -> Response[bytes]:
    """Let nobody in for now."""
    visit, tenant = request.auth, (await child_of(request)).state.tenant
    await suspend_tenant(tenant.tenant_id, by=visit.by, now=visit.now)
    return go(request, visit.path("tenants", tenant.tenant_id), done="tenant-suspended")


@does(f"{TENANT}/resume", access="settings:manage", fresh=True)
async def resume(request: PortalRequest) -> Response[bytes]:
    """Let people and systems in again."""
    visit, tenant = request.auth, (await child_of(request)).state.tenant
    await resume_tenant(tenant.tenant_id, by=visit.by, now=visit.now)
    return go(request, visit.path("tenants", tenant.tenant_id), done="tenant-resumed")


@shows(f"{TENANT}/delete", access="settings:manage")
async def ask_delete(request: PortalRequest) -> Response[bytes]:
    """Say what goes, and ask for the name."""
    return await _delete_page(request, Form({}))


@does(f"{TENANT}/delete", access="settings:manage", fresh=True)
async def delete(request: PortalRequest) -> Response[bytes]:
    """Delete the tenant whose name was typed."""
    form, visit, line = await read_form(request), request.auth, await child_of(request)
    typed = form.text("name", chars_max=NAME_CHARS_MAX)
    if not form.errors:
        try:
            await delete_tenant(line.state.tenant.tenant_id, typed, by=visit.by, now=visit.now)
        except InvalidError:
            form.errors["name"] = "That is not the name of this tenant. Type it as it stands above."
    if form.errors:
        return await _delete_page(request, form)
    return go(request, visit.path("tenants", line.state.tenant.tenant_id), done="tenant-deleted")


@does(f"{TENANT}/restore", access="settings:manage", fresh=True)
async def restore(request: PortalRequest) -> Response[bytes]:
    """Bring a deleted tenant back, suspended."""
    visit, tenant = request.auth, (await child_of(request)).state.tenant
    await restore_tenant(tenant.tenant_id, by=visit.by, now=visit.now)
    return go(request, visit.path("tenants", tenant.tenant_id), done="tenant-restored")


async def _in_state(request: PortalRequest, *states: State) -> TenantLine:
    line = await child_of(request)
    if line.state.state not in states:
        raise NotFoundError("tenant", line.state.tenant.tenant_id)
    return line


async def _delete_page(request: PortalRequest, form: Form) -> Response[bytes]:
    line = await _in_state(request, "open", "suspended")
    return page(
        request,
        "tenants_states/delete.html",
        fragments={DIALOG_ID: "tenants_states/_delete.html"},
        status_code=422 if form.errors else 200,
        line=line,
        form=form,
    )


HANDLERS = (ask_suspend, suspend, resume, ask_delete, delete, restore)
