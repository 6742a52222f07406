"""How the cost of adding one member grows with the size of the group.

Run it on an empty database of either kind::

    python -m benchmarks.membership sqlite:///bench.sqlite
    python -m benchmarks.membership postgresql://…
"""

import asyncio
import gc
import statistics
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from directory import access_roles, groups, mappings, sources, tenants, users
from directory.edits import GroupEdit
from directory.model import Actor, Group, GroupAttributes, JsonObject, UserAttributes
from directory.store.migrate import migrate
from directory.store.unit import open_store

SIZES = (10, 1_000, 50_000)
ROUNDS = 200
BATCH = 2_000
CLIENTS = 8


def now() -> datetime:
    """Return the time; the door of this program."""
    return datetime.now(UTC)  # noqa: TID251  # this program is its own door


async def push_users(client: Actor, count: int) -> None:
    """Create users with the externalIds u0, u1 and so on, as eight clients at once."""

    async def push_every_eighth(first: int) -> None:
        for number in range(first, count, CLIENTS):
            document: JsonObject = {"userName": f"u{number}@example.org", "externalId": f"u{number}", "active": True}
            await users.create_user(UserAttributes(document), by=client, now=now(), revive_inactive=False)

    async with asyncio.TaskGroup() as clients:
        for first in range(CLIENTS):
            clients.create_task(push_every_eighth(first))


async def push_group(client: Actor, size: int) -> Group:
    """Create a group of ``size`` members."""
    name = GroupAttributes({"displayName": f"group of {size}"})
    group = await groups.create_group(name, frozenset(), by=client, now=now(), unique_name=False, unknown="pending")
    for start in range(0, size, BATCH):
        add = frozenset(f"u{number}" for number in range(start, min(size, start + BATCH)))
        group = await groups.edit_group(group.group_id, GroupEdit(add=add), by=client, now=now())
    return group


async def measure(client: Actor, made: Sequence[Group]) -> dict[int, list[float]]:
    """Return milliseconds of adding one member, by size of group; sizes take turns, so that all share the noise."""
    taken: dict[int, list[float]] = {group.member_count: [] for group in made}
    for number in range(ROUNDS):
        one = frozenset({f"u{max(SIZES) + number}"})
        for group in made:
            started = time.perf_counter()
            await groups.edit_group(group.group_id, GroupEdit(add=one), by=client, now=now())
            taken[group.member_count].append((time.perf_counter() - started) * 1000)
            await groups.edit_group(group.group_id, GroupEdit(remove=one), by=client, now=now())
    return taken


def say(line: str) -> None:
    """Print a line of the result."""
    sys.stdout.write(line + "\n")


async def run(database_url: str) -> None:
    """Set up, measure, print."""
    await migrate(database_url)
    async with open_store(database_url) as engine:
        tenant = await tenants.create_tenant(f"bench {now():%H%M%S}", now=now())
        system = tenants.system_actor(tenant, "benchmark")
        source = await sources.create_source(kind="scim", preset="entra", label="bench", by=system, now=now())
        client = Actor(tenant_id=tenant.tenant_id, kind="source", label="bench", source_id=source.source_id)
        await push_users(client, max(SIZES) + ROUNDS)
        made = [await push_group(client, size) for size in SIZES]
        editor = await access_roles.find_role(tenant.tenant_id, "editor")
        if editor is None:
            raise SystemExit("the tenant has no Editor")
        for group in made:
            await mappings.add_mapping(group.group_id, editor.role_id, consent=False, by=system, now=now())
        gc.collect()
        gc.freeze()
        taken = await measure(client, made)
    smallest = statistics.median(taken[SIZES[0]])
    say(f"{engine.engine_type}: add one member to a mapped group, median of {ROUNDS}")
    for size, times in taken.items():
        middle = statistics.median(times)
        say(f"{size:>8,} members  {middle:7.3f} ms  {middle / smallest:5.2f} times")


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1]))
