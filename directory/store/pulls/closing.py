"""What stops with a source that is turned off: its runs, its cursors, and what was seen of its users."""

from datetime import datetime

from directory.model import SourceId, TenantId
from directory.store.compiled import Statement
from directory.store.pulls.sources import forget_cursors
from directory.store.unit import execute

_CANCEL = Statement(
    "UPDATE run_row SET cancel_asked = TRUE, state = CASE WHEN state = 'asked' THEN 'cancelled' ELSE state END,"
    " ended_at = CASE WHEN state = 'asked' THEN $3::timestamptz ELSE ended_at END,"
    " error_words = CASE WHEN state = 'asked' THEN $4::text ELSE error_words END"
    " WHERE tenant_id = $1::uuid AND id IN (SELECT r.id FROM run_row r WHERE r.tenant_id = $1::uuid"
    " AND r.source_id = $2::uuid AND r.state IN ('asked', 'fetching', 'planning', 'applying')"
    " ORDER BY r.asked_at)"
)
_FORGET_SEEN = Statement(
    "DELETE FROM seen_row WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND kind = 'user'"
    " AND ext_id IN (SELECT ext_id FROM seen_row WHERE tenant_id = $1::uuid AND source_id = $2::uuid"
    " AND kind = 'user' ORDER BY ext_id LIMIT $3::bigint)"
)
FORGOTTEN_AT_ONCE = 500


async def cancel_runs(tenant_id: TenantId, source_id: SourceId, now: datetime, words: str) -> None:
    """End the runs of a source, those under way behind their page; ``words`` say why those that wait never begin."""
    await execute(_CANCEL, tenant_id, source_id, now, words)


async def stop_pulling(tenant_id: TenantId, source_id: SourceId, now: datetime) -> None:
    """End the runs of a source; whenever it is pulled again, all of it is."""
    await cancel_runs(tenant_id, source_id, now, "The connection was turned off.")
    await forget_cursors(tenant_id, source_id)


async def forget_seen_users(tenant_id: TenantId, source_id: SourceId) -> int:
    """Forget the next users as the source gave them; return how many.

    What becomes of the users now is not its doing: everybody whom it gives again is new to it.
    """
    return await execute(_FORGET_SEEN, tenant_id, source_id, FORGOTTEN_AT_ONCE, unbounded=True)
