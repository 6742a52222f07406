"""The database of these settings: brought up to date, and opened for one command or one server process."""

import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import structlog

from directory.store import unit
from directory.store.migrate import migrate
from directory.store.schema import SchemaState, check_schema, schema_state
from rolebook.settings import Settings

log = structlog.get_logger("rolebook.database")


async def migrate_database(settings: Settings) -> SchemaState:
    """Run the migrations under a lock and return what the database has then.

    On PostgreSQL with an owner's address, the owner migrates and grants the role of the application its rights.

    Raises:
        SchemaError: the database was made by a newer program.
        MigrationError: a step failed.
        DatabaseUnavailableError: the database cannot be reached.
    """
    keep_to_owner(settings.database_path)
    if settings.database_owner_url is None:
        state = await migrate(settings.database_url.reveal())
    else:
        role = unquote(urlsplit(settings.database_url.reveal()).username or "")
        state = await migrate(settings.database_owner_url.reveal(), application_role=role or None)
    keep_to_owner(settings.database_path)
    return state


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[unit.Engine]:
    """Open and bind the database for the body.

    Raises:
        SchemaError: its schema is not this program's.
        DatabaseUnavailableError: it cannot be reached.
    """
    async with unit.open_store(settings.database_url.reveal()) as engine:
        await check_schema(engine)
        yield engine


@asynccontextmanager
async def open_for_command(settings: Settings) -> AsyncIterator[unit.Engine]:
    """As open_database, but an empty database gets its tables first: a script need not start the server before."""
    async with unit.open_store(settings.database_url.reveal()) as engine:
        is_empty = (await schema_state(engine)).version is None
    if is_empty:
        await migrate_database(settings)
    async with open_database(settings) as engine:
        yield engine


def keep_to_owner(path: Path | None) -> None:
    """Take from everyone else the right to read the SQLite file and what lies beside it."""
    if path is None:
        return
    for part in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm", ".lock"))):
        if part.exists() and stat.S_IMODE(part.stat().st_mode) & 0o077:
            log.warning("database file was open to others", file=part.name)
            part.chmod(0o600)
