"""The server is killed in the middle of a push; what it acknowledged is there, once and whole."""

import asyncio
import random
from pathlib import Path

import pytest

from tests.journeys.arranging import connect_source, map_groups, turn_guard_off
from tests.journeys.facts import half_written, members_by_events, members_by_rows, wrong_roles
from tests.journeys.pushing import Client, Ledger, create_groups, push_together, scim_client
from tests.journeys.serving import Server, read_rows, rolebook, serving

CLIENT_COUNT = 8
GROUP_COUNT = 4


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_nothing_acknowledged_is_lost_when_the_server_is_killed_five_times(
    durable_database_url: str, tmp_path: Path
) -> None:
    ledger = kill_during_push(durable_database_url, tmp_path, kills=5)

    check_that_all_is_there(durable_database_url, ledger)


@pytest.mark.battery
@pytest.mark.timeout(1800)
def test_nothing_acknowledged_is_lost_when_the_server_is_killed_twenty_times(
    durable_database_url: str, tmp_path: Path
) -> None:
    ledger = kill_during_push(durable_database_url, tmp_path, kills=20)

    check_that_all_is_there(durable_database_url, ledger)


def kill_during_push(url: str, folder: Path, *, kills: int) -> Ledger:
    """Push with eight clients, kill the server at random moments, start it again, and let them finish."""
    chance = random.Random(kills)
    with serving(url, folder) as server, Ledger(folder / "ledger.jsonl") as ledger:
        secret = connect_source(url)
        groups = asyncio.run(new_groups(server, secret))
        map_groups(url, groups[:-1])
        turn_guard_off(url)
        clients = [Client(number, server.url, secret, groups, ledger) for number in range(CLIENT_COUNT)]
        for _ in range(kills):
            kill_after(ledger, server, ledger.acknowledged + chance.randint(40, 200), delay_s=chance.uniform(0, 0.02))
            asyncio.run(push_together(clients, deeds=1_000_000))
            server.start()
        asyncio.run(push_together(clients, deeds=5))
        assert server.stop() == 0
    return ledger


async def new_groups(server: Server, secret: str) -> list[str]:
    async with scim_client(server.url, secret) as http:
        return await create_groups(http, [f"Group {number}" for number in range(GROUP_COUNT)])


def kill_after(ledger: Ledger, server: Server, count: int, *, delay_s: float) -> None:
    """Kill the server a moment after the ledger has ``count`` entries, while most clients wait for an answer."""

    def on_write(written: int) -> None:
        if written == count:
            asyncio.get_running_loop().call_later(delay_s, server.kill)

    ledger.on_write = on_write


def check_that_all_is_there(url: str, ledger: Ledger) -> None:
    users = read_rows(url, "SELECT user_name, id, reported_active, active FROM user_row WHERE source_id IS NOT NULL")
    members = {pair for pair, is_member in ledger.members.items() if is_member}

    assert len(users) > CLIENT_COUNT
    assert {name: user_id for name, user_id, _, _ in users} == ledger.users
    assert {user_id: bool(active) for _, user_id, active, _ in users} == ledger.active
    assert {user_id: bool(active) for _, user_id, _, active in users} == ledger.active
    assert members_by_rows(url) == members
    assert {pair for pair, count in members_by_events(url).items() if count} == members
    assert half_written(url) == []
    assert wrong_roles(url) == []
    assert rolebook(url, "check")["ok"]
