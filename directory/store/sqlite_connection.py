"""One connection to a SQLite file, with the settings that durability and integrity rest on."""

import re
import sqlite3
import time
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal

from directory.store.errors import StoreError

Row = dict[str, Any]

SETTINGS = (
    "synchronous=FULL",  # NORMAL loses acknowledged commits at a power cut
    "cache_size=-32768",  # what was changed; what is read comes through the mapping, which is nobody's own memory
    "mmap_size=2147418112",  # the most that SQLite maps
    "temp_store=MEMORY",
    "wal_autocheckpoint=0",  # a thread does it, each second
)


def open_connection(path: str, *, busy_ms: int = 0, foreign_keys: bool = True) -> sqlite3.Connection:
    """Open a connection and check what was set.

    Raises:
        StoreError: the file cannot be opened, or SQLite did not take a setting.
    """
    try:
        connection = sqlite3.connect(
            path,
            timeout=10,
            detect_types=sqlite3.PARSE_DECLTYPES | sqlite3.PARSE_COLNAMES,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=512,
        )
    except sqlite3.OperationalError as error:
        raise StoreError(f"the database file cannot be opened: {error}") from error
    try:
        enter_wal_mode(connection)
        for setting in (*SETTINGS, f"foreign_keys={'ON' if foreign_keys else 'OFF'}", f"busy_timeout={busy_ms}"):
            connection.execute("PRAGMA " + setting)
        check_settings(connection, foreign_keys=foreign_keys)
    except sqlite3.Error as error:
        connection.close()
        raise StoreError(f"the database file cannot be used: {error}") from error
    except BaseException:
        connection.close()
        raise
    return connection


def enter_wal_mode(connection: sqlite3.Connection, *, patience_s: float = 10.0) -> None:
    """Switch to WAL; while another process does the same, SQLite refuses at once whatever the busy timeout is."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        else:
            return
        time.sleep(0.01)  # at start-up only


def check_settings(connection: sqlite3.Connection, *, foreign_keys: bool) -> None:
    """Read back what must be true on every connection."""
    names = ("journal_mode", "synchronous", "foreign_keys")
    found = tuple(connection.execute("PRAGMA " + name).fetchone()[0] for name in names)
    wanted = ("wal", 2, int(foreign_keys))
    if found != wanted:
        raise StoreError(f"SQLite settings are {found}, wanted {wanted}")


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
