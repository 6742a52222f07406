"""Lists of what runs would change, or changed, and the deletion of runs that nobody looks at any more."""

from datetime import datetime

from directory.model import TenantId
from directory.pull_run import RunId
from directory.store.compiled import Statement
from directory.store.unit import Row, execute, fetch

_ITEMS = Statement(
    "SELECT * FROM run_item_row WHERE tenant_id = $1::uuid AND run_id = $2::uuid AND seq > $3::bigint"
    " ORDER BY seq LIMIT $4::bigint"
)
_ITEMS_OF_ACTION = Statement(
    "SELECT * FROM run_item_row WHERE tenant_id = $1::uuid AND run_id = $2::uuid AND action = $5::text"
    " AND seq > $3::bigint ORDER BY seq LIMIT $4::bigint"
)
# Old ones; and of each source's, but for the newest, those that found nothing to change.
_FORGETTABLE = Statement(
    "SELECT tenant_id, id FROM (SELECT tenant_id, id, state, ended_at,"
    " row_number() OVER (PARTITION BY source_id ORDER BY id DESC) AS place FROM run_row"
    " WHERE ended_at IS NOT NULL) AS ended WHERE ended_at < $1::timestamptz OR (place > $2::bigint AND state = 'done'"
    " AND NOT EXISTS (SELECT 1 FROM run_item_row i WHERE i.tenant_id = ended.tenant_id AND i.run_id = ended.id))"
    " LIMIT $3::bigint",
    house=True,
)
_FORGET_PARTS = tuple(
    Statement(
        f"DELETE FROM {table} WHERE tenant_id = $1::uuid AND run_id = $2::uuid AND ({key}) IN"
        f" (SELECT {key} FROM {table} WHERE tenant_id = $1::uuid AND run_id = $2::uuid LIMIT $3::bigint)"
    )
    for table, key in (("run_item_row", "seq"), ("run_reject_row", "kind, ext_id"))
)
_FORGET_RUN = Statement("DELETE FROM run_row WHERE tenant_id = $1::uuid AND id = $2::uuid")


async def list_items(tenant_id: TenantId, run_id: RunId, action: str | None, *, after: int, limit: int) -> list[Row]:
    """Return what a run does to objects, behind ``after``; of one action, or of all."""
    if action is None:
        return await fetch(_ITEMS, tenant_id, run_id, after, limit)
    return await fetch(_ITEMS_OF_ACTION, tenant_id, run_id, after, limit, action)


async def list_forgettable(*, ended_before: datetime, kept: int, limit: int) -> list[tuple[TenantId, RunId]]:
    """Return runs that are old, and of each source but for the newest ``kept`` those that changed nothing."""
    rows = await fetch(_FORGETTABLE, ended_before, kept, limit, unbounded=True)
    return [(TenantId(row["tenant_id"]), RunId(row["id"])) for row in rows]


async def forget_part(tenant_id: TenantId, run_id: RunId, *, limit: int) -> int:
    """Delete some of what belongs to a run, or the run itself once there is nothing; returns how much, 0 at the end."""
    for statement in _FORGET_PARTS:
        if count := await execute(statement, tenant_id, run_id, limit, unbounded=True):
            return count
    return await execute(_FORGET_RUN, tenant_id, run_id)
