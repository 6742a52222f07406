"""Bring a database up to this program, alone: whoever starts at the same time waits, and finds nothing left to do."""

import asyncio
import contextlib
import dataclasses
import fcntl
import io
import sys
import warnings
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import asyncpg
from piccolo.apps.migrations.commands.forwards import ForwardsMigrationManager
from piccolo.engine.finder import engine_finder  # noqa: TID251  # to check that it finds what we gave it

from directory.store import conf
from directory.store.app import APP_CONFIG
from directory.store.driver_errors import POSTGRES_ERRORS
from directory.store.errors import DatabaseUnavailableError, MigrationError, SchemaError
from directory.store.postgres import PooledPostgresEngine
from directory.store.rights import LEDGER, RESTRICTED, TableRights, grants_for
from directory.store.row_security import HOUSE_STANDS, TABLES, WalledTable, house_for, house_role, walls_for
from directory.store.schema import APP_NAME, MIGRATIONS, SchemaState, schema_state
from directory.store.sqlite import OneWriterEngine
from directory.store.unit import Engine, bind, connect, sqlite_path

ADVISORY_LOCK = 7316001
"""Any number that nobody else takes in the same database."""


async def migrate(
    database_url: str,
    *,
    application_role: str | None = None,
    restricted: Sequence[TableRights] = RESTRICTED,
    folder: Path = MIGRATIONS,
) -> SchemaState:
    """Run what has not run yet and return what the database has now.

    On PostgreSQL ``application_role``, which exists already, is given its rights: all tables, but for ``restricted``.
    The caller binds its own engine afterwards.

    Raises:
        SchemaError: the database was made by a newer program.
        MigrationError: a step failed; what ran before it stays.
        DatabaseUnavailableError: the database cannot be reached.
    """
    async with locked(database_url):
        engine = migration_engine(database_url)
        bind(engine)
        await engine.start_connection_pool()
        try:
            before = await schema_state(engine, folder)
            if before.unknown:
                raise SchemaError(f"the database has {before.unknown[-1]}, which this program does not know")
            if before.pending:
                await run_pending(engine, folder)
            if application_role is not None and engine.engine_type == "postgres":
                await grant(engine, application_role, restricted)
            after = await schema_state(engine, folder)
            if after.pending:
                raise MigrationError(f"{after.pending[0]} left no trace: its ID must be the name of its file")
            return after
        finally:
            await engine.close_connection_pool()


def migration_engine(database_url: str) -> Engine:
    """Return an engine without time limits, and on SQLite without foreign keys: a table may be rebuilt."""
    if isinstance(connect(database_url), OneWriterEngine):
        return OneWriterEngine(sqlite_path(database_url), foreign_keys=False, unit_s=None)
    return PooledPostgresEngine(database_url, pool_max=2, limits=False, walls=False)


@asynccontextmanager
async def locked(database_url: str) -> AsyncIterator[None]:
    """Hold the lock of this database; it ends with the process that holds it."""
    engine = connect(database_url)
    if isinstance(engine, PooledPostgresEngine):
        async with advisory_lock(database_url):
            yield
        return
    # Before anything opens the database: opening switches the file to WAL.
    try:
        lock = Path(engine.path + ".lock").open("w", encoding="utf-8")  # noqa: ASYNC230, SIM115  # at start-up only
    except OSError as error:
        raise DatabaseUnavailableError(f"the database file cannot be opened: {error.strerror}") from error
    with lock:
        while True:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            await asyncio.sleep(0.05)
        yield


@asynccontextmanager
async def advisory_lock(database_url: str) -> AsyncIterator[None]:
    """Hold PostgreSQL's lock on a connection of its own, without limits: waiting would count against each of them."""
    try:
        guard = await asyncpg.connect(database_url, timeout=10)
    except (*POSTGRES_ERRORS, TimeoutError) as error:
        raise DatabaseUnavailableError(f"no connection to PostgreSQL: {error}") from error
    try:
        await guard.execute(f"SELECT pg_advisory_lock({ADVISORY_LOCK})")
        yield
    finally:
        await guard.close()


async def run_pending(engine: Engine, folder: Path) -> None:
    """Run Piccolo's migrations with ``engine``; what Piccolo prints goes into the error, if there is one."""
    manager = ForwardsMigrationManager(app_name=APP_NAME)
    app = dataclasses.replace(APP_CONFIG, migrations_folder_path=str(folder))
    printed = io.StringIO()
    try:
        with found_by_piccolo(engine), contextlib.redirect_stdout(printed):
            await manager.create_migration_table()
            result = await manager.run_migrations(app)
    except MigrationError:
        raise
    except Exception as error:  # a migration may raise anything
        raise MigrationError(f"{' '.join(printed.getvalue().split())} {error}") from error
    if not result.success:
        raise MigrationError(result.message or printed.getvalue().strip())


@contextmanager
def found_by_piccolo(engine: Engine) -> Iterator[None]:
    """Let Piccolo's migrations find ``engine``, and leave no trace of the folders it puts on the import path."""
    conf.DB = engine
    # Piccolo imports a module of this name, unless a variable of the environment names another.
    sys.modules["piccolo_conf"] = conf
    path = sys.path.copy()
    try:
        if found_engine() is not engine:
            raise MigrationError("the variable PICCOLO_CONF names another configuration: unset it")
        yield
    finally:
        sys.path[:] = path
        conf.DB = None


def found_engine() -> object:
    """Return what Piccolo finds, or None."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Piccolo warns of a configuration without an engine
        try:
            return engine_finder()
        except ImportError:
            return None


async def grant(engine: Engine, role: str, restricted: Sequence[TableRights]) -> None:
    """Give the application's role its rights in one transaction, so that it is never without.

    The walls between tenants are put up with the role of the house. An owner who may not create that role leaves them
    as they are, and the program says that they are missing.
    """
    async with engine.unit_of_work():
        for statement in grants_for(role, (LEDGER, *restricted)):
            await engine.execute(statement)
    house = house_role(role)
    (standing,) = await engine.fetch(HOUSE_STANDS, [house, role])
    if standing["passes"]:
        return
    try:
        async with engine.unit_of_work():
            if not standing["granted"]:
                for statement in house_for(role, exists=standing["exists"], by_grant=standing["by_grant"]):
                    await engine.execute(statement)
            for statement in grants_for(house, (LEDGER, *restricted)):
                await engine.execute(statement)
            tables = [WalledTable(**row) for row in await engine.fetch(TABLES)]
            for statement in walls_for(tables, role):
                await engine.execute(statement)
    except asyncpg.InsufficientPrivilegeError:
        return
