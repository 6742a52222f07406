"""Rows into a table that is named at run time."""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from directory.store.insert import Insert, Values
from directory.store.unit import Row


@lru_cache(maxsize=256)
def insert_for(table: str, columns: tuple[tuple[str, str], ...], tail: str) -> Insert:
    """Return the statement, put together at its first use."""
    return Insert(table, dict(columns), tail)


async def insert_rows(table: str, columns: Mapping[str, str], rows: Iterable[Values], *, tail: str = "") -> list[Row]:
    """Insert rows into a table named at run time; see ``Insert``, which is cheaper where the table is known."""
    return await insert_for(table, tuple(columns.items()), tail)(rows)
