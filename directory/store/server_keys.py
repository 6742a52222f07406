"""Keys that the processes of an installation share."""

from directory.store.compiled import Statement
from directory.store.unit import execute, fetch_one

_FIND = Statement("SELECT key FROM server_key_row WHERE purpose = $1::text")
_PUT = Statement("INSERT INTO server_key_row (purpose, key) VALUES ($1::text, $2::text) ON CONFLICT DO NOTHING")


async def find_key(purpose: str) -> str | None:
    """Return the key of a purpose, if one was made."""
    row = await fetch_one(_FIND, purpose)
    return None if row is None else row["key"]


async def put_key(purpose: str, key: str) -> None:
    """Store a key, unless there is one already: the first one of the purpose stays."""
    await execute(_PUT, purpose, key)
