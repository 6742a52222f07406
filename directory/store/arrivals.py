"""Whether a user who arrives meets anybody: one look for what is nearly always a newcomer."""

from collections.abc import Sequence

from directory.followers import Place, note_place
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
_OTHERS = "coalesce(u.source_id, u.tenant_id) <> $2::uuid"  # of no source: no source has the tenant's id
_LOOK = Statement(
    "SELECT t.policy_mark, t.routing_mark, t.parent_id,"
    " EXISTS (SELECT 1 FROM user_row u WHERE u.tenant_id = t.id AND u.user_name_key = $3::text"
    " AND u.deleted_at IS NULL)"
    " OR EXISTS (SELECT 1 FROM alias_row a WHERE a.tenant_id = t.id AND a.user_name_key = $3::text)"
    " OR EXISTS (SELECT 1 FROM user_link_row k WHERE k.tenant_id = t.id AND k.source_id = $2::uuid"
    " AND k.external_id = $4::text)"
    " OR EXISTS (SELECT 1 FROM waiting_row w WHERE w.tenant_id = t.id AND w.value = $4::text)"
    " OR EXISTS (SELECT 1 FROM email_row e JOIN user_row u ON u.tenant_id = e.tenant_id AND u.id = e.user_id"
    f" WHERE e.tenant_id = t.id AND e.value_key = ANY($5::text[]) AND u.deleted_at IS NULL AND {_OTHERS})"
    " OR EXISTS (SELECT 1 FROM user_row u WHERE u.tenant_id = t.id AND u.user_name_key = ANY($5::text[])"
    f" AND u.deleted_at IS NULL AND {_OTHERS})"
    " OR EXISTS (SELECT 1 FROM user_row u WHERE u.tenant_id = t.id AND u.user_name_key = $3::text"
    " AND u.source_id = $2::uuid AND u.deleted_at IS NOT NULL AND u.erased_at IS NULL)"
    " OR EXISTS (SELECT 1 FROM left_name_row l WHERE l.tenant_id = t.id AND l.user_name_key = $3::text)"
    " AS met FROM tenant_row t WHERE t.id = $1::uuid"
)


async def look_around(
    tenant_id: TenantId, source_id: SourceId, user_name: str, external_id: str | None, keys: Sequence[str]
) -> tuple[RolePolicy, bool]:
    """Return what the tenant decides roles by, and whether somebody has this name or id or a group waits for it.

    ``keys`` are names and addresses that somebody who is not the source's may have.

    Keeps others from changing the policy, and from waiting for the id, until the unit ends.
    """
    if current_engine().engine_type != "sqlite":
        if external_id is None:
            await fetch(_HOLD_WITHOUT_ID, policy_name(tenant_id))
        else:
            await fetch(_HOLD, policy_name(tenant_id), f"{tenant_id}/{source_id}/", external_id)
    (row,) = await fetch(_LOOK, tenant_id, source_id, name_key(user_name), external_id, list(keys))
    note_place(tenant_id, Place(row["routing_mark"], row["parent_id"], is_held=True))
    return await policy_at(tenant_id, row["policy_mark"]), bool(row["met"])
