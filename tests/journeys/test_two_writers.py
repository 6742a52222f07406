"""Two clients change one group at the same time, through two servers; every change counts, once."""

import asyncio
import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.journeys.arranging import connect_source, map_groups, turn_guard_off
from tests.journeys.facts import half_written, members_by_events, members_by_rows, wrong_roles
from tests.journeys.pushing import create_groups, create_users, scim_client, set_members
from tests.journeys.serving import rolebook, serving

USER_COUNT = 40
"""Of each writer; they share one group and no user, so that who must be in it at the end is known."""


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.trap("S6")
def test_no_change_of_two_writers_is_lost_or_doubled(database_url: str, tmp_path: Path) -> None:
    members = write_together(database_url, tmp_path, operations=600)

    check_that_each_change_counts_once(database_url, members)


@pytest.mark.battery
@pytest.mark.timeout(1800)
def test_none_of_ten_thousand_changes_of_two_writers_is_lost_or_doubled(database_url: str, tmp_path: Path) -> None:
    members = write_together(database_url, tmp_path, operations=10_000)

    check_that_each_change_counts_once(database_url, members)


def write_together(url: str, folder: Path, *, operations: int) -> set[tuple[str, str]]:
    """Let two writers add and remove members, and return (group, user) of those who must be in at the end."""
    with two_servers(url, folder) as (first, second):
        secret = connect_source(url)
        group_id, users = asyncio.run(prepare(first, secret))
        map_groups(url, [group_id])
        turn_guard_off(url)
        half = operations // 2
        wanted = asyncio.run(
            write_both([(first, users[:USER_COUNT]), (second, users[USER_COUNT:])], secret, group_id, half)
        )
    return {(group_id, user_id) for user_id in wanted}


@contextmanager
def two_servers(url: str, folder: Path) -> Iterator[tuple[str, str]]:
    """Give the addresses of two servers on one PostgreSQL; SQLite has one server process, which both writers use."""
    with ExitStack() as servers:
        first = servers.enter_context(serving(url, folder)).url
        if url.startswith("sqlite:"):
            yield first, first
        else:
            (folder / "second").mkdir()
            yield first, servers.enter_context(serving(url, folder / "second")).url


async def prepare(base_url: str, secret: str) -> tuple[str, list[str]]:
    async with scim_client(base_url, secret) as http:
        (group_id,) = await create_groups(http, ["Everybody"])
        return group_id, await create_users(http, [f"person.{number}@example.com" for number in range(2 * USER_COUNT)])


async def write_both(writers: list[tuple[str, list[str]]], secret: str, group_id: str, operations: int) -> set[str]:
    async with asyncio.TaskGroup() as together:
        tasks = [
            together.create_task(write(base_url, secret, group_id, users, operations)) for base_url, users in writers
        ]
    return set().union(*(task.result() for task in tasks))


async def write(base_url: str, secret: str, group_id: str, users: list[str], operations: int) -> set[str]:
    """Add and remove one to three users at a time; return who is in at the end."""
    chance = random.Random(users[0])
    wanted: set[str] = set()
    async with scim_client(base_url, secret) as http:
        for _ in range(operations):
            chosen = chance.sample(users, chance.randint(1, 3))
            member = chance.random() < 0.5
            await set_members(http, group_id, chosen, member=member)
            wanted = wanted | set(chosen) if member else wanted - set(chosen)
    return wanted


def check_that_each_change_counts_once(url: str, members: set[tuple[str, str]]) -> None:
    told = members_by_events(url)

    assert members_by_rows(url) == members
    assert {pair for pair, count in told.items() if count} == members
    assert set(told.values()) <= {0, 1}
    assert half_written(url) == []
    assert wrong_roles(url) == []
    assert rolebook(url, "check")["ok"]
