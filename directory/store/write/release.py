"""Writes of users that leave their source and go on as local ones."""

from directory.model import Actor
from directory.plan import ReleaseUsers
from directory.store.compiled import Statement
from directory.store.insert import ON_A_THREAD_ROWS
from directory.store.unit import execute

_RELEASE = Statement(
    "UPDATE user_row SET source_id = NULL, version = version + 1, modified_at = $4::timestamptz"
    " WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND id = ANY($3::uuid[])"
)
_UNLINK = Statement(
    "DELETE FROM user_link_row WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND user_id = ANY($3::uuid[])"
)


async def release_users(change: ReleaseUsers, by: Actor) -> None:
    """Make users local; the source no longer knows them by its ids."""
    user_ids = list(change.user_ids)
    is_long = len(user_ids) >= ON_A_THREAD_ROWS
    await execute(_RELEASE, by.tenant_id, change.source_id, user_ids, change.at, unbounded=is_long)
    await execute(_UNLINK, by.tenant_id, change.source_id, user_ids, unbounded=is_long)
