"""Who calls with a secret, remembered for a second."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from directory.model import SecretId, Source, Tenant

REMEMBERED = timedelta(seconds=1)
"""A secret that another process revokes opens nothing after this time."""

COUNT_MAX = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Whoever holds a secret: a source of a tenant."""

    tenant: Tenant
    source: Source
    secret_id: SecretId


@dataclass(slots=True)
class _Memory:
    """Callers by the digest of their token, with the time from and until which they are good."""

    known: dict[str, tuple[datetime, datetime, Caller]]
    generation: int = 0


_memory = _Memory({})


def recall(digest: str, *, now: datetime) -> Caller | None:
    """Return the caller that was recognised by this digest within the last second."""
    entry = _memory.known.get(digest)
    if entry is None:
        return None
    since, until, caller = entry
    return caller if since <= now < until else None


def generation() -> int:
    """Return a number that changes whenever callers are forgotten: ask before reading what ``remember`` is given."""
    return _memory.generation


def remember(digest: str, caller: Caller, *, now: datetime, valid_until: datetime, read_in: int) -> None:
    """Keep a caller for a second, unless callers were forgotten since ``read_in``."""
    if read_in != _memory.generation:
        return
    if len(_memory.known) >= COUNT_MAX:
        _memory.known.clear()
    _memory.known[digest] = (now, min(now + REMEMBERED, valid_until), caller)


def forget() -> None:
    """Forget all callers: a secret or a setting of a source changed in this process."""
    _memory.known.clear()
    _memory.generation += 1
