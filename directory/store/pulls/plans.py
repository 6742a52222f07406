"""What PostgreSQL knows of tables that a pull lets grow from nothing, and by which it plans statements."""

from directory.store.compiled import Statement
from directory.store.unit import current_engine, execute

GROWN_AT = (500, 2_000, 8_000, 32_000)
"""So many newcomers of one run are a reason to look at the tables anew."""

_ANALYZE = Statement("ANALYZE user_row, user_link_row, email_row, event_row, event_value_row, seen_row", house=True)


def has_grown(before_count: int, now_count: int) -> bool:
    """Whether so many came that plans made before are no good any more."""
    return any(before_count < at <= now_count for at in GROWN_AT)


async def look_anew() -> None:
    """Have PostgreSQL count what it has, and plan everything anew, the checks of references as well.

    It does so by itself a minute later. Until then it reads all of a tenant's users to find one by name: 100 newcomers
    took 160 ms to look for, and 200 rows of event values as long to check (measured at 3,000 and 10,000 users). Only
    the owner of a table may ask for it; anybody else waits for that minute.
    """
    if current_engine().engine_type != "sqlite":
        await execute(_ANALYZE)
