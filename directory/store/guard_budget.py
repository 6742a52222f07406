"""Reads of what the guard goes by: the limits of a tenant, and what a source has left of them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from directory.guard import Budget, Limits, Standing, Toll
from directory.held_changes import Measure
from directory.model import GroupId, SourceId, TenantId, UserId
from directory.store.compiled import Statement
from directory.store.holding import hold
from directory.store.insert import ON_A_THREAD_ROWS, slices
from directory.store.rows import decision_from
from directory.store.unit import execute, fetch, fetch_one
from directory.tallies import hour_of

WINDOW = timedelta(hours=24)


def _counted(kind: str) -> str:
    return (
        "(SELECT coalesce(sum(y.things), 0)::bigint FROM tally_row y"
        f" WHERE y.tenant_id = $1::uuid AND y.source_id = $2::uuid AND y.kind = '{kind}')"
    )


def _spent(kind: str) -> str:
    return (
        "(SELECT coalesce(sum(s.things), 0)::bigint FROM guard_spent_row s WHERE s.tenant_id = $1::uuid"
        f" AND s.source_id = $2::uuid AND s.kind = '{kind}' AND s.hour >= $3::timestamptz)"
    )


def _raised(kind: str) -> str:
    return (
        "(SELECT coalesce(sum(r.left_count), 0)::bigint FROM guard_raise_row r WHERE r.tenant_id = $1::uuid"
        f" AND r.source_id = $2::uuid AND r.kind = '{kind}' AND r.until > $4::timestamptz)"
    )


_BUDGET = Statement(
    f"SELECT t.guard, {_counted('user')} AS everyone, {_counted('inactive')} AS inactive,"
    f" {_spent('users')} AS users_spent, {_spent('roles')} AS roles_spent,"
    f" {_raised('users')} AS users_raised, {_raised('roles')} AS roles_raised"
    " FROM tenant_row t WHERE t.id = $1::uuid"
)
_LIMITS = Statement("SELECT guard FROM tenant_row WHERE id = $1::uuid")
_RAISES = Statement(
    "SELECT source_id, kind, given_count, left_count, given_by, given_at, until FROM guard_raise_row"
    " WHERE tenant_id = $1::uuid AND until > $2::timestamptz AND left_count > 0 ORDER BY given_at, source_id, kind"
)
_OLD = Statement(
    "DELETE FROM guard_spent_row WHERE (tenant_id, source_id, kind, hour) IN (SELECT tenant_id, source_id, kind, hour"
    " FROM guard_spent_row WHERE hour < $1::timestamptz LIMIT $2::bigint)",
    house=True,
)
_STANDINGS = Statement(
    "SELECT u.id, u.active, u.role_id, u.origin, u.decided_group_id, u.unlocked_role_id, u.unlocked_group_id"
    " FROM user_row u WHERE u.tenant_id = $1::uuid AND u.id = ANY($2::uuid[]) AND u.deleted_at IS NULL"
)
_HEIRS = Statement(
    "SELECT DISTINCT m.user_id FROM member_row m WHERE m.tenant_id = $1::uuid AND m.user_id = ANY($2::uuid[])"
    " AND m.group_id = ANY($3::uuid[]) AND NOT m.withheld"
)


_DISABLED = Statement(
    "SELECT e.at, e.actor_id FROM event_row e WHERE e.tenant_id = $1::uuid AND e.subject_id = $2::uuid"
    " AND e.action = 'user:disabled' ORDER BY e.id DESC LIMIT 1"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Raise:
    """What an operator lets a source pass once, beyond the limits."""

    source_id: SourceId
    measure: Measure
    given_count: int
    left_count: int
    given_by: str
    given_at: datetime
    until: datetime


async def hold_budget(tenant_id: TenantId, source_id: SourceId) -> None:
    """Let one unit at a time find out what a source has left, until it ends."""
    await hold(f"{tenant_id}/{source_id}/guard")


async def read_budget(tenant_id: TenantId, source_id: SourceId, *, now: datetime) -> Budget:
    """Return what a source has left now: six short ranges of indexes, whatever the size of the tenant."""
    (row,) = await fetch(_BUDGET, tenant_id, source_id, hour_of(now - WINDOW), now)
    return Budget(
        limits=limits_from(row["guard"]),
        active_count=max(row["everyone"] - row["inactive"], 0),
        spent=Toll(users=row["users_spent"], roles=row["roles_spent"]),
        raised=Toll(users=row["users_raised"], roles=row["roles_raised"]),
    )


async def find_disabled_at(
    tenant_id: TenantId, user_id: UserId, source_id: SourceId, *, now: datetime
) -> datetime | None:
    """Return when the source disabled a user with effect, if it was the last to do so and that still counts."""
    row = await fetch_one(_DISABLED, tenant_id, user_id)
    if row is None or row["actor_id"] != source_id or row["at"] < hour_of(now - WINDOW):
        return None
    at: datetime = row["at"]
    return at


async def read_limits(tenant_id: TenantId) -> Limits:
    """Return the limits of a tenant."""
    (row,) = await fetch(_LIMITS, tenant_id)
    return limits_from(row["guard"])


def limits_from(text: str) -> Limits:
    """Return the limits from their stored text; what it does not name is as it is by default."""
    return msgspec.json.decode(text, type=Limits)


def limits_text(limits: Limits) -> str:
    """Return the limits as they are stored."""
    return msgspec.json.encode(limits).decode()


async def list_raises(tenant_id: TenantId, *, now: datetime) -> list[Raise]:
    """Return what operators let sources pass that is not used up, the oldest first."""
    return [
        Raise(
            source_id=SourceId(row["source_id"]),
            measure=row["kind"],
            given_count=row["given_count"],
            left_count=row["left_count"],
            given_by=row["given_by"],
            given_at=row["given_at"],
            until=row["until"],
        )
        for row in await fetch(_RAISES, tenant_id, now)
    ]


async def forget_spent(*, before: datetime, limit: int) -> int:
    """Delete counts that no limit looks at any more; return how many."""
    return await execute(_OLD, before, limit)


async def list_standings(tenant_id: TenantId, user_ids: list[UserId]) -> list[Standing]:
    """Return what many users have by what is stored, without holding their rows."""
    found: list[Standing] = []
    for some in slices(user_ids):
        rows = await fetch(_STANDINGS, tenant_id, some, unbounded=len(some) >= ON_A_THREAD_ROWS)
        found += [
            Standing(user_id=UserId(row["id"]), active=row["active"], decision=decision_from(row)) for row in rows
        ]
    return found


async def list_heirs(tenant_id: TenantId, user_ids: list[UserId], group_ids: list[GroupId]) -> set[UserId]:
    """Return those of the users who are in one of the groups in effect."""
    found: set[UserId] = set()
    for some in slices(user_ids) if group_ids else ():
        rows = await fetch(_HEIRS, tenant_id, some, group_ids, unbounded=len(some) >= ON_A_THREAD_ROWS)
        found.update(UserId(row["user_id"]) for row in rows)
    return found
