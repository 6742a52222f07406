"""Writes of tenants, roles, sources, secrets, links and web sessions: single rows by name."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NoReturn

from directory.errors import AlreadyExistsError
from directory.model import Actor
from directory.plan import DeleteRows, InsertRow, UpdateRows
from directory.store.compiled import Statement
from directory.store.errors import ConcurrencyError, UniqueViolationError
from directory.store.named_insert import insert_rows
from directory.store.unit import execute
from directory.store.values import declared_type

_TAKEN = {
    "tenant_slug": ("tenant", "slug", "slug"),
    "role_name": ("role", "name", "name"),
    "equipment_tag": ("item", "tag", "tag"),
}
"""Unique indexes that people can run into: (kind, attribute, column)."""


async def insert_row(change: InsertRow, by: Actor) -> None:
    """Insert one row.

    Raises:
        AlreadyExistsError: a name that must be unique is taken.
    """
    del by
    given = {name: value for name, value in change.values.items() if value is not None}
    try:
        await insert_rows(
            change.table,
            {name: declared_type(value) for name, value in given.items()},
            [tuple(given.values())],
            tail="ON CONFLICT DO NOTHING" if change.unless_there else "",
        )
    except UniqueViolationError as error:
        _refuse(error, given)


async def update_rows(change: UpdateRows, by: Actor) -> None:
    """Set columns of the rows that match.

    Raises:
        AlreadyExistsError: a name that must be unique is taken.
        ConcurrencyError: not as many rows as required: somebody else was first.
    """
    del by
    statement = _update_for(change.table, _shape(change.values), _shape(change.where))
    try:
        count = await execute(statement, *_given(change.values), *_given(change.where))
    except UniqueViolationError as error:
        _refuse(error, change.values)
    if change.require is not None and count != change.require:
        raise ConcurrencyError(f"{count} rows of {change.table} instead of {change.require}")


async def delete_rows(change: DeleteRows, by: Actor) -> None:
    """Delete the rows that match."""
    del by
    await execute(_delete_for(change.table, _shape(change.where)), *_given(change.where))


def _refuse(error: UniqueViolationError, values: Mapping[str, object]) -> NoReturn:
    """Raise the error that people can act on, or the one that there is."""
    if error.index not in _TAKEN:
        raise error
    kind, attribute, column = _TAKEN[error.index]
    raise AlreadyExistsError(kind, attribute, str(values[column])) from error


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
    return Statement(f"UPDATE {table} SET {', '.join(sets)} WHERE {_tests(where, places)}")


@lru_cache(maxsize=64)
def _delete_for(table: str, where: tuple[tuple[str, str | None], ...]) -> Statement:
    """Return the statement; as above."""
    return Statement(f"DELETE FROM {table} WHERE {_tests(where, iter(range(1, len(where) + 1)))}")


def _tests(where: tuple[tuple[str, str | None], ...], places: Iterator[int]) -> str:
    return " AND ".join(
        f"{name} IS NULL" if kind is None else f"{name} = ${next(places)}::{kind}" for name, kind in where
    )
