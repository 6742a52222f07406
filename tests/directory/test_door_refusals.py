"""Refused requests: counted, attributed, merged, forgotten."""

from datetime import datetime, timedelta

import pytest

from directory import door_refusals, secret_keys
from directory.door_refusals import note_refusal
from directory.refusal_kinds import RefusalKind
from directory.store import door_refusals as store_refusals
from directory.store.compiled import Statement
from directory.store.errors import StoreError
from directory.store.postgres import PooledPostgresEngine
from directory.store.unit import Engine, fetch
from tests.directory.counting import counted_statements
from tests.directory.world import World, create_world

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("store")]


async def test_refusals_are_attributed_by_the_public_part_of_their_secret(world: World) -> None:
    issued = await secret_keys.issue_secret(world.source.source_id, label="First", by=world.system, now=world.tick())
    kind = RefusalKind(cause="expired", public_id=issued.secret.public_id, network="203.0.113.0/24")
    for _ in range(3):
        note_refusal(kind, at=world.tick())
    assert await door_refusals.flush_refusals(now=world.now) == 1

    (found,) = await door_refusals.list_refusals(world.tenant.tenant_id, world.source.source_id, now=world.now)

    assert (found.cause, found.count, found.network) == ("expired", 3, "203.0.113.0/24")
    assert (found.secret_label, found.last_four) == ("First", issued.secret.last_four)


async def test_later_ones_are_counted_in_the_same_row(world: World) -> None:
    kind = RefusalKind(cause="rate", source=(world.tenant.tenant_id, world.source.source_id))
    for _ in range(2):
        note_refusal(kind, at=world.tick())
        await door_refusals.flush_refusals(now=world.now)
    (found,) = await door_refusals.list_refusals(world.tenant.tenant_id, world.source.source_id, now=world.now)
    assert (found.count, found.last_at) == (2, world.now)


async def test_nobodys_refusals_are_shown_only_where_there_is_one_tenant(world: World) -> None:
    note_refusal(RefusalKind(cause="unknown", public_id="AAAAAAAAAA"), at=world.tick())
    await door_refusals.flush_refusals(now=world.now)
    assert [one.cause for one in await door_refusals.list_nobodys_refusals(now=world.now)] == ["unknown"]
    assert await door_refusals.list_refusals(world.tenant.tenant_id, world.source.source_id, now=world.now) == []

    await create_world("bristol")

    assert await door_refusals.list_nobodys_refusals(now=world.now) == []


async def test_after_an_hour_they_are_not_shown_and_after_a_day_not_kept(world: World) -> None:
    note_refusal(RefusalKind(cause="no header"), at=world.tick())
    await door_refusals.flush_refusals(now=world.now)
    assert await door_refusals.list_nobodys_refusals(now=world.now + timedelta(minutes=61)) == []
    assert await door_refusals.prune_refusals(now=world.now) == 0
    assert await door_refusals.prune_refusals(now=world.now + timedelta(hours=25)) == 1


async def scan(count: int, *, at: datetime, head: str = "10") -> None:
    for number in range(count):
        network = f"{head}.0.{number // 250}.{number % 250}/32"
        note_refusal(RefusalKind(cause="no header", network=network), at=at)


async def stored_counts() -> tuple[int, int]:
    (row,) = await fetch(
        Statement("SELECT count(*)::bigint AS kinds, sum(things)::bigint AS things FROM refusal_row", house=True)
    )
    return row["kinds"], row["things"]


async def test_a_scan_fills_neither_memory_nor_table_however_often_it_is_written(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door_refusals, "KINDS_MAX", 20)
    for head in ("10", "11", "12"):
        await scan(15, at=world.tick(), head=head)
        await door_refusals.flush_refusals(now=world.now)
    assert await stored_counts() == (21, 45)


async def test_a_source_is_told_of_its_refusals_while_strangers_scan(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door_refusals, "KINDS_MAX", 20)
    await scan(30, at=world.tick())
    source = (world.tenant.tenant_id, world.source.source_id)
    for number in range(5):
        note_refusal(RefusalKind(cause="rate", source=source, software=f"client {number}"), at=world.tick())
    await door_refusals.flush_refusals(now=world.now)
    (found,) = await door_refusals.list_refusals(*source, now=world.now)
    assert (found.cause, found.count) == ("rate", 5)


async def test_an_hour_after_a_scan_kinds_are_told_apart_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door_refusals, "KINDS_MAX", 20)
    await scan(30, at=world.tick())
    await door_refusals.flush_refusals(now=world.now)
    world.now += timedelta(minutes=61)
    await door_refusals.flush_refusals(now=world.now)
    await scan(20, at=world.now, head="11")
    assert await door_refusals.flush_refusals(now=world.now) == 20


async def test_what_cannot_be_written_is_kept_for_the_next_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    kind = RefusalKind(cause="no header")
    note_refusal(kind, at=world.tick())
    with monkeypatch.context() as broken:
        broken.setattr(store_refusals, "_INSERT", Statement("SELECT nothing FROM nowhere"))
        with pytest.raises((TypeError, StoreError)):
            await door_refusals.flush_refusals(now=world.now)
    note_refusal(kind, at=world.tick())
    assert await door_refusals.flush_refusals(now=world.now) == 1
    assert await stored_counts() == (1, 2)


async def test_a_backlog_of_old_refusals_is_pruned_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door_refusals, "PRUNE_BATCH", 4)
    await scan(10, at=world.tick())
    await door_refusals.flush_refusals(now=world.now)
    assert await door_refusals.prune_refusals(now=world.now + timedelta(hours=25)) == 10


async def test_nobodys_refusals_are_read_in_the_order_of_an_index(world: World, store: Engine) -> None:
    await scan(door_refusals.LIST_MAX + 1, at=world.tick())
    await door_refusals.flush_refusals(now=world.now)
    with counted_statements(store) as counted:
        assert len(await door_refusals.list_nobodys_refusals(now=world.now)) == door_refusals.LIST_MAX
    if isinstance(store, PooledPostgresEngine):
        return  # whose planner goes by what it knows of the table: nothing yet
    plan = [row["detail"] for row in await store.fetch(f"EXPLAIN QUERY PLAN {counted.texts[-1]}", (world.now, 50))]
    assert not [step for step in plan if "TEMP B-TREE" in step]
