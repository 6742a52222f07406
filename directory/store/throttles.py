"""Counters of tries; they decide nothing of the directory, and are kept by hashes of what was tried."""

from datetime import datetime

from directory.store.compiled import Statement
from directory.store.unit import execute, fetch_one
from directory.throttling import Tries

_BEGIN = Statement(
    "INSERT INTO throttle_row (kind, key, tries, open_at, tried_at)"
    " VALUES ($1::text, $2::text, 0, $3::timestamptz, $4::timestamptz) ON CONFLICT (kind, key) DO NOTHING"
)
_FIND = Statement(
    "SELECT tries, open_at, tried_at FROM throttle_row WHERE kind = $1::text AND key = $2::text FOR UPDATE"
)
_PUT = Statement(
    "UPDATE throttle_row SET tries = $3::bigint, open_at = $4::timestamptz, tried_at = $5::timestamptz"
    " WHERE kind = $1::text AND key = $2::text"
)
_FORGET = Statement("DELETE FROM throttle_row WHERE kind = $1::text AND key = $2::text")
_FORGET_OLD = Statement(
    "DELETE FROM throttle_row WHERE (kind, key) IN"
    " (SELECT kind, key FROM throttle_row WHERE tried_at < $1::timestamptz LIMIT $2::bigint)"
)


async def hold_tries(kind: str, key: str, *, now: datetime) -> Tries | None:
    """Return a counter, None if it is at its beginning, and hold it until the unit ends."""
    await execute(_BEGIN, kind, key, now, now)
    row = await fetch_one(_FIND, kind, key)
    if row is None or row["tries"] == 0:
        return None
    return Tries(count=row["tries"], open_at=row["open_at"], tried_at=row["tried_at"])


async def put_tries(kind: str, key: str, tries: Tries) -> None:
    """Store a counter that is held."""
    await execute(_PUT, kind, key, tries.count, tries.open_at, tries.tried_at)


async def forget_tries(kind: str, key: str) -> None:
    """Begin again."""
    await execute(_FORGET, kind, key)


async def delete_tries(tried_before: datetime, *, limit: int) -> int:
    """Delete counters that are of no account any more; return how many."""
    return await execute(_FORGET_OLD, tried_before, limit, unbounded=True)
