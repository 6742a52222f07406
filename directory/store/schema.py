"""Which migrations a database has, and whether this program may use it."""

from pathlib import Path
from typing import NamedTuple

from directory.store.compiled import Statement
from directory.store.errors import SchemaError
from directory.store.unit import Engine

APP_NAME = "directory"
MIGRATIONS = Path(__file__).parent / "migrations"

HAS_LEDGER = Statement(
    "SELECT 1 AS found FROM information_schema.tables"
    " WHERE table_name = 'migration' AND table_schema = current_schema()",
    sqlite="SELECT 1 AS found FROM sqlite_master WHERE name = 'migration'",
)
RAN = Statement("SELECT name FROM migration WHERE app_name = 'directory' ORDER BY name")


class SchemaState(NamedTuple):
    """The migrations of a database against those of this program."""

    applied: tuple[str, ...]
    pending: tuple[str, ...]
    unknown: tuple[str, ...]
    """Applied, but not by this program: the database is newer."""

    @property
    def version(self) -> str | None:
        """The last migration that ran."""
        return self.applied[-1] if self.applied else None

    @property
    def fits(self) -> bool:
        """Whether the program may use the database."""
        return not self.pending and not self.unknown


def known_migrations(folder: Path = MIGRATIONS) -> tuple[str, ...]:
    """Return the migrations of this program, oldest first: the names of their files are their ids."""
    return tuple(sorted(file.stem for file in folder.glob("[!_]*.py")))


async def schema_state(engine: Engine, folder: Path = MIGRATIONS) -> SchemaState:
    """Compare the database with this program; the engine is open but need not be bound."""
    applied: tuple[str, ...] = ()
    if await engine.fetch(*HAS_LEDGER.bind(engine.engine_type, ())):
        applied = tuple(row["name"] for row in await engine.fetch(*RAN.bind(engine.engine_type, ())))
    known = known_migrations(folder)
    return SchemaState(
        applied=applied,
        pending=tuple(name for name in known if name not in applied),
        unknown=tuple(name for name in applied if name not in known),
    )


async def check_schema(engine: Engine, folder: Path = MIGRATIONS) -> None:
    """Refuse a database that this program does not fit.

    Raises:
        SchemaError: migrations are missing, or the database was made by a newer program.
    """
    state = await schema_state(engine, folder)
    if state.unknown:
        raise SchemaError(f"the database is newer than this program (it has {state.unknown[-1]}): run the newer one")
    if state.pending:
        raise SchemaError(f"the database lacks {len(state.pending)} migrations ({state.pending[0]} …): run migrate")
