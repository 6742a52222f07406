"""What goes out of a tenant, and what was begun in it, rests while it is suspended or deleted."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta

import pytest

from directory import alert_digests, closing, events, mail_delivery, webhook_delivery, webhook_feed
from directory.commit import commit_plan, in_unit_of
from directory.outbox import Message, queue_message
from directory.plan import Plan
from directory.pulls import due, run_life
from directory.pulls.kinds import offer_connectors
from directory.store.unit import Engine
from directory.sub_tenants.states import delete_tenant, restore_tenant, resume_tenant, suspend_tenant
from rolebook import schedule_duties
from tests.directory.scheduling import make_schedule
from tests.directory.world import World, create_world
from tests.portal.pulling import QuietConnectors, pulled_source
from tests.portal.running import begun
from tests.portal.telling import CASE, raise_alert, webhook_of

pytestmark = pytest.mark.anyio
Asks = Callable[[datetime], Awaitable[bool]]


async def a_mail(world: World) -> None:
    mail = Message(kind="report", recipient="ann@example.org", subject="Leavers", text="x")
    queued = queue_message(mail, tenant_id=world.tenant.tenant_id, now=world.now)
    await in_unit_of(world.system, lambda: commit_plan(Plan(changes=(queued,)), by=world.system, now=world.now))


async def a_delivery(world: World) -> None:
    await webhook_of(world, world.now)


async def an_event_for_a_webhook(world: World) -> None:
    await webhook_of(world, world.now)
    await raise_alert(world, CASE, world.now)
    await events.seal_events(now=world.tick(), limit=1_000)


async def a_report(world: World) -> None:
    await make_schedule(world)


async def a_pull(world: World) -> None:
    await pulled_source(world)


async def an_alert(world: World) -> None:
    await raise_alert(world, CASE, world.now)


async def a_closing(world: World) -> None:
    for number in range(150):
        await world.push_user(f"user-{number}")
    await closing.turn_off(world.source.source_id, "local", by=world.system, now=world.tick())


WORK: dict[str, tuple[Callable[[World], Awaitable[None]], Asks]] = {
    "mails": (a_mail, mail_delivery.has_due_mail),
    "deliveries": (a_delivery, webhook_delivery.has_due_deliveries),
    "events for webhooks": (an_event_for_a_webhook, webhook_feed.has_events_to_feed),
    "reports": (a_report, schedule_duties.has_reports_to_send),
    "pulls": (a_pull, due.has_due),
    "digests": (an_alert, alert_digests.has_news),
    "closings": (a_closing, closing.has_open_closings),
}


@pytest.fixture
async def below(store: Engine) -> AsyncIterator[World]:
    assert store is not None
    offer_connectors(QuietConnectors())
    await create_world("acme")
    yield await create_world("bristol", parent_slug="acme")
    offer_connectors(None)


@pytest.mark.parametrize("kind", WORK)
async def test_work_rests_with_its_tenant_and_goes_on_with_it(below: World, kind: str) -> None:
    make, waits = WORK[kind]
    await make(below)
    tenant_id, by, later = below.tenant.tenant_id, below.system, below.now + timedelta(days=2)
    said = [await waits(later)]
    await suspend_tenant(tenant_id, by=by, now=below.tick())
    said.append(await waits(later))
    await resume_tenant(tenant_id, by=by, now=below.tick())
    said.append(await waits(later))
    await delete_tenant(tenant_id, below.tenant.name, by=by, now=below.tick())
    said.append(await waits(later))
    await restore_tenant(tenant_id, by=by, now=below.tick())
    said.append(await waits(later))
    await resume_tenant(tenant_id, by=by, now=below.tick())
    said.append(await waits(later))
    assert said == [True, False, True, False, False, True]


async def test_a_pull_under_way_ends_when_its_tenant_is_suspended(below: World) -> None:
    run = await begun(below, await pulled_source(below))
    assert not await run_life.is_cancel_asked(run)
    await suspend_tenant(below.tenant.tenant_id, by=below.system, now=below.tick())
    assert await run_life.is_cancel_asked(run)
    assert not await due.has_due(below.now + timedelta(days=2))


async def test_nothing_of_a_resting_tenant_is_taken_though_another_has_work(below: World) -> None:
    other = await create_world("other")
    await a_mail(below)
    await a_mail(other)
    await suspend_tenant(below.tenant.tenant_id, by=below.system, now=below.tick())
    taken = await mail_delivery.take_due_mail("test", domain="example.com", now=below.now + timedelta(hours=1), limit=9)
    assert [claim.tenant_id for claim in taken] == [other.tenant.tenant_id]
