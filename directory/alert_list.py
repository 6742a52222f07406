"""Alerts as people read them, and saying that one looks after one."""

from datetime import UTC, datetime
from uuid import UUID

from directory.commit import commit_plan, in_unit_of
from directory.errors import InvalidError, NotFoundError
from directory.model import Actor, TenantId
from directory.plan_alerts import Alert, alert_from, plan_acknowledged
from directory.store import alerts

__all__ = ["Alert", "acknowledge", "get_alert", "list_open", "list_past"]

_LATEST = (datetime(9999, 1, 1, tzinfo=UTC), UUID(int=(1 << 128) - 1))


async def list_open(tenant_id: TenantId) -> list[Alert]:
    """Return what is the matter now, the newest first."""
    return [alert_from(row) for row in await alerts.list_open(tenant_id)]


async def list_past(tenant_id: TenantId, *, before: tuple[datetime, UUID] | None = None, limit: int) -> list[Alert]:
    """Return what was the matter, what ended last first; ``before`` is when the last one shown ended, and its id."""
    return [alert_from(row) for row in await alerts.list_past(tenant_id, before or _LATEST, limit=limit)]


async def get_alert(tenant_id: TenantId, alert_id: UUID) -> Alert:
    """Return an alert; inside a unit of work it is held.

    Raises:
        NotFoundError: the tenant has no such alert.
    """
    row = await alerts.find_alert(tenant_id, alert_id)
    if row is None:
        raise NotFoundError("alert", alert_id)
    return alert_from(row)


async def acknowledge(alert_id: UUID, *, by: Actor, now: datetime) -> Alert:
    """Say that one looks after an alert: nobody is told of it again unless it gets worse, or is over.

    Raises:
        NotFoundError: the tenant has no such alert.
        InvalidError: it is over, or somebody looks after it already.
        ForbiddenError: the actor may not manage users.
    """
    by.require("users:manage")

    async def body() -> Alert:
        alert = await get_alert(by.tenant_id, alert_id)
        if alert.state == "recovered":
            raise InvalidError("alert", "is over")
        if alert.state == "acknowledged":
            raise InvalidError("alert", f"is looked after by {alert.acknowledged_by} already")
        plan = plan_acknowledged(alert, who=by.label, tenant_id=by.tenant_id, now=now)
        await commit_plan(plan, by=by, now=now)
        return alert

    return await in_unit_of(by, body)
