"""The database of these settings: brought up to date, and opened for one command or one server process."""

import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import asyncpg
import structlog

from directory.followers import use_follower
from directory.routes.follow import follow_commits
from directory.store import unit
from directory.store.errors import MigrationError, SchemaError, StoreError
from directory.store.migrate import migrate
from directory.store.schema import SchemaState, check_schema, schema_state
from rolebook.settings import Settings

DENIED = ("permission denied", "must be owner")
"""How PostgreSQL begins to say that a role lacks a right."""

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
    with advising():
        if settings.database_owner_url is None:
            state = await migrate(settings.database_url.reveal())
        else:
            role = unquote(urlsplit(settings.database_url.reveal()).username or "")
            state = await migrate(settings.database_owner_url.reveal(), application_role=role or None)
    keep_to_owner(settings.database_path)
    return state


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[unit.Engine]:
    """Open and bind the database for the body; what is committed in super tenants is followed into those below.

    Raises:
        SchemaError: its schema is not this program's.
        DatabaseUnavailableError: it cannot be reached.
    """
    async with unit.open_store(settings.database_url.reveal()) as engine:
        await check_schema(engine)
        use_follower(follow_commits)
        yield engine


@asynccontextmanager
async def open_for_command(settings: Settings, *, may_create: bool = True) -> AsyncIterator[unit.Engine]:
    """As open_database, but an empty database gets its tables first: a script need not start the server before.

    Raises:
        SchemaError: also where there is no database and the command ``may_create`` none, since it only reads.
    """
    path = settings.database_path
    if path is not None and not may_create and not path.exists():
        raise SchemaError(f"there is no database {path}: rolebook serve makes one, or name another by --database-url")
    async with unit.open_store(settings.database_url.reveal()) as engine:
        is_empty = (await schema_state(engine)).version is None
    if is_empty and may_create:
        await migrate_database(settings)
    async with open_database(settings) as engine:
        yield engine


@contextmanager
def advising() -> Iterator[None]:
    """Say what to do where the role of PostgreSQL lacks a right.

    Raises:
        MigrationError: in place of the server's refusal.
    """
    try:
        yield
    except (StoreError, asyncpg.InsufficientPrivilegeError) as error:
        if not any(words in str(error) for words in DENIED):
            raise
        advice = "Set ROLEBOOK_DATABASE_OWNER_URL, or run `rolebook migrate` as the owner of the database"
        raise MigrationError(f"{error}. {advice}.") from error


def keep_to_owner(path: Path | None) -> None:
    """Take from everyone else the right to read the SQLite file and what lies beside it."""
    if path is None:
        return
    for part in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm", ".lock", ".serving"))):
        if part.exists() and stat.S_IMODE(part.stat().st_mode) & 0o077:
            log.warning("database file was open to others", file=part.name)
            part.chmod(0o600)
