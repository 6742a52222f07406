"""Reads that show whether what is stored fits together; for the self-check, never for requests."""

from uuid import UUID

from directory.model import GroupId, SourceId, TenantId, UserId
from directory.store.compiled import Statement
from directory.store.row_security import OPEN
from directory.store.sqlite import OneWriterEngine
from directory.store.unit import current_engine, fetch

_USERS_AFTER = Statement(
    "SELECT id FROM user_row WHERE tenant_id = $1::uuid AND deleted_at IS NULL AND id > $2::uuid"
    " ORDER BY id LIMIT $3::bigint"
)
_MISCOUNTED = Statement(
    "SELECT g.id FROM group_row g WHERE g.tenant_id = $1::uuid AND ("
    " g.member_count <> (SELECT count(*) FROM member_row m"
    " WHERE m.tenant_id = g.tenant_id AND m.group_id = g.id AND NOT m.gone)"
    " OR g.waiting_count <> (SELECT count(*) FROM waiting_row w WHERE w.tenant_id = g.tenant_id AND w.group_id = g.id)"
    " OR g.nested_count <> (SELECT count(*) FROM nested_row n WHERE n.tenant_id = g.tenant_id AND n.group_id = g.id))"
    " ORDER BY g.id LIMIT $2::bigint"
)
_POSTGRES_ROLE = Statement("SELECT rolsuper OR rolbypassrls AS unbounded FROM pg_roles WHERE rolname = current_user")
_POSTGRES_SYNCS = Statement(
    "SELECT name FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off'"
)
_QUICK_CHECK = Statement("PRAGMA quick_check")
_FOREIGN_KEYS = Statement("PRAGMA foreign_key_check")

_UNTOLD = Statement(
    "SELECT u.id FROM user_row u WHERE u.tenant_id = $1::uuid AND NOT EXISTS (SELECT 1 FROM event_row e"
    " WHERE e.tenant_id = u.tenant_id AND e.subject_id = u.id AND e.action = 'user:created') LIMIT $2::bigint"
)

_MISSTATED = Statement(
    "SELECT u.id FROM user_row u WHERE u.tenant_id = $1::uuid AND u.deleted_at IS NULL AND u.active <>"
    " ((u.reported_active OR EXISTS (SELECT 1 FROM held_change_row h WHERE h.tenant_id = u.tenant_id"
    " AND h.user_id = u.id AND h.kind = 'disable' AND h.in_force)) AND NOT EXISTS (SELECT 1 FROM signin_block_row b"
    " WHERE b.tenant_id = u.tenant_id AND b.user_id = u.id)) LIMIT $2::bigint"
)

_MISTALLIED = Statement(
    "SELECT s.id FROM source_row s WHERE s.tenant_id = $1::uuid AND ("
    " (SELECT coalesce(sum(y.things), 0) FROM tally_row y"
    " WHERE y.tenant_id = s.tenant_id AND y.source_id = s.id AND y.kind = 'user')"
    " <> (SELECT count(*) FROM user_row u"
    " WHERE u.tenant_id = s.tenant_id AND u.source_id = s.id AND u.deleted_at IS NULL)"
    " OR (SELECT coalesce(sum(y.things), 0) FROM tally_row y"
    " WHERE y.tenant_id = s.tenant_id AND y.source_id = s.id AND y.kind = 'group')"
    " <> (SELECT count(*) FROM group_row g"
    " WHERE g.tenant_id = s.tenant_id AND g.source_id = s.id AND g.deleted_at IS NULL)) ORDER BY s.id"
)


async def list_users_after(tenant_id: TenantId, after: UserId | None, *, limit: int) -> list[UserId]:
    """Return the next users of a tenant in the order of their ids."""
    rows = await fetch(_USERS_AFTER, tenant_id, after or UUID(int=0), limit)
    return [UserId(row["id"]) for row in rows]


async def list_miscounted_groups(tenant_id: TenantId, *, limit: int) -> list[GroupId]:
    """Return groups whose maintained counts are not those of their rows."""
    return [GroupId(row["id"]) for row in await fetch(_MISCOUNTED, tenant_id, limit, unbounded=True)]


async def list_file_faults() -> list[str]:
    """Return what SQLite itself finds wrong in its file; nothing on PostgreSQL, which has tools of its own."""
    if current_engine().engine_type != "sqlite":
        return []
    found = [str(row["quick_check"]) for row in await fetch(_QUICK_CHECK) if row["quick_check"] != "ok"]
    return found + [f"a row of {row['table']} names a missing {row['parent']}" for row in await fetch(_FOREIGN_KEYS)]


async def list_server_faults() -> list[str]:
    """Return what should not be so of the PostgreSQL that is used, or of the role that uses it."""
    if current_engine().engine_type == "sqlite":
        return []
    faults = [f"{row['name']} is off: an outage loses acknowledged changes" for row in await fetch(_POSTGRES_SYNCS)]
    if any(row["unbounded"] for row in await fetch(_POSTGRES_ROLE)):
        faults.append("the application connects as a superuser, whom nothing keeps from altering recorded events")
    if reason := why_open():
        faults.append(f"row-level security is not in force: {reason}")
    return faults


def why_open() -> str:
    """Return why PostgreSQL itself keeps no tenant from another's rows; empty where it does, and on SQLite."""
    engine = current_engine()
    return "" if isinstance(engine, OneWriterEngine) else OPEN.get(engine.standing, "")


async def list_untold_users(tenant_id: TenantId, *, limit: int) -> list[UserId]:
    """Return users whose arrival no event records: a write that was cut in half."""
    return [UserId(row["id"]) for row in await fetch(_UNTOLD, tenant_id, limit, unbounded=True)]


async def list_misstated_users(tenant_id: TenantId, *, limit: int) -> list[UserId]:
    """Return users whose status is not what was reported, less those whom an operator keeps out."""
    return [UserId(row["id"]) for row in await fetch(_MISSTATED, tenant_id, limit, unbounded=True)]


async def list_mistallied_sources(tenant_id: TenantId) -> list[SourceId]:
    """Return sources whose maintained counts of users and groups are not those of their rows."""
    return [SourceId(row["id"]) for row in await fetch(_MISTALLIED, tenant_id, unbounded=True)]
