"""Writes of what a tenant decides roles by."""

from directory.ids import new_id
from directory.model import Actor
from directory.plan import AskRedecision, PutMappings
from directory.store.compiled import Statement
from directory.store.insert import Insert
from directory.store.tables import MappingRow, RedecisionRow, columns_of
from directory.store.unit import execute

_PUT = Insert(
    "mapping_row",
    columns_of(MappingRow),
    "ON CONFLICT (tenant_id, group_id) DO UPDATE SET role_id = excluded.role_id, position = excluded.position,"
    " consented_by = excluded.consented_by",
)
_DROP = Statement("DELETE FROM mapping_row WHERE tenant_id = $1::uuid AND group_id = ANY($2::uuid[])")
_VERSION = Statement(
    "UPDATE tenant_row SET policy_version = policy_version + 1, policy_mark = $3::uuid,"
    " default_role_id = coalesce($2::uuid, default_role_id) WHERE id = $1::uuid"
)
_ASK = Insert("redecision_row", columns_of(RedecisionRow, "tenant_id", "id", "group_id", "asked_at"))


async def put_mappings(change: PutMappings, by: Actor) -> None:
    """Write and drop lines of the ordered list and count the policy's version up."""
    if change.drop:
        await execute(_DROP, by.tenant_id, list(change.drop))
    await _PUT([(by.tenant_id, line.group_id, line.role_id, line.position, line.consented_by) for line in change.put])
    await execute(_VERSION, by.tenant_id, change.default_role_id, new_id(change.at))


async def ask_redecision(change: AskRedecision, by: Actor) -> None:
    """Queue the walks over the users whose role the change can move."""
    wanted = [*change.group_ids, *([None] if change.default else [])]
    await _ASK([(by.tenant_id, new_id(change.at), group_id, change.at) for group_id in wanted])
