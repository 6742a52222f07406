"""Statements on a connection to SQLite: run to their end, and told apart by what they do."""

import re
import sqlite3
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal

from directory.store.sqlite_connection import Row


def fetch_rows(connection: sqlite3.Connection, sql: str, args: Sequence[Any]) -> list[Row]:
    """Run one statement and return its rows; without a result set, an empty list."""
    cursor = connection.execute(sql, args)
    try:
        if cursor.description is None:
            return []
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]
    finally:
        cursor.close()


def count_changes(connection: sqlite3.Connection, sql: str, args: Sequence[Any]) -> int:
    """Run one statement to its end and return how many rows it changed."""
    cursor = connection.execute(sql, args)
    try:
        cursor.fetchall()
        if cursor.rowcount < 0 and statement_kind(sql) == "write":  # Python does not count what starts with WITH
            return int(connection.execute("SELECT changes()").fetchone()[0])
        return max(cursor.rowcount, 0)
    finally:
        cursor.close()


WRITES = re.compile(r"\b(?:INSERT|UPDATE|DELETE|REPLACE)\b", re.IGNORECASE)


@lru_cache(maxsize=2048)
def statement_kind(sql: str) -> Literal["read", "write", "other"]:
    """Tell reads, which go to a reader, from writes, which need a unit, and from the rest (PRAGMA, VACUUM, DDL).

    A read that is taken for a write only costs time; the reverse is refused by the reader, which cannot write.
    """
    first = sql.lstrip()[:7].split(None, 1)[0].upper() if sql.strip() else ""
    if first in {"SELECT", "VALUES"}:
        return "read"
    if first == "WITH":
        return "write" if WRITES.search(sql) else "read"
    return "write" if first in {"INSERT", "UPDATE", "DELETE", "REPLACE"} else "other"
