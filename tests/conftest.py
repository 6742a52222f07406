"""The databases under test: everything that takes ``store`` runs on SQLite and on PostgreSQL."""

import hashlib
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

from connectors.offered import Offered
from connectors.terms import Network
from directory.door_refusals import forget_refusals
from directory.followers import use_follower
from directory.key_ring import KeyRing
from directory.noted import noted
from directory.pulls.kinds import offer_connectors
from directory.routes.follow import follow_commits
from directory.sealing_keys import use_key_ring
from directory.store.unit import Engine, open_store
from tests.databases import PostgresDatabases, SQLiteFiles
from tests.postgres_server import postgres_server

DATABASES = ("sqlite", "postgres")
OFFERED = Offered(network=Network(private_addresses=True))
RING = KeyRing([hashlib.sha256(b"a key of tests").digest()])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse names that differ from process to process: tests shared out among several would not be the same ones."""
    if odd := [item.nodeid for item in items if " at 0x" in item.nodeid]:
        raise pytest.UsageError(f"named by an address in memory, give it an id: {odd[0]}")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def sealing_keys() -> None:
    """A key ring for every test, as the house hands one over when it opens the database."""
    use_key_ring(RING)


@pytest.fixture(autouse=True)
def connectors() -> None:
    """The connectors for every test, as the house hands them over; private addresses are allowed, for our fakes."""
    offer_connectors(OFFERED)


@pytest.fixture(autouse=True)
def followers() -> None:
    """What is committed in super tenants is followed into the tenants below, as in the house."""
    use_follower(follow_commits)


@pytest.fixture(autouse=True)
def empty_queues() -> Iterator[None]:
    """Nothing waits to be written, from tests before or for later ones: those may have another database."""
    noted.clear()
    forget_refusals()
    yield
    noted.clear()
    forget_refusals()


@pytest.fixture(scope="session")
def helper_loop() -> Iterator[BlockingPortal]:
    """An event loop beside the tests', to set databases up for tests of any kind."""
    with start_blocking_portal() as loop:
        yield loop


@pytest.fixture(scope="session")
def postgres_server_url() -> Iterator[str]:
    """A server for this run: TEST_DATABASE_URL, or one of our own."""
    if given := os.environ.get("TEST_DATABASE_URL"):
        yield given
        return
    with postgres_server() as url:
        yield url


@pytest.fixture(scope="session")
def postgres_databases(postgres_server_url: str, helper_loop: BlockingPortal) -> Iterator[PostgresDatabases]:
    databases = PostgresDatabases(postgres_server_url)
    helper_loop.call(databases.prepare)
    yield databases
    helper_loop.call(databases.discard)


@pytest.fixture(scope="session")
def durable_postgres_databases(helper_loop: BlockingPortal) -> Iterator[PostgresDatabases]:
    """The same on a server that syncs every commit, for tests that kill programs."""
    with postgres_server(durable=True) as url:
        databases = PostgresDatabases(url)
        helper_loop.call(databases.prepare)
        yield databases
        helper_loop.call(databases.discard)


@pytest.fixture(scope="session")
def sqlite_files(tmp_path_factory: pytest.TempPathFactory, helper_loop: BlockingPortal) -> SQLiteFiles:
    files = SQLiteFiles(tmp_path_factory.mktemp("template"))
    helper_loop.call(files.prepare)
    return files


@pytest.fixture
def sqlite_url(sqlite_files: SQLiteFiles, tmp_path: Path) -> str:
    """The address of an empty migrated SQLite file."""
    return sqlite_files.create(tmp_path)


@pytest.fixture
def postgres_url(postgres_databases: PostgresDatabases, helper_loop: BlockingPortal) -> str:
    """The address of an empty migrated PostgreSQL database, the same one for all tests of this process."""
    helper_loop.call(postgres_databases.empty)
    return postgres_databases.shared_url


@pytest.fixture
def postgres_owner_url(postgres_databases: PostgresDatabases, helper_loop: BlockingPortal) -> str:
    """The same as the owner of its tables, whom row-level security lets through."""
    helper_loop.call(postgres_databases.empty)
    return postgres_databases.owner_url


@pytest.fixture
def own_postgres_url(postgres_databases: PostgresDatabases, helper_loop: BlockingPortal) -> Iterator[str]:
    """The address of a migrated PostgreSQL database that no other test sees."""
    url = helper_loop.call(postgres_databases.create)
    yield url
    helper_loop.call(postgres_databases.drop, url)


@pytest.fixture
def durable_postgres_url(durable_postgres_databases: PostgresDatabases, helper_loop: BlockingPortal) -> Iterator[str]:
    """The address of a migrated PostgreSQL database that keeps what it acknowledged."""
    url = helper_loop.call(durable_postgres_databases.create)
    yield url
    helper_loop.call(durable_postgres_databases.drop, url)


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of an empty migrated database of each kind, for a test that opens it or starts a program on it."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def owner_url(database_url: str, request: pytest.FixtureRequest) -> str:
    """The address of the same database as the owner of its tables, for a test that does what nobody may."""
    if database_url.startswith("sqlite"):
        return database_url
    databases: PostgresDatabases = request.getfixturevalue("postgres_databases")
    return databases.owner_url


@pytest.fixture(params=DATABASES)
def durable_database_url(request: pytest.FixtureRequest) -> str:
    """As ``database_url``, of databases that keep what they acknowledged; SQLite always does."""
    names = {"sqlite": "sqlite_url", "postgres": "durable_postgres_url"}
    url: str = request.getfixturevalue(names[request.param])
    return url


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Engine]:
    """An open and bound engine over an empty migrated database of each kind, in the test's own event loop."""
    async with open_store(database_url) as engine:
        yield engine


@pytest.fixture
async def sqlite_store(sqlite_url: str) -> AsyncIterator[Engine]:
    """The same on SQLite only."""
    async with open_store(sqlite_url) as engine:
        yield engine


@pytest.fixture
async def postgres_store(postgres_url: str) -> AsyncIterator[Engine]:
    """The same on PostgreSQL only."""
    async with open_store(postgres_url) as engine:
        yield engine
