"""Whether a user who arrives meets anybody: one look for what is nearly always a newcomer."""

from directory.model import SourceId, TenantId
from directory.names import name_key
from directory.roles import RolePolicy
from directory.store.compiled import Statement
from directory.store.policy import policy_at, policy_name
from directory.store.unit import current_engine, fetch

# PostgreSQL only, and before the look: others finish first what it is to see. The names of the two locks are those of
# policy.read_policy and circles.hold_names.
_HOLD_POLICY = "pg_advisory_xact_lock_shared(hashtextextended($1::text, 0))"
_HOLD = Statement(
    f"SELECT {_HOLD_POLICY},"
    " pg_advisory_xact_lock(hashtextextended($2::text || abs(hashtextextended($3::text, 0) % 256), 0))"
)
_HOLD_WITHOUT_ID = Statement(f"SELECT {_HOLD_POLICY}")
_LOOK = Statement(
    "SELECT t.policy_mark, EXISTS (SELECT 1 FROM user_row u WHERE u.tenant_id = t.id AND u.user_name_key = $3::text"
    " AND u.deleted_at IS NULL) OR EXISTS (SELECT 1 FROM user_link_row k WHERE k.tenant_id = t.id"
    " AND k.source_id = $2::uuid AND k.external_id = $4::text) OR EXISTS (SELECT 1 FROM waiting_row w"
    " WHERE w.tenant_id = t.id AND w.value = $4::text) AS met FROM tenant_row t WHERE t.id = $1::uuid"
)


async def look_around(
    tenant_id: TenantId, source_id: SourceId, user_name: str, external_id: str | None
) -> tuple[RolePolicy, bool]:
    """Return what the tenant decides roles by, and whether somebody has this name or id or a group waits for it.

    Keeps others from changing the policy, and from waiting for the id, until the unit ends.
    """
    if current_engine().engine_type != "sqlite":
        if external_id is None:
            await fetch(_HOLD_WITHOUT_ID, policy_name(tenant_id))
        else:
            await fetch(_HOLD, policy_name(tenant_id), f"{tenant_id}/{source_id}/", external_id)
    (row,) = await fetch(_LOOK, tenant_id, source_id, name_key(user_name), external_id)
    return await policy_at(tenant_id, row["policy_mark"]), bool(row["met"])
