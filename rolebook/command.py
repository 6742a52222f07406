"""What every command of the command line has in common: options, the database, how it prints and how it fails."""

import asyncio
import json
import os
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any

import click

from directory.errors import DirectoryError
from directory.store.errors import StoreError
from rolebook import logs
from rolebook.database import open_for_command
from rolebook.ownership import ForeignPackageError
from rolebook.settings import Settings, SettingsError

Answer = dict[str, Any]
"""What a command prints with ``--json``."""

FOR_OWNER_ONLY = 0o077
"""No file that we make may be read by anybody else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of a command."""

    settings: Settings
    as_json: bool
    now: datetime
    """The clock, read once for everything the command does."""
    database_flag: str | None = field(default=None, repr=False)
    """What ``--database-url`` said; it may hold a password."""

    def say(self, answer: Answer, *lines: str) -> None:
        """Print ``answer`` for a program, or ``lines`` for a person."""
        click.echo(json.dumps(answer) if self.as_json else "\n".join(lines))

    def with_directory(self, work: Callable[[], Coroutine[Any, Any, Answer]], *, may_create: bool = True) -> Answer:
        """Do ``work`` with the database open and return what it returns; an empty one gets its tables if it may."""

        async def opened() -> Answer:
            async with open_for_command(self.settings, may_create=may_create):
                return await work()

        return asyncio.run(opened())


def command(body: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that all have, and let it fail with one line and a status that is not 0."""

    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
    @click.option("--database-url", help="Instead of ROLEBOOK_DATABASE_URL.")
    @click.option("--public-url", help="Instead of ROLEBOOK_PUBLIC_URL.")
    @wraps(body)
    def run(*, as_json: bool, database_url: str | None, public_url: str | None, **given: Any) -> None:  # noqa: ANN401 - each command has its own
        os.umask(FOR_OWNER_ONLY)
        flags = {name: given.pop(name) for name in ("host", "port", "workers") if name in given}
        try:
            settings = Settings.from_env(database_url=database_url, public_url=public_url, **flags)
            logs.set_up(settings.log_level)
            now = datetime.now(UTC)  # noqa: TID251 - the command line is a door
            body(Run(settings=settings, as_json=as_json, now=now, database_flag=database_url), **given)
        except (SettingsError, ForeignPackageError, DirectoryError, StoreError, OSError) as error:
            raise click.ClickException(logs.redact(str(error))) from error

    return run


def program() -> str:
    """Return what to type to run this program again from the same folder."""
    if not sys.argv[0].endswith("__main__.py"):
        return "rolebook"
    python = Path(sys.executable)
    folder = Path.cwd()
    return f"{python.relative_to(folder) if python.is_relative_to(folder) else python} -m rolebook"
