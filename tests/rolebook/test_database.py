"""The database of the settings: whose files they are, and which role may do what."""

import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest
from anyio.from_thread import BlockingPortal

from directory import tenants, upkeep
from directory.errors import UnavailableError
from directory.store.errors import MigrationError, SchemaError
from directory.store.row_security import house_role
from directory.store.unit import open_store
from rolebook.database import migrate_database, open_database, open_for_command
from rolebook.settings import Settings
from tests.databases import PostgresDatabases
from tests.directory.world import create_world
from tests.rolebook.house import settings_for

pytestmark = pytest.mark.anyio


async def test_only_the_owner_may_read_what_lies_around_a_sqlite_file(tmp_path: Path) -> None:
    path = tmp_path / "new.sqlite"
    path.touch(0o644)
    async with open_for_command(settings_for(f"sqlite:///{path}")):
        modes = modes_in(tmp_path)

    assert modes.keys() == {"new.sqlite", "new.sqlite-wal", "new.sqlite-shm", "new.sqlite.lock"}
    assert set(modes.values()) == {0o600}


async def test_a_command_brings_an_empty_database_up(tmp_path: Path) -> None:
    settings = settings_for(f"sqlite:///{tmp_path}/new.sqlite")

    with pytest.raises(SchemaError):
        async with open_database(settings):
            pass
    async with open_for_command(settings):
        pass
    async with open_database(settings) as engine:
        assert (await engine.fetch("SELECT count(*) AS found FROM tenant_row"))[0]["found"] == 0


async def test_migrating_again_finds_nothing_to_do(tmp_path: Path) -> None:
    settings = settings_for(f"sqlite:///{tmp_path}/new.sqlite")

    assert (await migrate_database(settings)).fits
    assert (await migrate_database(settings)).fits


async def test_a_server_that_is_not_there_is_told_without_its_password() -> None:
    settings = settings_for("postgresql://ann:hunter2@127.0.0.1:1/rolebook")

    with pytest.raises(UnavailableError) as caught:
        await migrate_database(settings)

    assert "hunter2" not in str(caught.value)


@pytest.fixture(params=["CREATEROLE"])
def two_roles(
    postgres_databases: PostgresDatabases, helper_loop: BlockingPortal, request: pytest.FixtureRequest
) -> Iterator[Settings]:
    """Settings with an owner, who may create roles, and an application role over an empty database of the owner's."""
    mark = uuid4().hex[:8]
    owner, application = f"owner_{mark}", f"application_{mark}"
    url = helper_loop.call(lambda: postgres_databases.create(migrated=False))
    name = url.rpartition("/")[2]
    for command in (
        f"CREATE ROLE {owner} LOGIN {request.param}",
        f"CREATE ROLE {application} LOGIN",
        f'ALTER DATABASE "{name}" OWNER TO {owner}',
    ):
        helper_loop.call(postgres_databases.run, command)
    yield settings_for(
        url.replace("//postgres@", f"//{application}@"),
        ROLEBOOK_DATABASE_OWNER_URL=url.replace("//postgres@", f"//{owner}@"),
    )
    helper_loop.call(postgres_databases.drop, url)
    for role in (house_role(application), application, owner):
        helper_loop.call(postgres_databases.run, f"DROP ROLE IF EXISTS {role}")


async def test_the_owner_migrates_and_the_application_reads_and_writes(two_roles: Settings) -> None:
    await migrate_database(two_roles)

    async with open_database(two_roles) as engine:
        await engine.execute("INSERT INTO job_row (duty, epoch, next_at, failures) VALUES ('work', 0, now(), 0)")
        rows = await engine.fetch("SELECT duty FROM job_row")

    assert [row["duty"] for row in rows] == ["work"]


async def test_the_owner_puts_up_the_walls_between_tenants_and_is_not_stopped_by_them(two_roles: Settings) -> None:
    for _ in range(2):
        await migrate_database(two_roles)

    async with open_database(two_roles):
        assert upkeep.why_open() == ""
        await create_world()
        assert [one.slug for one in await tenants.list_tenants()] == ["example"]
    assert two_roles.database_owner_url is not None
    async with open_store(two_roles.database_owner_url.reveal()) as owners:
        assert upkeep.why_open() == "the application connects as the owner of the tables"
        assert len(await owners.fetch("SELECT id FROM tenant_row")) == 1


@pytest.mark.parametrize("two_roles", ["NOCREATEROLE"], indirect=True)
async def test_an_owner_who_may_create_no_roles_leaves_the_walls_out_and_it_is_told(two_roles: Settings) -> None:
    await migrate_database(two_roles)

    async with open_database(two_roles):
        assert "may not create roles" in upkeep.why_open()
        await create_world()
        assert [one.slug for one in await tenants.list_tenants()] == ["example"]


@pytest.mark.parametrize("two_roles", ["NOCREATEROLE"], indirect=True)
async def test_the_role_of_the_house_may_be_made_by_somebody_else(
    two_roles: Settings, postgres_databases: PostgresDatabases, helper_loop: BlockingPortal
) -> None:
    application = str(urlsplit(two_roles.database_url.reveal()).username)
    house = house_role(application)
    commands = f"CREATE ROLE {house}", f"ALTER ROLE {application} NOINHERIT", f"GRANT {house} TO {application}"
    for command in commands:
        helper_loop.call(postgres_databases.run, command)
    await migrate_database(two_roles)

    async with open_database(two_roles):
        assert upkeep.why_open() == ""


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (id int)",
        "DROP TABLE tenant_row",
        "DELETE FROM event_row",
        "UPDATE event_row SET content_hash = ''",
        "TRUNCATE event_row CASCADE",
        "UPDATE event_member_row SET joined = true",
        "UPDATE event_value_row SET document = ''",
        "DELETE FROM migration",
    ],
)
async def test_the_application_may_neither_change_the_schema_nor_rewrite_history(
    two_roles: Settings, statement: str
) -> None:
    await migrate_database(two_roles)
    connection = await asyncpg.connect(two_roles.database_url.reveal())
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    finally:
        await connection.close()


async def test_a_role_that_may_not_migrate_is_told_what_to_do(two_roles: Settings) -> None:
    with pytest.raises(MigrationError, match=r"permission denied.*Set ROLEBOOK_DATABASE_OWNER_URL, or run") as caught:
        await migrate_database(replace(two_roles, database_owner_url=None))

    assert "\n" not in str(caught.value)


def modes_in(folder: Path) -> dict[str, int]:
    """Return the rights of every file of a folder by its name."""
    return {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}
