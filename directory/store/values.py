"""How values are stored: one text form on SQLite whichever way they come in."""

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from uuid import UUID

import msgspec
import piccolo.engine.sqlite  # noqa: F401  # registers its adapters now, so that ours below replaces one of them

from directory.store.errors import InvalidValueError


def time_text(at: datetime) -> str:
    """Return the stored form, always with microseconds and in UTC: texts of equal length sort like the times.

    Piccolo's own adapter leaves ".000000" out. A naive time stays naive; only Piccolo's ledger of migrations has such.
    """
    if at.tzinfo is not None:
        at = at.astimezone(UTC)
    return at.isoformat(sep=" ", timespec="microseconds")


sqlite3.register_adapter(datetime, time_text)
# In place of Piccolo's: ids of tenants, sources and things come several times in one unit of work.
sqlite3.register_adapter(UUID, lru_cache(maxsize=16_384)(str))


@lru_cache(maxsize=16_384)
def uuid_from(stored_text: bytes) -> UUID:
    """Return a stored id; tenants, sources and roles come again and again."""
    return UUID(stored_text.decode())


def time_from(stored_text: bytes) -> datetime:
    """Return a stored time, aware and in UTC."""
    return datetime.fromisoformat(stored_text.decode())


# In place of Piccolo's, which decode, wrap and (for integers) go through Decimal: half of the time of reading a row.
sqlite3.register_converter("UUID", uuid_from)
sqlite3.register_converter("TIMESTAMPTZ", time_from)
sqlite3.register_converter("BIGINT", int)
sqlite3.register_converter("BOOLEAN", b"1".__eq__)


def json_list(values: Sequence[object], declared_type: str) -> str:
    """Return a list of one type as the JSON text that SQLite's ``json_each`` reads."""
    return json_text(stored(values, declared_type))


def json_text(value: object) -> str:
    """Return JSON, in which msgspec writes UUIDs as SQLite's adapter does.

    Raises:
        InvalidValueError: text with a lone surrogate.
    """
    try:
        return msgspec.json.encode(value).decode()
    except UnicodeEncodeError as error:
        raise InvalidValueError(type(error).__name__) from error


def stored(values: Sequence[object], declared_type: str) -> Sequence[object]:
    """Return values of one type as JSON is to carry them.

    Raises:
        InvalidValueError: text with NUL, or an integer that JSON would turn into a float.
    """
    check_text(values)
    match declared_type.lower():
        case "timestamptz":
            return [time_text(value) if isinstance(value, datetime) else value for value in values]
        case "bigint" if any(isinstance(value, int) and not -(2**63) <= value < 2**63 for value in values):
            raise InvalidValueError("an integer beyond 64 bits")
        case _:
            return values


def check_text(values: Sequence[object]) -> None:
    """Refuse NUL in text on SQLite too, which would store it; PostgreSQL does not."""
    for value in values:
        if type(value) is str and "\0" in value:
            raise InvalidValueError("text with NUL")


def declared_type(value: object) -> str:
    """Return the column type that a value is written to."""
    match value:
        case bool():
            return "boolean"
        case int():
            return "bigint"
        case datetime():
            return "timestamptz"
        case UUID():
            return "uuid"
        case _:
            return "text"
