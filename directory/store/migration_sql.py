"""How a migration file is written: SQL, once for both databases or once for each."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from directory.store.errors import MigrationError
from directory.store.unit import Engine, current_engine

PIECES = re.compile(
    r"""'(?:[^']|'')*' | "(?:[^"]|"")*" | \$(\w*)\$.*?\$\1\$ | --[^\n]* | \bCREATE\s+TRIGGER\b | \bEND\s*; | ;""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)


class NewColumn(NamedTuple):
    """A column that a table gets; ``declared`` is its type with constraints, as both databases read it."""

    table: str
    name: str
    declared: str


def statements(text: str) -> list[str]:
    """Split SQL at its semicolons, but not inside quotes, comments, ``$$`` bodies and SQLite's triggers."""
    found: list[str] = []
    start = 0
    in_trigger = False
    for piece in PIECES.finditer(text):
        word = piece[0].upper()
        if word.startswith("CREATE"):
            in_trigger = True
        elif word.startswith("END") or (word == ";" and not in_trigger):
            found.append(text[start : piece.end()].rstrip("; \n") + (";" if word != ";" and in_trigger else ""))
            start, in_trigger = piece.end(), False
    found.append(text[start:])
    return [statement for statement in (one.strip() for one in found) if statement]


def sql_migration(
    migration_id: str,
    description: str,
    both: str = "",
    *,
    postgres: str = "",
    sqlite: str = "",
    columns: Sequence[NewColumn] = (),
) -> MigrationManager:
    """Return a migration of SQL steps: first those of this database, then those for both; new columns come last.

    The ledger is written after the steps are committed: a crash between runs them again, so each step must be
    repeatable (``IF NOT EXISTS``, ``ON CONFLICT DO NOTHING``). On SQLite foreign keys are off meanwhile, so that a
    table can be rebuilt, and checked at the end.
    """
    manager = MigrationManager(migration_id=migration_id, app_name="directory", description=description)

    async def run() -> None:
        engine = current_engine()
        own = sqlite if engine.engine_type == "sqlite" else postgres
        for statement in statements(own) + statements(both):
            await engine.run_ddl(statement)
        for column in columns:
            await add_column(engine, column)
        if engine.engine_type == "sqlite":
            await check_foreign_keys(engine)

    manager.add_raw(run)
    return manager


async def add_column(engine: Engine, column: NewColumn) -> None:
    """Add a column that is not there yet; SQLite has no ``IF NOT EXISTS`` for it."""
    if engine.engine_type == "sqlite":
        there = await engine.fetch(f"PRAGMA table_xinfo({column.table})")
        if any(row["name"] == column.name for row in there):
            return
    unless = "" if engine.engine_type == "sqlite" else "IF NOT EXISTS "
    await engine.run_ddl(f"ALTER TABLE {column.table} ADD COLUMN {unless}{column.name} {column.declared}")


async def check_foreign_keys(engine: Engine) -> None:
    """Refuse to commit a SQLite database in which a row names one that is not there."""
    if broken := await engine.fetch("PRAGMA foreign_key_check"):
        raise MigrationError(f"{len(broken)} rows name others that are not there, first in {broken[0]['table']}")
