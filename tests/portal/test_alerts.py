"""Settings > Alerts: what is the matter, who is told, and mails that may not have arrived."""

from datetime import UTC, datetime

import pytest

from directory import alert_list, alert_recipients, mail_delivery
from directory.alert_recipients import Choice
from directory.alerts import ALERT_KINDS
from tests.directory.world import World
from tests.portal.browsing import Browser
from tests.portal.conftest import SignIn
from tests.portal.telling import CASE, end_alert, failed_mail, raise_alert

pytestmark = pytest.mark.anyio


async def test_nothing_the_matter_says_so(admin: Browser) -> None:
    page = await admin.open("alerts")

    assert "Nothing is the matter" in page.text
    assert "Nothing was the matter yet" in page.text


async def test_an_alert_is_looked_after_and_goes_below_when_it_is_over(admin: Browser, world: World) -> None:
    now = datetime.now(UTC)
    await raise_alert(world, CASE, now)
    page = await admin.open("alerts")
    assert "A report was not sent" in page.text
    assert "Leavers <b>daily</b>" in page.text
    acknowledged = await admin.send(page.form("/acknowledge"))
    assert "You look after it" in acknowledged.text
    assert "Looked after" in acknowledged.text
    assert not [form for form in acknowledged.forms if form.action.endswith("/acknowledge")]
    again = await admin.send(page.form("/acknowledge"))
    assert again.status == 200

    await end_alert(world, CASE, now)
    assert "Nothing is the matter" in (await admin.open("alerts")).text
    assert await alert_list.list_open(world.tenant.tenant_id) == []


async def test_open_alerts_stand_on_the_overview_until_somebody_looks_after_them(admin: Browser, world: World) -> None:
    await raise_alert(world, CASE, datetime.now(UTC))
    before = await admin.open("overview")
    await admin.send((await admin.open("alerts")).form("/acknowledge"))
    after = await admin.open("overview")

    assert "A report was not sent: Leavers <b>daily</b>" in before.text
    assert "A report was not sent" not in after.text


async def test_more_that_is_over_is_loaded_from_where_the_list_ends(admin: Browser, world: World) -> None:
    now = datetime.now(UTC)
    for number in range(30):
        case = type(CASE)(kind="report_failed", subject=f"{number}", label=f"Report {number:02}", detail="x")
        await raise_alert(world, case, now)
        await end_alert(world, case, now)
    page = await admin.open("alerts")
    more = await admin.open(next(link for link in page.links if "before=" in link))

    shown = [f"Report {number:02}" for number in range(30)]
    assert [label for label in shown if label in page.text] == shown[5:]
    assert [label for label in shown if label in more.text] == shown[:5]


async def test_a_recipient_is_added_tested_changed_and_removed_without_a_script(admin: Browser, world: World) -> None:
    page = await admin.open("alerts/recipients")
    assert "Nobody is told" in page.text
    assert "ROLEBOOK_SMTP_URL" in page.text  # no mail server here: the page says so
    wrong = await admin.send(page.form("/alerts/recipients"), address="nobody")
    assert wrong.status == 422
    assert "is not an e-mail address" in wrong.text
    added = await admin.send(wrong.form("/alerts/recipients"), address="ops@example.org")
    assert "Added" in added.text
    assert "Everything" in added.text
    twice = await admin.send(page.form("/alerts/recipients"), address="ops@example.org")
    assert "They are told already" in twice.text

    tested = await admin.send(added.form("/test"))
    assert "Rolebook: test of alert mails" in tested.text
    (recipient,) = await alert_recipients.list_recipients(world.tenant.tenant_id)
    asked = await admin.open(f"alerts/recipients/{recipient.recipient_id}")
    form = asked.form(str(recipient.recipient_id))
    for kind in list(form.fields):
        if kind.startswith("kind_") and kind != "kind_mail_failed":
            del form.fields[kind]
    changed = await admin.send(form, rhythm="day")
    assert f"1 of {len(ALERT_KINDS)} kinds" in changed.text
    assert "at most daily" in changed.text
    removed = await admin.send(changed.form("/remove"))
    assert "Nobody is told" in removed.text


async def test_nothing_to_be_told_of_is_refused(admin: Browser) -> None:
    page = await admin.open("alerts/recipients")
    form = page.form("/alerts/recipients")
    form.fields = {name: value for name, value in form.fields.items() if not name.startswith("kind_")}
    refused = await admin.send(form, address="ops@example.org")

    assert refused.status == 422
    assert "Choose at least one kind" in refused.text


async def test_an_operator_is_told_at_the_address_the_directory_has(admin: Browser, world: World) -> None:
    ann = await world.push_user("ann", displayName="Ann <i>Lee</i>", emails=[{"value": "ann@example.org"}])
    group = await world.push_group("Admins", ["ext-ann"])
    await world.map_group(group, "administrator")
    page = await admin.open("alerts/recipients")
    added = await admin.send(page.form("/alerts/recipients"), user_id=str(ann.user_id))

    assert "Ann <i>Lee</i> ann@example.org" in added.text


async def test_a_mail_that_failed_or_may_not_have_arrived_is_sent_again(admin: Browser, world: World) -> None:
    now = datetime.now(UTC)
    await failed_mail(world, now)
    await failed_mail(world, now, outcome_known=False)
    page = await admin.open("alerts/mails")
    assert "550 no such mailbox" in page.text
    assert "Outcome unknown (1)" in page.text
    assert "They may have arrived" in page.text
    unknown = await admin.open("alerts/mails?state=unknown")
    assert "550 no such mailbox" not in unknown.text

    queued = await admin.send(unknown.form("/again"))
    assert "Queued" in queued.text
    states = [mail.state for mail in await mail_delivery.list_messages(world.tenant.tenant_id, limit=10)]
    assert states == ["queued", "failed"]
    assert (await admin.send(unknown.form("/again"))).status == 200


async def test_what_failed_is_left_as_it_is_or_sent_again_all_at_once(admin: Browser, world: World) -> None:
    now = datetime.now(UTC)
    for _ in range(3):
        await failed_mail(world, now)
    await failed_mail(world, now, outcome_known=False)
    left = await admin.send((await admin.open("alerts/mails?state=unknown")).form("/leave"))
    assert "Left as it is" in left.text
    assert "Outcome unknown (0)" in left.text
    queued = await admin.send(left.form("/mails/resend"))
    assert "queued again" in queued.text

    states = sorted(mail.state for mail in await mail_delivery.list_messages(world.tenant.tenant_id, limit=10))
    assert states == ["left", "queued", "queued", "queued"]
    assert not [form for form in queued.forms if form.action.endswith("/resend")]


async def test_an_operator_whose_address_is_none_is_shown_as_told_nothing(admin: Browser, world: World) -> None:
    ann = await world.push_user("ann", emails=[{"value": "ann@localhost", "type": "work", "primary": True}])
    bob = await world.push_user("bob", emails=[{"value": "bob@example.org"}])
    await world.map_group(await world.push_group("Admins", ["ext-ann"]), "administrator")
    for user in (ann, bob):
        await alert_recipients.add_recipient(Choice(), user_id=user.user_id, by=world.system, now=datetime.now(UTC))
    page = await admin.open("alerts/recipients")

    assert "No valid address: told nothing" in page.text
    assert "May not sign in here: told nothing" in page.text


async def test_a_viewer_sees_alerts_and_changes_nothing(sign_in: SignIn, world: World) -> None:
    await raise_alert(world, CASE, datetime.now(UTC))
    viewer = await sign_in("viewer")
    page = await viewer.open("alerts")
    recipients = await viewer.open("alerts/recipients")

    assert not [form for form in page.forms if form.action.endswith("/acknowledge")]
    assert not [form for form in recipients.forms if "recipients" in form.action]
    assert (await viewer.open("alerts/mails")).status == 403
