"""Counters of tries, taken before anything is looked at: of many tries at once only the first few are."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from directory.errors import TooManyTriesError
from directory.store import throttles
from directory.store.unit import in_unit
from directory.throttling import FORGOTTEN_AFTER, Tries, TryKind, tries_after, tries_less_one


class Counter(NamedTuple):
    """One counter; the key is a hash, since what was typed may be anything, also a password."""

    kind: TryKind
    key: str


def counter_for(kind: TryKind, *parts: object) -> Counter:
    """Return the counter of something: an account by its names, a network, a device, a user asked for a code."""
    text = "".join(f"{len(str(part))}:{part}" for part in parts)
    return Counter(kind, hashlib.sha256(text.encode(errors="backslashreplace")).hexdigest())


async def take_try(counters: Sequence[Counter], *, now: datetime) -> None:
    """Count one try on all of the counters, or on none if one of them is closed.

    Raises:
        TooManyTriesError: it was too early.
    """

    async def body() -> datetime | None:
        taken: list[tuple[Counter, Tries]] = []
        closed_until: datetime | None = None
        for counter in sorted(counters):
            known = await throttles.hold_tries(*counter, now=now)
            after = tries_after(known, counter.kind, now=now)
            if after is not None:
                taken.append((counter, after))
            elif known is not None:
                closed_until = max(known.open_at, closed_until or known.open_at)
        if closed_until is None:
            for counter, tries in taken:
                await throttles.put_tries(*counter, tries)
        return closed_until

    closed_until = await in_unit(None, body)
    if closed_until is not None:
        raise TooManyTriesError(closed_until)


async def forgive_try(counters: Sequence[Counter], *, now: datetime) -> None:
    """Take back a try that succeeded: one's own counters begin anew, a shared network's loses this one try."""

    async def body() -> None:
        for counter in sorted(counters):
            if counter.kind != "network":
                await throttles.forget_tries(*counter)
                continue
            known = await throttles.hold_tries(*counter, now=now)
            if known is not None:
                await throttles.put_tries(*counter, tries_less_one(known))

    await in_unit(None, body)


async def forget_old_tries(*, now: datetime, limit: int) -> int:
    """Delete counters that count no more; return how many."""
    return await throttles.delete_tries(now - FORGOTTEN_AFTER, limit=limit)
