"""Reads of sign-in blocks."""

from directory.model import TenantId, UserId
from directory.plan_status import SigninBlock
from directory.store.compiled import Statement
from directory.store.unit import fetch_one

_BLOCK = Statement(
    "SELECT reason, owner, created_at FROM signin_block_row WHERE tenant_id = $1::uuid AND user_id = $2::uuid"
)


async def find_block(tenant_id: TenantId, user_id: UserId) -> SigninBlock | None:
    """Return what keeps a user, or a tombstone that may come back, from signing in."""
    row = await fetch_one(_BLOCK, tenant_id, user_id)
    if row is None:
        return None
    return SigninBlock(reason=row["reason"], owner=row["owner"], created_at=row["created_at"])
