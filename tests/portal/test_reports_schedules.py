"""Schedules of reports in the portal: made, changed, tested, paused and looked at."""

from datetime import timedelta

import pytest

from directory import locks, schedules
from directory.model import User
from directory.schedule_values import Recipient, Schedule
from directory.store.compiled import Statement
from directory.store.unit import execute
from tests.directory.scheduling import mails_of, make_schedule, send_all, terms
from tests.directory.world import World, create_world
from tests.portal.browsing import Browser, FormOnPage
from tests.portal.conftest import SignIn, make_stale

pytestmark = pytest.mark.anyio

FAIL = Statement("UPDATE outbox_row SET state = 'failed', error = 'The mail server said: no such box.'", house=True)
EMAIL = Statement("UPDATE user_row SET email = $2::text WHERE id = $1::uuid", house=True)


async def boss_of(world: World) -> User:
    """Make an operator with an address."""
    user = await locks.create_local_user(
        "boss", display_name="The Boss", role_id=world.roles["viewer"].role_id, by=world.system, now=world.tick()
    )
    await execute(EMAIL, user.user_id, "boss@example.org")
    return user


async def new_form(admin: Browser, report: str = "never-seen") -> FormOnPage:
    return (await admin.open(f"reports/schedules/new?report={report}&days=30")).form("/schedules/new")


async def only(world: World) -> Schedule:
    (found,) = await schedules.list_schedules(world.tenant.tenant_id)
    return found


async def test_a_schedule_is_made_in_two_pages_and_shows_its_next_time(world: World, admin: Browser) -> None:
    boss = await boss_of(world)
    choose = await admin.open("reports/schedules/new")
    assert "Which report?" in choose.text
    form = await new_form(admin)
    assert (form.fields["days"], form.fields["kind"], form.fields["skips_empty"]) == ("30", "any", "yes")

    done = await admin.send(
        form, every="week", weekday="4", time="07:30", zone="Europe/Berlin", operator=str(boss.user_id),
        addresses="ops@example.org",
    )  # fmt: skip

    assert "Schedule created." in done.text
    assert "Every Friday at 07:30 (Europe/Berlin)" in done.text
    assert "The Boss" in done.text
    assert "All of them · For 30 days" in done.text
    made = await only(world)
    assert made.terms.recipients == (Recipient(user_id=boss.user_id), Recipient(address="ops@example.org"))
    assert "Every Friday at 07:30" in (await admin.open("reports/schedules")).text
    assert "every Friday at 07:30" in (await admin.open("reports/never-seen")).text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"addresses": ""}, "Recipients are missing"),
        ({"addresses": "nobody"}, "Addresses include nobody, which is not an e-mail address"),
        ({"time": "25:00"}, "Enter a time as hours and minutes"),
        ({"zone": "Europe/Atlantis"}, "Zone is no zone that is known here"),
        ({"month_day": "40"}, "Enter a whole number from 1 to 31"),
        ({"name": ""}, "Enter a value"),
        ({"every": "year"}, "Choose one of the options"),
        ({"operator": "0190a5a0-0000-7000-8000-000000000000"}, "name somebody who is not here any more"),
    ],
)
async def test_what_cannot_be_is_said_beside_the_form(
    world: World, admin: Browser, fields: dict[str, str], words: str
) -> None:
    answer = await admin.send(await new_form(admin), **{"addresses": "ops@example.org", **fields})

    assert answer.status == 422
    assert words in answer.text
    assert await schedules.list_schedules(world.tenant.tenant_id) == []


async def test_a_change_keeps_who_was_picked_and_loses_to_a_newer_one(world: World, admin: Browser) -> None:
    boss = await boss_of(world)
    made = await make_schedule(world, terms(recipients=[Recipient(user_id=boss.user_id)]))
    page = await admin.open(f"reports/schedules/{made.schedule_id}/edit")
    form = page.form("/edit")
    assert form.fields["operator"] == str(boss.user_id)

    done = await admin.send(form, name="Evening list", time="18:00")
    late = await admin.send(form, name="Night list")

    assert "Schedule changed." in done.text
    assert late.status == 409
    assert (await only(world)).terms.name == "Evening list"


async def test_a_schedule_is_paused_resumed_and_deleted(world: World, admin: Browser) -> None:
    made = await make_schedule(world)
    place = f"reports/schedules/{made.schedule_id}"

    paused = await admin.send((await admin.open(place)).form("/pause"))
    assert "Nothing is sent" in paused.text
    assert "Paused" in (await admin.open("reports/never-seen")).text
    resumed = await admin.send(paused.form("/resume"))
    assert "Resumed." in resumed.text
    gone = await admin.send((await admin.open(f"{place}/delete")).form("/delete"))

    assert "Schedule deleted." in gone.text
    assert (await admin.open(place)).status == 404


async def test_send_now_and_a_test_are_asked_for_once_and_shown(world: World, admin: Browser) -> None:
    made = await make_schedule(world)
    place = f"reports/schedules/{made.schedule_id}"

    asked = await admin.send((await admin.open(place)).form("/send"))
    again = await admin.send(asked.form("/send"))
    assert "Being sent" in asked.text
    assert (again.status, "The report is being sent already." in again.text) == (422, True)
    await send_all(world.tick())
    tested = await admin.send((await admin.open(place)).form("/test"), address="me@example.org")
    wrong = await admin.send(tested.form("/test"), address="me")
    await send_all(world.now + timedelta(minutes=1))

    assert "The test is on its way." in tested.text
    assert (wrong.status, "It is not an e-mail address" in wrong.text) == (422, True)
    assert [mail.recipient for mail in await mails_of(world)] == ["ops@example.org", "me@example.org"]
    assert "On its way" in (await admin.open(place)).text


async def test_a_mail_that_was_not_delivered_is_shown_with_the_reason(world: World, admin: Browser) -> None:
    await boss_of(world)
    made = await make_schedule(world)
    await send_all(made.next_at)
    await execute(FAIL)

    found = await admin.open(f"reports/schedules/{made.schedule_id}")

    assert "Not delivered" in found.text
    assert "The mail server said: no such box." in found.text

    done = await admin.send(found.form("/again"))
    assert "Queued. The list shows what becomes of it." in done.text
    assert "On its way" in done.text
    assert [mail.recipient for mail in await mails_of(world)] == ["ops@example.org"]
    late = await admin.send(found.form("/again"))
    assert (late.status, "sent or left already, or is still to be sent" in late.text) == (422, True)


async def test_whoever_only_looks_changes_nothing(world: World, sign_in: SignIn) -> None:
    made = await make_schedule(world)
    viewer = await sign_in("viewer")

    found = await viewer.open(f"reports/schedules/{made.schedule_id}")

    assert found.status == 200
    assert [form.action for form in found.forms if "/reports/" in form.action] == []
    assert (await viewer.open("reports/schedules/new")).status == 403


async def test_mail_to_new_addresses_asks_who_is_there(world: World, admin: Browser) -> None:
    made = await make_schedule(world)
    form = await new_form(admin)
    test = (await admin.open(f"reports/schedules/{made.schedule_id}")).form("/test")
    await make_stale()

    assert "Confirm it is you" in (await admin.send(form, addresses="x@example.org")).text
    assert "Confirm it is you" in (await admin.send(test, address="x@example.org")).text
    assert await only(world) == made


async def test_schedules_of_another_tenant_are_not_there(world: World, sign_in: SignIn) -> None:
    made = await make_schedule(world)
    other = await create_world("bristol")
    from_elsewhere = await sign_in("administrator", where=other)

    assert (await from_elsewhere.open(f"reports/schedules/{made.schedule_id}")).status == 404
    assert (await from_elsewhere.open("reports/schedules")).text.count("Morning list") == 0
