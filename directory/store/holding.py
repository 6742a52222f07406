"""Reads whose rows stay as they are until the unit of work ends."""

from directory.store.compiled import Statement
from directory.store.unit import Row, current_engine, fetch

_HOLD = Statement("SELECT pg_advisory_xact_lock(hashtextextended($1::text, 0))")
_HOLD_SHARED = Statement("SELECT pg_advisory_xact_lock_shared(hashtextextended($1::text, 0))")


class HeldRead:
    """A read that locks first and reads then.

    A statement of PostgreSQL that waited for a row looks at that row again, but what it joined to it is from before
    the wait: a role lock set meanwhile stayed unseen. So the rows are locked by one statement and read by the next.
    SQLite has one unit at a time: there it is one statement.
    """

    def __init__(self, sql: str, *, of: str) -> None:
        """``of`` is the table whose rows are to stay; ids decide the order, so that two reads never cross."""
        self._lock = Statement(f"{sql} FOR NO KEY UPDATE OF {of}")
        self._read = Statement(sql)

    async def __call__(self, *args: object, unbounded: bool = False) -> list[Row]:
        """Return the rows as they are once nobody else can change them."""
        if current_engine().engine_type != "sqlite" and not await fetch(self._lock, *args, unbounded=unbounded):
            return []
        return await fetch(self._read, *args, unbounded=unbounded)

    async def one(self, *args: object) -> Row | None:
        """Return the first row, or None."""
        rows = await self(*args)
        return rows[0] if rows else None


def runs_alone() -> bool:
    """Whether a unit of work has the database to itself, so that nothing needs to be held: on SQLite."""
    return current_engine().engine_type == "sqlite"


async def hold(name: str, *, shared: bool = False) -> None:
    """Wait for everybody who holds ``name`` in a way that excludes this one, and hold it until the unit ends.

    Those who wait are served in order: a stream of shared holders does not overtake one who wants it alone, as it
    does with row locks (measured: an operator could not change mappings while eight clients pushed).
    """
    if current_engine().engine_type != "sqlite":
        await fetch(_HOLD_SHARED if shared else _HOLD, name)
