"""The tables as Piccolo knows them are the tables that the migrations make."""

from importlib import import_module
from pathlib import Path

import pytest
from piccolo.table import TABLE_REGISTRY

from directory import store as store_package
from directory.store.compiled import Statement
from directory.store.rights import RESTRICTED
from directory.store.unit import Engine, fetch

pytestmark = pytest.mark.anyio

COLUMNS = Statement(
    "SELECT table_name, column_name, udt_name AS kind, is_nullable = 'NO' AS required FROM information_schema.columns"
    " WHERE table_schema = current_schema() AND table_name LIKE '%\\_row'"
    " AND is_generated = 'NEVER'",  # table_info of SQLite leaves generated columns out too
    sqlite='SELECT m.name AS table_name, c.name AS column_name, lower(c.type) AS kind, c."notnull" AS required'
    " FROM sqlite_master m JOIN pragma_table_info(m.name) c"
    " WHERE m.type = 'table' AND m.name LIKE '%\\_row' ESCAPE '\\'",
)
SAME_KIND = {"int8": "bigint", "bool": "boolean"}
MODULES = {
    import_module(f"directory.store.{file.stem}").__name__
    for file in Path(store_package.__path__[0]).glob("tables*.py")
}
OURS = [table for table in TABLE_REGISTRY if table.__module__ in MODULES]


def declared() -> set[tuple[str, str, str, bool]]:
    return {
        (about.tablename, column._meta.name, type(column).__name__.lower(), not column._meta.null)  # noqa: SLF001  # no other way
        for about in (table._meta for table in OURS)  # noqa: SLF001  # as above
        for column in about.columns
    }


async def test_declared_tables_are_those_of_the_migrations(store: Engine) -> None:
    assert store is not None
    found = {
        (row["table_name"], row["column_name"], SAME_KIND.get(row["kind"], row["kind"]), bool(row["required"]))
        for row in await fetch(COLUMNS)
    }
    assert found == declared()


def test_restricted_tables_and_columns_exist() -> None:
    known = {(table, column) for table, column, _, _ in declared()}
    for rights in RESTRICTED:
        assert {(rights.table, column) for column in rights.update_columns} <= known
        assert any(table == rights.table for table, _ in known)
