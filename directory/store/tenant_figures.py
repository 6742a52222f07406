"""Figures of tenants below another: of some tenants at once, from counts that are kept, whatever their size."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from directory.model import SourceId, TenantId
from directory.store.compiled import Statement
from directory.store.unit import Row, fetch, in_house

ADMINISTRATORS_MAX = 100
HELD_MAX = 1_000

_TALLIES = Statement(
    "SELECT y.tenant_id, y.source_id, y.kind, sum(y.things)::bigint AS things FROM tally_row y"
    " WHERE y.tenant_id = ANY($1::uuid[]) GROUP BY y.tenant_id, y.source_id, y.kind",
    house=True,
)
_ROUTED = Statement(
    "SELECT s.tenant_id, s.id FROM source_row s WHERE s.tenant_id = ANY($1::uuid[]) AND s.kind = 'routed'",
    house=True,
)
_FAILED = Statement(
    "SELECT a.tenant_id, sum(a.things)::bigint AS things FROM activity_hour_row a"
    " WHERE a.tenant_id = ANY($1::uuid[]) AND a.hour >= $2::timestamptz AND a.kind = 'failed' GROUP BY a.tenant_id",
    house=True,
)
_ALERTS = Statement(
    "SELECT a.tenant_id, count(*) AS things FROM alert_row a"
    " WHERE a.tenant_id = ANY($1::uuid[]) AND a.state <> 'recovered' GROUP BY a.tenant_id",
    house=True,
)
_NEWEST = (
    "(SELECT e.at FROM event_row e WHERE e.tenant_id = t.id ORDER BY e.id DESC LIMIT 1)::timestamptz AS changed_at"
)
_LOCAL = "(SELECT count(*) FROM user_row u WHERE u.tenant_id = t.id AND u.source_id IS NULL AND u.deleted_at IS NULL)"
_HELD = (
    "(SELECT count(*) FROM (SELECT 1 AS one FROM held_change_row h WHERE h.tenant_id = t.id AND h.state = 'waiting'"
    " LIMIT $2::bigint) AS few)"
)
# As the role rule gives the role: by locks, which are few, and by members of mapped groups (see store.overview).
_LOCKED = (
    "(SELECT count(*) FROM (SELECT 1 AS one FROM lock_row l CROSS JOIN user_row u WHERE l.tenant_id = t.id"
    " AND l.role_id = t.administrator_role_id AND u.tenant_id = l.tenant_id AND u.id = l.user_id AND u.active"
    " AND u.deleted_at IS NULL LIMIT $3::bigint) AS few)"
)
_MAPPED = (
    "(SELECT count(*) FROM (SELECT DISTINCT u.id FROM mapping_row p CROSS JOIN LATERAL (SELECT m.user_id"
    " FROM member_row m WHERE m.tenant_id = p.tenant_id AND m.group_id = p.group_id AND NOT m.withheld OFFSET 0) AS m"
    " CROSS JOIN LATERAL (SELECT o.id FROM user_row o WHERE o.tenant_id = p.tenant_id AND o.id = m.user_id"
    " AND o.role_id = p.role_id AND o.origin = 'mapping' AND o.active AND o.deleted_at IS NULL OFFSET 0) AS u"
    " WHERE p.tenant_id = t.id AND p.role_id = t.administrator_role_id LIMIT $3::bigint) AS few)"
)
_MAPPED_SQLITE = (
    "(SELECT count(*) FROM (SELECT DISTINCT u.id FROM mapping_row p CROSS JOIN member_row m CROSS JOIN user_row u"
    " WHERE p.tenant_id = t.id AND p.role_id = t.administrator_role_id AND m.tenant_id = p.tenant_id"
    " AND m.group_id = p.group_id AND NOT m.withheld AND u.tenant_id = m.tenant_id AND u.id = m.user_id"
    " AND u.role_id = p.role_id AND u.origin = 'mapping' AND u.active AND u.deleted_at IS NULL LIMIT $3::bigint)"
    " AS few)"
)
_EACH = (
    f"SELECT t.id, {_NEWEST}, {_LOCAL} AS locals, {_HELD} AS held, {_LOCKED} AS locked, {{mapped}} AS mapped"
    " FROM tenant_row t WHERE t.id = ANY($1::uuid[])"
)
_FIGURES = Statement(_EACH.format(mapped=_MAPPED), sqlite=_EACH.format(mapped=_MAPPED_SQLITE), house=True)
_TROUBLED = Statement(
    "SELECT state, count(*) AS things FROM (SELECT r.state FROM route_row r WHERE r.tenant_id = $1::uuid"
    " AND r.to_tenant_id = $2::uuid AND r.state <> 'there' LIMIT $3::bigint) AS few GROUP BY state"
)


class Figures(NamedTuple):
    """What is counted of a tenant."""

    users: int = 0
    groups: int = 0
    routed: int = 0
    """Users who came by routing."""
    routed_groups: int = 0
    administrators: int = 0
    """Active ones, up to 100."""
    changed_at: datetime | None = None
    """The newest event."""
    failed: int = 0
    """Requests of the time asked for that failed."""
    alerts: int = 0
    held: int = 0
    """What the guard holds that nobody decided, up to 1,000."""


async def list_figures(tenant_ids: Sequence[TenantId], *, failed_since: datetime) -> dict[TenantId, Figures]:
    """Return the figures of some tenants: five statements, however many and however large."""
    ids = list(tenant_ids)
    async with in_house():
        counted = _counted(await fetch(_TALLIES, ids), {row["id"] for row in await fetch(_ROUTED, ids)})
        failed = _by_tenant(await fetch(_FAILED, ids, failed_since))
        alerts = _by_tenant(await fetch(_ALERTS, ids))
        rows = await fetch(_FIGURES, ids, HELD_MAX, ADMINISTRATORS_MAX)
    return {
        TenantId(row["id"]): Figures(
            users=counted.get((row["id"], "user"), 0) + row["locals"],
            groups=counted.get((row["id"], "group"), 0),
            routed=counted.get((row["id"], "routed user"), 0),
            routed_groups=counted.get((row["id"], "routed group"), 0),
            administrators=min(row["locked"] + row["mapped"], ADMINISTRATORS_MAX),
            changed_at=row["changed_at"],
            failed=failed.get(row["id"], 0),
            alerts=alerts.get(row["id"], 0),
            held=row["held"],
        )
        for row in rows
    }


async def count_troubled(tenant_id: TenantId, to_tenant_id: TenantId) -> dict[str, int]:
    """Return how many users of a super tenant are led to a tenant and not simply there, by state; up to 1,000."""
    rows = await fetch(_TROUBLED, tenant_id, to_tenant_id, HELD_MAX)
    return {row["state"]: int(row["things"]) for row in rows}


def _counted(rows: Sequence[Row], routed: set[SourceId]) -> dict[tuple[UUID, str], int]:
    counted: dict[tuple[UUID, str], int] = {}
    for row in rows:
        tenant_id, kind, things = row["tenant_id"], row["kind"], int(row["things"])
        counted[tenant_id, kind] = counted.get((tenant_id, kind), 0) + things
        if row["source_id"] in routed:
            counted[tenant_id, f"routed {kind}"] = counted.get((tenant_id, f"routed {kind}"), 0) + things
    return counted


def _by_tenant(rows: Sequence[Row]) -> dict[UUID, int]:
    return {row["tenant_id"]: int(row["things"]) for row in rows}
