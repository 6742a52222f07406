"""One of each thing that is told outside: an alert, a recipient, a mail that failed, a webhook with a delivery."""

from datetime import datetime

from directory import alert_list, alert_recipients, alert_watch, mail_delivery, webhook_feed, webhooks
from directory.alert_recipients import Choice
from directory.alerts import AlertCase, alert_change, recovery_change
from directory.commit import commit_plan, in_unit_of
from directory.outbox import Message, queue_message
from directory.plan import Plan
from directory.webhooks import WebhookDraft
from tests.directory.world import World

CASE = AlertCase(kind="report_failed", subject="x", label="Leavers <b>daily</b>", detail="It could not be sent.")


async def raise_alert(world: World, case: AlertCase, now: datetime) -> str:
    """Raise an alert and return its id."""
    change = alert_change(case, tenant_id=world.tenant.tenant_id, now=now)
    await in_unit_of(world.system, lambda: commit_plan(Plan(changes=(change,)), by=world.system, now=now))
    await alert_watch.take_signals(now=now)
    return str((await alert_list.list_open(world.tenant.tenant_id))[0].alert_id)


async def end_alert(world: World, case: AlertCase, now: datetime) -> None:
    """Say that what an alert was about is over."""
    change = recovery_change(case.kind, case.subject, tenant_id=world.tenant.tenant_id, now=now)
    await in_unit_of(world.system, lambda: commit_plan(Plan(changes=(change,)), by=world.system, now=now))
    await alert_watch.take_signals(now=now)


async def failed_mail(world: World, now: datetime, *, outcome_known: bool = True) -> str:
    """Queue a mail, let it fail, or end without anybody knowing how, and return its id."""
    mail = Message(kind="report", recipient="ann@example.org", subject="Leavers <b>daily</b>", text="x")
    queued = queue_message(mail, tenant_id=world.tenant.tenant_id, now=now)
    await in_unit_of(world.system, lambda: commit_plan(Plan(changes=(queued,)), by=world.system, now=now))
    (claim,) = await mail_delivery.take_due_mail("test", domain="example.com", now=now, limit=1)
    if outcome_known:
        await mail_delivery.settle_failed(claim, "550 no such mailbox", for_good=True, now=now)
    else:
        await mail_delivery.settle_unknown(claim, "The connection was lost.", now=now)
    return str(claim.message_id)


async def webhook_of(world: World, now: datetime) -> dict[str, str]:
    """Make a webhook, send it a test, and return the ids of both."""
    draft = WebhookDraft(label="Tickets", url="https://hooks.example.com/in", kinds=frozenset({"alert:raised"}))
    issued = await webhooks.create_webhook(draft, allow_private=False, by=world.system, now=now)
    delivery_id = await webhook_feed.send_test(issued.webhook_id, by=world.system, now=now)
    return {"webhook_id": str(issued.webhook_id), "delivery_id": str(delivery_id)}


async def told_outside(world: World, now: datetime) -> dict[str, str]:
    """Make one of each and return their ids."""
    recipient_id = await alert_recipients.add_recipient(Choice(), address="ops@example.org", by=world.system, now=now)
    return {
        "alert_id": await raise_alert(world, CASE, now),
        "recipient_id": str(recipient_id),
        "message_id": await failed_mail(world, now),
        **await webhook_of(world, now),
    }
