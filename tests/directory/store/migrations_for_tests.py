"""Folders of migrations, written for one test each."""

import itertools
from pathlib import Path

FILE = """
from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from directory.store.migration_sql import sql_migration

ID = "{name}"

async def forwards() -> MigrationManager:
    return sql_migration(ID, "for a test", {both!r}, postgres={postgres!r}, sqlite={sqlite!r})
"""

_numbers = itertools.count()


class Folder:
    """A folder of migrations; names are unique in the process, since Python keeps imported modules."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.names: list[str] = []
        path.mkdir()

    def add(self, both: str = "", *, postgres: str = "", sqlite: str = "") -> str:
        """Write the next migration and return its id."""
        name = f"m{len(self.names) + 1:04}_for_test_{next(_numbers)}"
        (self.path / f"{name}.py").write_text(FILE.format(name=name, both=both, postgres=postgres, sqlite=sqlite))
        self.names.append(name)
        return name

    def forget(self, name: str) -> None:
        """Remove a migration: the program is then older than a database that has it."""
        (self.path / f"{name}.py").unlink()
        self.names.remove(name)
