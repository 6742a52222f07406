"""After a key is rotated everything opens with the new one alone; what nobody can open is named and left."""

import asyncio
import hashlib
from datetime import timedelta

import pytest

from directory import resealing, webhooks
from directory.entering import factor_place
from directory.key_ring import KeyRing
from directory.pulls import sources
from directory.sealing_keys import use_key_ring
from directory.store.compiled import Statement
from directory.store.sealed import COLUMNS
from directory.store.unit import Engine, execute, fetch
from directory.webhook_model import WEBHOOK_KINDS
from directory.webhooks import WebhookDraft
from tests.directory.pulls.pulled import graph_source
from tests.directory.signing_in import with_factor, with_password
from tests.directory.tenant_setup import new_scene
from tests.directory.world import World

pytestmark = pytest.mark.anyio

OLD = hashlib.sha256(b"a key of tests").digest()
NEW = bytes(range(100, 132))
BOTH, NEW_ALONE = KeyRing([NEW, OLD]), KeyRing([NEW])
DRAFT = WebhookDraft(label="SIEM", url="https://siem.example.com/in", kinds=frozenset(WEBHOOK_KINDS))
SEALED_COLUMNS = Statement(
    "SELECT table_name::text AS table_name, column_name::text AS column_name FROM information_schema.columns"
    " WHERE table_schema = 'public' AND column_name LIKE '%sealed%'",
    sqlite="SELECT m.name AS table_name, c.name AS column_name FROM sqlite_master m JOIN pragma_table_info(m.name) c"
    " WHERE m.type = 'table' AND c.name LIKE '%sealed%'",
)
NO_SECRETS = {("pull_row", "sealed_names"), ("pull_row", "sealed_at"), ("event_row", "sealed_at")}
FACTORS = Statement("SELECT * FROM factor_row", house=True)
BREAK = Statement("UPDATE pull_row SET sealed = 'v1.0123abcd.x.y' WHERE source_id = $1::uuid", house=True)


async def test_every_sealed_column_is_known(store: Engine) -> None:
    assert store is not None
    found = {(row["table_name"], row["column_name"]) for row in await fetch(SEALED_COLUMNS)}
    assert found - NO_SECRETS == {(column.table, column.column) for column in COLUMNS}


async def test_credentials_and_webhook_secrets_open_with_the_new_key_alone(world: World) -> None:
    source = await graph_source(world)
    issued = await webhooks.create_webhook(DRAFT, allow_private=False, by=world.system, now=world.tick())
    await webhooks.rotate_secret(issued.webhook_id, overlap=timedelta(hours=1), by=world.system, now=world.tick())

    done = await resealing.reseal_all(BOTH)

    assert (done.key_name, done.count, done.unreadable, done.left) == (BOTH.names[0], 3, {}, {})
    use_key_ring(NEW_ALONE)
    assert await sources.open_secrets(source) == {"client_secret": "sesame-street"}
    await webhooks.rotate_secret(issued.webhook_id, overlap=timedelta(hours=1), by=world.system, now=world.tick())
    assert all(counted.keys() <= {BOTH.names[0]} for counted in (await resealing.count_sealed()).values())
    assert (await resealing.reseal_all(NEW_ALONE)).count == 0


async def test_second_factors_open_with_the_new_key_alone(store: Engine) -> None:
    assert store is not None
    scene = await new_scene()
    await with_factor(await with_password(scene, await scene.user("rosa")))
    (before,) = await fetch(FACTORS)
    place = factor_place(before["tenant_id"], before["id"])

    await resealing.reseal_all(BOTH)

    (after,) = await fetch(FACTORS)
    assert NEW_ALONE.open(after["sealed"], place) == BOTH.open(before["sealed"], place)


async def test_what_no_key_opens_is_named_and_left(world: World) -> None:
    broken, whole = await graph_source(world, "Broken"), await graph_source(world, "Whole")
    await execute(BREAK, broken.source_id)

    done = await resealing.reseal_all(BOTH)

    assert (done.count, done.unreadable, done.left) == (1, {"credentials of connectors": 1}, {"0123abcd": 1})
    assert await resealing.list_unreadable_connections(BOTH) == [("example", "Broken", "0123abcd")]
    use_key_ring(BOTH)
    assert await sources.open_secrets(whole) == {"client_secret": "sesame-street"}


async def test_more_than_a_batch_is_brought_over(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resealing, "BATCH", 2)
    made = [await graph_source(world, f"Graph {number}") for number in range(5)]

    assert (await resealing.reseal_all(BOTH)).count == 5
    use_key_ring(NEW_ALONE)
    assert [await sources.open_secrets(one) for one in made] == [{"client_secret": "sesame-street"}] * 5


async def test_two_processes_at_once_and_one_that_was_interrupted_lose_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resealing, "BATCH", 2)
    made = [await graph_source(world, f"Graph {at}", secrets={"client_secret": f"s{at}"}) for at in range(7)]
    begun = asyncio.ensure_future(resealing.reseal_all(BOTH))
    while not (await resealing.count_sealed())["credentials of connectors"].get(BOTH.names[0]):  # noqa: ASYNC110  # each look lets it go on
        await asyncio.sleep(0)
    begun.cancel()
    await asyncio.wait([begun])
    async with asyncio.TaskGroup() as group:
        both = [group.create_task(resealing.reseal_all(BOTH)) for _ in range(2)]

    assert [task.result().unreadable for task in both] == [{}, {}]
    use_key_ring(NEW_ALONE)
    assert [await sources.open_secrets(source) for source in made] == [{"client_secret": f"s{at}"} for at in range(7)]
    assert (await resealing.reseal_all(NEW_ALONE)).left == {}


async def test_credentials_that_are_entered_during_a_rotation_stay(world: World) -> None:
    source = await graph_source(world)
    (column,) = [one for one in COLUMNS if one.table == "pull_row"]
    (value,) = await column.list_others(BOTH.names[0], None, limit=9)
    await sources.set_secrets(source.source_id, {"client_secret": "newer"}, by=world.system, now=world.tick())

    assert await column.replace([(value, "v1.of.what.was")]) == 0
    assert await sources.open_secrets(source) == {"client_secret": "newer"}
