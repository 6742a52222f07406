"""User IDs become e-mail addresses: scanned, decided, confirmed, watched, reported, undone."""

from datetime import UTC, datetime

import pytest

from directory import conversion_runs, conversions, users
from directory.model import TenantId, User
from tests.directory.converting import push
from tests.directory.world import World
from tests.portal.browsing import Browser, Page
from tests.portal.conftest import SignIn, make_stale

pytestmark = pytest.mark.anyio


async def scan(admin: Browser) -> Page:
    start = await admin.open("conversion")
    return await admin.send(start.form("/conversion"))


async def finish(world: World) -> None:
    """Do what the background does."""
    tenant_id: TenantId = world.tenant.tenant_id
    for job in await conversions.list_conversions(by=world.system):
        while await conversion_runs.run_batch(tenant_id, job.job_id, now=datetime.now(UTC)):
            pass
        while await conversion_runs.undo_batch(tenant_id, job.job_id, now=datetime.now(UTC)):
            pass


async def name_of(user: User) -> str:
    return (await users.get_user(user.tenant_id, user.user_id)).attributes.user_name


async def test_from_scan_to_undo_without_scripts(world: World, admin: Browser) -> None:
    ann = await push(world, "ann", "ann@example.org", displayName="Ann Archer")
    await push(world, "ben@example.org", "ben@example.org")

    preview = await scan(admin)
    assert "1 will convert" in preview.text
    assert "1 e-mail already" in preview.text
    assert await name_of(ann) == "ann"
    people = await admin.open(preview.link("/people?kind=convert"))
    assert "Ann Archer ann ann@example.org" in people.text

    running = await admin.send(preview.form("/confirm"), alias_days="30")
    assert "0 of 1" in running.text
    await finish(world)
    report = await admin.open(running.path)
    assert "Former names match for 30 days" in report.text
    assert await name_of(ann) == "ann@example.org"
    person = await admin.open(f"sub-accounts/{ann.user_id}")
    assert "formerly ann, which matches until" in person.text
    assert "User name became the e-mail" in person.text

    asked = await admin.open(report.link("/undo"))
    await admin.send(asked.form("/undo"))
    await finish(world)
    assert await name_of(ann) == "ann"
    assert "1 restored" in (await admin.open(report.path)).text


async def test_a_conflict_is_decided_row_by_row(world: World, admin: Browser) -> None:
    fay = await push(world, "fay", "shared@example.org", "fay@example.org")
    await push(world, "gus", "shared@example.org")
    preview = await scan(admin)
    assert "E-mail of somebody else too" in preview.text

    conflicts = await admin.open(preview.link("reason=twice"))
    choice = await admin.open(conflicts.link(f"/people/{fay.user_id}"))
    wrong = await admin.send(choice.form(str(fay.user_id)), name="typed", address="no address")
    assert wrong.status == 422
    assert "must be one e-mail address" in wrong.text
    again = await admin.send(wrong.form(str(fay.user_id)), name="fay@example.org", address="")
    assert "fay@example.org decided by hand" in again.text
    assert "Convert 1 person" in (await admin.open(preview.path)).text


async def test_an_address_of_somebody_else_is_refused_beside_the_field(world: World, admin: Browser) -> None:
    cid = await push(world, "cid")
    await push(world, "ann", "ann@example.org")
    preview = await scan(admin)
    choice = await admin.open(f"{preview.path}/people/{cid.user_id}")
    refused = await admin.send(choice.form(str(cid.user_id)), name="typed", address="ann@example.org")
    assert refused.status == 422
    assert "Somebody has this name, or is to have it." in refused.text


async def test_what_changed_since_the_page_was_shown_is_not_confirmed(world: World, admin: Browser) -> None:
    ann = await push(world, "ann", "ann@example.org")
    await push(world, "ben", "ben@example.org")
    preview = await scan(admin)
    choice = await admin.open(f"{preview.path}/people/{ann.user_id}")
    await admin.send(choice.form(str(ann.user_id)), name="leave")

    refused = await admin.send(preview.form("/confirm"))

    assert refused.status == 409
    assert "Convert 1 person" in refused.text


async def test_days_that_cannot_be_are_told_beside_the_field(world: World, admin: Browser) -> None:
    await push(world, "ann", "ann@example.org")
    preview = await scan(admin)
    wrong = await admin.send(preview.form("/confirm"), alias_days="1000")
    assert wrong.status == 422
    assert "from 0 to 730" in wrong.text


async def test_confirming_and_undoing_ask_who_is_there(world: World, admin: Browser) -> None:
    await push(world, "ann", "ann@example.org")
    preview = await scan(admin)
    await make_stale()
    asked = await admin.send(preview.form("/confirm"))
    assert "Confirm" in asked.text
    job = await conversions.find_current(by=world.system)
    assert job is not None
    assert job.state == "scanned"


async def test_the_report_names_who_was_left_alone(world: World, admin: Browser) -> None:
    await push(world, "ann", "ann@example.org")
    dan = await push(world, "dan", "dan@example.org")
    preview = await scan(admin)
    await users.delete_user(dan.user_id, by=world.client, now=world.tick())
    running = await admin.send(preview.form("/confirm"))
    await finish(world)
    report = await admin.open(running.path)
    assert "Left alone: deleted since the scan" in report.text
    assert "dan dan@example.org" in (await admin.open(report.link("outcome=skipped"))).text


async def test_the_csv_has_everybody_with_the_reason(world: World, admin: Browser) -> None:
    await push(world, "=ann", "ann@example.org")
    await push(world, "cid")
    preview = await scan(admin)
    text = (await admin.open(f"{preview.path}/people.csv?bom=no")).response.text
    assert '"\'=ann"' in text
    assert '"Conflict","No e-mail"' in text
    only = (await admin.open(f"{preview.path}/people.csv?kind=convert&bom=no")).response.text
    assert "cid" not in only


async def test_progress_is_streamed(world: World, admin: Browser) -> None:
    await push(world, "ann", "ann@example.org")
    preview = await scan(admin)
    running = await admin.send(preview.form("/confirm"))
    answer = await admin.client.get(f"{running.path}/stream")
    assert "conversion-progress" in answer.text


async def test_a_failed_batch_names_its_rows_and_can_be_resumed(world: World, admin: Browser) -> None:
    ann = await push(world, "ann", "ann@example.org")
    running = await admin.send((await scan(admin)).form("/confirm"))
    job = await conversions.find_current(by=world.system)
    assert job is not None
    for _ in range(conversion_runs.FAILURES_MAX):
        await conversion_runs.note_failure(job.tenant_id, job.job_id, failed=True, now=datetime.now(UTC))
    stopped = await admin.open(running.path)
    assert "three times in a row" in stopped.text
    assert "ann → ann@example.org" in stopped.text
    await admin.send(stopped.form("/resume"))
    await finish(world)
    assert await name_of(ann) == "ann@example.org"


async def test_with_nothing_to_convert_the_page_says_so(admin: Browser) -> None:
    page = await scan(admin)
    assert "conflicts" in page.text or "All user IDs are e-mail addresses" in page.text


async def test_who_does_not_manage_settings_is_refused(sign_in: SignIn) -> None:
    assert (await (await sign_in("user_manager")).open("conversion")).status == 403
