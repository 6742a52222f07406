"""Copies of a database while others write to it, and their way back into an empty one."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from directory.store.errors import StoreError
from directory.store.unit import sqlite_path

DUMP, RESTORE = "pg_dump", "pg_restore"
SQLITE_HEAD = b"SQLite format 3\x00"
PARTIAL = ".partial"
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
            _run(DUMP, "--format=custom", "--no-owner", "--no-acl", f"--file={partial}", of=database_url)
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
        options = ("--no-owner", "--no-acl", "--exit-on-error", "--single-transaction")
        _run(RESTORE, *options, str(copy), of=database_url, names_database=True)
        return
    target = Path(sqlite_path(database_url))
    if target.exists():
        raise CopyError(f"{target.name} is there already: a copy is brought back to where no database is")
    with _whole_or_nothing(target) as partial:
        _copy_sqlite(str(copy), partial)


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


def _run(program: str, *words: str, of: str, names_database: bool = False) -> None:
    """Run a program of PostgreSQL on the database; the password goes into its environment, where no list shows it."""
    found = shutil.which(program)
    if found is None:
        raise CopyError(f"{program} is not on the path: install the client programs of your PostgreSQL's version")
    address, password = _without_password(of)
    named = (f"--dbname={address}",) if names_database else (address,)
    secret = {} if password is None else {"PGPASSWORD": password}
    done = subprocess.run(  # noqa: S603 - a program by name, and words of ours
        [found, *named, *words], env={"PATH": os.defpath, **secret}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        first = next(iter(done.stderr.strip().splitlines()), "no word")
        raise CopyError(f"{program} failed: {first[:WORDS_MAX]}")


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
