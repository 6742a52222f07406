"""Migrated databases for tests: a copied file on SQLite, an emptied database on PostgreSQL."""

import shutil
import uuid
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from directory.store.migrate import migrate
from directory.store.row_security import house_role

# What a test put in goes, whatever it was: rows of the schema's tables, and tables of its own. Deleting the few rows of
# a test takes 4 ms; truncating gives every table and index a new file, which takes 130 (measured, 88 tables). Without
# triggers, since references and what may only be added to would refuse it.
EMPTY = """
DO $$
DECLARE one record;
BEGIN
  SET LOCAL session_replication_role = replica;
  FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'migration' LOOP
    IF one.tablename <> ALL (%s) THEN
      EXECUTE format('DROP TABLE %%I CASCADE', one.tablename);
    ELSE
      EXECUTE format('DELETE FROM %%I', one.tablename);
    END IF;
  END LOOP;
  FOR one IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL LOOP
    EXECUTE format('ALTER SEQUENCE %%I RESTART', one.sequencename);
  END LOOP;
END $$
"""


APPLICATION = "rolebook_tests"
"""The role that tests run as: it owns nothing, so that row-level security holds for it."""

# Roles are of the whole server, which several processes of one run may share.
ROLES = f"""
DO $$
BEGIN
  PERFORM pg_advisory_xact_lock(7316002);
  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '{APPLICATION}') THEN
    CREATE ROLE {APPLICATION} LOGIN NOINHERIT;
    CREATE ROLE {house_role(APPLICATION)} NOLOGIN;
    GRANT {house_role(APPLICATION)} TO {APPLICATION};
  END IF;
END $$
"""  # noqa: S608  # names of ours


class PostgresDatabases:
    """A migrated template on one server, and what is made of it."""

    def __init__(self, server_url: str) -> None:
        self._server_url = server_url
        self._template = f"rolebook_template_{uuid.uuid4().hex[:8]}"
        self.shared_url = ""
        """One database for all tests of this process that only need it empty."""
        self.owner_url = ""
        """The same as the owner of its tables, whom nothing stops."""
        self._tables: list[str] = []
        self._admin: asyncpg.Connection | None = None

    def url_of(self, name: str) -> str:
        """Return the address of a database of this server, as the owner of its tables."""
        return f"{self._server_url.rpartition('/')[0]}/{name}"

    def application_url_of(self, name: str) -> str:
        """Return the address of a database as the application's role."""
        host = urlsplit(self._server_url).netloc.rpartition("@")[2]
        return f"postgresql://{APPLICATION}@{host}/{name}"

    async def run(self, command: str) -> None:
        """Run one command on the server, outside of any transaction."""
        connection = await asyncpg.connect(self._server_url)
        try:
            await connection.execute(command)
        finally:
            await connection.close()

    async def prepare(self) -> None:
        """Migrate the template and make the shared database of it."""
        await self.run(ROLES)
        await self.run(f'CREATE DATABASE "{self._template}"')
        await migrate(self.url_of(self._template), application_role=APPLICATION)
        template = await asyncpg.connect(self.url_of(self._template))
        # For tables of a test's own, which the role of the house reaches too.
        await template.execute(
            f"GRANT CREATE ON SCHEMA public TO {APPLICATION};"
            f" ALTER DEFAULT PRIVILEGES FOR ROLE {APPLICATION} GRANT ALL ON TABLES TO {house_role(APPLICATION)}"
        )
        await template.close()
        self.shared_url = await self.create()
        self.owner_url = self.url_of(self.shared_url.rpartition("/")[2])
        self._admin = await asyncpg.connect(self.owner_url)
        rows = await self._admin.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        self._tables = [row["tablename"] for row in rows]

    async def create(self, *, migrated: bool = True) -> str:
        """Make a database and return its address: as the application's role, or as the owner of what is empty."""
        name = f"rolebook_test_{uuid.uuid4().hex[:12]}"
        await self.run(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{self._template}"' if migrated else ""))
        return self.application_url_of(name) if migrated else self.url_of(name)

    async def drop(self, url: str) -> None:
        """Remove a database, whoever is still connected."""
        await self.run(f'DROP DATABASE IF EXISTS "{url.rpartition("/")[2]}" WITH (FORCE)')

    async def empty(self) -> None:
        """Empty the shared database; also ends connections that a failed test left with a lock."""
        if self._admin is None:
            raise RuntimeError("prepare() first")
        await self._admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        names = ", ".join(f"'{name}'" for name in self._tables)
        await self._admin.execute(EMPTY % f"ARRAY[{names}]::name[]")

    async def discard(self) -> None:
        """Remove what this process made."""
        if self._admin is not None:
            await self._admin.close()
        await self.drop(self.shared_url)
        await self.drop(self.url_of(self._template))


class SQLiteFiles:
    """A migrated template file, and copies of it."""

    def __init__(self, folder: Path) -> None:
        self._template = folder / "template.sqlite"

    async def prepare(self) -> None:
        """Migrate the template; its log is folded in when it closes."""
        await migrate(f"sqlite:///{self._template}")

    def create(self, folder: Path) -> str:
        """Copy the template and return the address of the copy."""
        copy = folder / "rolebook.sqlite"
        shutil.copyfile(self._template, copy)
        return f"sqlite:///{copy}"
