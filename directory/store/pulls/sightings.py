"""What a pulled source said last of one object, and who its objects are here."""

from collections.abc import Sequence
from uuid import UUID

from directory.model import SourceId, TenantId
from directory.store.compiled import Statement
from directory.store.unit import Row, fetch, fetch_one

_FIND = Statement(
    "SELECT op, reason, in_scope, gone, problem, run_id, missing_run_id FROM seen_row"
    " WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND kind = $3::text AND ext_id = $4::text"
)
_HERE = {
    "user": Statement(
        "SELECT k.external_id, u.id FROM user_link_row k JOIN user_row u ON u.tenant_id = k.tenant_id"
        " AND u.id = k.user_id WHERE k.tenant_id = $1::uuid AND k.source_id = $2::uuid"
        " AND k.external_id = ANY($3::text[]) AND u.deleted_at IS NULL"
    ),
    "group": Statement(
        "SELECT k.external_id, g.id FROM group_link_row k JOIN group_row g ON g.tenant_id = k.tenant_id"
        " AND g.id = k.group_id WHERE k.tenant_id = $1::uuid AND k.source_id = $2::uuid"
        " AND k.external_id = ANY($3::text[]) AND g.deleted_at IS NULL"
    ),
}


async def find_sighting(tenant_id: TenantId, source_id: SourceId, kind: str, ext_id: str) -> Row | None:
    """Return what the source said last of an object; None: it never spoke of it."""
    return await fetch_one(_FIND, tenant_id, source_id, kind, ext_id)


async def ids_here(tenant_id: TenantId, source_id: SourceId, kind: str, ext_ids: Sequence[str]) -> dict[str, UUID]:
    """Return the users or groups that a source's ids lead to; who is deleted is left out."""
    rows = await fetch(_HERE[kind], tenant_id, source_id, list(ext_ids)) if ext_ids else []
    return {row["external_id"]: row["id"] for row in rows}
