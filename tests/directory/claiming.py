"""A program that claims duties when it is told to, and prints those it got."""

import asyncio
import os
import sys

from directory import leases
from directory.store.unit import open_store
from tests.directory.tenant_setup import NOW

DUTIES = [f"duty-{number}" for number in range(60)]


async def claim_all(database_url: str) -> list[str]:
    """Claim every duty once, beginning when a line arrives."""
    async with open_store(database_url):
        print("ready", flush=True)  # noqa: T201  # this is how the test knows
        sys.stdin.readline()
        holder = f"process {os.getpid()}"
        return [
            duty for duty in DUTIES if await leases.claim(duty, holder, now=NOW, every_s=3600, lease_s=3600) is not None
        ]


if __name__ == "__main__":
    print(*asyncio.run(claim_all(sys.argv[1])))  # noqa: T201  # this is what the test reads
