"""Former user names that still match: whom they lead to, and until when."""

from collections.abc import Sequence
from datetime import datetime

from directory.model import TenantId, UserId
from directory.names import name_key
from directory.renames import Alias
from directory.store.compiled import Statement
from directory.store.insert import ON_A_THREAD_ROWS
from directory.store.unit import Row, execute, fetch, fetch_one

_OF_USER = Statement(
    "SELECT user_id, user_name, until, reason FROM alias_row WHERE tenant_id = $1::uuid AND user_id = $2::uuid"
    " ORDER BY until, user_name_key LIMIT $3::bigint"
)
_OF_NAME = Statement(
    "SELECT user_id, user_name, until, reason FROM alias_row WHERE tenant_id = $1::uuid AND user_name_key = $2::text"
)
_OF_NAMES = Statement(
    "SELECT user_id, user_name, until, reason, user_name_key FROM alias_row"
    " WHERE tenant_id = $1::uuid AND user_name_key = ANY($2::text[])"
)
_ENDED = Statement("SELECT tenant_id FROM alias_row WHERE until <= $1::timestamptz ORDER BY until LIMIT 1", house=True)
_DUE = Statement(
    "SELECT a.user_id, a.user_name, a.until, a.reason, a.user_name_key, u.display_name FROM alias_row a"
    " JOIN user_row u ON u.tenant_id = a.tenant_id AND u.id = a.user_id"
    " WHERE a.tenant_id = $1::uuid AND a.until <= $2::timestamptz ORDER BY a.until LIMIT $3::bigint"
)
_END = Statement(
    "DELETE FROM alias_row WHERE tenant_id = $1::uuid AND user_name_key = $2::text AND until <= $3::timestamptz"
)


async def list_aliases(tenant_id: TenantId, user_id: UserId, *, limit: int) -> list[Alias]:
    """Return the former names of a user that still match, those that end first in front."""
    return [_alias_from(row) for row in await fetch(_OF_USER, tenant_id, user_id, limit)]


async def find_alias(tenant_id: TenantId, user_name: str) -> Alias | None:
    """Return the former name, if somebody is still found by it."""
    row = await fetch_one(_OF_NAME, tenant_id, name_key(user_name))
    return None if row is None else _alias_from(row)


async def find_aliases(tenant_id: TenantId, user_names: Sequence[str]) -> dict[str, Alias]:
    """Return which of these names are former ones that still match, by the key of the name."""
    keys = sorted({name_key(name) for name in user_names})
    rows = await fetch(_OF_NAMES, tenant_id, keys, unbounded=len(keys) >= ON_A_THREAD_ROWS)
    return {row["user_name_key"]: _alias_from(row) for row in rows}


async def find_ended(now: datetime) -> TenantId | None:
    """Return a tenant of which a former name should match no more."""
    row = await fetch_one(_ENDED, now)
    return None if row is None else TenantId(row["tenant_id"])


async def end_due(tenant_id: TenantId, now: datetime, *, limit: int) -> list[tuple[Alias, str]]:
    """Let former names of a tenant match no more whose time is over; returns them, with how their users are called."""
    due = await fetch(_DUE, tenant_id, now, limit, unbounded=True)
    return [
        (_alias_from(row), row["display_name"])
        for row in due
        if await execute(_END, tenant_id, row["user_name_key"], now)
    ]


def _alias_from(row: Row) -> Alias:
    return Alias(
        user_id=UserId(row["user_id"]),
        user_name=row["user_name"],
        until=row["until"],
        reason=row["reason"],
    )
