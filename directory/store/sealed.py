"""Sealed columns of the whole installation: which key each value needs, and putting another in its place."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from directory.store.compiled import Statement
from directory.store.unit import execute, fetch

_FIRST = UUID(int=0)


class SealedValue(NamedTuple):
    """One sealed value and whose it is."""

    tenant_id: UUID
    row_id: UUID
    sealed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedColumn:
    """A column of sealed values; each says which key it needs (``v1.``, then eight digits)."""

    things: str
    """What is sealed there, in words."""
    table: str
    column: str
    key: str = "id"

    async def count_by_key(self) -> dict[str, int]:
        """Return how many values are sealed with each key, by the key's name."""
        counted = Statement(
            f"SELECT substr({self.column}, 4, 8) AS name, count(*) AS things FROM {self.table}"
            f" WHERE {self.column} IS NOT NULL GROUP BY 1",
            house=True,
        )
        return {row["name"]: int(row["things"]) for row in await fetch(counted, unbounded=True)}

    async def list_others(self, key_name: str, after: UUID | None, *, limit: int) -> list[SealedValue]:
        """Return values that are sealed with another key than this one, in the order of their rows."""
        found = Statement(
            f"SELECT tenant_id, {self.key} AS row_id, {self.column} AS sealed FROM {self.table}"
            f" WHERE {self.key} > $2::uuid AND substr({self.column}, 4, 8) <> $1::text"
            f" ORDER BY {self.key} LIMIT $3::bigint",
            house=True,
        )
        rows = await fetch(found, key_name, after or _FIRST, limit, unbounded=True)
        return [SealedValue(row["tenant_id"], row["row_id"], row["sealed"]) for row in rows]

    async def replace(self, values: Sequence[tuple[SealedValue, str]]) -> int:
        """Put other values in their places; one that was changed meanwhile stays. Returns how many."""
        put = Statement(
            f"UPDATE {self.table} SET {self.column} = $4::text WHERE tenant_id = $1::uuid AND {self.key} = $2::uuid"
            f" AND {self.column} = $3::text"
        )
        return sum([await execute(put, *value, new) for value, new in values])


COLUMNS = (
    SealedColumn(things="second factors", table="factor_row", column="sealed"),
    SealedColumn(things="webhook secrets", table="webhook_row", column="sealed_secret"),
    SealedColumn(things="former webhook secrets", table="webhook_row", column="former_sealed"),
    SealedColumn(things="credentials of connectors", table="pull_row", column="sealed", key="source_id"),
)
"""All of them: a test compares this with the tables."""

_UNREADABLE_SOURCES = Statement(
    "SELECT t.slug, s.label, substr(p.sealed, 4, 8) AS name FROM pull_row p"
    " JOIN source_row s ON s.tenant_id = p.tenant_id AND s.id = p.source_id JOIN tenant_row t ON t.id = p.tenant_id"
    " WHERE p.sealed IS NOT NULL AND NOT substr(p.sealed, 4, 8) = ANY($1::text[]) ORDER BY t.slug, s.label",
    house=True,
)


async def list_unreadable_sources(key_names: Sequence[str]) -> list[tuple[str, str, str]]:
    """Return the sources whose credentials need another key: short name of the tenant, label, name of the key."""
    rows = await fetch(_UNREADABLE_SOURCES, list(key_names))
    return [(row["slug"], row["label"], row["name"]) for row in rows]
