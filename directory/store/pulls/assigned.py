"""Who is assigned to the application, as a run found it."""

from directory.model import TenantId
from directory.pull_run import RunId
from directory.store.compiled import Statement
from directory.store.unit import fetch

_ASSIGNED = Statement("SELECT kind, ext_id FROM staged_assigned_row WHERE tenant_id = $1::uuid AND run_id = $2::uuid")


async def list_assigned(tenant_id: TenantId, run_id: RunId) -> tuple[set[str], list[str]]:
    """Return the users and the groups that are assigned."""
    rows = await fetch(_ASSIGNED, tenant_id, run_id, unbounded=True)
    users = {row["ext_id"] for row in rows if row["kind"] == "user"}
    return users, sorted(row["ext_id"] for row in rows if row["kind"] == "group")
