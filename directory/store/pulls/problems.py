"""What could not be applied of what a source said, and why."""

from directory.model import SourceId, TenantId
from directory.store.compiled import Statement
from directory.store.unit import Row, fetch

_PROBLEMS = (
    "SELECT s.kind, s.ext_id, s.said, s.problem FROM seen_row s{index} WHERE s.tenant_id = $1::uuid"
    " AND s.source_id = $2::uuid AND s.problem <> '' AND (s.kind, s.ext_id) > ($3::text, $4::text)"
    " ORDER BY s.kind, s.ext_id LIMIT $5::bigint"
)
_LIST = Statement(_PROBLEMS.format(index=""), sqlite=_PROBLEMS.format(index=" INDEXED BY seen_problem"))


async def list_problems(tenant_id: TenantId, source_id: SourceId, after: tuple[str, str], *, limit: int) -> list[Row]:
    """Return users and groups with a problem, behind (kind, ext id)."""
    return await fetch(_LIST, tenant_id, source_id, *after, limit)
