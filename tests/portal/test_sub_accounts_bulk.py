"""Bulk actions: choosing people, seeing what would happen, applying exactly that; all without scripts."""

import csv
import io
from uuid import UUID

import pytest

from directory import bulk_jobs, users
from directory.model import UserId
from directory.store.compiled import Statement
from directory.store.unit import execute
from tests.directory.world import World, create_world
from tests.portal.browsing import SAME_ORIGIN, Browser, Page
from tests.portal.conftest import SignIn

pytestmark = pytest.mark.anyio


async def preview(browser: Browser, query: str, **fields: str) -> Page:
    """Choose people and an action as the list's form does, and go on to what would change."""
    page = await browser.open(f"sub-accounts/bulk/new?{query}")
    return await browser.send(page.form("/sub-accounts/bulk"), **fields)


async def is_active(world: World, user_id: UserId) -> bool:
    return (await users.get_user(world.tenant.tenant_id, user_id)).active


async def test_disabling_picked_people_shows_them_first_and_then_does_it(admin: Browser, world: World) -> None:
    ann = await world.push_user("ann", displayName="Ann Archer")
    ben = await world.push_user("ben", displayName="Ben")

    shown = await preview(admin, f"deed=disable&user_id={ann.user_id}", reason="Lost laptop")
    still = await is_active(world, ann.user_id)
    done = await admin.send(shown.form("/apply"))

    assert "For 1 person who was picked Reason Lost laptop" in shown.text
    assert "Ann Archer ann@example.org Loanee Sign-in disabled (Loanee)" in shown.text
    assert "Apply to 1 person" in shown.text
    assert still
    assert "1 changed" in done.text
    assert not await is_active(world, ann.user_id)
    assert await is_active(world, ben.user_id)


async def test_all_who_match_are_meant_and_who_is_left_alone_is_said_with_the_reason(
    admin: Browser, world: World
) -> None:
    for name in ("ann", "ben", "cleo"):
        await world.push_user(name)

    shown = await preview(admin, "deed=disable&all=yes&status=active", reason="x")

    assert "For Status: Active" in shown.text
    assert "3 change 1 left alone 4 looked at" in shown.text
    assert "Your own account 1 person" in shown.text


async def test_locking_asks_for_role_and_reason_and_says_what_is_missing(admin: Browser, world: World) -> None:
    ann = await world.push_user("ann")

    page = await preview(admin, f"deed=lock&user_id={ann.user_id}", role_id="", reason="")
    done = await admin.send(
        (await admin.send(
            page.form("/sub-accounts/bulk"), role_id=str(world.roles["administrator"].role_id), reason="Because"
        )).form("/apply")
    )  # fmt: skip

    assert page.status == 422
    assert "Choose one of the options." in page.text
    assert "1 changed" in done.text
    assert await world.role_of(ann) == "administrator"


async def test_a_privileged_role_is_marked_in_the_preview(admin: Browser, world: World) -> None:
    ann = await world.push_user("ann")
    role_id = str(world.roles["administrator"].role_id)

    shown = await preview(admin, f"deed=lock&user_id={ann.user_id}", role_id=role_id, reason="x")

    assert "Loanee Administrator Privileged 1" in shown.text
    assert "carries administration" in shown.text


@pytest.mark.parametrize("query", ["deed=disable", "deed=disable&user_id=x", "deed=disable&all=no"])
async def test_nobody_picked_leads_back(admin: Browser, query: str) -> None:
    page = await admin.open(f"sub-accounts/bulk/new?{query}")

    assert page.status == 422
    assert "Pick somebody first" in page.text


@pytest.mark.parametrize("query", ["status=gone", "role=x", "q=%00"])
async def test_a_filter_that_cannot_be_read_never_means_everybody(admin: Browser, world: World, query: str) -> None:
    await world.push_user("ann")

    asked = await admin.open(f"sub-accounts/bulk/new?deed=disable&all=yes&{query}")
    sent = await admin.post(
        "sub-accounts/bulk",
        {"csrf_token": await admin.token(), "deed": "disable", "reason": "x", "all": "yes", "query": query},
    )

    assert (asked.status, sent.status_code) == (422, 422)
    assert "could not be read" in asked.text


async def test_an_unknown_action_is_refused(admin: Browser) -> None:
    page = await admin.open("sub-accounts/bulk/new?deed=explode&all=yes")

    assert page.status == 422


async def test_exporting_picked_people_sends_the_file(admin: Browser, world: World) -> None:
    ann = await world.push_user("ann", displayName="Ann")
    await world.push_user("ben", displayName="Ben")

    page = await admin.open(f"sub-accounts/bulk/new?deed=export&user_id={ann.user_id}")

    assert page.path.endswith("/export.csv")
    assert "Ann" in page.response.text
    assert "Ben" not in page.response.text


async def test_sending_the_form_twice_does_it_once(admin: Browser, world: World) -> None:
    ann = await world.push_user("ann")
    shown = await preview(admin, f"deed=disable&user_id={ann.user_id}", reason="x")

    first, second = await admin.send(shown.form("/apply")), await admin.send(shown.form("/apply"))

    assert "1 changed" in first.text
    assert "1 changed" in second.text


async def test_another_hash_answers_that_something_else_was_shown(admin: Browser, world: World) -> None:
    ann = await world.push_user("ann")
    shown = await preview(admin, f"deed=disable&user_id={ann.user_id}", reason="x")

    page = await admin.send(shown.form("/apply"), plan_hash="0" * 64)

    assert page.status == 409
    assert "Nothing was changed" in page.text
    assert await is_active(world, ann.user_id)


async def test_a_preview_can_be_dropped(admin: Browser, world: World) -> None:
    ann = await world.push_user("ann")
    shown = await preview(admin, f"deed=disable&user_id={ann.user_id}", reason="x")

    page = await admin.send(shown.form("/cancel"))

    assert "Preview dropped" in page.text
    assert await is_active(world, ann.user_id)


async def test_many_are_a_job_whose_progress_is_shown_and_which_can_be_stopped(
    admin: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(7):
        await world.push_user(f"p{number}")
    monkeypatch.setattr(bulk_jobs, "AT_ONCE_USERS", 3)
    monkeypatch.setattr(bulk_jobs, "BATCH_USERS", 3)

    shown = await preview(admin, "deed=disable&all=yes&q=p", reason="x")
    running = await admin.send(shown.form("/apply"))
    job_id = running.path.rpartition("/")[2]
    await bulk_jobs.run_batch(world.tenant.tenant_id, UUID(job_id), now=world.tick())
    stream = await admin.open(f"{running.path}/stream?since=running-7-0")
    stopped = await admin.send((await admin.open(running.path)).form("/cancel"))

    assert 'value="0" max="7"' in running.response.text
    assert f'hx-sse:connect="{running.path}/stream?since=running-7-0"' in running.response.text
    assert 'value="3" max="7"' in stream.response.text
    assert "Stopped" in stopped.text
    assert "4 people stayed as they were" in stopped.text
    assert "hx-sse:connect" not in stopped.response.text


async def test_the_lists_of_an_action_have_pages_and_files(
    admin: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.pages.sub_accounts_bulk.PEOPLE_MAX", 2)
    for number in range(5):
        await world.push_user(f"p{number}", displayName=f"=P{number}")
    shown = await preview(admin, "deed=disable&all=yes", reason="x")

    first = await admin.open(f"{shown.path}/people")
    second = await admin.open(next(link for link in first.links if "after=" in link))
    left = await admin.open(f"{shown.path}/people?kind=left")
    answer = (await admin.open(f"{shown.path}/people.csv")).response
    lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))

    assert "=P0" in first.text
    assert "=P2" in second.text
    assert "Your own account" in left.text
    assert [line[1] for line in lines[1:]] == [f"'=P{number}" for number in range(5)]
    assert (await admin.open(f"{shown.path}/people?kind=nonsense")).status == 404


async def test_the_list_of_actions_shows_what_was_done(admin: Browser, world: World) -> None:
    empty = await admin.open("sub-accounts/bulk")
    ann = await world.push_user("ann")
    await admin.send((await preview(admin, f"deed=disable&user_id={ann.user_id}", reason="x")).form("/apply"))

    page = await admin.open("sub-accounts/bulk")

    assert "No bulk actions yet" in empty.text
    assert "Disable sign-in 1 person who was picked Done 1 0 Administrator" in page.text


async def test_a_job_of_another_tenant_is_a_missing_page(sign_in: SignIn, world: World) -> None:
    bristol = await create_world("bristol")
    ann = await bristol.push_user("ann")
    theirs = await sign_in("administrator", where=bristol)
    shown = await preview(theirs, f"deed=disable&user_id={ann.user_id}", reason="x")
    browser = await sign_in("administrator")
    path = shown.path.replace("/bristol/", f"/{world.tenant.slug}/")

    for place in ("", "/people", "/people.csv", "/stream"):
        assert (await browser.open(path + place)).status == 404
    answer = await browser.client.post(f"{path}/apply", data={"csrf_token": await browser.token()}, headers=SAME_ORIGIN)
    assert answer.status_code == 404


async def test_picked_people_of_another_tenant_are_nobody(admin: Browser) -> None:
    theirs = await (await create_world("bristol")).push_user("zoe", displayName="Zoe Foreign")

    shown = await preview(admin, f"deed=disable&user_id={theirs.user_id}", reason="x")

    assert "Nobody changes" in shown.text
    assert "Zoe" not in shown.text


ENDED = Statement(
    "UPDATE bulk_job_row SET state = 'cancelled', end_reason = $1::text, started_at = created_at,"
    " ended_at = created_at",
    house=True,
)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("operator", "Stopped: the operator who asked may no longer manage users."),
        ("failures", "Stopped: it failed five times in a row."),
    ],
)
async def test_why_an_action_was_stopped_stands_on_its_page(
    admin: Browser, world: World, reason: str, words: str
) -> None:
    ann = await world.push_user("ann")
    shown = await preview(admin, f"deed=disable&user_id={ann.user_id}", reason="x")
    await execute(ENDED, reason)

    page = await admin.open(shown.path)
    listed = await admin.open("sub-accounts/bulk")

    assert words in page.text
    assert "Stopped" in listed.text
