"""Keys that the processes of an installation share, made at their first use and then the same for good."""

import secrets
from typing import Literal
from weakref import WeakKeyDictionary

from directory.store import server_keys
from directory.store.unit import Engine, current_engine, in_unit, is_trial

Purpose = Literal["cursor"]

_BYTES = 32
_known: WeakKeyDictionary[Engine, dict[Purpose, bytes]] = WeakKeyDictionary()
"""A key never changes, so it is read once per process and database."""


async def get_server_key(purpose: Purpose) -> bytes:
    """Return the key of a purpose; of several processes that make it at the same time all get the same one."""
    if is_trial():
        # One made now would not stay, and a trial that only reads has no unit to write it in.
        return bytes.fromhex(await server_keys.find_key(purpose) or secrets.token_hex(_BYTES))
    known = _known.setdefault(current_engine(), {})
    if purpose not in known:
        known[purpose] = bytes.fromhex(await _stored_key(purpose))
    return known[purpose]


async def _stored_key(purpose: Purpose) -> str:
    found = await server_keys.find_key(purpose)
    if found is not None:
        return found
    made = secrets.token_hex(_BYTES)

    async def body() -> str:
        await server_keys.put_key(purpose, made)
        return await server_keys.find_key(purpose) or made

    return await in_unit(None, body)
