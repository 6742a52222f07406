"""A row of a tenant in every table of tenants, all alike: whoever forgets the tenant finds it by anything else."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from directory.store.row_security import TABLES

ID = UUID(int=7)
"""The id of everything, and what everything refers to."""
AT = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
ALIKE: Mapping[str, object] = {
    "uuid": ID,
    "text": "x",
    "bigint": 1,
    "integer": 1,
    "boolean": True,
    "timestamp with time zone": AT,
    "jsonb": "{}",
    "json": "{}",
}
_COLUMNS = """
SELECT table_name, column_name, data_type FROM information_schema.columns
WHERE table_schema = 'public' AND is_generated = 'NEVER' AND is_identity = 'NO' ORDER BY table_name, ordinal_position
"""


class Filled(NamedTuple):
    """A table and how a row gets into it."""

    table: str
    tenant_column: str
    insert: str
    """With the tenant as its only argument."""


async def each_insert(owner: asyncpg.Connection) -> list[Filled]:
    """Return all tables of tenants, from the catalogue."""
    tenants = {row["name"]: row["tenant_column"] for row in await owner.fetch(TABLES)}
    columns: dict[str, dict[str, str]] = {}
    for row in await owner.fetch(_COLUMNS):
        columns.setdefault(row["table_name"], {})[row["column_name"]] = row["data_type"]
    found = []
    for table, tenant_column in tenants.items():
        names = ", ".join(columns[table])
        values = ", ".join(
            "$1" if name == tenant_column else _literal(declared) for name, declared in columns[table].items()
        )
        found.append(Filled(table, tenant_column, f"INSERT INTO {table} ({names}) VALUES ({values})"))  # noqa: S608  # ours
    return found


async def fill(owner: asyncpg.Connection, tenant_id: UUID) -> None:
    """Put a row of the tenant into every table; nobody asks what it refers to."""
    async with owner.transaction():
        await owner.execute("SET LOCAL session_replication_role = replica")
        for one in await each_insert(owner):
            await owner.execute(one.insert, tenant_id)


async def content(owner: asyncpg.Connection, tenant_id: UUID) -> dict[str, list[str]]:
    """Return all rows of the tenant, by table, as text."""
    return {
        one.table: [
            row["text"]
            for row in await owner.fetch(
                f"SELECT t::text AS text FROM {one.table} t WHERE {one.tenant_column} = $1",  # noqa: S608  # ours
                tenant_id,
            )
        ]
        for one in await each_insert(owner)
    }


def alike(declared: str) -> Any:  # noqa: ANN401  # as many types as the database has
    """Return the value that everything of a type has; of a list of them, a list."""
    return [alike(declared.removesuffix("[]"))] if declared.endswith("[]") else ALIKE.get(declared, "x")


def _literal(declared: str) -> str:
    value = ALIKE[declared]
    return f"'{value}'::{declared}" if not isinstance(value, bool | int) else str(value).lower()
