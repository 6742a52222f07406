"""Reads of the overview: bounded or counted beforehand, whatever the size of the tenant."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from directory.model import SourceId, TenantId
from directory.store.compiled import Statement
from directory.store.unit import Row, fetch, fetch_one
from directory.store.waiting_refs import count_managers

WAITING_MAX = 10_000
"""Waiting members are counted up to here."""

MANAGERS_MAX = 1_000
"""Managers who are waited for, up to here."""

# Users of sources are counted as they come and go (tally_row); local ones are few.
_PEOPLE = Statement(
    "SELECT (SELECT coalesce(sum(y.things), 0) FROM tally_row y WHERE y.tenant_id = $1::uuid AND y.kind = 'user')"
    " + (SELECT count(*) FROM user_row u"
    " WHERE u.tenant_id = $1::uuid AND u.source_id IS NULL AND u.deleted_at IS NULL) AS everyone,"
    " (SELECT coalesce(sum(y.things), 0) FROM tally_row y WHERE y.tenant_id = $1::uuid AND y.kind = 'group')"
    " AS grouped,"
    " (SELECT count(*) FROM user_row u"
    " WHERE u.tenant_id = $1::uuid AND NOT u.active AND u.deleted_at IS NULL) AS disabled,"
    " (SELECT count(*) FROM user_row u"
    " WHERE u.tenant_id = $1::uuid AND u.origin = 'lock' AND u.deleted_at IS NULL) AS locked,"
    " (SELECT count(*) FROM user_row u WHERE u.tenant_id = $1::uuid AND u.deleted_at IS NULL AND u.role_id ="
    " (SELECT r.id FROM role_row r WHERE r.tenant_id = $1::uuid AND r.shipped = 'loanee')) AS loanees,"
    " (SELECT count(*) FROM (SELECT 1 FROM waiting_row w WHERE w.tenant_id = $1::uuid LIMIT $2::bigint) AS named)"
    " AS waiting, (SELECT count(*) FROM (SELECT 1 FROM user_row u WHERE u.tenant_id = $1::uuid"
    " AND u.deleted_at IS NOT NULL AND u.erased_at IS NULL LIMIT $2::bigint) AS gone) AS deleted"
)
_DAYS = Statement(
    "SELECT to_char(hour AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day, source_id, kind, sum(things)::bigint AS things"
    " FROM activity_hour_row WHERE tenant_id = $1::uuid AND hour >= $2::timestamptz GROUP BY 1, 2, 3",
    sqlite="SELECT substr(hour, 1, 10) AS day, source_id, kind, sum(things) AS things"
    " FROM activity_hour_row WHERE tenant_id = $1::uuid AND hour >= $2::timestamptz GROUP BY 1, 2, 3",
)
_ACTIVE_HOURS = Statement(
    "SELECT hour, source_id FROM activity_hour_row WHERE tenant_id = $1::uuid AND hour >= $2::timestamptz"
    " AND kind = 'requests' ORDER BY hour"
)
_RECENT = Statement(
    "SELECT started_at, method, status FROM request_row WHERE tenant_id = $1::uuid AND source_id = $2::uuid"
    " ORDER BY id DESC LIMIT $3::bigint"
)
# Along locks and mappings, as the role rule gives the role: by the role alone PostgreSQL reads all users for two.
# CROSS JOIN keeps SQLite from beginning with the users.
_LOCKED_ADMINISTRATORS = Statement(
    "SELECT u.source_id FROM lock_row l"
    " JOIN tenant_row t ON t.id = l.tenant_id AND t.administrator_role_id = l.role_id"
    " CROSS JOIN user_row u WHERE u.tenant_id = l.tenant_id AND u.id = l.user_id"
    " AND l.tenant_id = $1::uuid AND u.active AND u.deleted_at IS NULL ORDER BY u.source_id IS NULL DESC LIMIT 2"
)
# From the few mappings on, and not from all users or members: SQLite keeps the order of CROSS JOIN, PostgreSQL that of
# subqueries with an OFFSET.
_MAPPED_ADMINISTRATORS = Statement(
    "SELECT u.id FROM tenant_row t JOIN mapping_row p ON p.tenant_id = t.id AND p.role_id = t.administrator_role_id"
    " CROSS JOIN LATERAL (SELECT m.user_id FROM member_row m"
    " WHERE m.tenant_id = p.tenant_id AND m.group_id = p.group_id AND NOT m.withheld OFFSET 0) AS m"
    " CROSS JOIN LATERAL (SELECT o.id FROM user_row o WHERE o.tenant_id = t.id AND o.id = m.user_id"
    " AND o.role_id = t.administrator_role_id AND o.origin = 'mapping' AND o.active AND o.deleted_at IS NULL"
    " OFFSET 0) AS u WHERE t.id = $1::uuid LIMIT 2",
    sqlite="SELECT u.id FROM tenant_row t CROSS JOIN mapping_row p CROSS JOIN member_row m CROSS JOIN user_row u"
    " WHERE t.id = $1::uuid AND p.tenant_id = t.id AND p.role_id = t.administrator_role_id"
    " AND m.tenant_id = p.tenant_id AND m.group_id = p.group_id AND NOT m.withheld"
    " AND u.tenant_id = m.tenant_id AND u.id = m.user_id AND u.role_id = t.administrator_role_id"
    " AND u.origin = 'mapping' AND u.active AND u.deleted_at IS NULL LIMIT 2",
)
_GONE_MAPPINGS = Statement(
    "SELECT count(*) AS things FROM mapping_row p CROSS JOIN group_row g"
    " WHERE p.tenant_id = $1::uuid AND g.tenant_id = p.tenant_id AND g.id = p.group_id AND g.deleted_at IS NOT NULL"
)
# Tombstones keep their locks for the day they come back: nobody can, or needs to, do anything about those.
_DUE_LOCKS = Statement(
    "SELECT count(*) AS things, min(l.until)::timestamptz AS until FROM lock_row l"
    " CROSS JOIN user_row u WHERE u.tenant_id = l.tenant_id AND u.id = l.user_id AND u.deleted_at IS NULL"
    " AND l.tenant_id = $1::uuid AND l.until < $2::timestamptz"
)
_WALKING_SINCE = Statement("SELECT asked_at FROM redecision_row WHERE tenant_id = $1::uuid ORDER BY asked_at LIMIT 1")
_HELD = Statement(
    "SELECT source_id, count(*) AS things, min(at)::timestamptz AS since FROM (SELECT h.source_id, h.at"
    " FROM held_change_row h WHERE h.tenant_id = $1::uuid AND h.state = 'waiting' ORDER BY h.id LIMIT $2::bigint)"
    " AS part GROUP BY source_id"
)
_NEXT_RUN = Statement("SELECT next_at, expires_at FROM job_row WHERE duty = $1::text")


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantCounts:
    """How many there are of what the overview shows."""

    active: int
    disabled: int
    loanees: int
    locked: int
    groups: int
    waiting: int
    """Members that were pushed before their user, counted up to 10,000."""
    waiting_managers: int
    """Managers who are named and not here, counted up to 1,000."""
    deleted: int
    """Deleted users who can still come back, counted up to 10,000."""


class DayTally(NamedTuple):
    """How much of one kind happened on a day (UTC, ``2025-11-12``), by one source."""

    day: str
    source_id: SourceId
    kind: str
    things: int


class Held(NamedTuple):
    """How many changes of a source wait for somebody, and since when."""

    things: int
    since: datetime | None


NO_HELD = Held(0, None)


async def count_people(tenant_id: TenantId) -> TenantCounts:
    """Return the counts of people, groups and waiting members."""
    (row,) = await fetch(_PEOPLE, tenant_id, WAITING_MAX, unbounded=True)
    disabled = int(row["disabled"])
    return TenantCounts(
        active=int(row["everyone"]) - disabled,
        disabled=disabled,
        loanees=int(row["loanees"]),
        locked=int(row["locked"]),
        groups=int(row["grouped"]),
        waiting=int(row["waiting"]),
        waiting_managers=await count_managers(tenant_id, at_most=MANAGERS_MAX),
        deleted=int(row["deleted"]),
    )


async def list_days(tenant_id: TenantId, *, since: datetime) -> list[DayTally]:
    """Return what happened on each day since ``since``, in no particular order."""
    rows = await fetch(_DAYS, tenant_id, since)
    return [DayTally(row["day"], SourceId(row["source_id"]), row["kind"], int(row["things"])) for row in rows]


async def list_active_hours(tenant_id: TenantId, *, since: datetime) -> dict[SourceId, list[datetime]]:
    """Return the hours with requests of each source, the oldest first."""
    found: dict[SourceId, list[datetime]] = {}
    for row in await fetch(_ACTIVE_HOURS, tenant_id, since):
        found.setdefault(SourceId(row["source_id"]), []).append(row["hour"])
    return found


async def list_recent(tenant_id: TenantId, source_id: SourceId, *, limit: int) -> list[Row]:
    """Return when the newest requests of a source came, and how they ended."""
    return await fetch(_RECENT, tenant_id, source_id, limit)


async def count_administrators(tenant_id: TenantId) -> tuple[int, bool]:
    """Return how many active administrators there are, up to two, and whether one is local."""
    locked = await fetch(_LOCKED_ADMINISTRATORS, tenant_id)
    has_local = any(row["source_id"] is None for row in locked)
    if len(locked) >= 2:
        return 2, has_local
    return min(len(locked) + len(await fetch(_MAPPED_ADMINISTRATORS, tenant_id)), 2), has_local


async def count_gone_mappings(tenant_id: TenantId) -> int:
    """Return how many mappings wait for a group that its source deleted."""
    (row,) = await fetch(_GONE_MAPPINGS, tenant_id)
    return int(row["things"])


async def count_due_locks(tenant_id: TenantId, *, until: datetime) -> tuple[int, datetime | None]:
    """Return how many role locks end before ``until``, and when the first one does."""
    (row,) = await fetch(_DUE_LOCKS, tenant_id, until)
    return int(row["things"]), row["until"]


async def list_held(tenant_id: TenantId) -> dict[SourceId, Held]:
    """Return for each source what the guard held of it that nobody decided, up to 10,000; none are left out."""
    rows = await fetch(_HELD, tenant_id, WAITING_MAX)
    return {SourceId(row["source_id"]): Held(int(row["things"]), row["since"]) for row in rows}


async def find_walk_start(tenant_id: TenantId) -> datetime | None:
    """Return since when roles are being decided anew, or None."""
    row = await fetch_one(_WALKING_SINCE, tenant_id)
    return None if row is None else row["asked_at"]


async def find_next_run(duty: str) -> datetime | None:
    """Return when a duty should run next, or when its holder should have spoken; None if nobody ever ran it."""
    row = await fetch_one(_NEXT_RUN, duty)
    return None if row is None else max(row["next_at"], row["expires_at"] or row["next_at"])
