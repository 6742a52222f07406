"""Requests that were refused at the door: counted by cause, and told with the secret whose public part they had."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from directory.ids import new_id
from directory.model import SecretId, SourceId, TenantId
from directory.refusal_kinds import RefusalKind, RefusalView, merged_refusals
from directory.store import door_refusals
from directory.store.door_refusals import Owner, RefusalValues
from directory.store.unit import Row, in_unit

KINDS_MAX = 1_000
"""So many different refusals are told apart within an hour; more come from a scan and are counted by cause alone."""

SHOWN = timedelta(hours=1)
KEPT = timedelta(hours=24)
LIST_MAX = 50
PRUNE_BATCH = 500
PRUNED_BATCHES_MAX = 100


class _Unwritten(NamedTuple):
    things: int
    first_at: datetime
    last_at: datetime


@dataclass(slots=True)
class _Kept:
    """Refusals of one kind: what is not written of them, and their row of this hour."""

    unwritten: _Unwritten | None = None
    refusal_id: UUID | None = None
    begun_at: datetime | None = None

    def add(self, more: _Unwritten) -> None:
        """Count what is to be written."""
        one = self.unwritten
        self.unwritten = (
            more
            if one is None
            else _Unwritten(one.things + more.things, min(one.first_at, more.first_at), max(one.last_at, more.last_at))
        )


class _Taken(NamedTuple):
    """What one flush writes of a kind; ``kept`` takes it back if it cannot."""

    kind: RefusalKind
    kept: _Kept
    one: _Unwritten


_kept: dict[RefusalKind, _Kept] = {}
"""What this process counts: at most ``KINDS_MAX`` kinds, and one of each cause and source beyond them."""


def note_refusal(kind: RefusalKind, *, at: datetime) -> None:
    """Count a refused request; it is written within a second. Never fails and never waits."""
    if kind not in _kept and len(_kept) >= KINDS_MAX:
        kind = RefusalKind(cause=kind.cause, source=kind.source)
    _kept.setdefault(kind, _Kept()).add(_Unwritten(1, at, at))


def forget_refusals() -> None:
    """Forget what is not written, for a process that turns to another database."""
    _kept.clear()


async def flush_refusals(*, now: datetime) -> int:
    """Write what was counted; returns how many kinds. What cannot be written now is kept for the next time.

    Raises:
        UnavailableError: the database cannot do this now.
    """
    _end_rows(now)
    taken = _take()
    if not taken:
        return 0
    try:
        written = await in_unit(None, lambda: _write(taken))
    except BaseException:
        for _, kept, one in taken:
            kept.add(one)
        raise
    for kept, refusal_id, begun_at in written:
        kept.refusal_id, kept.begun_at = refusal_id, begun_at
    return len(taken)


def _end_rows(now: datetime) -> None:
    """Let what is counted from now on have a row of its own where the last one is an hour old."""
    for kind, kept in list(_kept.items()):
        if kept.begun_at is not None and now - kept.begun_at >= SHOWN:
            kept.refusal_id = kept.begun_at = None
            if kept.unwritten is None:
                del _kept[kind]


def _take() -> list[_Taken]:
    taken = [_Taken(kind, kept, kept.unwritten) for kind, kept in _kept.items() if kept.unwritten is not None]
    for one in taken:
        one.kept.unwritten = None
    return taken


async def list_refusals(tenant_id: TenantId, source_id: SourceId, *, now: datetime) -> list[RefusalView]:
    """Return what was refused within the last hour with a secret of this source, the newest first."""
    rows = await door_refusals.list_of_source(tenant_id, source_id, since=now - SHOWN, limit=LIST_MAX)
    return merged_refusals([_view_of(row) for row in rows])


async def list_nobodys_refusals(*, now: datetime) -> list[RefusalView]:
    """Return what was refused within the last hour with no secret of ours.

    Nobody can say whose they are, so they are shown only where there is one tenant; otherwise there are none.
    """
    if await door_refusals.has_several_tenants():
        return []
    rows = await door_refusals.list_of_nobody(since=now - SHOWN, limit=LIST_MAX)
    return merged_refusals([_view_of(row) for row in rows])


async def prune_refusals(*, now: datetime) -> int:
    """Delete what is older than a day, in batches; returns how many."""
    total = 0
    for _ in range(PRUNED_BATCHES_MAX):
        count = await door_refusals.delete_refusals(now - KEPT, limit=PRUNE_BATCH)
        total += count
        if count < PRUNE_BATCH:
            break
    return total


async def _write(taken: list[_Taken]) -> list[tuple[_Kept, UUID, datetime]]:
    """Write what was counted and return the rows that are new, with the time from which they count."""
    for _, kept, one in taken:
        if kept.refusal_id is not None:
            await door_refusals.count_more(kept.refusal_id, count=one.things, last_at=one.last_at)
    new = [each for each in taken if each.kept.refusal_id is None]
    owners = await door_refusals.find_owners([kind.public_id for kind, _, _ in new if kind.public_id is not None])
    rows = [
        RefusalValues(
            new_id(one.first_at),
            *_whose(kind, owners),
            kind.cause,
            kind.network,
            kind.software,
            kind.path,
            one.first_at,
            one.last_at,
            one.things,
        )
        for kind, _, one in new
    ]
    await door_refusals.insert_refusals(rows)
    return [(each.kept, row.refusal_id, row.first_at) for each, row in zip(new, rows, strict=True)]


def _whose(kind: RefusalKind, owners: Mapping[str, Owner]) -> tuple[TenantId | None, SourceId | None, SecretId | None]:
    owner = owners.get(kind.public_id or "")
    if owner is not None:
        return owner.tenant_id, owner.source_id, owner.secret_id
    return (None, None, None) if kind.source is None else (*kind.source, None)


def _view_of(row: Row) -> RefusalView:
    secret_id = row["secret_id"]
    return RefusalView(
        cause=row["cause"],
        count=row["things"],
        last_at=row["last_at"],
        network=row["network"],
        software=row["software"],
        path=row["path"],
        secret_id=None if secret_id is None else SecretId(secret_id),
        secret_label=row["label"],
        last_four=row["last_four"],
    )
