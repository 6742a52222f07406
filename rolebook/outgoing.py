"""What leaves the house in the background: mails and webhooks, and the alerts that they tell."""

from datetime import datetime

from directory import alert_digests, alert_watch, mail_delivery, webhook_delivery, webhook_feed
from rolebook.alert_mail import digest_mail
from rolebook.egress import Egress
from rolebook.jobs import Clock, Duty, clock
from rolebook.mail_server import parse_mail_sender, parse_mail_server
from rolebook.mailing import Mailer
from rolebook.settings import Settings
from rolebook.webhook_sending import WebhookSender


async def take_signals(now: datetime) -> int:
    """Make alerts of what changes signalled."""
    return await alert_watch.take_signals(now=now)


async def watch_alerts(now: datetime) -> int:
    """Look once whether anything is the matter."""
    await alert_watch.watch(now=now)
    return 0


async def send_digests(now: datetime) -> int:
    """Queue the mails that tell of alerts, as far as their recipients want one now."""
    await alert_digests.send_digests(digest_mail, now=now)
    return 0


async def feed_webhooks(now: datetime) -> int:
    """Queue new events for the webhooks that asked for them."""
    return await webhook_feed.feed_events(now=now)


async def prune_outgoing(now: datetime) -> int:
    """Delete what was sent, and alerts that were over, long enough ago."""
    mails = await mail_delivery.prune_mail(now=now) + await webhook_delivery.prune_deliveries(now=now)
    return mails + await alert_watch.prune_alerts(now=now)


def outgoing_duties(settings: Settings, now: Clock = clock) -> tuple[Duty, ...]:
    """Return the duties; without a mail server mails stay queued until there is one."""
    sender = WebhookSender(Egress(allow_private=settings.allow_private_webhooks), clock=now)
    duties = [
        Duty(name="take_signals", every_s=1, waits=alert_watch.has_signals, work=take_signals),
        Duty(name="watch_alerts", every_s=60, work=watch_alerts),
        Duty(name="send_digests", every_s=15, waits=alert_digests.has_news, work=send_digests),
        Duty(name="feed_webhooks", every_s=1, waits=webhook_feed.has_events_to_feed, work=feed_webhooks),
        Duty(name="send_webhooks", every_s=1, waits=webhook_delivery.has_due_deliveries, work=sender.work),
        Duty(name="prune_outgoing", every_s=3600, work=prune_outgoing),
    ]
    if settings.smtp_url is not None:
        server, mail_sender = parse_mail_server(settings.smtp_url.reveal()), parse_mail_sender(settings.mail_from)
        mailer = Mailer(server, mail_sender, public_url=settings.base_url, clock=now)
        duties.append(Duty(name="send_mail", every_s=1, waits=mailer.has_work, work=mailer.work))
    return tuple(duties)
