"""What an operator's plan finds and leaves, kept with its events so that it can be taken back."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import msgspec

from directory.held_changes import SettleHeld
from directory.model import Actor, TenantId, UserId
from directory.plan import (
    Change,
    ChangeMembers,
    DeleteRows,
    EndUser,
    Event,
    InsertRow,
    JoinGroups,
    Plan,
    PutLock,
    PutMappings,
    PutUser,
    ReleaseUsers,
    UpdateRows,
)
from directory.renames import RenameUsers
from directory.store import tables_undo
from directory.store.images import Where, image_of, read_default, read_image, read_lines, read_rows
from directory.store.insert import Insert
from directory.store.tables import columns_of
from directory.undo_steps import Image, Step, plain
from directory.undo_tables import BESIDE, DEFAULT_ROLE, WATCHED

STEPS_MAX = 5_000
"""Rows that one plan may touch and still be taken back."""

_DEEDS = Insert("undo_deed_row", columns_of(tables_undo.UndoDeedRow))
_STEPS = Insert("undo_step_row", columns_of(tables_undo.UndoStepRow))
_EVENTS = Insert("undo_event_row", columns_of(tables_undo.UndoEventRow))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """One row before the plan was written."""

    table: str
    key: Image
    before: Image | None
    user_id: UserId | None


@dataclass(slots=True)
class Journal:
    """What a plan is about to change; afterwards what it left is put beside it."""

    tenant_id: TenantId
    found: dict[tuple[str, str], _Found] = field(default_factory=dict)
    obstacle: str = ""
    """What of the plan cannot be taken back; empty if all of it can."""

    async def look(self, changes: Sequence[Change]) -> None:
        """Read what the changes are about to touch."""
        for change in changes:
            if isinstance(change, PutMappings):
                await self._look_at_policy(moves_default=change.default_role_id is not None)
                continue
            self.obstacle = self.obstacle or obstacle_in(change)
            for table, where in selectors_of(change):
                await self._look_at(table, where)
            if len(self.found) > STEPS_MAX:
                self.obstacle = "many"
                self.found.clear()
                return

    async def write(self, events: Sequence[Event], event_ids: Sequence[UUID], *, job_id: UUID | None) -> None:
        """Keep what was found and what is there now, under the event that leads.

        Of a batch of an action on many, ``job_id``, each user and each item is a deed of its own.
        """
        steps = [step for one in self.found.values() if (step := await self._step(one)) is not None]
        if not steps and not self.obstacle:
            return
        leads = _leads(events, event_ids, apart=job_id is not None)
        deeds: dict[UUID, list[Step]] = {}
        for step in steps:
            deeds.setdefault(leads.get(_owner_of(step), event_ids[0]), []).append(step)
        whole = event_ids[0] not in deeds
        if self.obstacle or whole:
            deeds.setdefault(event_ids[0], [])
        actions = dict(zip(event_ids, (event.action for event in events), strict=True))
        tenant_id = self.tenant_id
        why = {event_ids[0]: self.obstacle or ("parts" if whole else "")}
        await _DEEDS(
            [(tenant_id, one, job_id, actions[one], why.get(one, self.obstacle), None, None, "") for one in deeds]
        )
        await _STEPS(_step_row(tenant_id, deed, at, one) for deed, kept in deeds.items() for at, one in enumerate(kept))
        told = zip(events, event_ids, strict=True)
        belongs = ((event_id, leads.get(event.subject_id, event_ids[0])) for event, event_id in told)
        await _EVENTS([(tenant_id, event_id, deed) for event_id, deed in belongs if deed in deeds])

    async def _look_at(self, table: str, where: Where) -> None:
        watched = WATCHED[table]
        rows = await read_rows(table, self.tenant_id, where)
        for row in rows:
            key: Image = {name: plain(row[name]) for name in watched.key}
            self._keep(table, key, image_of(table, row), row[watched.user_column] if watched.user_column else None)
        if not rows and set(watched.key) <= set(where):
            user_id = where[watched.user_column] if watched.user_column in watched.key else None
            self._keep(table, {name: plain(where[name]) for name in watched.key}, None, user_id)

    async def _look_at_policy(self, *, moves_default: bool) -> None:
        self._keep("mapping_row", {}, await read_lines(self.tenant_id), None)
        if moves_default:
            self._keep(DEFAULT_ROLE, {}, await read_default(self.tenant_id), None)

    def _keep(self, table: str, key: Image, before: Image | None, user_id: object) -> None:
        name = table, msgspec.json.encode(key, order="deterministic").decode()
        user = UserId(user_id) if isinstance(user_id, UUID) else None
        self.found.setdefault(name, _Found(table=table, key=key, before=before, user_id=user))

    async def _step(self, one: _Found) -> Step | None:
        after = await read_image(one.table, self.tenant_id, one.key)
        user_id = one.user_id
        if user_id is None and after is not None and one.table in WATCHED:
            user_id = _user_in(one.table, after)
        if after == one.before:
            return None
        return Step(table=one.table, key=one.key, before=one.before, after=after, user_id=user_id)


async def journal_of(plan: Plan, by: Actor, *, job_id: UUID | None) -> Journal:
    """Return the journal of a plan that an operator, or whoever runs this program, makes true; of others an empty one.

    What sources report and duties work out is not theirs to take back; neither is what nobody is told of.
    """
    journal = Journal(by.tenant_id)
    asked = by.kind == "operator" or (by.kind == "system" and (by.permissions or job_id is not None))
    if plan.events and asked:
        await journal.look(plan.changes)
    return journal


def selectors_of(change: Change) -> Iterator[tuple[str, Where]]:
    """Yield the watched rows that a change touches: table and what finds them."""
    if isinstance(change, InsertRow | UpdateRows | DeleteRows):
        if change.table in WATCHED:
            yield change.table, _where_of(change)
        return
    match change:
        case PutUser():
            yield "user_row", {"id": change.user.user_id}
        case EndUser():
            yield from (("user_row", {"id": change.user_id}), ("member_row", {"user_id": change.user_id}))
        case PutLock():
            yield from ((table, {"user_id": change.user_id}) for table in ("lock_row", "lock_review_row"))
        case ReleaseUsers() | ChangeMembers() | SettleHeld():
            yield from _of_many(change)
        case _:
            pass


def _of_many(change: ReleaseUsers | ChangeMembers | SettleHeld) -> Iterator[tuple[str, Where]]:
    members: Iterable[tuple[UUID, UserId]] = ()
    match change:
        case ReleaseUsers():
            for user_id in change.user_ids:
                yield "user_row", {"id": user_id}
                yield "user_link_row", {"user_id": user_id, "source_id": change.source_id}
        case ChangeMembers():
            members = ((change.group_id, user_id) for user_id in (*change.join, *change.leave))
        case SettleHeld():
            yield from (("held_change_row", {"id": held_id}) for held_id in change.held_ids)
            members = (*change.leave, *change.join)
    for group_id, user_id in members:
        yield "member_row", {"group_id": group_id, "user_id": user_id}


def obstacle_in(change: Change) -> str:
    """Return what of a change cannot be taken back: a table that is not watched, or groups that had waited."""
    match change:
        case DeleteRows(table="webhook_row"):
            return "secret"
        case InsertRow(table=table) | UpdateRows(table=table) | DeleteRows(table=table):
            return "" if table in WATCHED or table in BESIDE else table
        case JoinGroups():
            return "waiting"
        case RenameUsers():
            return "renames"
        case _:
            return ""


def _where_of(change: InsertRow | UpdateRows | DeleteRows) -> Where:
    if isinstance(change, InsertRow):
        return {name: change.values[name] for name in WATCHED[change.table].key}
    return change.where


def _owner_of(step: Step) -> UUID | None:
    """Return whom a row is about: a user, or itself."""
    ident = step.key.get("id")
    return step.user_id or (UUID(ident) if isinstance(ident, str) else None)


def _user_in(table: str, image: Image) -> UserId | None:
    column = WATCHED[table].user_column
    value = image.get(column) if column else None
    return UserId(UUID(value)) if isinstance(value, str) else None


def _leads(events: Sequence[Event], event_ids: Sequence[UUID], *, apart: bool) -> dict[UUID | None, UUID]:
    """Return the leading event of each subject, where subjects are told apart."""
    leads: dict[UUID | None, UUID] = {}
    for event, event_id in zip(events, event_ids, strict=True):
        if apart:
            leads.setdefault(event.subject_id, event_id)
    return leads


def _step_row(tenant_id: TenantId, deed_id: UUID, place: int, step: Step) -> tuple[object, ...]:
    return (
        tenant_id,
        deed_id,
        place,
        step.table,
        msgspec.json.encode(step.key).decode(),
        None if step.before is None else msgspec.json.encode(step.before).decode(),
        None if step.after is None else msgspec.json.encode(step.after).decode(),
        step.user_id,
    )
