from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from anyio.from_thread import BlockingPortal

from directory.store import rights
from directory.store.migrate import migrate
from directory.store.rights import TableRights, grants_for
from directory.store.row_security import house_role
from tests.databases import PostgresDatabases
from tests.directory.store.migrations_for_tests import Folder

pytestmark = pytest.mark.anyio

APPEND_ONLY = TableRights("log", ("SELECT", "INSERT"), ("seal",))
TABLES = """
CREATE TABLE IF NOT EXISTS plain (n BIGINT);
CREATE TABLE IF NOT EXISTS log (n BIGINT, seal TEXT);
"""


@pytest.fixture
def bare_postgres_url(postgres_databases: PostgresDatabases, helper_loop: BlockingPortal) -> Iterator[str]:
    url = helper_loop.call(lambda: postgres_databases.create(migrated=False))
    yield url
    helper_loop.call(postgres_databases.drop, url)


@pytest.fixture
def role(postgres_databases: PostgresDatabases, helper_loop: BlockingPortal, bare_postgres_url: str) -> Iterator[str]:
    """A role of the application, with a name that must be quoted."""
    name = f'app "{uuid4().hex[:8]}"'
    quoted, quoted_house = rights.quoted(name), rights.quoted(house_role(name))
    helper_loop.call(postgres_databases.run, f"CREATE ROLE {quoted}")
    yield name
    helper_loop.call(postgres_databases.drop, bare_postgres_url)  # what it may do there would keep it
    for each in (quoted, quoted_house):
        helper_loop.call(postgres_databases.run, f"DROP ROLE IF EXISTS {each}")


async def may(url: str, role: str, sql: str) -> bool:
    """Tell whether the role may run a statement."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute('SET ROLE "' + role.replace('"', '""') + '"')
        await connection.execute(sql)
    except asyncpg.InsufficientPrivilegeError:
        return False
    finally:
        await connection.close()
    return True


async def test_application_role_has_its_rights_and_no_more(bare_postgres_url: str, role: str, tmp_path: Path) -> None:
    folder = Folder(tmp_path / "migrations")
    folder.add(TABLES)
    for _ in range(2):  # a second time changes nothing
        await migrate(bare_postgres_url, application_role=role, restricted=[APPEND_ONLY], folder=folder.path)
    granted = [
        "INSERT INTO plain VALUES (1)",
        "UPDATE plain SET n = 2",
        "SELECT * FROM plain",
        "DELETE FROM plain",
        "INSERT INTO log VALUES (1, NULL)",
        "SELECT * FROM log",
        "UPDATE log SET seal = 'x' WHERE n = 1",
        "SELECT * FROM migration",
    ]
    refused = [
        "UPDATE log SET n = 2",
        "DELETE FROM log",
        "TRUNCATE log",
        "TRUNCATE plain",
        "DELETE FROM migration",
        "CREATE TABLE own (n BIGINT)",
    ]
    assert [sql for sql in granted if not await may(bare_postgres_url, role, sql)] == []
    assert [sql for sql in refused if await may(bare_postgres_url, role, sql)] == []


async def test_tables_of_a_later_migration_are_granted_too(bare_postgres_url: str, role: str, tmp_path: Path) -> None:
    folder = Folder(tmp_path / "migrations")
    folder.add(TABLES)
    await migrate(bare_postgres_url, application_role=role, restricted=[APPEND_ONLY], folder=folder.path)
    folder.add("CREATE TABLE IF NOT EXISTS later (n BIGINT)")
    await migrate(bare_postgres_url, application_role=role, restricted=[APPEND_ONLY], folder=folder.path)
    assert await may(bare_postgres_url, role, "INSERT INTO later VALUES (1)")
    assert not await may(bare_postgres_url, role, "DELETE FROM log")


async def test_role_is_of_no_matter_on_sqlite(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "migrations")
    folder.add(TABLES)
    state = await migrate(f"sqlite:///{tmp_path}/a.sqlite", application_role="rolebook", folder=folder.path)
    assert state.fits


def test_names_cannot_break_out_of_their_quotes() -> None:
    grants = grants_for('a"; DROP TABLE x; --', [TableRights('t"', ("SELECT",), ('c"',))])
    assert grants[-1] == 'GRANT UPDATE ("c""") ON "t""" TO "a""; DROP TABLE x; --"'
