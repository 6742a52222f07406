"""From the errors of both drivers to those of the store."""

import re
import sqlite3
from typing import NoReturn

import asyncpg

from directory.store.errors import (
    ConcurrencyError,
    DatabaseUnavailableError,
    ForeignKeyViolationError,
    InvalidValueError,
    IsolationError,
    StoreError,
    TransactionLostError,
    UniqueViolationError,
)

SQLITE_ERRORS = (sqlite3.Error, OverflowError, UnicodeEncodeError)
POSTGRES_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, OverflowError)
UNIQUE_CODES = frozenset({sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY})
UNIQUE_WORDS = "UNIQUE constraint failed: "
"""How SQLite begins; a trigger that keeps what is unique over two tables says it in the same words."""

BUSY_CODES = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
LOST_CODES = frozenset(
    {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}
    | {sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
)
# Classes of SQLSTATE: connection, resources, operator intervention, system; and two codes: a lock waited for in vain,
# and a transaction that idled too long.
UNAVAILABLE_STATES = ("08", "53", "57", "58", "55P03", "25P03")
DATA_STATES = ("22", "54")
"""Data that a column or an index cannot hold: wrong for its type, or too long to be found by."""


def raise_sqlite_error(error: Exception, connection: sqlite3.Connection) -> NoReturn:
    """Raise the store's error for a driver's; one that means a mistake in the program goes on as it is."""
    raise (sqlite_error(error, connection) or error) from error


def sqlite_error(error: Exception, connection: sqlite3.Connection) -> StoreError | None:
    """Return the store's word for an error of SQLite, or None for a mistake in the program."""
    if isinstance(error, OverflowError | UnicodeEncodeError):
        return InvalidValueError(type(error).__name__)
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return None
    if code in UNIQUE_CODES or (code == sqlite3.SQLITE_CONSTRAINT_TRIGGER and str(error).startswith(UNIQUE_WORDS)):
        return unique_violation_for(str(error), connection)
    if code == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
        return ForeignKeyViolationError(str(error))
    if code & 0xFF in BUSY_CODES:
        return ConcurrencyError(str(error))
    if code & 0xFF in LOST_CODES:
        return DatabaseUnavailableError(str(error))
    return None


def unique_violation_for(message: str, connection: sqlite3.Connection) -> UniqueViolationError:
    """Find the index that SQLite means: its message has the columns, or for an index over expressions the name."""
    found = message.partition(UNIQUE_WORDS)[2]
    if named := re.fullmatch(r"index '(.*)'", found):
        (row,) = connection.execute("SELECT tbl_name FROM sqlite_master WHERE name = ?", (named[1],)).fetchall()
        return UniqueViolationError(str(row[0]), (), named[1])
    places = [place.split(".", 1) for place in found.split(", ")]
    table, columns = places[0][0], tuple(column for _, column in places)
    return UniqueViolationError(table, columns, index_over(table, columns, connection))


def index_over(table: str, columns: tuple[str, ...], connection: sqlite3.Connection) -> str:
    """Return the unique index over exactly these columns, by the name that it has on PostgreSQL."""
    indexes = connection.execute('SELECT name, origin FROM pragma_index_list(?) WHERE "unique"', (table,)).fetchall()
    for name, origin in sorted(indexes):
        covered = connection.execute("SELECT name FROM pragma_index_info(?) ORDER BY seqno", (name,)).fetchall()
        if tuple(column for (column,) in covered) == columns:
            if origin == "c":
                return str(name)
            return f"{table}_pkey" if origin == "pk" else f"{table}_{'_'.join(columns)}_key"
    return f"{table}_pkey"  # an INTEGER PRIMARY KEY has no index of its own


def raise_postgres_error(error: Exception) -> NoReturn:
    """Raise the store's error for a driver's; one that means a mistake in the program goes on as it is."""
    raise (postgres_error(error) or error) from error


def postgres_error(error: Exception) -> StoreError | None:
    """Return the store's word for an error of asyncpg, or None for a mistake in the program."""
    match error:
        case asyncpg.PostgresError():
            return server_error(error)
        case asyncpg.exceptions._base.DataError() | OverflowError():  # noqa: SLF001  # shadowed by the server's DataError
            return InvalidValueError(type(error).__name__)
        # asyncpg's InternalClientError: the server's farewell is read, the end of the connection is not yet.
        case OSError() | asyncpg.InternalClientError():
            return DatabaseUnavailableError(type(error).__name__)
        # asyncpg has one class for misuse and for a connection that is gone; the pool takes such a one back by itself.
        case _ if "closed" in str(error) or "released" in str(error):
            return DatabaseUnavailableError("the connection is closed")
        case _:
            return None


def server_error(error: asyncpg.PostgresError) -> StoreError | None:
    """Return the store's word for what PostgreSQL itself said."""
    match error:
        case asyncpg.UniqueViolationError():
            columns = re.match(r"Key \((.*?)\)=", error.detail or "")
            names = tuple(columns[1].replace('"', "").split(", ")) if columns else ()
            return UniqueViolationError(str(error.table_name), names, str(error.constraint_name))
        case asyncpg.ForeignKeyViolationError():
            return ForeignKeyViolationError(str(error.constraint_name))
        case asyncpg.SerializationError() | asyncpg.DeadlockDetectedError() | asyncpg.InvalidCachedStatementError():
            return ConcurrencyError(type(error).__name__)
        case asyncpg.InsufficientPrivilegeError() if "row-level security" in str(error):
            return IsolationError(f"PostgreSQL refused it: {error}")  # names the table, and no value
        case asyncpg.InFailedSQLTransactionError():
            return TransactionLostError("a statement of this unit failed before: roll back to a savepoint first")
        case _:
            return error_for_state(str(error.sqlstate or "08"))


def error_for_state(state: str) -> StoreError | None:
    """Sort by SQLSTATE what has no case of its own."""
    if state.startswith(UNAVAILABLE_STATES):
        return DatabaseUnavailableError(f"PostgreSQL said {state}")
    return InvalidValueError(f"PostgreSQL said {state}") if state.startswith(DATA_STATES) else None
