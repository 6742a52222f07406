"""Refusals that kept the last administrator: told as alerts, since the provider that asked does not tell anybody."""

from collections.abc import Iterable
from datetime import datetime

from directory.alerts import AlertCase, alert_change
from directory.commit import commit_plan, in_unit_of
from directory.errors import LastAdministratorError
from directory.model import RequestDraft, SourceId, TenantId
from directory.plan import Plan
from directory.plan_alerts import watcher
from directory.store import access

REFUSED = str(LastAdministratorError())


async def tell_refusals(drafts: Iterable[RequestDraft], *, now: datetime) -> None:
    """Raise an alert for each connection of which one of these requests was refused for the last administrator."""
    whose = {
        (draft.tenant_id, draft.source_id)
        for draft in drafts
        if draft.status == 403 and draft.source_id is not None and REFUSED in (draft.detail or "")
    }
    for tenant_id, source_id in sorted(whose, key=str):
        await _tell(tenant_id, source_id, now=now)


async def _tell(tenant_id: TenantId, source_id: SourceId | None, *, now: datetime) -> None:
    source = None if source_id is None else await access.find_source(tenant_id, source_id)
    if source is None:
        return
    case = AlertCase(
        kind="administrator_refused",
        subject=str(source.source_id),
        label=source.label,
        detail="It asked to take access from the last active administrator, and was refused. Look at its requests.",
        path=f"activity/requests?result=failed&source={source.source_id}",
    )
    by = watcher(tenant_id)
    plan = Plan(changes=(alert_change(case, tenant_id=tenant_id, now=now),))
    await in_unit_of(by, lambda: commit_plan(plan, by=by, now=now))
