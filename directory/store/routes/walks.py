"""Rows of walks over a super tenant's groups and users, and who is next."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from directory.model import TenantId, UserId
from directory.store.compiled import Statement
from directory.store.unit import Row, execute, fetch, fetch_one

Phase = Literal["groups", "users"]
FIRST = UUID(int=0)

_OPEN = Statement(
    "SELECT * FROM route_walk_row WHERE ended_at IS NULL ORDER BY asked_at, id LIMIT $1::bigint", house=True
)
_WAITS = Statement("SELECT 1 AS found FROM route_walk_row WHERE ended_at IS NULL LIMIT 1", house=True)
_HOLD = Statement(
    "SELECT * FROM route_walk_row WHERE tenant_id = $1::uuid AND id = $2::uuid AND ended_at IS NULL FOR NO KEY UPDATE"
)
_NEWEST = Statement("SELECT * FROM route_walk_row WHERE tenant_id = $1::uuid ORDER BY id DESC LIMIT 1")
_FIND = Statement("SELECT * FROM route_walk_row WHERE tenant_id = $1::uuid AND id = $2::uuid")
_ADVANCE = Statement(
    "UPDATE route_walk_row SET phase = $3::text, after_id = $4::uuid, done_count = done_count + $5::bigint,"
    " moved_count = moved_count + $6::bigint, ended_at = $7::timestamptz"
    " WHERE tenant_id = $1::uuid AND id = $2::uuid"
)
_FORGET = Statement("DELETE FROM route_walk_row WHERE tenant_id = $1::uuid AND ended_at < $2::timestamptz")
# Whoever is or was led somewhere, also if deleted here since: where they went may have been out of reach then.
_USERS_AFTER = Statement(
    "SELECT id FROM (SELECT * FROM (SELECT id FROM user_row WHERE tenant_id = $1::uuid AND source_id IS NOT NULL"
    " AND deleted_at IS NULL AND id > $2::uuid ORDER BY id LIMIT $3::bigint) AS u"
    " UNION SELECT * FROM (SELECT DISTINCT user_id AS id FROM route_row WHERE tenant_id = $1::uuid"
    " AND user_id > $2::uuid ORDER BY user_id LIMIT $3::bigint) AS r) AS both_kinds ORDER BY id LIMIT $3::bigint"
)
_EVERYBODY = Statement(
    "SELECT coalesce(sum(things), 0)::bigint AS total FROM tally_row WHERE tenant_id = $1::uuid AND kind = 'user'"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteWalk:
    """A walk over everybody after a change of the rules, and how far it has come."""

    tenant_id: TenantId
    walk_id: UUID
    asked_at: datetime
    asked_by: str
    lets_pass: bool
    """Whether what exceeds the limits of tenants below was confirmed, and passes."""
    phase: Phase
    after: UUID
    done_count: int
    """Users looked at."""
    moved_count: int
    """Of them, those for whom something changed."""
    total_count: int
    """Users there were when it began."""
    ended_at: datetime | None

    @property
    def is_new(self) -> bool:
        """Whether nothing of it is done yet."""
        return self.phase == "groups" and self.after == FIRST


async def waits() -> bool:
    """Whether a walk of any tenant is under way."""
    return await fetch_one(_WAITS) is not None


async def list_open(limit: int) -> list[RouteWalk]:
    """Return walks of all tenants that are under way, the oldest first."""
    return [_walk_from(row) for row in await fetch(_OPEN, limit)]


async def hold_walk(tenant_id: TenantId, walk_id: UUID) -> RouteWalk | None:
    """Return a walk as it stands and hold it until the unit ends; None if it is over, or another one took its place."""
    row = await fetch_one(_HOLD, tenant_id, walk_id)
    return None if row is None else _walk_from(row)


async def find_newest(tenant_id: TenantId) -> RouteWalk | None:
    """Return the newest walk of a tenant, under way or over."""
    row = await fetch_one(_NEWEST, tenant_id)
    return None if row is None else _walk_from(row)


async def find_walk(tenant_id: TenantId, walk_id: UUID) -> RouteWalk | None:
    """Return one walk of a tenant."""
    row = await fetch_one(_FIND, tenant_id, walk_id)
    return None if row is None else _walk_from(row)


async def users_after(tenant_id: TenantId, after: UUID, *, limit: int) -> list[UserId]:
    """Return the next users that a walk looks at, in the order of their ids."""
    return [UserId(row["id"]) for row in await fetch(_USERS_AFTER, tenant_id, after, limit)]


async def advance(walk: RouteWalk, *, done_count: int = 0, moved_count: int = 0) -> None:
    """Note how far a walk has come: ``phase``, ``after`` and ``ended_at`` are as given, the counts grow."""
    await execute(
        _ADVANCE,
        walk.tenant_id,
        walk.walk_id,
        walk.phase,
        walk.after,
        done_count,
        moved_count,
        walk.ended_at,
    )


async def forget_ended(tenant_id: TenantId, before: datetime) -> None:
    """Delete a tenant's walks that ended before a time."""
    await execute(_FORGET, tenant_id, before)


async def count_everybody(tenant_id: TenantId) -> int:
    """Return how many users of sources a tenant has, by the tally."""
    row = await fetch_one(_EVERYBODY, tenant_id)
    return 0 if row is None else int(row["total"])


def _walk_from(row: Row) -> RouteWalk:
    return RouteWalk(
        tenant_id=TenantId(row["tenant_id"]),
        walk_id=row["id"],
        asked_at=row["asked_at"],
        asked_by=row["asked_by"],
        lets_pass=bool(row["lets_pass"]),
        phase="groups" if row["phase"] == "groups" else "users",
        after=row["after_id"] or FIRST,
        done_count=int(row["done_count"]),
        moved_count=int(row["moved_count"]),
        total_count=int(row["total_count"]),
        ended_at=row["ended_at"],
    )
