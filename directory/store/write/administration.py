"""Writes of tenants, roles, sources, secrets, links and web sessions: single rows by name."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from directory.errors import AlreadyExistsError
from directory.model import Actor
from directory.plan import InsertRow, UpdateRows
from directory.store.compiled import Statement
from directory.store.errors import ConcurrencyError, UniqueViolationError
from directory.store.insert import insert_rows
from directory.store.unit import execute

_TAKEN = {"tenant_slug": ("tenant", "slug", "slug"), "role_name": ("role", "name", "name")}
"""Unique indexes that people can run into: (kind, attribute, column)."""


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


async def insert_row(change: InsertRow, by: Actor) -> None:
    """Insert one row.

    Raises:
        AlreadyExistsError: a name that must be unique is taken.
    """
    del by
    given = {name: value for name, value in change.values.items() if value is not None}
    try:
        await insert_rows(
            change.table, {name: declared_type(value) for name, value in given.items()}, [tuple(given.values())]
        )
    except UniqueViolationError as error:
        if error.index not in _TAKEN:
            raise
        kind, attribute, column = _TAKEN[error.index]
        raise AlreadyExistsError(kind, attribute, str(given[column])) from error


async def update_rows(change: UpdateRows, by: Actor) -> None:
    """Set columns of the rows that match.

    Raises:
        ConcurrencyError: not as many rows as required: somebody else was first.
    """
    del by
    statement = _update_for(change.table, _shape(change.values), _shape(change.where))
    count = await execute(statement, *_given(change.values), *_given(change.where))
    if change.require is not None and count != change.require:
        raise ConcurrencyError(f"{count} rows of {change.table} instead of {change.require}")


def _shape(values: Mapping[str, object]) -> tuple[tuple[str, str | None], ...]:
    return tuple((name, None if value is None else declared_type(value)) for name, value in values.items())


def _given(values: Mapping[str, object]) -> list[object]:
    return [value for value in values.values() if value is not None]


@lru_cache(maxsize=128)
def _update_for(
    table: str, values: tuple[tuple[str, str | None], ...], where: tuple[tuple[str, str | None], ...]
) -> Statement:
    """Return the statement; the names come from our own code, never from outside."""
    places = iter(range(1, len(values) + len(where) + 1))
    sets = [f"{name} = NULL" if kind is None else f"{name} = ${next(places)}::{kind}" for name, kind in values]
    tests = [f"{name} IS NULL" if kind is None else f"{name} = ${next(places)}::{kind}" for name, kind in where]
    return Statement(f"UPDATE {table} SET {', '.join(sets)} WHERE {' AND '.join(tests)}")
