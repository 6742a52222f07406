"""Slow hashes of passwords: argon2id on a thread, two at a time, and the same work for whoever does not exist."""

import asyncio
from weakref import WeakKeyDictionary

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from directory.passwords import plain_password

MEMORY_KIB = 19 * 1024
ROUNDS = 2
AT_ONCE = 2
"""19 MiB and 40 ms each: more at a time would take the processor from everybody else."""

_HASHER = PasswordHasher(time_cost=ROUNDS, memory_cost=MEMORY_KIB, parallelism=1)
_NOBODYS = "$argon2id$v=19$m=19456,t=2,p=1$cm9sZWJvb2tub2JvZHlzcw$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
"""A hash that no password gives, with the parameters of all others."""

_gates: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


async def hash_password(password: str) -> str:
    """Return what is stored in a password's place; it names its own parameters and salt."""
    async with _gate():
        return await asyncio.to_thread(_HASHER.hash, plain_password(password))


async def is_password(password: str, stored: str | None) -> bool:
    """Whether a password is the one that was stored; without one the same work is done for nothing."""
    async with _gate():
        return await asyncio.to_thread(_verify, plain_password(password), stored or _NOBODYS)


def _verify(password: str, stored: str) -> bool:
    try:
        return _HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


def _gate() -> asyncio.Semaphore:
    return _gates.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE))
