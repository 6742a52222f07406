"""Starting a fake directory from the command line."""

import argparse
import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from tests.fakes.web import identity


class Served(Protocol):
    """A directory that answers somewhere."""

    base: str


async def serve(
    description: str | None, fake: Callable[..., AbstractAsyncContextManager[Served]], *, port: int
) -> None:
    """Serve a directory of the size that the command line asks for, and say where, until it is stopped."""
    asking = argparse.ArgumentParser(description=description)
    for name, default in (("users", 1000), ("groups", 50), ("memberships", 5000), ("port", port)):
        asking.add_argument(f"--{name}", type=int, default=default)
    asking.add_argument("--certificate", type=Path, help="where to write the certificate that clients are to trust")
    chosen = asking.parse_args()
    if chosen.certificate:
        await asyncio.to_thread(chosen.certificate.write_bytes, identity()[0])
    size = {"users": chosen.users, "groups": chosen.groups, "memberships": chosen.memberships}
    async with fake(**size, port=chosen.port) as served:
        print(served.base, flush=True)  # noqa: T201 a program says where it serves
        await asyncio.Event().wait()
