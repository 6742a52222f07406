"""How scoped views end, and how both tenants hear of each step."""

from dataclasses import replace
from datetime import datetime

from directory.commit import commit_plan, in_unit_of
from directory.ids import first_id_at
from directory.model import Actor, JsonValue, Tenant, TenantId
from directory.operators import IDLE_MAX, SESSION_LIFETIME, guest_label
from directory.plan import Plan
from directory.plan_scoped_views import Deed, plan_step, plan_told
from directory.scoped_view_model import ScopedView
from directory.store import scoped_views
from directory.store.unit import as_tenant

ENDED_TOGETHER = 20


def guest_of(view: ScopedView, by: Actor, home: Tenant) -> Actor:
    """Return an operator of the super tenant as the cause of an event in the tenant that is looked into."""
    return replace(
        by, tenant_id=view.to_tenant_id, label=guest_label(by.label, home), permissions=frozenset(), visiting=True
    )


async def tell_there(plan: Plan, view: ScopedView, *, by: Actor, now: datetime) -> None:
    """Commit a plan in the tenant that is looked into, inside the open unit of the other one."""
    async with as_tenant(view.to_tenant_id):
        await commit_plan(plan, by=by, now=now)


async def end_in_unit(view: ScopedView, how: str, *, by: Actor, there: Actor, now: datetime) -> None:
    """End a view inside the open unit, and tell both tenants how, and how much was changed through it.

    ``by`` causes it as the super tenant is told, ``there`` as the tenant is that was looked into.
    """
    count = None if view.begun_at is None else await _count_deeds(view, view.begun_at)
    told: dict[str, JsonValue] = {"ended": how}
    if count is not None:
        told["changes"] = count
    deed: Deed = "expired" if view.begun_at is None else "ended"
    plan = plan_step(view, {"state": deed, "ended_at": now, "changed_count": count}, deed, **told)
    async with as_tenant(view.tenant_id):
        await commit_plan(plan, by=by, now=now)
    await tell_there(plan_told(deed, view, now=now, **told), view, by=there, now=now)


async def has_over(now: datetime) -> bool:
    """Whether a view is over and nobody has ended it."""
    return bool(await _list_over(now, limit=1))


async def end_over(*, now: datetime) -> int:
    """End views whose time, session or tenant is over, or whose tenant lets nobody in any more; return how many."""
    over = await _list_over(now, limit=ENDED_TOGETHER)
    for view in over:
        await _end_over(view, now=now)
    return len(over)


async def _list_over(now: datetime, *, limit: int) -> list[ScopedView]:
    return await scoped_views.list_over(
        now, used_before=now - IDLE_MAX, begun_before=now - SESSION_LIFETIME, limit=limit
    )


async def _end_over(view: ScopedView, *, now: datetime) -> None:
    by = _watch(view.tenant_id)

    async def body() -> None:
        held = await scoped_views.find_view(view.tenant_id, view.view_id, hold=True)
        if held is not None and not held.is_over:
            how = "its time was over" if held.until <= now else "signed out, or not let in any more"
            await end_in_unit(held, how, by=by, there=_watch(view.to_tenant_id), now=now)

    await in_unit_of(by, body)


async def _count_deeds(view: ScopedView, begun_at: datetime) -> int:
    async with as_tenant(view.to_tenant_id):
        return await scoped_views.count_deeds(view.to_tenant_id, first_id_at(begun_at), view.user_id)


def _watch(tenant_id: TenantId) -> Actor:
    return Actor(tenant_id=tenant_id, kind="system", label="end of scoped views")
