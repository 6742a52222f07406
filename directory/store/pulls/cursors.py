"""Reads and writes of cursors: how far each stream of a source got, for good and in the run under way."""

from datetime import datetime

from directory.model import SourceId, TenantId
from directory.pull_run import RunId
from directory.store.compiled import Statement
from directory.store.unit import Row, execute, fetch

_LIST = Statement("SELECT * FROM pull_cursor_row WHERE tenant_id = $1::uuid AND source_id = $2::uuid ORDER BY stream")
_LIST_OF_RUN = Statement(
    "SELECT * FROM pull_cursor_row WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND run_id = $3::uuid"
    " ORDER BY stream"
)
_ADVANCE = Statement(
    "INSERT INTO pull_cursor_row (tenant_id, source_id, stream, run_id, resume, begun_at, object_count)"
    " VALUES ($1::uuid, $2::uuid, $3::text, $4::uuid, $5::text, $7::timestamptz, $6::bigint)"
    " ON CONFLICT (tenant_id, source_id, stream) DO UPDATE SET resume = excluded.resume,"
    " begun_at = CASE WHEN pull_cursor_row.run_id = excluded.run_id AND pull_cursor_row.begun_at IS NOT NULL"
    " THEN pull_cursor_row.begun_at ELSE excluded.begun_at END,"
    " object_count = CASE WHEN pull_cursor_row.run_id = excluded.run_id THEN pull_cursor_row.object_count ELSE 0 END"
    " + excluded.object_count, run_id = excluded.run_id, done = FALSE, whole = FALSE, checkpoint = NULL"
)
_RESTART = Statement(
    "INSERT INTO pull_cursor_row (tenant_id, source_id, stream, run_id, begun_at)"
    " VALUES ($1::uuid, $2::uuid, $3::text, $4::uuid, $5::timestamptz)"
    " ON CONFLICT (tenant_id, source_id, stream) DO UPDATE SET run_id = excluded.run_id, resume = NULL,"
    " begun_at = excluded.begun_at, done = FALSE, whole = FALSE, checkpoint = NULL, object_count = 0"
)
_END = Statement(
    "INSERT INTO pull_cursor_row (tenant_id, source_id, stream, run_id, begun_at, done, whole, checkpoint)"
    " VALUES ($1::uuid, $2::uuid, $3::text, $4::uuid, $7::timestamptz, TRUE, $5::boolean, $6::text)"
    " ON CONFLICT (tenant_id, source_id, stream) DO UPDATE SET resume = NULL, done = TRUE, whole = excluded.whole,"
    " checkpoint = excluded.checkpoint, object_count ="
    " CASE WHEN pull_cursor_row.run_id = excluded.run_id THEN pull_cursor_row.object_count ELSE 0 END,"
    " run_id = excluded.run_id"
)
# Nobody tells again of the users and of who is assigned: these wait by themselves, and scope is found out each time.
_HOLD_BACK = Statement(
    "UPDATE pull_cursor_row SET checkpoint = committed WHERE tenant_id = $1::uuid AND source_id = $2::uuid"
    " AND run_id = $3::uuid AND NOT whole AND committed IS NOT NULL AND stream NOT IN ('scope', 'users')"
)
_COMMIT = Statement(
    "UPDATE pull_cursor_row SET committed = checkpoint, committed_at = $4::timestamptz"
    " WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND run_id = $3::uuid AND done"
)


async def list_cursors(tenant_id: TenantId, source_id: SourceId) -> list[Row]:
    """Return the cursors of a source's streams."""
    return await fetch(_LIST, tenant_id, source_id)


async def list_of_run(tenant_id: TenantId, source_id: SourceId, run_id: RunId) -> list[Row]:
    """Return the cursors of the streams that a run has begun, with ``stream``, ``done`` and ``whole``."""
    return await fetch(_LIST_OF_RUN, tenant_id, source_id, run_id)


async def advance(
    place: tuple[TenantId, SourceId, str, RunId], resume: str | None, objects: int, *, now: datetime
) -> None:
    """Note from where a stream goes on; what another run noted of it is forgotten."""
    await execute(_ADVANCE, *place, resume, objects, now)


async def restart(place: tuple[TenantId, SourceId, str, RunId], *, now: datetime) -> None:
    """Let a stream begin from the start again."""
    await execute(_RESTART, *place, now)


async def end(
    place: tuple[TenantId, SourceId, str, RunId], checkpoint: str | None, *, whole: bool, now: datetime
) -> None:
    """Note the end of a stream."""
    await execute(_END, *place, whole, checkpoint, now)


async def hold_back(tenant_id: TenantId, source_id: SourceId, run_id: RunId) -> None:
    """Have the next delta tell again what this one told of members; what a whole stream told, the next one tells."""
    await execute(_HOLD_BACK, tenant_id, source_id, run_id)


async def commit(tenant_id: TenantId, source_id: SourceId, run_id: RunId, *, now: datetime) -> None:
    """Let the next deltas begin where this run's streams ended."""
    await execute(_COMMIT, tenant_id, source_id, run_id, now)
