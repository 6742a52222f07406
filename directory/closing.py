"""Turning a source off: it is neither heard nor pulled, and its users stay, become local or are disabled."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal, get_args
from uuid import UUID, uuid5

from directory import callers
from directory.commit import commit_plan, in_unit_of
from directory.errors import InvalidError, LastAdministratorError, NotFoundError
from directory.facts import Moment
from directory.model import Actor, Source, SourceId, TenantId, UserAttributes, UserId
from directory.plan import AttributeChange, DeleteRows, Event, InsertRow, Plan, ReleaseUsers, UpdateRows, joined_plan
from directory.plan_users import plan_user_edit
from directory.routed_sources import check_own
from directory.store import access, people, release
from directory.store.pulls import closing as pulls
from directory.store.release import list_users_ahead
from directory.store.unit import Row, savepoint

Deed = Literal["keep", "local", "disable"]
"""What becomes of a source's users: nothing, they become local, or they are disabled."""

DEEDS: tuple[Deed, ...] = get_args(Deed)

BATCH: dict[str, int] = {"local": 100, "disable": 20}
"""Users in one unit of work: some 15 ms of the writer's time on SQLite."""

_FIRST = UUID(int=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingCounts:
    """Whom turning a source off would touch."""

    user_count: int
    active_count: int
    """In effect, or as the source reports: whom *disable* disables."""
    administrator_stays: bool
    """Whether an active administrator is not of this source, so that *disable* leaves somebody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """How far it is."""

    deed: Deed
    asked_at: datetime
    asked_by: str
    done_count: int
    kept_count: int
    """Who stayed as they were, since no administrator would have been left."""
    total_count: int
    finished_at: datetime | None


async def count_closing(tenant_id: TenantId, source_id: SourceId) -> ClosingCounts:
    """Return whom turning the source off would touch."""
    total, active = await release.count_users(tenant_id, source_id)
    stays = await release.has_other_administrator(tenant_id, source_id)
    return ClosingCounts(user_count=total, active_count=active, administrator_stays=stays)


async def find_closing(tenant_id: TenantId, source_id: SourceId) -> Closing | None:
    """Return how far turning the source off is, if it was."""
    row = await release.find_closing(tenant_id, source_id)
    if row is None:
        return None
    names = ("deed", "asked_at", "asked_by", "done_count", "kept_count", "total_count", "finished_at")
    return Closing(**{name: row[name] for name in names})


async def turn_off(source_id: SourceId, deed: Deed, *, by: Actor, now: datetime) -> None:
    """Refuse all requests of a source from now on, or pull it no more, and begin with what becomes of its users.

    Raises:
        NotFoundError: the tenant has no such source.
        InvalidError: it is off already.
        RefusedError: it is the super tenant's routing.
        LastAdministratorError: its users are to be disabled, and every active administrator is one of them.
        ForbiddenError: the actor may not manage sources, or for another deed than *keep* not users.
    """
    by.require("sources:manage")
    if deed != "keep":
        by.require("users:manage")

    async def body() -> None:
        source = await _source(by, source_id)
        check_own(source)
        if source.settings.paused:
            raise InvalidError("source", "is off already")
        counts = await count_closing(by.tenant_id, source_id)
        if deed == "disable" and not counts.administrator_stays:
            raise LastAdministratorError
        total = {"keep": 0, "local": counts.user_count, "disable": counts.active_count}[deed]
        told = (
            AttributeChange(name="users", old=None, new=deed),
            AttributeChange(name="count", old=None, new=counts.user_count if deed == "keep" else total),
        )
        plan = Plan(
            changes=(
                *_puts(source, paused=True),
                DeleteRows(table="closing_row", where={"tenant_id": by.tenant_id, "source_id": source_id}),
                InsertRow(table="closing_row", values=_closing_values(source, deed, total, by=by, now=now)),
            ),
            events=(_event("closed", source, told),),
        )
        await commit_plan(plan, by=by, now=now, job_id=closing_id(source_id, now))
        if source.kind != "scim":
            await pulls.stop_pulling(by.tenant_id, source_id, now)

    await in_unit_of(by, body)
    callers.forget()


async def turn_on(source_id: SourceId, *, by: Actor, now: datetime) -> None:
    """Let the requests of a source in again, or pull it again soon; what was not done yet to its users stays undone.

    Raises:
        NotFoundError: the tenant has no such source.
        InvalidError: it is on.
        ForbiddenError: the actor may not manage sources.
    """
    by.require("sources:manage")

    async def body() -> None:
        source = await _source(by, source_id)
        if not source.settings.paused:
            raise InvalidError("source", "is on already")
        stop = DeleteRows(table="closing_row", where={"tenant_id": by.tenant_id, "source_id": source_id})
        puts = _puts(source, paused=False)
        plan = Plan(changes=(*puts, stop), events=(_event("opened", source, ()),))
        await commit_plan(plan, by=by, now=now)

    await in_unit_of(by, body)
    callers.forget()


def closing_id(source_id: SourceId, asked_at: datetime) -> UUID:
    """Return what names one turning off with all that it came to, so that it can be undone as a whole."""
    return uuid5(source_id, asked_at.astimezone(UTC).isoformat())


async def has_open_closings(_now: datetime) -> bool:
    """Whether users of a source that was turned off are still to be dealt with."""
    return await release.find_open() is not None


async def advance_closings(*, now: datetime) -> int:
    """Deal with one batch of users of a source that was turned off; returns how many, 0 when there are none left."""
    found = await release.find_open()
    return 0 if found is None else max(await _advance(*found, now=now), 1)


async def _advance(tenant_id: TenantId, source_id: SourceId, *, now: datetime) -> int:
    try:
        return await _do_batch(tenant_id, source_id, now=now, limit=None)
    except LastAdministratorError:
        # Somebody of this batch is the last administrator by now: one by one, and that one stays.
        return await _do_batch(tenant_id, source_id, now=now, limit=1)


async def _do_batch(tenant_id: TenantId, source_id: SourceId, *, now: datetime, limit: int | None) -> int:
    system = Actor(tenant_id=tenant_id, kind="system", label="turning a connection off")

    async def body() -> int:
        row = await release.find_closing(tenant_id, source_id, hold=True)
        if row is None:
            return 0
        deed: Deed = row["deed"]
        wanted = limit or BATCH.get(deed, 0)
        after = row["after_user_id"] or _FIRST
        user_ids = [] if deed == "keep" else await list_users_ahead(tenant_id, source_id, deed, after, limit=wanted)
        kept = 0
        if user_ids:
            source = await access.find_source(tenant_id, source_id)
            assert source is not None  # noqa: S101  # the row of the closing refers to it
            asker = _asker(row, tenant_id)
            plan = await _plan(source, deed, user_ids, moment=Moment(at=now, by=asker))
            try:
                async with savepoint():
                    await commit_plan(plan, by=asker, now=now, job_id=closing_id(source_id, row["asked_at"]))
            except LastAdministratorError:
                if limit != 1:
                    raise
                kept = 1
            await release.advance(tenant_id, source_id, user_ids[-1], done=len(user_ids) - kept, kept=kept)
        forgotten = 0
        if len(user_ids) < wanted or not wanted:
            forgotten = await pulls.forget_seen_users(tenant_id, source_id)
            if not forgotten:
                await release.finish(tenant_id, source_id, now)
        return len(user_ids) + forgotten

    return await in_unit_of(system, body)


async def _plan(source: Source, deed: Deed, user_ids: list[UserId], *, moment: Moment) -> Plan:
    if deed == "local":
        change = ReleaseUsers(source_id=source.source_id, user_ids=tuple(user_ids), at=moment.at)
        event = replace(_event("users:released", source, ()), left=tuple(user_ids))
        return Plan(changes=(change,), events=(event,))
    plans: list[Plan] = []
    for user_id in user_ids:
        user = await people.find_user_to_change(source.tenant_id, user_id)
        if user is not None:
            plans.append(plan_user_edit(user, _disabled, moment=moment, blocked=False, settles=True))
    return joined_plan(*plans)


def _disabled(attributes: UserAttributes) -> UserAttributes:
    return UserAttributes({**attributes.document, "active": False})


def _asker(row: Row, tenant_id: TenantId) -> Actor:
    """Return who asked for it: the changes are theirs, also those that a duty makes later."""
    user_id = row["asked_by_id"]
    return Actor(
        tenant_id=tenant_id,
        kind="system" if user_id is None else "operator",
        label=row["asked_by"],
        user_id=None if user_id is None else UserId(user_id),
    )


async def _source(by: Actor, source_id: SourceId) -> Source:
    source = await access.find_source(by.tenant_id, source_id, hold=True)
    if source is None:
        raise NotFoundError("source", source_id)
    return source


def _puts(source: Source, *, paused: bool) -> Iterator[UpdateRows]:
    yield UpdateRows(
        table="source_row",
        values={"settings": access.settings_text(replace(source.settings, paused=paused))},
        where={"tenant_id": source.tenant_id, "id": source.source_id},
        require=1,
    )
    if source.kind != "scim":
        yield UpdateRows(
            table="pull_row",
            values={"paused": paused},  # the time of its next pull stays: it is due at once, or not at all
            where={"tenant_id": source.tenant_id, "source_id": source.source_id},
            require=1,
        )


def _closing_values(source: Source, deed: Deed, total: int, *, by: Actor, now: datetime) -> dict[str, object]:
    return {
        "tenant_id": source.tenant_id,
        "source_id": source.source_id,
        "deed": deed,
        "asked_at": now,
        "asked_by": by.label,
        "asked_by_id": by.user_id,
        "done_count": 0,
        "kept_count": 0,
        "total_count": total,
        "finished_at": now if deed == "keep" else None,
    }


def _event(deed: str, source: Source, changes: tuple[AttributeChange, ...]) -> Event:
    return Event(
        action=f"source:{deed}",
        subject_kind="source",
        subject_id=source.source_id,
        subject_label=source.label,
        changes=changes,
    )
