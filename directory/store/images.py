"""Rows as an undo keeps them: watched tables by column, users and mappings by what operators change of them."""

from collections.abc import Mapping
from functools import lru_cache
from typing import TypeAlias
from uuid import UUID

from directory.model import TenantId
from directory.store.compiled import Statement
from directory.store.declared import declared_of
from directory.store.unit import Row, fetch
from directory.store.values import declared_type
from directory.undo_steps import Image, plain
from directory.undo_tables import DEFAULT_ROLE, WATCHED

USER_COLUMNS = ("source_id", "document", "active", "deleted_at")
_LINES = Statement(
    "SELECT group_id, role_id, consented_by FROM mapping_row WHERE tenant_id = $1::uuid ORDER BY position"
)
_DEFAULT = Statement("SELECT default_role_id FROM tenant_row WHERE id = $1::uuid")
Where: TypeAlias = Mapping[str, object]


async def read_image(table: str, tenant_id: TenantId, key: Image, *, hold: bool = False) -> Image | None:
    """Return a watched row as it is now, or None; ``hold`` keeps it so until the unit ends.

    Mappings and the default are held with the policy.
    """
    if table == "mapping_row":
        return await read_lines(tenant_id)
    if table == DEFAULT_ROLE:
        return await read_default(tenant_id)
    declared = declared_of(table)
    where = {name: UUID(str(value)) if declared[name] == "uuid" else value for name, value in key.items()}
    rows = await read_rows(table, tenant_id, where, hold=hold)
    return image_of(table, rows[0]) if rows else None


async def read_lines(tenant_id: TenantId) -> Image:
    """Return the ordered list of mappings."""
    rows = await fetch(_LINES, tenant_id)
    return {"lines": [[str(row["group_id"]), str(row["role_id"]), row["consented_by"]] for row in rows]}


async def read_default(tenant_id: TenantId) -> Image:
    """Return the Default Access Role."""
    (row,) = await fetch(_DEFAULT, tenant_id)
    return {"role": str(row["default_role_id"])}


async def read_rows(table: str, tenant_id: TenantId, where: Where, *, hold: bool = False) -> list[Row]:
    """Return rows of a watched table by the columns given."""
    watched = WATCHED[table]
    given = {name: value for name, value in where.items() if name != watched.tenant_column}
    shape = tuple((name, None if value is None else declared_type(value)) for name, value in given.items())
    read = _read_for(table, shape, hold=hold)
    return await fetch(read, tenant_id, *(value for value in given.values() if value is not None))


def image_of(table: str, row: Row) -> Image:
    """Return a row as it is kept; of a user what operators change, and whether it is a tombstone."""
    image = {name: plain(row[name]) for name in _columns(table)}
    if table == "user_row":
        image["deleted"] = image.pop("deleted_at") is not None
    return image


def _columns(table: str) -> tuple[str, ...]:
    if table == "user_row":
        return USER_COLUMNS
    return tuple(name for name in declared_of(table) if name not in WATCHED[table].unkept)


@lru_cache(maxsize=128)
def _read_for(table: str, where: tuple[tuple[str, str | None], ...], *, hold: bool) -> Statement:
    """Return the statement; the names come from our own code, never from outside."""
    places = iter(range(2, len(where) + 2))
    tests = [f"{name} IS NULL" if kind is None else f"{name} = ${next(places)}::{kind}" for name, kind in where]
    columns = ", ".join(dict.fromkeys((*WATCHED[table].key, *_columns(table))))
    return Statement(
        f"SELECT {columns} FROM {table} WHERE {' AND '.join([f'{WATCHED[table].tenant_column} = $1::uuid', *tests])}"
        f"{' FOR NO KEY UPDATE' if hold else ''}"
    )
