"""One connection to a SQLite file, with the settings that durability and integrity rest on."""

import sqlite3
import time
from typing import Any

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
