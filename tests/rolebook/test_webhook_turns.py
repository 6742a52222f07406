"""Each webhook has its turn: what waits for one that is dead, or was turned off, holds up no other."""

import asyncio
from datetime import UTC, datetime, timedelta
from time import perf_counter

import pytest

from directory import events, webhook_delivery, webhook_feed, webhooks
from directory.model import TenantId
from directory.store.unit import Engine
from directory.store.webhook_turns import EACH_MAX
from directory.webhook_delivery import Outcome
from directory.webhook_model import TURNED_OFF, Delivery
from directory.webhooks import WebhookDraft
from rolebook.egress import Egress
from rolebook.webhook_sending import WebhookSender
from tests.directory.world import World, create_world
from tests.fakes.webhook_receiver import Receiver
from tests.rolebook.mailboxes import Clock

pytestmark = pytest.mark.anyio


@pytest.fixture
async def world(store: Engine) -> World:
    assert store is not None
    world = await create_world()
    world.now = datetime.now(UTC)
    return world


async def hook_with(world: World, port: int, count: int) -> webhooks.IssuedWebhookSecret:
    """Make a webhook for which so many deliveries wait."""
    draft = WebhookDraft(label="Hook", url=f"http://127.0.0.1:{port}/in/SECRET-PATH", kinds=frozenset({"user:created"}))
    issued = await webhooks.create_webhook(draft, allow_private=True, by=world.system, now=world.tick())
    for _ in range(count):
        await webhook_feed.send_test(issued.webhook_id, by=world.system, now=world.tick())
    return issued


async def log_of(tenant_id: TenantId, issued: webhooks.IssuedWebhookSecret) -> list[Delivery]:
    return await webhook_feed.list_deliveries(tenant_id, issued.webhook_id, limit=100)


async def test_of_each_webhook_a_few_are_taken_and_of_a_failing_one_a_single_one(world: World) -> None:
    dead, other = await hook_with(world, 1, 30), await hook_with(world, 2, 3)
    claims = await webhook_delivery.take_due("one", now=world.now, limit=20)
    taken = [claim.webhook_id for claim in claims]
    assert (taken.count(dead.webhook_id), taken.count(other.webhook_id)) == (EACH_MAX, 3)
    assert await webhook_delivery.take_due("one", now=world.now, limit=20) == []  # the others wait for these

    for claim in claims:
        error = "No answer in time." if claim.webhook_id == dead.webhook_id else ""
        await webhook_delivery.settle(claim, Outcome(at=world.now, duration_ms=1, error=error))
    (probe,) = await webhook_delivery.take_due("one", now=world.now, limit=20)
    assert await webhook_delivery.take_due("one", now=world.now, limit=20) == []
    await webhook_delivery.settle(probe, Outcome(at=world.now, duration_ms=1, status=204))
    well = await webhook_delivery.take_due("one", now=world.now, limit=20)
    assert [claim.webhook_id for claim in well] == [dead.webhook_id] * EACH_MAX


async def test_a_receiver_that_never_answers_holds_up_no_other_tenant(world: World) -> None:
    other = await create_world("other")
    other.now = world.now
    arrived = asyncio.Event()

    class Silent(Receiver):
        async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            await arrived.wait()
            writer.close()

    class Counting(Receiver):
        async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await super().serve(reader, writer)
            if len(self.received) == 30:
                arrived.set()

    silent, counting = Silent(), Counting()
    servers = [await asyncio.start_server(one.serve, "127.0.0.1", 0) for one in (silent, counting)]
    ports = [one.sockets[0].getsockname()[1] for one in servers]
    await hook_with(world, ports[0], 40)
    issued = await hook_with(other, ports[1], 30)
    clock = Clock(max(world.now, other.now))
    began = perf_counter()
    async with asyncio.TaskGroup() as group:
        working = group.create_task(WebhookSender(Egress(allow_private=True), clock=clock).work(clock.now))
        await arrived.wait()
        took_s = perf_counter() - began
    for one in servers:
        one.close()

    assert took_s < 10  # which is how long an answer is waited for
    assert working.result() >= 30
    assert {one.state for one in await log_of(other.tenant.tenant_id, issued)} == {"delivered"}


async def test_what_a_stopped_process_left_is_not_sent_to_a_webhook_that_was_turned_off(world: World) -> None:
    issued = await hook_with(world, 1, 1)
    assert len(await webhook_delivery.take_due("gone", now=world.now, limit=5)) == 1
    await webhooks.turn_off(issued.webhook_id, by=world.system, now=world.tick())
    later = world.now + webhook_delivery.LEASE + timedelta(minutes=1)

    assert await webhook_delivery.take_due("two", now=later, limit=5) == []
    (delivery,) = await log_of(world.tenant.tenant_id, issued)
    assert (delivery.state, delivery.error) == ("failed", TURNED_OFF)


async def test_the_path_of_an_address_is_in_no_event(world: World) -> None:
    await hook_with(world, 1, 0)

    (told,) = [
        one for one in await events.list_events(world.tenant.tenant_id, limit=50) if one.action == "webhook:created"
    ]
    assert ("address", "http://127.0.0.1") in {(one.name, str(one.new)) for one in told.changes}
    assert "SECRET-PATH" not in repr(told)
