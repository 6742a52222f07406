"""Webhooks: chosen events arrive signed, once more if need be, and nowhere they must not go."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from standardwebhooks.webhooks import Webhook as Oracle
from standardwebhooks.webhooks import WebhookVerificationError

from directory import alert_list, alert_watch, events, resealing, webhook_delivery, webhook_feed, webhooks
from directory.errors import ForbiddenError, InvalidError, NotFoundError
from directory.ids import new_id
from directory.key_ring import KeyRing
from directory.model import Actor
from directory.sealing_keys import current_key_ring, use_key_ring
from directory.store.unit import Engine
from directory.webhook_model import BROKEN_AFTER, WEBHOOK_KINDS, Delivery
from directory.webhooks import IssuedWebhookSecret, WebhookDraft
from rolebook.egress import Egress
from rolebook.webhook_sending import WebhookSender
from tests.directory.world import World, create_world
from tests.fakes.webhook_receiver import Received, Receiver, answer_of, webhook_receiver
from tests.rolebook.mailboxes import Clock

pytestmark = pytest.mark.anyio


@pytest.fixture
async def world(store: Engine) -> World:
    assert store is not None
    world = await create_world()
    world.now = datetime.now(UTC)  # the oracle compares timestamps with its own clock
    return world


async def webhook_to(receiver: Receiver, world: World, *kinds: str) -> IssuedWebhookSecret:
    draft = WebhookDraft(
        label="Tickets", url=f"http://127.0.0.1:{receiver.port}/in", kinds=frozenset(kinds or WEBHOOK_KINDS)
    )
    return await webhooks.create_webhook(draft, allow_private=True, by=world.system, now=world.now)


def sender(clock: Clock, *, allow_private: bool = True) -> WebhookSender:
    return WebhookSender(Egress(allow_private=allow_private), clock=clock)


async def fed(world: World) -> None:
    """Seal what happened, and hand it to the webhooks."""
    await events.seal_events(now=world.tick(), limit=1000)
    while await webhook_feed.feed_events(now=world.tick()):
        pass


async def log_of(world: World, issued: IssuedWebhookSecret) -> list[Delivery]:
    return await webhook_feed.list_deliveries(world.tenant.tenant_id, issued.webhook_id, limit=100)


def verified(issued: IssuedWebhookSecret, one: Received) -> dict[str, object]:
    told: dict[str, object] = Oracle(issued.secret_text).verify(one.body, one.headers)
    return told


async def test_chosen_events_arrive_once_and_the_oracle_verifies_them(world: World) -> None:
    async with webhook_receiver() as receiver:
        issued = await webhook_to(receiver, world, "user:created", "user:disabled")
        ann = await world.push_user("ann", displayName="Ann", phoneNumbers=[{"value": "+49 30 1234", "type": "work"}])
        await world.push_group("Employees")
        await fed(world)
        await fed(world)
        while await sender(Clock(world.now)).work(world.now):
            pass

    (one,) = receiver.received
    told = verified(issued, one)
    assert one.line == "POST /in HTTP/1.1"
    assert told["type"] == "user.created"
    data = msgspec.convert(told["data"], dict[str, object])
    assert data["subject"] == {"kind": "user", "id": str(ann.user_id), "label": "Ann"}
    assert "+49" not in one.body.decode()
    (delivery,) = await log_of(world, issued)
    assert (delivery.state, delivery.status, delivery.tries) == ("delivered", 204, 1)
    assert one.headers["webhook-id"] == delivery.message_ref
    with pytest.raises(WebhookVerificationError):
        verified(issued, Received(one.line, one.headers, one.body + b" "))


async def test_what_happened_before_a_webhook_was_made_is_not_sent(world: World) -> None:
    await world.push_user("ann")
    await events.seal_events(now=world.tick(), limit=1000)
    async with webhook_receiver() as receiver:
        issued = await webhook_to(receiver, world)
        await fed(world)

    assert await log_of(world, issued) == []


async def test_during_an_overlap_both_secrets_sign_and_afterwards_the_new_one_alone(world: World) -> None:
    clock = Clock(world.now)
    async with webhook_receiver() as receiver:
        old = await webhook_to(receiver, world)
        new = await webhooks.rotate_secret(old.webhook_id, overlap=timedelta(hours=1), by=world.system, now=world.now)
        await webhook_feed.send_test(old.webhook_id, by=world.system, now=world.now)
        await sender(clock).work(clock.now)
        both = receiver.received[-1]
        assert verified(old, both) == verified(new, both)

        await webhooks.rotate_secret(old.webhook_id, overlap=timedelta(), by=world.system, now=world.now)
        await webhook_feed.send_test(old.webhook_id, by=world.system, now=world.now)
        await sender(clock).work(clock.now)
        for former in (old, new):
            with pytest.raises(WebhookVerificationError):
                verified(former, receiver.received[-1])


async def test_what_fails_is_tried_again_with_the_same_id_and_kept_in_the_log(world: World) -> None:
    clock = Clock(world.now)
    token = "x" * 40
    async with webhook_receiver() as receiver:
        issued = await webhook_to(receiver, world)
        receiver.answer = answer_of(500, f"no\nluck, your token is {token}")
        await webhook_feed.send_test(issued.webhook_id, by=world.system, now=world.now)
        await sender(clock).work(clock.now)
        (waiting,) = await log_of(world, issued)
        assert not await sender(clock).work(clock.now)
        receiver.answer = answer_of(200, "fine")
        clock.now = waiting.next_at
        await sender(clock).work(clock.now)

    (done,) = await log_of(world, issued)
    assert (waiting.state, waiting.status, waiting.error) == ("queued", 500, "It answered 500.")
    assert waiting.response == "no luck, your token is …"
    assert timedelta(seconds=5) <= waiting.next_at - world.now <= timedelta(seconds=6)
    assert (done.state, done.response, [one.status for one in done.attempts]) == ("delivered", "fine", [500, 200])
    assert len({one.headers["webhook-id"] for one in receiver.received}) == 1


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (answer_of(302, "", "Location: http://127.0.0.1:1/"), "redirects are not followed"),
        (b"nonsense\r\n\r\n", "The connection failed"),
        (b"", "The connection failed"),
    ],
)
async def test_what_is_no_answer_is_worded(world: World, answer: bytes, words: str) -> None:
    async with webhook_receiver() as receiver:
        issued = await webhook_to(receiver, world)
        receiver.answer = answer
        await webhook_feed.send_test(issued.webhook_id, by=world.system, now=world.now)
        await sender(Clock(world.now)).work(world.now)

    (delivery,) = await log_of(world, issued)
    assert words in delivery.error
    assert len(receiver.received) == 1


async def test_an_endless_answer_is_read_no_further_than_its_beginning(world: World) -> None:
    async with webhook_receiver() as receiver:
        issued = await webhook_to(receiver, world)
        receiver.answer = answer_of(200, "a b " * 500_000)
        await webhook_feed.send_test(issued.webhook_id, by=world.system, now=world.now)
        await sender(Clock(world.now)).work(world.now)

    (delivery,) = await log_of(world, issued)
    assert (delivery.state, len(delivery.response)) == ("delivered", 300)


async def test_a_webhook_that_fails_for_an_hour_raises_an_alert_and_one_that_answers_ends_it(world: World) -> None:
    clock, tenant_id = Clock(world.now), world.tenant.tenant_id
    async with webhook_receiver() as receiver:
        issued = await webhook_to(receiver, world)
        receiver.answer = answer_of(500)
        await webhook_feed.send_test(issued.webhook_id, by=world.system, now=world.now)
        await until(sender(clock), clock, lambda: alerted(clock))
        (alert,) = await alert_list.list_open(tenant_id)
        receiver.answer = answer_of(200)
        clock.now += timedelta(hours=12)
        await sender(clock).work(clock.now)
        await alert_watch.take_signals(now=clock.now)

    assert (alert.kind, alert.label, alert.level) == ("webhook_failing", "Tickets", 1)
    assert alert.opened_at - world.now >= timedelta(hours=1)
    assert await alert_list.list_open(tenant_id) == []
    assert (await webhooks.get_webhook(tenant_id, issued.webhook_id)).failing_since is None


async def alerted(clock: Clock) -> bool:
    return bool(await alert_watch.take_signals(now=clock.now))


async def until(working: WebhookSender, clock: Clock, done: Callable[[], Awaitable[bool]]) -> None:
    """Work and let time pass until it is so."""
    for _ in range(200):
        await working.work(clock.now)
        if await done():
            return
        clock.now += timedelta(minutes=10)
    raise AssertionError("it never came to that")


async def test_a_webhook_nobody_answers_for_days_is_turned_off_and_told(world: World) -> None:
    clock, tenant_id = Clock(world.now), world.tenant.tenant_id
    async with webhook_receiver() as receiver:
        issued = await webhook_to(receiver, world)
        receiver.answer = answer_of(500)
        await webhook_feed.send_test(issued.webhook_id, by=world.system, now=clock.now)
        await sender(clock).work(clock.now)
        clock.now += BROKEN_AFTER
        for _ in range(3):
            await webhook_feed.send_test(issued.webhook_id, by=world.system, now=clock.now)
        await sender(clock).work(clock.now)
        await alert_watch.take_signals(now=clock.now)

    (alert,) = await alert_list.list_open(tenant_id)
    assert (alert.kind, alert.level) == ("webhook_failing", 2)
    assert (await webhooks.get_webhook(tenant_id, issued.webhook_id)).state == "broken"
    assert not await sender(clock).work(clock.now + timedelta(days=2))
    with pytest.raises(InvalidError):
        await webhook_feed.send_test(issued.webhook_id, by=world.system, now=clock.now)


async def test_a_webhook_that_says_it_is_gone_is_turned_off_at_once(world: World) -> None:
    async with webhook_receiver() as receiver:
        issued = await webhook_to(receiver, world)
        receiver.answer = answer_of(410)
        await webhook_feed.send_test(issued.webhook_id, by=world.system, now=world.now)
        await sender(Clock(world.now)).work(world.now)

    assert (await webhooks.get_webhook(world.tenant.tenant_id, issued.webhook_id)).state == "broken"


async def test_what_failed_is_replayed_one_by_one_or_from_a_time_on(world: World) -> None:
    clock = Clock(world.now)
    async with webhook_receiver() as receiver:
        issued = await webhook_to(receiver, world)
        for _ in range(3):
            await webhook_feed.send_test(issued.webhook_id, by=world.system, now=world.tick())
        await webhooks.turn_off(issued.webhook_id, by=world.system, now=world.tick())
        failed = await log_of(world, issued)
        with pytest.raises(InvalidError, match="turn it on"):
            await webhook_feed.replay(issued.webhook_id, failed[0].delivery_id, by=world.system, now=world.tick())
        await webhooks.turn_on(issued.webhook_id, by=world.system, now=world.tick())
        await webhook_feed.replay(issued.webhook_id, failed[0].delivery_id, by=world.system, now=world.tick())
        with pytest.raises(InvalidError, match="on its way"):
            await webhook_feed.replay(issued.webhook_id, failed[0].delivery_id, by=world.system, now=world.tick())
        since = failed[1].created_at
        count = await webhook_feed.replay_failed(issued.webhook_id, since=since, by=world.system, now=world.tick())
        clock.now = world.tick()
        await sender(clock).work(clock.now)

    assert {one.state for one in failed} == {"failed"}
    assert count == 1
    sent = {one.headers["webhook-id"] for one in receiver.received}
    assert sent == {failed[0].message_ref, failed[1].message_ref}


async def test_a_delivery_taken_over_is_settled_by_its_new_holder_alone(world: World) -> None:
    async with webhook_receiver() as receiver:
        issued = await webhook_to(receiver, world)
        await webhook_feed.send_test(issued.webhook_id, by=world.system, now=world.now)
        (claim,) = await webhook_delivery.take_due("one", now=world.now, limit=5)
        later = world.now + webhook_delivery.LEASE + timedelta(seconds=1)
        (again,) = await webhook_delivery.take_due("two", now=later, limit=5)

    outcome = webhook_delivery.Outcome(at=later, duration_ms=1, status=200)
    assert not await webhook_delivery.settle(claim, outcome)
    assert await webhook_delivery.settle(again, outcome)
    assert (again.epoch, again.secret_texts) == (2, (issued.secret_text,))
    assert issued.secret_text not in repr(again)


async def test_a_secret_that_the_ring_does_not_open_sends_nothing(world: World) -> None:
    async with webhook_receiver() as receiver:
        issued = await webhook_to(receiver, world)
        assert (await resealing.count_sealed())["webhook secrets"] == {current_key_ring().names[0]: 1}
        await webhook_feed.send_test(issued.webhook_id, by=world.system, now=world.now)
        use_key_ring(KeyRing([bytes(range(32))]))
        await sender(Clock(world.now)).work(world.now)

    (delivery,) = await log_of(world, issued)
    assert "does not open the secret" in delivery.error
    assert receiver.received == []


async def test_webhooks_are_of_one_tenant_and_for_those_who_manage_settings(world: World) -> None:
    other = await create_world("other")
    viewer = Actor(tenant_id=world.tenant.tenant_id, kind="operator", label="x", permissions=frozenset({"portal:view"}))
    draft = WebhookDraft(label="x", url="https://example.com/", kinds=frozenset({"user:created"}))
    issued = await webhooks.create_webhook(draft, allow_private=False, by=world.system, now=world.now)

    def deeds(by: Actor) -> list[Awaitable[object]]:
        ident, now = issued.webhook_id, world.now
        return [
            webhooks.edit_webhook(ident, draft, allow_private=False, by=by, now=now),
            webhooks.turn_off(ident, by=by, now=now),
            webhooks.turn_on(ident, by=by, now=now),
            webhooks.rotate_secret(ident, overlap=timedelta(), by=by, now=now),
            webhooks.delete_webhook(ident, by=by, now=now),
            webhook_feed.send_test(ident, by=by, now=now),
            webhook_feed.replay(ident, new_id(now), by=by, now=now),
            webhook_feed.replay_failed(ident, since=now, by=by, now=now),
        ]

    for deed in deeds(viewer):
        with pytest.raises(ForbiddenError):
            await deed
    for deed in deeds(other.system):
        with pytest.raises(NotFoundError):
            await deed
    with pytest.raises(NotFoundError):
        await webhooks.get_webhook(other.tenant.tenant_id, issued.webhook_id)
    with pytest.raises(NotFoundError):
        await webhook_feed.get_delivery(world.tenant.tenant_id, issued.webhook_id, new_id(world.now))


async def test_a_webhook_is_changed_and_deleted_with_its_log(world: World) -> None:
    async with webhook_receiver() as receiver:
        issued = await webhook_to(receiver, world)
        await webhook_feed.send_test(issued.webhook_id, by=world.system, now=world.now)
        draft = WebhookDraft(label="Other", url="https://example.com/x", kinds=frozenset({"user:created"}))
        await webhooks.edit_webhook(issued.webhook_id, draft, allow_private=False, by=world.system, now=world.now)
        found = await webhooks.get_webhook(world.tenant.tenant_id, issued.webhook_id)
        await webhooks.delete_webhook(issued.webhook_id, by=world.system, now=world.now)

    assert (found.label, found.url, found.kinds) == ("Other", "https://example.com/x", ("user:created",))
    assert await webhooks.list_webhooks(world.tenant.tenant_id) == []
    assert await log_of(world, issued) == []
