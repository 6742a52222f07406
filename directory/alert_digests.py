"""Telling recipients of alerts by mail: at once the first time, then in digests, and when all is well again."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from directory.commit import commit_plan, in_unit_of
from directory.digests import Digest, is_due, news_for, recipient_from
from directory.errors import DirectoryError, UnavailableError
from directory.model import Actor, TenantId
from directory.outbox import Message, queue_message
from directory.plan import Plan
from directory.plan_alerts import alert_from, watcher
from directory.store import access, alerts

Words = Callable[[Digest], Message]
"""Words a digest as a mail; the house does, since the room knows no pages."""


UNWORDED = (DirectoryError, ValueError, LookupError, TypeError)
"""What may be wrong with the mail of one tenant: the next one is told all the same."""


async def has_news(_now: datetime) -> bool:
    """Whether somebody may have to be told of an alert."""
    return await alerts.next_fresh_tenant(None) is not None


async def send_digests(words: Words, *, now: datetime) -> int:
    """Queue the mails that are due; returns how many.

    Raises:
        ExceptionGroup: of some tenants nothing could be queued; all others were told.
        UnavailableError: the database is away.
    """
    count = 0
    failed: list[Exception] = []
    tenant_id = await alerts.next_fresh_tenant(None)
    while tenant_id is not None:
        try:
            count += await _send_of(tenant_id, words, now=now)
        except UnavailableError:
            raise
        except UNWORDED as error:
            error.add_note(f"tenant {tenant_id}")
            failed.append(error)
        tenant_id = await alerts.next_fresh_tenant(tenant_id)
    if failed:
        raise ExceptionGroup("alerts of some tenants were not mailed", failed)
    return count


async def _send_of(tenant_id: TenantId, words: Words, *, now: datetime) -> int:
    by = watcher(tenant_id)

    async def body() -> int:
        fresh = [alert_from(row) for row in await alerts.hold_fresh(tenant_id)]
        recipients = [recipient_from(row) for row in await alerts.list_recipients(tenant_id)]
        told = await alerts.list_told(tenant_id, [alert.alert_id for alert in fresh])
        tenant = await access.find_tenant(tenant_id)
        tenant_name = "" if tenant is None else tenant.name
        waiting: set[UUID] = set()
        count = 0
        for recipient in recipients:
            news = news_for(recipient, fresh, told) if recipient.reachable else []
            if news and is_due(recipient, now):
                digest = Digest(recipient=recipient, tenant_name=tenant_name, entries=tuple(news))
                await _tell(digest, words, by=by, now=now)
                count += 1
            else:
                waiting.update(one.alert.alert_id for one in news)
        await alerts.settle_fresh(tenant_id, [one.alert_id for one in fresh if one.alert_id not in waiting])
        return count

    return await in_unit_of(by, body)


async def _tell(digest: Digest, words: Words, *, by: Actor, now: datetime) -> None:
    """Queue one mail, and note what it tells."""
    recipient_id = digest.recipient.recipient_id
    mail = queue_message(words(digest), tenant_id=by.tenant_id, now=now)
    await commit_plan(Plan(changes=(mail,)), by=by, now=now)
    told = [(recipient_id, one.alert.alert_id, one.alert.mark) for one in digest.entries]
    await alerts.tell(by.tenant_id, told)
    await alerts.note_mailed(by.tenant_id, recipient_id, now)
