"""All rows of a tenant, whatever the table, as hashes: what nobody else may move."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from uuid import UUID

from piccolo.table import TABLE_REGISTRY

import directory.store.declared  # noqa: F401  # so that every table is known
from directory.store.compiled import Statement
from directory.store.unit import fetch, in_house

Rows = Mapping[UUID, Mapping[str, str]]
"""By tenant: a hash of its rows, table by table."""


def tables_of_tenants() -> list[str]:
    """Return the tables whose rows belong to a tenant."""
    owned = (table._meta for table in TABLE_REGISTRY if table.__module__.startswith("directory.store."))  # noqa: SLF001  # no other way
    return sorted(meta.tablename for meta in owned if "tenant_id" in {column._meta.name for column in meta.columns})  # noqa: SLF001  # no other way


async def rows_of(tenant_id: UUID | None = None) -> Rows:
    """Return what there is of every tenant, or of one."""
    found: dict[UUID, dict[str, str]] = defaultdict(dict)
    for table, key in {"tenant_row": "id", **dict.fromkeys(tables_of_tenants(), "tenant_id")}.items():
        lines: dict[UUID, list[str]] = defaultdict(list)
        where = "" if tenant_id is None else f" WHERE {key} = $1::uuid"
        args = () if tenant_id is None else (tenant_id,)
        async with in_house():
            rows = await fetch(Statement(f"SELECT * FROM {table}{where}"), *args, unbounded=True)  # noqa: S608  # ours
        for row in rows:
            lines[UUID(str(row[key]))].append(repr(sorted((name, str(value)) for name, value in row.items())))
        for owner, texts in lines.items():
            found[owner][table] = hashlib.sha256("\n".join(sorted(texts)).encode()).hexdigest()
    return found


def moved(before: Rows, after: Rows, *, but: frozenset[UUID] = frozenset()) -> list[str]:
    """Return the tables in which a tenant's rows are no longer what they were, for every tenant but some."""
    owners = (before.keys() | after.keys()) - but
    return [
        f"{table} of {owner}"
        for owner in sorted(owners)
        for table in sorted(before.get(owner, {}).keys() | after.get(owner, {}).keys())
        if before.get(owner, {}).get(table) != after.get(owner, {}).get(table)
    ]
