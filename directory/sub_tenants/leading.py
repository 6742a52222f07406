"""What routing is told when a tenant that it leads to goes or comes back: that everybody is to be led anew."""

from datetime import datetime

from directory.commit import commit_plan
from directory.model import Actor
from directory.plan import Plan, joined_plan
from directory.routes.walks import count_everybody, plan_walk
from directory.store.unit import as_tenant
from directory.tenant_states import TenantState
from directory.tenants import routing_marked


async def lead_anew(state: TenantState, *, by: Actor, now: datetime) -> None:
    """Have rules lead everybody of the super tenant anew: a tenant below it went, or is back; in the open unit."""
    parent_id = state.tenant.parent_id
    if parent_id is None:
        return
    async with as_tenant(parent_id):
        total_count = await count_everybody(parent_id)
        walk = plan_walk(parent_id, asked_by=by.label, now=now, total_count=total_count, lets_pass=False)
        marked = Plan(changes=(routing_marked(parent_id, now=now),))
        await commit_plan(joined_plan(marked, walk), by=by, now=now)
