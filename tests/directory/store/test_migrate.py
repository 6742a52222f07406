import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal

from directory.store.errors import DatabaseUnavailableError, MigrationError, SchemaError
from directory.store.migrate import migrate, migration_engine
from directory.store.schema import MIGRATIONS, check_schema, known_migrations, schema_state
from directory.store.unit import connect, open_store
from tests.databases import PostgresDatabases
from tests.directory.store.migrations_for_tests import Folder

pytestmark = pytest.mark.anyio

MIGRATE = """
import asyncio, pathlib, sys
from directory.store.migrate import migrate
asyncio.run(migrate(sys.argv[1], folder=pathlib.Path(sys.argv[2])))
"""


@pytest.fixture(params=["sqlite", "postgres"])
def bare_url(request: pytest.FixtureRequest, tmp_path: Path, helper_loop: BlockingPortal) -> Iterator[str]:
    """The address of a database that no migration has touched."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'bare.sqlite'}"
        return
    databases: PostgresDatabases = request.getfixturevalue("postgres_databases")
    url = helper_loop.call(lambda: databases.create(migrated=False))
    yield url
    helper_loop.call(databases.drop, url)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "migrations")


async def tables_of(url: str) -> set[str]:
    async with open_store(url) as engine:
        sql = (
            "SELECT name FROM sqlite_master WHERE type = 'table'"
            if engine.engine_type == "sqlite"
            else "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'"
        )
        return {row["name"] for row in await engine.fetch(sql)}


async def test_pending_migrations_run_once_and_in_order(bare_url: str, folder: Folder) -> None:
    first = folder.add("CREATE TABLE one (n BIGINT)")
    second = folder.add("ALTER TABLE one ADD COLUMN m BIGINT; CREATE TABLE two (n BIGINT)")
    state = await migrate(bare_url, folder=folder.path)
    assert (state.applied, state.pending, state.version, state.fits) == ((first, second), (), second, True)
    assert await tables_of(bare_url) == {"migration", "one", "two"}
    third = folder.add("ALTER TABLE one ADD COLUMN k BIGINT")
    assert (await migrate(bare_url, folder=folder.path)).applied == (first, second, third)
    assert (await migrate(bare_url, folder=folder.path)).applied == (first, second, third)


async def test_steps_of_one_database_run_before_those_of_both(bare_url: str, folder: Folder) -> None:
    folder.add(
        "CREATE INDEX one_n ON one (n)", postgres="CREATE TABLE one (n INT)", sqlite="CREATE TABLE one (n INTEGER)"
    )
    assert (await migrate(bare_url, folder=folder.path)).fits


async def test_failing_step_undoes_its_migration_and_keeps_those_before(bare_url: str, folder: Folder) -> None:
    first = folder.add("CREATE TABLE one (n BIGINT)")
    folder.add("CREATE TABLE two (n BIGINT); CREATE TABLE one (n BIGINT)")
    with pytest.raises(MigrationError, match="one"):
        await migrate(bare_url, folder=folder.path)
    assert await tables_of(bare_url) == {"migration", "one"}
    async with open_store(bare_url) as engine:
        assert (await schema_state(engine)).version == first


async def test_migration_that_cannot_be_loaded_is_an_error(bare_url: str, folder: Folder) -> None:
    (folder.path / "m0001_no_such_import.py").write_text("import no_such_module\n")
    with pytest.raises(MigrationError, match="no_such_module"):
        await migrate(bare_url, folder=folder.path)


async def test_migration_whose_id_is_not_its_file_name_is_an_error(bare_url: str, folder: Folder) -> None:
    name = folder.add("CREATE TABLE one (n BIGINT)")
    (folder.path / f"{name}.py").rename(folder.path / "m0001_renamed.py")
    with pytest.raises(MigrationError, match="m0001_renamed"):
        await migrate(bare_url, folder=folder.path)


async def test_crash_before_the_ledger_runs_the_steps_again(bare_url: str, folder: Folder) -> None:
    """The ledger is written after the steps are committed, so each step must be repeatable."""
    folder.add("CREATE TABLE IF NOT EXISTS one (n BIGINT)")
    await migrate(bare_url, folder=folder.path)
    async with open_store(bare_url) as engine:
        await engine.execute("DELETE FROM migration")
    assert (await migrate(bare_url, folder=folder.path)).fits


@pytest.mark.trap("9")
def test_four_programs_migrating_at_once_all_succeed(bare_url: str, folder: Folder) -> None:
    for at in range(3):
        folder.add(f"CREATE TABLE t{at} (n BIGINT)")  # not repeatable: a second run would fail
    command = [sys.executable, "-c", MIGRATE, bare_url, str(folder.path)]
    programs = [subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(4)]
    answers = [program.communicate(timeout=60) for program in programs]
    assert answers == [(b"", b"")] * 4
    assert [program.returncode for program in programs] == [0] * 4


async def test_older_program_refuses_a_newer_database(bare_url: str, folder: Folder) -> None:
    folder.add("CREATE TABLE one (n BIGINT)")
    newer = folder.add("CREATE TABLE two (n BIGINT)")
    await migrate(bare_url, folder=folder.path)
    folder.forget(newer)
    with pytest.raises(SchemaError, match=newer):
        await migrate(bare_url, folder=folder.path)
    async with open_store(bare_url) as engine:
        assert (await schema_state(engine, folder.path)).unknown == (newer,)
        with pytest.raises(SchemaError, match="newer than this program"):
            await check_schema(engine, folder.path)


async def test_program_refuses_a_database_that_is_not_migrated(bare_url: str, folder: Folder) -> None:
    name = folder.add("CREATE TABLE one (n BIGINT)")
    async with open_store(bare_url) as engine:
        assert (await schema_state(engine)).version is None
        with pytest.raises(SchemaError, match=name):
            await check_schema(engine, folder.path)
    await migrate(bare_url, folder=folder.path)
    async with open_store(bare_url) as engine:
        await check_schema(engine, folder.path)
        assert (await schema_state(engine, folder.path)).fits


@pytest.mark.parametrize("named", ["directory.store.schema", "no_such_module"])
async def test_another_configuration_of_piccolo_is_named_in_the_error(
    bare_url: str, folder: Folder, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    folder.add("CREATE TABLE one (n BIGINT)")
    monkeypatch.setenv("PICCOLO_CONF", named)
    with pytest.raises(MigrationError, match="PICCOLO_CONF"):
        await migrate(bare_url, folder=folder.path)
    assert await tables_of(bare_url) <= {"migration"}


async def test_unreachable_database_is_unavailable(tmp_path: Path) -> None:
    for url in (f"sqlite:///{tmp_path}/missing/rolebook.sqlite", "postgresql://nobody@127.0.0.1:9/none"):
        with pytest.raises(DatabaseUnavailableError):
            await migrate(url)


@pytest.mark.trap("15")
async def test_migrations_have_no_time_limit(postgres_url: str) -> None:
    """Waiting for the lock would count against it, and abort the start."""
    engine = migration_engine(postgres_url)
    await engine.start_connection_pool()
    limits = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
    found = [(await engine.fetch(f"SHOW {name}"))[0][name] for name in limits]
    await engine.close_connection_pool()
    assert found == ["0", "0", "0"]


async def test_import_path_is_left_as_it_was(bare_url: str, folder: Folder) -> None:
    folder.add("CREATE TABLE one (n BIGINT)")
    before = sys.path.copy()
    await migrate(bare_url, folder=folder.path)
    assert sys.path == before


@pytest.mark.trap("2.2")
def test_looking_at_the_schema_loads_no_migration_machinery() -> None:
    """It costs a second of start-up, in each serving process."""
    program = "import directory.store.schema, directory.store.insert, sys; print('black' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", program]) == b"False\n"


async def test_own_migrations_can_run_twice(owner_url: str) -> None:
    async with open_store(owner_url) as engine:
        await engine.execute("DELETE FROM migration")
    assert (await migrate(owner_url)).applied == known_migrations()


async def test_no_table_has_two_unique_indexes_over_the_same_columns(sqlite_url: str) -> None:
    """SQLite names the columns of a conflict, never the index."""
    engine = connect(sqlite_url)
    await engine.start_connection_pool()
    rows = await engine.fetch(
        "SELECT t.name AS name,"
        " (SELECT group_concat(coalesce(c.name, i.name)) FROM pragma_index_info(i.name) c) AS columns"
        " FROM sqlite_master t, pragma_index_list(t.name) i WHERE t.type = 'table' AND i.\"unique\""
    )
    await engine.close_connection_pool()
    found = [(row["name"], row["columns"]) for row in rows]
    assert len(found) == len(set(found))


def test_own_migrations_lie_where_they_are_looked_for() -> None:
    assert [path.stem for path in sorted(MIGRATIONS.glob("m*.py"))] == list(known_migrations())
