"""Reads of what becomes of the users of a source that is turned off."""

from uuid import UUID

from directory.model import SourceId, TenantId, UserId
from directory.store.compiled import Statement
from directory.store.holding import HeldRead
from directory.store.resting import awake
from directory.store.unit import Row, execute, fetch, fetch_one

_AHEAD = {
    "local": HeldRead(
        "SELECT u.id FROM user_row u WHERE u.tenant_id = $1::uuid AND u.source_id = $2::uuid"
        " AND u.deleted_at IS NULL AND u.id > $3::uuid ORDER BY u.id LIMIT $4::bigint",
        of="u",
    ),
    "disable": HeldRead(
        "SELECT u.id FROM user_row u WHERE u.tenant_id = $1::uuid AND u.source_id = $2::uuid"
        " AND u.deleted_at IS NULL AND (u.active OR u.reported_active) AND u.id > $3::uuid"
        " ORDER BY u.id LIMIT $4::bigint",
        of="u",
    ),
}
# Few are disabled and have an index of their own; everybody is in the maintained count.
_COUNTS = Statement(
    "SELECT (SELECT coalesce(sum(y.things), 0) FROM tally_row y WHERE y.tenant_id = $1::uuid"
    " AND y.source_id = $2::uuid AND y.kind = 'user')::bigint AS total,"
    " (SELECT count(*) FROM user_row u WHERE u.tenant_id = $1::uuid AND NOT u.active AND u.deleted_at IS NULL"
    # An expression, so that SQLite takes the index of the disabled and not that of the source.
    " AND coalesce(u.source_id, u.source_id) = $2::uuid AND NOT u.reported_active)::bigint AS inactive"
)
# Administrators are so by a lock or by a mapping: looked up from there, never among all users.
_ADMINISTRATOR = (
    " JOIN user_row u ON u.tenant_id = t.id AND u.id = {user_id} WHERE t.id = $1::uuid AND u.active"
    " AND u.deleted_at IS NULL AND u.role_id = t.administrator_role_id"
    " AND (u.source_id IS NULL OR u.source_id <> $2::uuid)"
)
_OTHER_ADMINISTRATOR = Statement(
    "SELECT 1 AS found FROM tenant_row t"
    " JOIN lock_row l ON l.tenant_id = t.id AND l.role_id = t.administrator_role_id"
    f"{_ADMINISTRATOR.format(user_id='l.user_id')} UNION SELECT 1 AS found FROM tenant_row t"
    " JOIN mapping_row p ON p.tenant_id = t.id AND p.role_id = t.administrator_role_id"
    " JOIN member_row m ON m.tenant_id = p.tenant_id AND m.group_id = p.group_id AND NOT m.withheld"
    f"{_ADMINISTRATOR.format(user_id='m.user_id')} LIMIT 1"
)
_CLOSING = Statement("SELECT * FROM closing_row WHERE tenant_id = $1::uuid AND source_id = $2::uuid")
_CLOSING_TO_DO = Statement(
    "SELECT * FROM closing_row WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND finished_at IS NULL"
    " FOR NO KEY UPDATE"
)
_OPEN = Statement(
    f"SELECT tenant_id, source_id FROM closing_row WHERE finished_at IS NULL AND {awake('tenant_id')}"
    " ORDER BY asked_at LIMIT 1",
    house=True,
)
_ADVANCE = Statement(
    "UPDATE closing_row SET after_user_id = $3::uuid, done_count = done_count + $4::bigint,"
    " kept_count = kept_count + $5::bigint WHERE tenant_id = $1::uuid AND source_id = $2::uuid"
)
_FINISH = Statement(
    "UPDATE closing_row SET finished_at = $3::timestamptz WHERE tenant_id = $1::uuid AND source_id = $2::uuid"
)


async def list_users_ahead(
    tenant_id: TenantId, source_id: SourceId, deed: str, after: UUID, *, limit: int
) -> list[UserId]:
    """Return the next users whom a deed is for, and hold them."""
    return [UserId(row["id"]) for row in await _AHEAD[deed](tenant_id, source_id, after, limit)]


async def count_users(tenant_id: TenantId, source_id: SourceId) -> tuple[int, int]:
    """Return how many live users a source has, and how many of them are active, in effect or as reported."""
    (row,) = await fetch(_COUNTS, tenant_id, source_id, unbounded=True)
    return row["total"], row["total"] - row["inactive"]


async def has_other_administrator(tenant_id: TenantId, source_id: SourceId) -> bool:
    """Whether an active administrator is of another source or of none."""
    return await fetch_one(_OTHER_ADMINISTRATOR, tenant_id, source_id) is not None


async def find_closing(tenant_id: TenantId, source_id: SourceId, *, hold: bool = False) -> Row | None:
    """Return what was asked for the users of a source; ``hold`` only what is not finished, and keeps the row."""
    return await fetch_one(_CLOSING_TO_DO if hold else _CLOSING, tenant_id, source_id)


async def find_open() -> tuple[TenantId, SourceId] | None:
    """Return a source whose users are not all dealt with."""
    row = await fetch_one(_OPEN)
    return None if row is None else (TenantId(row["tenant_id"]), SourceId(row["source_id"]))


async def advance(tenant_id: TenantId, source_id: SourceId, after: UUID, *, done: int, kept: int) -> None:
    """Note how far it got."""
    await execute(_ADVANCE, tenant_id, source_id, after, done, kept)


async def finish(tenant_id: TenantId, source_id: SourceId, at: object) -> None:
    """Note that everybody was dealt with."""
    await execute(_FINISH, tenant_id, source_id, at)
