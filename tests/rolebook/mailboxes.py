"""Mails for tests: queued as a verb does, sent by a clock that the test moves on."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta

from directory import mail_delivery
from directory.commit import commit_plan, in_unit_of
from directory.mail_delivery import MailView
from directory.model import Actor, TenantId
from directory.outbox import Message, queue_message
from directory.plan import Plan
from rolebook.mail_server import MailSender, MailServer
from rolebook.mailing import Mailer
from tests.fakes.mail_sink import MailSink

SENDER = MailSender("Rolebook", "rolebook@example.com")


class Clock:
    """A clock that goes on when it is told to."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


async def queue(*messages: Message, by: Actor, now: datetime) -> None:
    """Queue mails in one transaction."""
    plan = Plan(changes=tuple(queue_message(one, tenant_id=by.tenant_id, now=now) for one in messages))
    await in_unit_of(by, lambda: commit_plan(plan, by=by, now=now))


def messages_for(count: int) -> list[Message]:
    """Return so many mails to as many people."""
    return [
        Message(kind="test", recipient=f"p{number}@example.org", subject=f"Mail {number}", text=f"Hello {number}.\n")
        for number in range(count)
    ]


def mailer_to(sink: MailSink, clock: Clock) -> Mailer:
    """Return a mailer that sends to the sink."""
    server = MailServer(host="127.0.0.1", port=sink.port, tls="none")
    return Mailer(server, SENDER, public_url="https://rolebook.test", clock=clock)


async def send_until_settled(mailer: Mailer, clock: Clock, *, rounds: int = 400) -> None:
    """Let the mailer work until nothing is queued, and move the clock on whenever nothing is due."""
    for _ in range(rounds):
        if not await mailer.work(clock.now):
            clock.now += timedelta(minutes=10)
            if not await mailer.work(clock.now + timedelta(days=2)):
                return


async def a_moment() -> None:
    """Let other processes work before they are looked at again."""
    await asyncio.sleep(0.1)


async def mails_of(tenant_id: TenantId) -> list[MailView]:
    """Return all mails of a tenant."""
    return await mail_delivery.list_messages(tenant_id, limit=10_000)


async def states_of(tenant_id: TenantId) -> Counter[str]:
    """Return how many mails are in each state."""
    return Counter(mail.state for mail in await mails_of(tenant_id))
