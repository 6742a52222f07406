"""The limits of the guard: what a tenant set, what is left of them, and what an operator lets pass once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import get_args

from directory.commit import commit_plan, in_unit_of
from directory.errors import InvalidError, NotFoundError
from directory.guard import Budget, Limits, Toll
from directory.held_changes import Measure
from directory.model import Actor, Source, SourceId, TenantId
from directory.plan import AttributeChange, DeleteRows, Event, InsertRow, Plan, UpdateRows
from directory.store import access, guard_budget
from directory.store.guard_budget import Raise

__all__ = [
    "Budget",
    "Limits",
    "Measure",
    "Raise",
    "SourceBudget",
    "Toll",
    "forget_spent",
    "let_pass",
    "list_budgets",
    "list_raises",
    "read_limits",
    "set_limits",
]

RAISED_FOR = timedelta(hours=24)
RAISE_MAX = 1_000_000
AT_LEAST_MAX = 100_000
HOLD_DAYS_MAX = 90
KEPT = timedelta(days=3)
FORGOTTEN_BATCH = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceBudget:
    """What a source has left."""

    source: Source
    budget: Budget


async def read_limits(tenant_id: TenantId) -> Limits:
    """Return the limits of a tenant."""
    return await guard_budget.read_limits(tenant_id)


async def list_budgets(tenant_id: TenantId, *, now: datetime) -> list[SourceBudget]:
    """Return what each source of a tenant has left now."""
    return [
        SourceBudget(source=source, budget=await guard_budget.read_budget(tenant_id, source.source_id, now=now))
        for source in await access.list_sources(tenant_id)
    ]


async def list_raises(tenant_id: TenantId, *, now: datetime) -> list[Raise]:
    """Return what operators let sources pass that is not used up, the oldest first."""
    return await guard_budget.list_raises(tenant_id, now=now)


async def set_limits(limits: Limits, *, by: Actor, now: datetime) -> None:
    """Set what a source may take away or grant in 24 hours; what is held already stays held.

    Raises:
        InvalidError: numbers that cannot be.
        ForbiddenError: the actor may not change settings.
    """
    by.require("settings:manage")
    _check(limits)

    async def body() -> None:
        before = await guard_budget.read_limits(by.tenant_id)
        told = _differences(before, limits)
        if not told:
            return
        tenant = await access.find_tenant(by.tenant_id)
        values = {"guard": guard_budget.limits_text(limits)}
        row = UpdateRows(table="tenant_row", values=values, where={"id": by.tenant_id}, require=1)
        event = Event(
            action="policy:guard:changed",
            subject_kind="policy",
            subject_id=by.tenant_id,
            subject_label="" if tenant is None else tenant.name,
            changes=told,
        )
        await commit_plan(Plan(changes=(row,), events=(event,)), by=by, now=now)

    await in_unit_of(by, body)


async def let_pass(source_id: SourceId, measure: Measure, count: int, *, by: Actor, now: datetime) -> None:
    """Let a source take away or grant so much beyond the limits, once and within the next 24 hours.

    It takes the place of what was let pass before; a group that is emptied is held all the same.

    Raises:
        NotFoundError: the tenant has no such source.
        InvalidError: a number that cannot be.
        ForbiddenError: the actor may not change settings.
    """
    by.require("settings:manage")
    if measure not in get_args(Measure):
        raise InvalidError("measure", "is users or roles")
    if not 1 <= count <= RAISE_MAX:
        raise InvalidError("count", f"must be from 1 to {RAISE_MAX}")

    async def body() -> None:
        source = await access.find_source(by.tenant_id, source_id, hold=True)
        if source is None:
            raise NotFoundError("source", source_id)
        await guard_budget.hold_budget(by.tenant_id, source_id)
        where = {"tenant_id": by.tenant_id, "source_id": source_id, "kind": measure}
        values = {**where, "given_count": count, "left_count": count, "given_by": by.label, "given_at": now}
        row = InsertRow(table="guard_raise_row", values={**values, "until": now + RAISED_FOR})
        event = Event(
            action="source:guard:raised",
            subject_kind="source",
            subject_id=source_id,
            subject_label=source.label,
            changes=(AttributeChange(name=measure, old=None, new=count),),
        )
        change = DeleteRows(table="guard_raise_row", where=where)
        await commit_plan(Plan(changes=(change, row), events=(event,)), by=by, now=now)

    await in_unit_of(by, body)


async def forget_spent(*, now: datetime) -> int:
    """Delete counts that no limit looks at any more; returns how many."""
    return await guard_budget.forget_spent(before=now - KEPT, limit=FORGOTTEN_BATCH)


def _check(limits: Limits) -> None:
    if not 1 <= limits.at_least <= AT_LEAST_MAX:
        raise InvalidError("at least", f"must be from 1 to {AT_LEAST_MAX}")
    if not 0 <= limits.percent <= 100:
        raise InvalidError("percent", "must be from 0 to 100")
    if not 1 <= limits.hold_days <= HOLD_DAYS_MAX:
        raise InvalidError("days", f"must be from 1 to {HOLD_DAYS_MAX}")


def _differences(before: Limits, after: Limits) -> tuple[AttributeChange, ...]:
    names = ("on", "at_least", "percent", "hold_days")
    pairs = ((name, getattr(before, name), getattr(after, name)) for name in names)
    return tuple(
        AttributeChange(name=name.replace("_", " "), old=old, new=new) for name, old, new in pairs if old != new
    )
