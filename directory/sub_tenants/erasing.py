"""Tenants whose days are over: what they knew of people is erased, a batch at a time."""

from datetime import datetime

from directory.commit import commit_plan, in_unit_of
from directory.model import Actor
from directory.plan import Plan, UpdateRows
from directory.store import tenant_erasing, tenants
from directory.store.unit import as_tenant
from directory.sub_tenants.below import told_of
from directory.tenant_states import TENANT_GRACE, TenantState

ERASED_BATCH = 300
"""Rows deleted in one unit of work: some 10 ms of SQLite's writer."""

LABEL = "end of grace"


async def has_due_tenants(now: datetime) -> bool:
    """Whether the days of a deleted tenant are over."""
    return await tenant_erasing.find_due(now - TENANT_GRACE) is not None


async def erase_tenants(*, now: datetime) -> int:
    """Erase a batch of a tenant whose days are over; returns how many rows, and 0 when no tenant is left.

    What stays is the tenant's row without its name, and the chain of its events without what they said.
    """
    due = await tenant_erasing.find_due(now - TENANT_GRACE)
    if due is None:
        return 0
    tenant_id = due.tenant.tenant_id
    by = Actor(tenant_id=tenant_id, kind="system", label=LABEL)

    async def body() -> int:
        state = await tenants.find_state_to_change(tenant_id)
        if state is None or state.erased_at is not None or state.deleted_at is None:
            return 0
        erased = await tenant_erasing.erase_led(tenant_id, limit=ERASED_BATCH)
        if erased < ERASED_BATCH:
            erased += await tenant_erasing.erase_some(tenant_id, limit=ERASED_BATCH - erased)
        if erased < ERASED_BATCH:
            await _bury(state, by=by, now=now)
            erased += 1
        return erased

    return await in_unit_of(by, body)


async def _bury(state: TenantState, *, by: Actor, now: datetime) -> None:
    tenant = state.tenant
    values = {"name": "", "slug": f"erased-{tenant.tenant_id.hex}", "ended_by": None, "routing": "{}", "erased_at": now}
    row = UpdateRows(table="tenant_row", values=values, where={"id": tenant.tenant_id}, require=1)
    await commit_plan(Plan(changes=(row,)), by=by, now=now)
    if tenant.parent_id is not None:
        above = Actor(tenant_id=tenant.parent_id, kind="system", label=LABEL)
        async with as_tenant(tenant.parent_id):
            await commit_plan(Plan(events=(told_of(state, "tenant:erased"),)), by=above, now=now)
