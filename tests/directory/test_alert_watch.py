"""What is watched is told as bad as it is, ends when it is over, and one tenant's trouble is nobody else's."""

import asyncio
import contextvars
from dataclasses import replace
from datetime import timedelta

import pytest

from directory import alert_digests, alert_list, alert_recipients, alert_watch, mail_delivery, schedules, tenants
from directory.alert_recipients import Choice
from directory.alerts import AlertCase, alert_change
from directory.commit import commit_plan, in_unit_of
from directory.digests import Digest
from directory.model import User
from directory.outbox import Message
from directory.plan import Plan
from directory.plan_alerts import Alert
from directory.store import alerts
from rolebook.alert_mail import digest_mail
from tests.directory.guarding import disable, push_people, set_active, waiting
from tests.directory.scheduling import make_schedule
from tests.directory.world import World, create_world
from tests.rolebook.mailboxes import messages_for, queue

pytestmark = pytest.mark.anyio


async def tell_ops(world: World) -> None:
    await alert_recipients.add_recipient(Choice(), address="ops@example.org", by=world.system, now=world.now)


async def raise_alert(world: World, case: AlertCase) -> None:
    now = world.tick()
    change = alert_change(case, tenant_id=world.tenant.tenant_id, now=now)
    await in_unit_of(world.system, lambda: commit_plan(Plan(changes=(change,)), by=world.system, now=now))
    await alert_watch.take_signals(now=world.tick())


async def open_alerts(world: World) -> list[Alert]:
    return await alert_list.list_open(world.tenant.tenant_id)


async def mailed(world: World) -> list[str]:
    """Send what is due, and return to whom mails were queued until now."""
    await alert_digests.send_digests(digest_mail, now=world.tick())
    found = await mail_delivery.list_messages(world.tenant.tenant_id, limit=1000)
    return [mail.recipient for mail in found if mail.kind == "alert"]


async def take_signals(world: World) -> list[Alert]:
    await alert_watch.take_signals(now=world.tick())
    return await open_alerts(world)


async def fail_mails(world: World, count: int) -> None:
    await queue(*messages_for(count), by=world.system, now=world.tick())
    for claim in await mail_delivery.take_due_mail("test", domain="example.com", now=world.tick(), limit=200):
        await mail_delivery.settle_failed(claim, "550 no", for_good=True, now=world.now)


async def enable_held(world: World, people: list[User]) -> None:
    held_ids = {line.held.user_id for line in await waiting(world)}
    for user in people:
        if user.user_id in held_ids:
            await set_active(world, user, active=True)


async def test_an_operator_without_a_usable_address_holds_up_nobody(world: World) -> None:
    other = await create_world("zzz")
    ann = await world.push_user("ann", emails=[{"value": "ann@corp", "type": "work", "primary": True}])
    await world.map_group(await world.push_group("Admins", ["ext-ann"]), "administrator")
    await alert_recipients.add_recipient(Choice(), user_id=ann.user_id, by=world.system, now=world.now)
    for one in (world, other):
        await tell_ops(one)
        await raise_alert(one, AlertCase(kind="report_failed", subject="x", label="x", detail="x"))

    assert [await mailed(world), await mailed(other)] == [["ops@example.org"]] * 2
    (first, _) = await alert_recipients.list_recipients(world.tenant.tenant_id)
    assert (first.address, first.present, first.reachable) == ("ann@corp", True, False)


async def test_a_tenant_whose_mail_cannot_be_made_holds_up_no_other(world: World) -> None:
    other = await create_world("other")
    for one in (world, other):
        await tell_ops(one)
        await raise_alert(one, AlertCase(kind="report_failed", subject="x", label=one.tenant.slug, detail="x"))
    first, second = sorted((world, other), key=lambda one: one.tenant.tenant_id)

    def words(digest: Digest) -> Message:
        if digest.entries[0].alert.label == first.tenant.slug:
            raise LookupError("no words for it")
        return digest_mail(digest)

    with pytest.raises(ExceptionGroup, match="some tenants"):
        await alert_digests.send_digests(words, now=world.tick())

    assert len(await mail_delivery.list_messages(second.tenant.tenant_id, limit=10)) == 1
    assert len(await mailed(first)) == 1


async def test_an_operator_who_may_not_see_the_portal_any_more_is_told_nothing(world: World) -> None:
    ann = await world.push_user("ann", emails=[{"value": "ann@example.org"}])
    group = await world.push_group("Admins", ["ext-ann"])
    await world.map_group(group, "administrator")
    await alert_recipients.add_recipient(Choice(), user_id=ann.user_id, by=world.system, now=world.now)
    (before,) = await alert_recipients.list_recipients(world.tenant.tenant_id)
    bob = await world.push_user("bob", emails=[{"value": "bob@example.org"}])
    await alert_recipients.add_recipient(Choice(), user_id=bob.user_id, by=world.system, now=world.tick())
    await raise_alert(world, AlertCase(kind="report_failed", subject="x", label="x", detail="x"))

    assert before.reachable
    assert await mailed(world) == ["ann@example.org"]


async def test_held_changes_that_the_provider_takes_back_end_their_alert(world: World) -> None:
    people = await push_people(world, 30)
    for user in people[:14]:
        await disable(world, user)
    (alert,) = await take_signals(world)
    count = len(await waiting(world))
    assert f"The guard holds {count} change" in alert.detail
    await enable_held(world, people)
    assert await waiting(world) == []
    await alert_watch.watch(now=world.tick())

    assert await open_alerts(world) == []


async def test_held_changes_are_told_again_when_they_double_and_when_more_come_later(world: World) -> None:
    await tell_ops(world)
    people = await push_people(world, 60)
    for user in people[:14]:
        await disable(world, user)
    (first,) = await take_signals(world)
    await mailed(world)
    await alert_list.acknowledge(first.alert_id, by=world.system, now=world.tick())
    for user in people[14:40]:
        await disable(world, user)
    (doubled,) = await take_signals(world)
    assert (doubled.state, doubled.mark > first.mark, doubled.level > first.level) == ("open", True, True)

    world.now += timedelta(hours=2)
    await alert_watch.watch(now=world.tick())
    assert [one.mark for one in await open_alerts(world)] == [doubled.mark]  # seen again, and nothing happened
    assert len(await mailed(world)) == 2
    await disable(world, people[41])
    (later,) = await take_signals(world)
    assert later.mark == doubled.mark + 1
    assert f"holds {len(await waiting(world))} changes" in later.detail


async def test_mails_that_fail_are_told_by_order_of_magnitude_until_somebody_leaves_them(world: World) -> None:
    await fail_mails(world, 1)
    await alert_watch.watch(now=world.tick())
    (alert,) = await open_alerts(world)
    await alert_list.acknowledge(alert.alert_id, by=world.system, now=world.tick())
    await fail_mails(world, 5)
    await alert_watch.watch(now=world.tick())
    (same,) = await open_alerts(world)
    await fail_mails(world, 5)
    await alert_watch.watch(now=world.tick())
    (worse,) = await open_alerts(world)
    for mail in await mail_delivery.list_messages(world.tenant.tenant_id, limit=50):
        await mail_delivery.leave(mail.message_id, by=world.system, now=world.tick())
    await alert_watch.watch(now=world.tick())

    assert (alert.level, same.state, worse.state, worse.level) == (1, "acknowledged", "open", 2)
    assert await open_alerts(world) == []


async def test_a_tenant_without_a_connection_is_watched_too(world: World) -> None:
    bare = await tenants.create_tenant("Bare", slug="bare", now=world.tick())
    lone = replace(world, tenant=bare, system=tenants.system_actor(bare))
    await fail_mails(lone, 1)
    await alert_watch.watch(now=lone.tick())
    assert [one.kind for one in await open_alerts(lone)] == ["mail_failed"]
    (mail,) = await mail_delivery.list_messages(bare.tenant_id, limit=5)
    await mail_delivery.leave(mail.message_id, by=lone.system, now=lone.tick())
    await alert_watch.watch(now=lone.tick())

    assert await open_alerts(lone) == []


async def test_a_report_that_failed_is_over_when_its_schedule_is_paused_or_deleted(world: World) -> None:
    paused, deleted = await make_schedule(world), await make_schedule(world)
    for schedule in (paused, deleted):
        case = AlertCase(kind="report_failed", subject=str(schedule.schedule_id), label="x", detail="x")
        await raise_alert(world, case)
    assert len(await open_alerts(world)) == 2
    await schedules.pause_schedule(paused.schedule_id, by=world.system, now=world.tick())
    assert len(await take_signals(world)) == 1
    await schedules.delete_schedule(deleted.schedule_id, by=world.system, now=world.tick())

    assert await take_signals(world) == []


async def test_whoever_looks_after_an_alert_is_not_forgotten_by_a_look_at_the_same_time(world: World) -> None:
    await raise_alert(world, AlertCase(kind="changes_held", subject="x", label="x", detail="x"))
    (alert,) = await open_alerts(world)
    tenant_id, later = world.tenant.tenant_id, world.now + timedelta(minutes=11)
    held, order = asyncio.Event(), list[str]()

    async def look() -> None:
        async def body() -> None:
            await alerts.hold_open(tenant_id)
            held.set()
            for _ in range(20):  # whoever acknowledges begins, and waits
                await asyncio.sleep(0)
            order.append("looked")

        await in_unit_of(world.system, body)

    async def acknowledge() -> None:
        await held.wait()
        await alert_list.acknowledge(alert.alert_id, by=world.system, now=later)
        order.append("acknowledged")

    async with asyncio.TaskGroup() as group:
        group.create_task(look(), context=contextvars.copy_context())
        group.create_task(acknowledge(), context=contextvars.copy_context())

    (found,) = await open_alerts(world)
    assert order == ["looked", "acknowledged"]
    assert found.state == "acknowledged"
