"""Alerts: raised with what shows them, one at a time for each thing, and told once."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from directory import (
    alert_digests,
    alert_list,
    alert_recipients,
    alert_watch,
    events,
    mail_delivery,
    secret_keys,
    traffic,
)
from directory.alert_recipients import Choice
from directory.alerts import AlertCase, AlertKind, alert_change, recovery_change
from directory.commit import commit_plan, in_unit_of
from directory.digests import Digest
from directory.door_refusals import flush_refusals, note_refusal
from directory.errors import AlreadyExistsError, ForbiddenError, InvalidError, LastAdministratorError, NotFoundError
from directory.ids import new_id
from directory.model import Actor, RequestDraft, RequestId, UserId
from directory.outbox import Message
from directory.plan import Change, Plan
from directory.plan_alerts import Alert
from directory.refusal_kinds import RefusalKind
from tests.directory.world import World, create_world

pytestmark = pytest.mark.anyio


def held(subject: str = "push", level: int = 1, kind: AlertKind = "changes_held") -> AlertCase:
    return AlertCase(kind=kind, subject=subject, label="Entra", detail="12 changes are held.", level=level)


async def commit(world: World, *changes: Change) -> None:
    now = world.tick()
    await in_unit_of(world.system, lambda: commit_plan(Plan(changes=changes), by=world.system, now=now))


async def raise_alerts(world: World, *cases: AlertCase) -> list[Alert]:
    tenant_id = world.tenant.tenant_id
    await commit(world, *(alert_change(case, tenant_id=tenant_id, now=world.now) for case in cases))
    await alert_watch.take_signals(now=world.tick())
    return await alert_list.list_open(tenant_id)


async def end_alert(world: World, case: AlertCase) -> None:
    await commit(world, recovery_change(case.kind, case.subject, tenant_id=world.tenant.tenant_id, now=world.now))
    await alert_watch.take_signals(now=world.tick())


def worded(digest: Digest) -> Message:
    told = ", ".join(f"{one.told} {one.alert.kind} {one.alert.level}" for one in digest.entries)
    return Message(kind="alert", recipient=digest.recipient.address or "", subject=told, text=told)


async def mailed(world: World, now: datetime) -> list[str]:
    """Send what is due, and return what all mails until now say, the oldest first."""
    await alert_digests.send_digests(worded, now=now)
    return [mail.subject for mail in await mail_delivery.list_messages(world.tenant.tenant_id, limit=100)][::-1]


async def actions_of(world: World) -> Sequence[str]:
    return [event.action for event in await events.list_events(world.tenant.tenant_id, limit=50)]


async def test_what_is_raised_twice_is_one_alert(world: World) -> None:
    await raise_alerts(world, held(), held())
    (alert,) = await raise_alerts(world, held())

    assert (alert.kind, alert.state, alert.mark) == ("changes_held", "open", 1)
    assert [one.subject for one in await raise_alerts(world, held("other"))] == ["other", "push"]


async def test_an_alert_of_a_change_that_is_undone_is_not_raised(world: World) -> None:
    async def body() -> None:
        change = alert_change(held(), tenant_id=world.tenant.tenant_id, now=world.now)
        await commit_plan(Plan(changes=(change,)), by=world.system, now=world.now)
        raise LastAdministratorError

    with pytest.raises(LastAdministratorError):
        await in_unit_of(world.system, body)

    assert not await alert_watch.has_signals(world.now)


async def test_what_is_over_recovers_and_can_begin_anew(world: World) -> None:
    (first,) = await raise_alerts(world, held())
    await end_alert(world, held())
    assert await alert_list.list_open(world.tenant.tenant_id) == []
    (past,) = await alert_list.list_past(world.tenant.tenant_id, limit=10)
    (second,) = await raise_alerts(world, held())

    assert (past.alert_id, past.state) == (first.alert_id, "recovered")
    assert second.alert_id != first.alert_id
    assert (await actions_of(world))[:3] == ["alert:raised", "alert:recovered", "alert:raised"]


async def test_what_begins_and_ends_at_once_is_no_alert(world: World) -> None:
    now, tenant_id = world.now, world.tenant.tenant_id
    await commit(
        world,
        alert_change(held(), tenant_id=tenant_id, now=now),
        recovery_change("changes_held", "push", tenant_id=tenant_id, now=now),
    )
    await alert_watch.take_signals(now=world.tick())

    assert await alert_list.list_open(tenant_id) == []
    assert await alert_list.list_past(tenant_id, limit=10) == []


async def test_the_first_mail_comes_at_once_and_nothing_is_told_twice(world: World) -> None:
    await alert_recipients.add_recipient(Choice(), address="ops@example.org", by=world.system, now=world.now)
    await raise_alerts(world, held())
    start = world.now
    assert await mailed(world, start) == ["new changes_held 1"]

    await raise_alerts(world, held(), held("other", kind="report_failed"))
    assert len(await mailed(world, start + timedelta(minutes=59))) == 1
    assert await mailed(world, start + timedelta(minutes=61)) == ["new changes_held 1", "new report_failed 1"]
    assert len(await mailed(world, start + timedelta(days=9))) == 2
    assert not await alert_digests.has_news(start)


async def test_what_gets_worse_is_told_again_and_what_is_over_too(world: World) -> None:
    await alert_recipients.add_recipient(
        Choice(rhythm="day"), address="ops@example.org", by=world.system, now=world.now
    )
    at = (await raise_alerts(world, held()))[0].opened_at
    await mailed(world, at)
    await raise_alerts(world, held(level=2))
    assert len(await mailed(world, at + timedelta(hours=23))) == 1
    assert (await mailed(world, at + timedelta(hours=25)))[1:] == ["worse changes_held 2"]
    await end_alert(world, held())

    assert (await mailed(world, at + timedelta(hours=50)))[2:] == ["over changes_held 2"]


async def test_what_was_over_before_the_digest_is_never_told(world: World) -> None:
    await alert_recipients.add_recipient(Choice(), address="ops@example.org", by=world.system, now=world.now)
    await raise_alerts(world, held())
    await end_alert(world, held())

    assert await mailed(world, world.tick()) == []
    assert not await alert_digests.has_news(world.now)


async def test_recipients_hear_of_the_kinds_they_chose_at_the_address_that_holds_then(world: World) -> None:
    ann = await world.push_user("ann", emails=[{"value": "ann@example.org", "type": "work", "primary": True}])
    await world.map_group(await world.push_group("Admins", ["ext-ann"]), "administrator")
    await alert_recipients.add_recipient(
        Choice(kinds=frozenset({"source_silent"})), address="else@example.org", by=world.system, now=world.now
    )
    await alert_recipients.add_recipient(Choice(), user_id=ann.user_id, by=world.system, now=world.now)
    await raise_alerts(world, held())
    await mailed(world, world.tick())

    (mail,) = await mail_delivery.list_messages(world.tenant.tenant_id, limit=10)
    assert mail.recipient == "ann@example.org"


async def test_who_is_added_later_is_told_what_is_open_and_who_left_is_told_nothing(world: World) -> None:
    await raise_alerts(world, held())
    assert await mailed(world, world.tick()) == []
    ann = await world.push_user("ann", emails=[{"value": "ann@example.org"}], active=False)
    await alert_recipients.add_recipient(Choice(), user_id=ann.user_id, by=world.system, now=world.tick())
    assert await mailed(world, world.tick()) == []
    await alert_recipients.add_recipient(Choice(), address="ops@example.org", by=world.system, now=world.tick())

    assert await mailed(world, world.tick()) == ["new changes_held 1"]


async def test_whoever_looks_after_an_alert_keeps_others_from_being_told(world: World) -> None:
    (alert,) = await raise_alerts(world, held())
    await alert_list.acknowledge(alert.alert_id, by=world.system, now=world.tick())
    await alert_recipients.add_recipient(Choice(), address="ops@example.org", by=world.system, now=world.tick())
    assert await mailed(world, world.tick()) == []
    with pytest.raises(InvalidError, match="already"):
        await alert_list.acknowledge(alert.alert_id, by=world.system, now=world.tick())

    (worse,) = await raise_alerts(world, held(level=2))
    assert (worse.state, worse.acknowledged_by) == ("open", None)
    assert await mailed(world, world.tick()) == ["new changes_held 2"]


async def test_recipients_are_of_one_tenant_and_for_those_who_manage_settings(world: World) -> None:
    now, other = world.now, await create_world("other")
    ann = await other.push_user("ann")
    recipient_id = await alert_recipients.add_recipient(Choice(), address="a@example.org", by=world.system, now=now)
    viewer = Actor(tenant_id=world.tenant.tenant_id, kind="operator", label="x", permissions=frozenset({"portal:view"}))

    with pytest.raises(AlreadyExistsError):
        await alert_recipients.add_recipient(Choice(), address="a@example.org", by=world.system, now=now)
    with pytest.raises(NotFoundError):
        await alert_recipients.add_recipient(Choice(), user_id=ann.user_id, by=world.system, now=now)
    with pytest.raises(NotFoundError):
        await alert_recipients.add_recipient(Choice(), user_id=UserId(new_id(now)), by=world.system, now=now)
    with pytest.raises(NotFoundError):
        await alert_recipients.remove_recipient(recipient_id, by=other.system, now=now)
    with pytest.raises(InvalidError):
        await alert_recipients.add_recipient(
            Choice(kinds=frozenset()), address="b@example.org", by=world.system, now=now
        )
    for deed in (
        alert_recipients.add_recipient(Choice(), address="b@example.org", by=viewer, now=now),
        alert_recipients.remove_recipient(recipient_id, by=viewer, now=now),
        alert_recipients.send_test(recipient_id, by=viewer, now=now),
        alert_recipients.edit_recipient(recipient_id, Choice(), by=viewer, now=now),
    ):
        with pytest.raises(ForbiddenError):
            await deed


async def test_a_recipient_is_changed_tested_and_removed(world: World) -> None:
    now = world.now
    recipient_id = await alert_recipients.add_recipient(Choice(), address="a@example.org", by=world.system, now=now)
    choice = Choice(kinds=frozenset({"mail_failed"}), rhythm="day")
    await alert_recipients.edit_recipient(recipient_id, choice, by=world.system, now=world.tick())
    await alert_recipients.send_test(recipient_id, by=world.system, now=world.tick())
    (found,) = await alert_recipients.list_recipients(world.tenant.tenant_id)
    (mail,) = await mail_delivery.list_messages(world.tenant.tenant_id, limit=10)
    await alert_recipients.remove_recipient(recipient_id, by=world.system, now=world.tick())

    assert (found.kinds, found.rhythm) == (choice.kinds, "day")
    assert (mail.kind, mail.recipient) == ("test", "a@example.org")
    assert await alert_recipients.list_recipients(world.tenant.tenant_id) == []


async def test_a_secret_that_ends_is_told_at_30_14_7_and_1_days_and_when_it_has_ended(world: World) -> None:
    await alert_recipients.add_recipient(Choice(), address="ops@example.org", by=world.system, now=world.now)
    await secret_keys.issue_secret(
        world.source.source_id, label="x", lifetime=timedelta(days=180), by=world.system, now=world.now
    )
    start, told = world.now, 0
    at: list[int] = []
    for day in range(140, 185):
        now = start + timedelta(days=day, minutes=1)
        await alert_watch.watch(now=now)
        if len(await mailed(world, now)) > told:
            told += 1
            at.append(180 - day)
    await secret_keys.issue_secret(
        world.source.source_id,
        label="y",
        lifetime=timedelta(days=180),
        by=world.system,
        now=start + timedelta(days=190),
    )
    await alert_watch.watch(now=start + timedelta(days=190))

    assert at == [30, 14, 7, 1, 0]
    assert await alert_list.list_open(world.tenant.tenant_id) == []


async def test_a_connection_that_fails_or_falls_silent_raises_an_alert_and_ends_it_when_it_is_well(
    world: World,
) -> None:
    await secret_keys.issue_secret(world.source.source_id, label="x", by=world.system, now=world.now)
    for _ in range(3):
        note(world, 400)
    await traffic.flush(now=world.tick())
    await alert_watch.watch(now=world.tick())
    failing = [alert.kind for alert in await alert_list.list_open(world.tenant.tenant_id)]
    for _ in range(6):
        note(world, 200)
    await traffic.flush(now=world.now + timedelta(minutes=2))
    await alert_watch.watch(now=world.tick())
    well = [alert.kind for alert in await alert_list.list_open(world.tenant.tenant_id)]
    await alert_watch.watch(now=world.now + timedelta(days=3))
    silent = [alert.kind for alert in await alert_list.list_open(world.tenant.tenant_id)]

    assert (failing, well, silent) == (["source_failing"], [], ["source_silent"])


def note(world: World, status: int, detail: str | None = None) -> None:
    now = world.tick()
    traffic.note_request(
        RequestDraft(
            request_id=RequestId(new_id(now)),
            tenant_id=world.tenant.tenant_id,
            source_id=world.source.source_id,
            secret_id=None,
            reference="x",
            method="PATCH" if status >= 400 else "GET",
            path="/scim/v2/Users",
            started_at=now,
            elapsed_us=lambda: 1,
            status=status,
            detail=detail,
        )
    )


async def test_a_refusal_that_kept_the_last_administrator_is_told_and_passes_after_a_day(world: World) -> None:
    note(world, 403, f"The directory refuses this: {LastAdministratorError()}.")
    await traffic.flush(now=world.tick())
    await alert_watch.take_signals(now=world.tick())
    (alert,) = await alert_list.list_open(world.tenant.tenant_id)
    await alert_watch.watch(now=world.now + timedelta(hours=25))

    assert (alert.kind, alert.label) == ("administrator_refused", "Entra")
    assert "administrator_refused" not in {one.kind for one in await alert_list.list_open(world.tenant.tenant_id)}


async def test_secrets_that_are_refused_again_and_again_raise_an_alert(world: World) -> None:
    issued = await secret_keys.issue_secret(world.source.source_id, label="x", by=world.system, now=world.now)
    kind = RefusalKind(cause="revoked", public_id=issued.secret.public_id)
    for _ in range(9):
        note_refusal(kind, at=world.tick())
    await flush_refusals(now=world.now)
    await alert_watch.watch(now=world.tick())
    assert await alert_list.list_open(world.tenant.tenant_id) == []
    note_refusal(kind, at=world.tick())
    await flush_refusals(now=world.now)
    await alert_watch.watch(now=world.tick())

    (alert,) = await alert_list.list_open(world.tenant.tenant_id)
    assert alert.kind == "secrets_refused"
    await alert_watch.watch(now=world.now + timedelta(hours=2))
    assert await alert_list.list_open(world.tenant.tenant_id) == []


async def test_alerts_of_another_tenant_are_not_there(world: World) -> None:
    other = await create_world("other")
    (alert,) = await raise_alerts(world, held())

    assert await alert_list.list_open(other.tenant.tenant_id) == []
    with pytest.raises(NotFoundError):
        await alert_list.acknowledge(alert.alert_id, by=other.system, now=world.now)
    with pytest.raises(NotFoundError):
        await alert_list.get_alert(other.tenant.tenant_id, alert.alert_id)


async def test_old_alerts_are_forgotten(world: World) -> None:
    await alert_recipients.add_recipient(Choice(), address="ops@example.org", by=world.system, now=world.now)
    await raise_alerts(world, held(), held("other"))
    await mailed(world, world.tick())
    await end_alert(world, held())
    await mailed(world, world.now + timedelta(days=1))

    assert await alert_watch.prune_alerts(now=world.now + timedelta(days=370)) == 1
    assert [one.subject for one in await alert_list.list_open(world.tenant.tenant_id)] == ["other"]
