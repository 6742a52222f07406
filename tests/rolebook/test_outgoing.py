"""From a change to the mailbox: signals, alerts, digests and mails, by the duties as the server has them."""

from datetime import timedelta
from html import escape

import pytest

from directory import alert_recipients, events, mail_delivery, webhook_feed, webhooks
from directory.alert_recipients import Choice
from directory.alerts import AlertCase, alert_change, recovery_change
from directory.commit import commit_plan, in_unit_of
from directory.plan import Plan
from directory.store.unit import Engine
from directory.webhooks import WebhookDraft
from rolebook.jobs import Duty
from rolebook.outgoing import outgoing_duties
from rolebook.settings import Settings
from tests.directory.world import World, create_world
from tests.fakes.mail_sink import MailSink, mail_sink
from tests.fakes.webhook_receiver import webhook_receiver
from tests.rolebook.mailboxes import Clock

pytestmark = pytest.mark.anyio

CASE = AlertCase(
    kind="changes_held", subject="push", label="Entra <b>", detail="12 changes wait for approval.", path="held"
)


@pytest.fixture
async def world(store: Engine) -> World:
    assert store is not None
    return await create_world()


def duties_for(clock: Clock, sink: MailSink | None) -> dict[str, Duty]:
    environ = {"ROLEBOOK_ALLOW_PRIVATE_WEBHOOKS": "yes", "ROLEBOOK_PUBLIC_URL": "https://rolebook.test"}
    if sink is not None:
        environ["ROLEBOOK_SMTP_URL"] = f"smtp://127.0.0.1:{sink.port}"
        environ["ROLEBOOK_MAIL_FROM"] = "Rolebook <rolebook@example.com>"
    return {duty.name: duty for duty in outgoing_duties(Settings.from_env(environ), clock)}


async def run(duties: dict[str, Duty], clock: Clock, *names: str) -> list[bool]:
    """Do duties as the scheduler would, those with nothing to do left out; returns which were done."""
    done: list[bool] = []
    for name in names:
        duty = duties[name]
        waits = duty.waits is None or await duty.waits(clock.now)
        done.append(waits)
        while waits and await duty.work(clock.now):
            waits = duty.waits is None or await duty.waits(clock.now)
    return done


CHAIN = ("take_signals", "send_digests", "send_mail")


async def test_what_a_change_shows_is_in_the_mailbox_and_so_is_its_end(world: World) -> None:
    clock = Clock(world.now)
    by, tenant_id = world.system, world.tenant.tenant_id
    await alert_recipients.add_recipient(Choice(), address="ops@example.org", by=by, now=clock.now)
    async with mail_sink() as sink:
        duties = duties_for(clock, sink)
        raised = Plan(changes=(alert_change(CASE, tenant_id=tenant_id, now=clock.now),))
        await in_unit_of(by, lambda: commit_plan(raised, by=by, now=clock.now))
        assert await run(duties, clock, *CHAIN) == [True, True, True]
        assert await run(duties, clock, *CHAIN) == [False, False, False]

        clock.now += timedelta(hours=2)
        over = Plan(changes=(recovery_change("changes_held", "push", tenant_id=tenant_id, now=clock.now),))
        await in_unit_of(by, lambda: commit_plan(over, by=by, now=clock.now))
        await run(duties, clock, *CHAIN)

    first, second = sink.mails
    text, html = first.get_body(("plain",)), first.get_body(("html",))
    assert text is not None
    assert html is not None
    address = f"https://rolebook.test/t/{world.tenant.slug}/held"
    assert first["Subject"] == f"[{world.tenant.name}] Changes are held: Entra <b>"
    assert address in text.get_content()
    assert "12 changes wait for approval." in text.get_content()
    assert f'<a href="{address}">Changes are held: {escape("Entra <b>")}</a>' in html.get_content()
    assert second["Subject"] == f"[{world.tenant.name}] Over: changes are held: Entra <b>"


async def test_without_a_mail_server_mails_stay_queued(world: World) -> None:
    clock = Clock(world.now)
    recipient_id = await alert_recipients.add_recipient(
        Choice(), address="ops@example.org", by=world.system, now=clock.now
    )
    await alert_recipients.send_test(recipient_id, by=world.system, now=clock.now)
    duties = duties_for(clock, None)

    assert "send_mail" not in duties
    (mail,) = await mail_delivery.list_messages(world.tenant.tenant_id, limit=5)
    assert mail.state == "queued"
    async with mail_sink() as sink:
        clock.now += timedelta(days=3)
        await run(duties_for(clock, sink), clock, "send_mail")
        assert len(sink.taken) == 1


async def test_an_alert_reaches_a_webhook_too(world: World) -> None:
    clock, by = Clock(world.now), world.system
    async with webhook_receiver() as receiver:
        draft = WebhookDraft(label="Chat", url=f"http://127.0.0.1:{receiver.port}/", kinds=frozenset({"alert:raised"}))
        issued = await webhooks.create_webhook(draft, allow_private=True, by=by, now=clock.now)
        duties = duties_for(clock, None)
        raised = Plan(changes=(alert_change(CASE, tenant_id=by.tenant_id, now=clock.now),))
        await in_unit_of(by, lambda: commit_plan(raised, by=by, now=clock.now))
        await run(duties, clock, "take_signals")
        await events.seal_events(now=clock.now, limit=100)
        assert await run(duties, clock, "feed_webhooks", "send_webhooks") == [True, True]

    (one,) = receiver.received
    assert b'"type":"alert.raised"' in one.body
    assert b"12 changes wait for approval." in one.body
    (delivery,) = await webhook_feed.list_deliveries(by.tenant_id, issued.webhook_id, limit=5)
    assert delivery.state == "delivered"


async def test_watching_and_pruning_are_done_without_anything_to_see(world: World) -> None:
    clock = Clock(world.now)
    duties = duties_for(clock, None)

    assert await run(duties, clock, "watch_alerts", "prune_outgoing") == [True, True]
    assert await mail_delivery.list_messages(world.tenant.tenant_id, limit=5) == []
