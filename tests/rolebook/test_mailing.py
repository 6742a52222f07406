"""Mails reach a real mail server once, or it is known and shown that they did not, or that nobody knows."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from directory import mail_delivery
from directory.errors import ForbiddenError, InvalidError, NotFoundError
from directory.ids import new_id
from directory.model import Actor
from directory.outbox import PORTAL_ADDRESS, Attachment, Message
from directory.store.unit import Engine
from rolebook.mail_server import MailSender, MailServer
from rolebook.mailing import Mailer
from tests.directory.world import World, create_world
from tests.fakes.mail_sink import STEPS, Faults, MailSink, mail_sink
from tests.rolebook.mailboxes import Clock, mailer_to, mails_of, messages_for, queue, send_until_settled, states_of

pytestmark = pytest.mark.anyio

SHARE = 60
EVERYWHERE = dict.fromkeys(STEPS, 0.05)


@pytest.fixture
async def world(store: Engine) -> World:
    assert store is not None
    return await create_world()


async def test_a_mail_arrives_as_it_was_queued(world: World) -> None:
    message = Message(
        kind="report",
        recipient="ann@bücher.example",
        subject="Geräte fällig\r\nBcc: eve@example.net",
        text=f".begins with a dot\nSee {PORTAL_ADDRESS}/reports\nGrüße\n",
        html=f'<p><a href="{PORTAL_ADDRESS}/reports">Grüße</a></p>',
        attachments=(Attachment(name="fällig.csv", media_type="text/csv", content=b"tag;name\r\n1;Laptop\r\n"),),
    )
    clock = Clock(world.now)
    async with mail_sink() as sink:
        await queue(message, by=world.system, now=world.now)
        assert await mailer_to(sink, clock).work(clock.now) == 1

    (mail,) = sink.mails
    body, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert body is not None
    assert html is not None
    link = f"https://rolebook.test/t/{world.tenant.slug}/reports"
    assert body.get_content().splitlines() == [".begins with a dot", f"See {link}", "Grüße"]
    assert f'<a href="{link}">Grüße</a>' in html.get_content()
    assert mail["Subject"] == "Geräte fällig Bcc: eve@example.net"
    assert mail["Bcc"] is None
    assert (mail["Auto-Submitted"], mail["From"]) == ("auto-generated", "Rolebook <rolebook@example.com>")
    assert sink.recipients == [["ann@xn--bcher-kva.example"]]
    (attached,) = mail.iter_attachments()
    assert (attached.get_filename(), attached.get_content()) == ("fällig.csv", "tag;name\r\n1;Laptop\r\n")
    assert await states_of(world.tenant.tenant_id) == {"sent": 1}


async def test_a_mail_of_a_plan_that_is_undone_is_never_sent(world: World) -> None:
    message = Message(kind="test", recipient="ann@example.org", subject="x", text="x", dedupe_key="once")
    with pytest.raises(InvalidError):
        await queue(
            message, Message(kind="test", recipient="no address", subject="x", text="x"), by=world.system, now=world.now
        )

    assert await mails_of(world.tenant.tenant_id) == []


async def test_a_mail_that_breaks_the_writer_or_the_client_holds_up_no_other(world: World) -> None:
    clock = Clock(world.now)
    broken = Attachment(name="x", media_type="text/\r\nBcc: eve", content=b"x")
    async with mail_sink() as sink:
        await queue(
            Message(kind="report", recipient="ann@example.org", subject="x", text="x", attachments=(broken,)),
            *messages_for(5),
            by=world.system,
            now=world.now,
        )
        await mailer_to(sink, clock).work(clock.now)
        states = await states_of(world.tenant.tenant_id)
        wide = Mailer(
            MailServer(host="127.0.0.1", port=sink.port, tls="none"),
            MailSender("Rolebook", "bücher@example.com"),
            public_url="https://rolebook.test",
            clock=clock,
        )
        await queue(*messages_for(3), by=world.system, now=clock.now)
        assert await wide.work(clock.now) == 3

    assert states == {"sent": 5, "failed": 1}
    assert await states_of(world.tenant.tenant_id) == {"sent": 5, "failed": 1, "queued": 3}


async def test_a_mail_that_waits_for_a_week_expires_and_can_be_sent_again(world: World) -> None:
    late = world.now + timedelta(days=8)
    await queue(*messages_for(2), by=world.system, now=world.now)
    await queue(*messages_for(1), by=world.system, now=late)
    claims = await mail_delivery.take_due_mail("one", domain="example.com", now=late, limit=10)
    expired = [mail for mail in await mails_of(world.tenant.tenant_id) if mail.state == "failed"]
    assert len(claims) == 1
    assert [mail.error for mail in expired] == ["Expired: it waited for seven days."] * 2

    assert await mail_delivery.send_failed_again(by=world.system, now=late) == 2
    assert await mail_delivery.send_failed_again(by=world.system, now=late) == 0
    again = await mail_delivery.take_due_mail("one", domain="example.com", now=late, limit=10)
    assert {claim.message_id for claim in again} == {mail.message_id for mail in expired}


async def test_mails_that_wait_behind_slow_ones_are_kept_from_lapsing(world: World) -> None:
    await queue(*messages_for(2), by=world.system, now=world.now)
    begun, waiting = await mail_delivery.take_due_mail("one", domain="example.com", now=world.now, limit=2)
    await mail_delivery.begin_handing(begun, now=world.now)
    await mail_delivery.keep([begun, waiting], now=world.now + timedelta(minutes=4))
    later = world.now + timedelta(minutes=8)

    assert await mail_delivery.take_due_mail("two", domain="example.com", now=later, limit=2) == []
    assert await mail_delivery.begin_handing(waiting, now=later)


async def test_a_mail_is_left_by_those_who_manage_settings_and_counts_no_more(world: World) -> None:
    other = await create_world("other")
    viewer = Actor(tenant_id=world.tenant.tenant_id, kind="operator", label="x", permissions=frozenset({"portal:view"}))
    await queue(*messages_for(1), by=world.system, now=world.now)
    (claim,) = await mail_delivery.take_due_mail("one", domain="example.com", now=world.now, limit=1)
    with pytest.raises(InvalidError):
        await mail_delivery.leave(claim.message_id, by=world.system, now=world.now)
    await mail_delivery.settle_unknown(claim, "lost", now=world.now)
    with pytest.raises(ForbiddenError):
        await mail_delivery.leave(claim.message_id, by=viewer, now=world.now)
    with pytest.raises(ForbiddenError):
        await mail_delivery.send_failed_again(by=viewer, now=world.now)
    with pytest.raises(NotFoundError):
        await mail_delivery.leave(claim.message_id, by=other.system, now=world.now)
    await mail_delivery.leave(claim.message_id, by=world.system, now=world.now)

    assert not await mail_delivery.settle_sent(claim, now=world.now)
    (mail,) = await mails_of(world.tenant.tenant_id)
    assert (mail.state, mail.may_be_left, mail.may_be_sent_again) == ("left", False, True)


async def test_of_one_key_a_tenant_queues_one_mail(world: World) -> None:
    other = await create_world("other")
    message = Message(kind="test", recipient="ann@example.org", subject="x", text="x", dedupe_key="once")
    for by in (world.system, world.system, other.system):
        await queue(message, by=by, now=world.now)

    assert len(await mails_of(world.tenant.tenant_id)) == 1
    assert len(await mails_of(other.tenant.tenant_id)) == 1


@pytest.mark.parametrize("step", [step for step in STEPS if step not in {"answer", "content"}])
async def test_a_connection_lost_before_the_final_dot_is_tried_again(world: World, step: str) -> None:
    clock = Clock(world.now)
    async with mail_sink(Faults(drops={step: 1.0})) as sink:
        await queue(*messages_for(1), by=world.system, now=world.now)
        mailer = mailer_to(sink, clock)
        await mailer.work(clock.now)
        (waiting,) = await mails_of(world.tenant.tenant_id)
        sink.faults = Faults()
        assert not await mailer.work(clock.now)
        clock.now = waiting.next_at
        await mailer.work(clock.now)

    assert (waiting.state, waiting.tries) == ("queued", 1)
    assert timedelta(seconds=30) <= waiting.next_at - world.now <= timedelta(seconds=36)
    assert len(sink.taken) == 1
    assert await states_of(world.tenant.tenant_id) == {"sent": 1}


@pytest.mark.parametrize(("step", "arrived"), [("content", 0), ("answer", 1)])
async def test_a_connection_lost_after_the_final_dot_is_told_and_not_tried_again(
    world: World, step: str, arrived: int
) -> None:
    clock = Clock(world.now)
    async with mail_sink(Faults(drops={step: 1.0})) as sink:
        await queue(*messages_for(1), by=world.system, now=world.now)
        mailer = mailer_to(sink, clock)
        await send_until_settled(mailer, clock)

        (mail,) = await mails_of(world.tenant.tenant_id)
        assert (mail.state, mail.tries, len(sink.taken)) == ("unknown", 1, arrived)
        assert "before the server answered" in mail.error

        sink.faults = Faults()
        first = list(sink.message_refs)
        await mail_delivery.send_again(mail.message_id, by=world.system, now=clock.now)
        await send_until_settled(mailer, clock)

    assert await states_of(world.tenant.tenant_id) == {"sent": 1}
    assert set(first) <= {sink.message_refs[-1]}  # the same Message-ID, for mailboxes that look


@pytest.mark.parametrize("step", ["mail", "rcpt", "content"])
async def test_a_mail_that_is_refused_for_good_fails_at_once_and_says_why(world: World, step: str) -> None:
    clock = Clock(world.now)
    async with mail_sink(Faults(forbids={step: 1.0})) as sink:
        await queue(*messages_for(3), by=world.system, now=world.now)
        await mailer_to(sink, clock).work(clock.now)

    mails = await mails_of(world.tenant.tenant_id)
    assert {(mail.state, mail.tries, mail.error) for mail in mails} == {("failed", 1, "550 5.1.1 no such mailbox")}
    assert sink.taken == []


async def test_a_server_that_always_says_later_is_asked_ten_times(world: World) -> None:
    clock = Clock(world.now)
    async with mail_sink(Faults(refuses={"rcpt": 1.0})) as sink:
        await queue(*messages_for(1), by=world.system, now=world.now)
        await send_until_settled(mailer_to(sink, clock), clock)

    (mail,) = await mails_of(world.tenant.tenant_id)
    assert (mail.state, mail.tries, mail.error) == ("failed", 10, "451 4.3.0 come back later")


async def test_a_holder_that_stops_before_the_dot_gives_the_mail_back_and_after_it_leaves_it_unknown(
    world: World,
) -> None:
    await queue(*messages_for(2), by=world.system, now=world.now)
    first, second = await mail_delivery.take_due_mail("one", domain="example.com", now=world.now, limit=2)
    assert await mail_delivery.take_due_mail("two", domain="example.com", now=world.now, limit=2) == []
    assert await mail_delivery.begin_handing(second, now=world.now)

    later = world.now + mail_delivery.HANDING + timedelta(minutes=1)
    (again,) = await mail_delivery.take_due_mail("two", domain="example.com", now=later, limit=2)

    assert (again.message_id, again.epoch, again.message_ref) == (first.message_id, 2, first.message_ref)
    assert await states_of(world.tenant.tenant_id) == {"sending": 1, "unknown": 1}
    assert not await mail_delivery.begin_handing(first, now=later)  # it wakes up, and writes nothing
    assert not await mail_delivery.settle_sent(first, now=later)
    assert await mail_delivery.settle_sent(second, now=later)  # nobody else has it: the truth may come late
    assert await states_of(world.tenant.tenant_id) == {"sending": 1, "sent": 1}


async def test_a_mail_sent_again_is_out_of_the_hands_of_whoever_had_it(world: World) -> None:
    await queue(*messages_for(1), by=world.system, now=world.now)
    (claim,) = await mail_delivery.take_due_mail("one", domain="example.com", now=world.now, limit=1)
    await mail_delivery.settle_unknown(claim, "lost", now=world.now)
    await mail_delivery.send_again(claim.message_id, by=world.system, now=world.tick())

    assert not await mail_delivery.settle_sent(claim, now=world.tick())
    with pytest.raises(InvalidError, match="still to be sent"):
        await mail_delivery.send_again(claim.message_id, by=world.system, now=world.tick())


async def test_only_who_manages_settings_of_the_tenant_sends_again(world: World) -> None:
    await queue(*messages_for(1), by=world.system, now=world.now)
    (mail,) = await mails_of(world.tenant.tenant_id)
    other = await create_world("other")
    nobody = Actor(tenant_id=world.tenant.tenant_id, kind="operator", label="x", permissions=frozenset({"portal:view"}))

    with pytest.raises(ForbiddenError):
        await mail_delivery.send_again(mail.message_id, by=nobody, now=world.now)
    with pytest.raises(NotFoundError):
        await mail_delivery.send_again(mail.message_id, by=other.system, now=world.now)
    with pytest.raises(NotFoundError):
        await mail_delivery.send_again(new_id(world.now), by=world.system, now=world.now)


@pytest.mark.parametrize("seed", [1, 2])
async def test_whatever_fails_no_mail_arrives_twice_and_none_is_lost_silently(world: World, seed: int) -> None:
    clock = Clock(world.now)
    faults = Faults(drops=EVERYWHERE, refuses={"mail": 0.05, "rcpt": 0.05, "content": 0.1}, seed=seed)
    async with mail_sink(faults) as sink:
        await queue(*messages_for(SHARE), by=world.system, now=world.now)
        await send_until_settled(mailer_to(sink, clock), clock)

    await assert_told_the_truth(world, sink, SHARE)


async def assert_told_the_truth(world: World, sink: MailSink, count: int) -> None:
    """Every mail is once at the sink or not, as its state says; of the unknown ones nothing is known."""
    refs = sink.message_refs
    assert len(refs) == len(set(refs))
    found = {ref.strip("<>").partition("@")[0] for ref in refs}
    states: Mapping[str, str] = {str(mail.message_id): mail.state for mail in await mails_of(world.tenant.tenant_id)}
    assert len(states) == count
    assert set(states.values()) <= {"sent", "failed", "unknown"}
    assert {ident for ident, state in states.items() if state == "sent"} <= found
    assert not {ident for ident, state in states.items() if state == "failed"} & found


async def test_old_mails_are_forgotten_once_they_are_settled(world: World) -> None:
    await queue(*messages_for(2), by=world.system, now=world.now)
    (claim,) = await mail_delivery.take_due_mail("one", domain="example.com", now=world.now, limit=1)
    await mail_delivery.settle_sent(claim, now=world.now)

    assert await mail_delivery.prune_mail(now=world.now + mail_delivery.KEPT + timedelta(days=1)) == 1
    assert await states_of(world.tenant.tenant_id) == {"failed": 1}  # the other one waited for too long
