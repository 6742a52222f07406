"""Copies of a database while others write to it, and their way back into an empty one."""

import asyncio
import contextlib
import os
import re
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

import asyncpg

from directory.store.driver_errors import POSTGRES_ERRORS
from directory.store.errors import StoreError
from directory.store.row_security import STANDING, Standing, house_role, standing_for
from directory.store.unit import sqlite_path

DUMP, RESTORE = "pg_dump", "pg_restore"
SQLITE_HEAD = b"SQLite format 3\x00"
PARTIAL = ".partial"
WALL = re.compile(r"\d+; \d+ \d+ (?:POLICY|ROW SECURITY) ")
"""A line of what pg_restore lists that belongs to row-level security."""

WORDS_MAX = 300


class CopyError(StoreError):
    """A copy could not be made or brought back; nothing of it is left."""


def copy_database(database_url: str, target: Path) -> None:
    """Write a copy as of one moment to the new file ``target``, on the disk before this returns; nobody waits for it.

    SQLite copies itself inside one read transaction (its online backup), PostgreSQL's own pg_dump takes one snapshot.

    Raises:
        CopyError: the file is there already, or the copy failed.
    """
    if target.exists():
        raise CopyError(f"{target.name} is there already")
    with _whole_or_nothing(target) as partial:
        if _is_postgres(database_url):
            options = ("--format=custom", "--no-owner", "--no-acl", *_through_the_wall(database_url))
            _run(DUMP, *options, f"--file={partial}", of=database_url)
        else:
            _copy_sqlite(sqlite_path(database_url), partial)


def bring_back(copy: Path, database_url: str) -> None:
    """Make an empty database what ``copy`` holds.

    Raises:
        CopyError: the database is not empty, or the copy is of the other kind, or damaged.
    """
    with copy.open("rb") as file:
        of_sqlite = file.read(len(SQLITE_HEAD)) == SQLITE_HEAD
    if of_sqlite == _is_postgres(database_url):
        raise CopyError(f"{copy.name} is a copy of {'SQLite' if of_sqlite else 'PostgreSQL'}, the database is not")
    if not of_sqlite:
        _restore_without_walls(copy, database_url)
        return
    target = Path(sqlite_path(database_url))
    if target.exists():
        raise CopyError(f"{target.name} is there already: a copy is brought back to where no database is")
    with _whole_or_nothing(target) as partial:
        _copy_sqlite(str(copy), partial)


def _through_the_wall(database_url: str) -> tuple[str, ...]:
    """Return what lets pg_dump read the rows of all tenants; by itself it refuses tables with row-level security."""
    try:
        standing, role = asyncio.run(_standing(database_url))
    except (*POSTGRES_ERRORS, TimeoutError):
        return ()  # pg_dump says what is the matter
    if standing == "in force":
        return "--enable-row-security", f"--role={house_role(role)}"
    return ("--enable-row-security",) if standing == "owner" else ()


async def _standing(database_url: str) -> tuple[Standing, str]:
    connection = await asyncpg.connect(database_url, timeout=10)
    try:
        (row,) = await connection.fetch(STANDING)
    finally:
        await connection.close()
    return standing_for(dict(row)), str(row["role"])


def _restore_without_walls(copy: Path, database_url: str) -> None:
    """Bring a dump back but for row-level security: its roles are of another server, and migrating adds ours."""
    entries = _run(RESTORE, "--list", str(copy), of=None).splitlines(keepends=True)
    options = ("--no-owner", "--no-acl", "--exit-on-error", "--single-transaction")
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as kept:
        kept.writelines(entry for entry in entries if not WALL.match(entry))
        kept.flush()
        _run(RESTORE, *options, f"--use-list={kept.name}", str(copy), of=database_url, names_database=True)


@contextlib.contextmanager
def _whole_or_nothing(target: Path) -> Iterator[Path]:
    """Give the name to write to; at the end the file gets its own, and stays there whatever happens to the machine."""
    partial = target.with_name(target.name + PARTIAL)
    partial.unlink(missing_ok=True)
    try:
        yield partial
        partial.chmod(0o600)
        _sync(partial)
        partial.rename(target)
        _sync(target.parent)
    finally:
        partial.unlink(missing_ok=True)


def _copy_sqlite(path: str, target: Path) -> None:
    """Copy all pages in one step: a copy in several begins anew whenever somebody else writes (SQLite, C API)."""
    if not Path(path).exists():
        raise CopyError("there is no database")
    source = sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=ro", uri=True, timeout=30)
    copy = sqlite3.connect(target)
    try:
        source.backup(copy, pages=-1)
        # In WAL mode the copy would need files beside it; as it is taken, it is one file.
        copy.execute("PRAGMA journal_mode=DELETE")
        faults = [*copy.execute("PRAGMA quick_check(1)"), *copy.execute("PRAGMA foreign_key_check").fetchmany(1)]
        if faults != [("ok",)]:
            raise CopyError(f"the copy is damaged: {faults[0][0]}")
    except sqlite3.Error as error:
        raise CopyError(f"the copy failed: {error}") from error
    finally:
        copy.close()
        source.close()


def _run(program: str, *words: str, of: str | None, names_database: bool = False) -> str:
    """Run a program of PostgreSQL, on the database ``of``, and return what it printed.

    The password goes into its environment, where no list shows it.
    """
    found = shutil.which(program)
    if found is None:
        raise CopyError(f"{program} is not on the path: install the client programs of your PostgreSQL's version")
    address, password = _without_password(of or "")
    named = (f"--dbname={address}",) if names_database else (address,) if of else ()
    secret = {} if password is None else {"PGPASSWORD": password}
    done = subprocess.run(  # noqa: S603 - a program by name, and words of ours
        [found, *named, *words], env={"PATH": os.defpath, **secret}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        first = next(iter(done.stderr.strip().splitlines()), "no word")
        raise CopyError(f"{program} failed: {first[:WORDS_MAX]}")
    return done.stdout


def _without_password(database_url: str) -> tuple[str, str | None]:
    parts = urlsplit(database_url)
    if parts.password is None:
        return database_url, None
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{parts.username}@{place}")), unquote(parts.password)


def _is_postgres(database_url: str) -> bool:
    return not database_url.startswith("sqlite:")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
