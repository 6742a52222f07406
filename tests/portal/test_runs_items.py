"""What one pull did, object by object: by kind, by page, and as files."""

import csv
import io

import pytest

from directory.pulls.model import PullSource, Run
from tests.directory.world import World
from tests.portal.browsing import Browser, Page
from tests.portal.pulling import pulled_source
from tests.portal.running import Noted, begun, brought, ended, noted, opened, place, pulled_user, refused, rejected

pytestmark = pytest.mark.anyio


@pytest.fixture
async def source(world: World) -> PullSource:
    return await pulled_source(world)


async def big_run(world: World, source: PullSource) -> Run:
    """Let a pull create 130 people and disable one."""
    run = await begun(world, source)
    created: list[Noted] = [("user", "user:create", f"p{number:03}", None, []) for number in range(130)]
    await noted(run, *created, ("user", "user:disable", "=ann", None, [["active", True, False]]))
    counts = {"user:create": 130, "user:disable": 1}
    return await ended(world, await brought(world, run, "applying", counts))


def lines_of(page: Page) -> list[dict[str, str]]:
    """Return the lines of a file."""
    return list(csv.DictReader(io.StringIO(page.response.text.removeprefix("\ufeff"))))


async def test_changes_come_by_page_and_by_kind(admin: Browser, world: World, source: PullSource) -> None:
    run = await big_run(world, source)

    first = await opened(admin, source, "runs", run.run_id, "changes")
    second = await admin.open(next(link for link in first.links if "?after=" in link))
    disabled = await opened(admin, source, "runs", run.run_id, "changes?action=user:disable")

    assert "p000" in first.text
    assert "p100" not in first.text
    assert "p100" in second.text
    assert "=ann ext-=ann Users disabled active" in second.text
    assert "p000" not in disabled.text
    assert "This pull counted 1." in disabled.text


async def test_htmx_gets_the_next_lines_alone(admin: Browser, world: World, source: PullSource) -> None:
    run = await big_run(world, source)

    more = await admin.open(
        place(source, "runs", run.run_id, "changes?after=99"), hx_request="true", hx_target="tr#runs-items-more"
    )

    assert "p100" in more.text
    assert "<html" not in more.response.text


async def test_the_file_has_all_of_them_and_no_formula(admin: Browser, world: World, source: PullSource) -> None:
    run = await big_run(world, source)

    whole = lines_of(await opened(admin, source, "runs", run.run_id, "changes.csv"))
    disabled = lines_of(await opened(admin, source, "runs", run.run_id, "changes.csv?action=user:disable"))

    assert len(whole) == 131
    assert [(line["name"], line["change"], line["values"]) for line in disabled] == [
        ("'=ann", "Users disabled", "active: yes → no")
    ]


async def test_a_list_that_is_none_is_missing(admin: Browser, world: World, source: PullSource) -> None:
    run = await big_run(world, source)

    page = await admin.open(place(source, "runs", run.run_id, "changes?action=user:explode"))

    assert page.status == 404


async def test_what_was_not_taken_over_is_listed_with_the_reason(
    admin: Browser, world: World, source: PullSource
) -> None:
    run = await begun(world, source)
    await rejected(world, run, {f"r{number:03}": "userName is missing" for number in range(101)})
    await ended(world, await brought(world, run, "applying", {"rejected": 101}))

    shown = await opened(admin, source, "runs", run.run_id)
    first = await opened(admin, source, "runs", run.run_id, "rejected")
    second = await admin.open(next(link for link in first.links if "?after=" in link))
    lines = lines_of(await opened(admin, source, "runs", run.run_id, "rejected.csv"))

    assert "User r000 userName is missing." in shown.text
    assert "All 101" in shown.text
    assert "r100" not in first.text
    assert "User r100 userName is missing" in second.text
    assert len(lines) == 101


async def test_pulls_are_a_file_too(admin: Browser, world: World, source: PullSource) -> None:
    run = await big_run(world, source)

    (line,) = lines_of(await opened(admin, source, "runs", "export.csv"))

    assert (line["id"], line["changes"], line["state"]) == (str(run.run_id), "131", "Done")


async def test_a_pull_of_another_connector_is_missing(admin: Browser, world: World, source: PullSource) -> None:
    run = await big_run(world, source)
    other = await pulled_source(world, "Okta")

    for end in ((), ("changes",), ("rejected",), ("stream",)):
        assert (await admin.open(place(other, "runs", run.run_id, *end))).status == 404


async def test_what_could_not_be_applied_is_listed_with_the_reason(
    admin: Browser, world: World, source: PullSource
) -> None:
    run = await begun(world, source)
    await refused(world, run, source, "ext-<b>", "another user already has the userName =ann")
    await ended(world, await brought(world, run, "applying", {"user:create": 1, "failed": 1}))

    shown, listed = await opened(admin, source, "runs", run.run_id), await opened(admin, source, "problems")
    file = await admin.open(place(source, "problems", "export.csv"))

    assert "2 compared 1 changed 0 held 1 failed" in shown.text
    for page in (shown, listed):
        assert "Another user already has the userName =ann." in page.text
        assert "ext-<b>" in page.text
    assert f"/t/northwind/{place(source, 'problems')}" in shown.links
    assert '"user","=1+1' not in file.response.text
    assert "'=1+1" in file.response.text


async def test_a_connector_without_problems_says_so(admin: Browser, source: PullSource) -> None:
    assert "Everything that was fetched could be applied." in (await opened(admin, source, "problems")).text


async def test_a_group_that_is_emptied_is_named_once_and_said_to_be_held(
    admin: Browser, world: World, source: PullSource
) -> None:
    run = await brought(world, await begun(world, source, dry=True), "planning", {"members:leave": 90})
    group: Noted = ("group", "members:leave", "Staff", None, [["members", 97, 7]])
    await noted(run, group, group)

    page = await opened(admin, source, "runs", (await ended(world, run)).run_id)

    assert page.text.count("In Staff") == 1
    assert "In Staff , Staff" not in page.text
    assert "Held by the guard Too much at once." in page.text


async def test_who_could_not_be_created_is_not_named_as_created(
    admin: Browser, world: World, source: PullSource
) -> None:
    run = await brought(world, await begun(world, source), "applying", {"user:create": 1, "failed": 1})
    await pulled_user(world, run, source, "ann")
    await noted(run, ("user", "user:create", "ann", None, []), ("user", "user:create", "twin", None, []))

    page = await opened(admin, source, "runs", (await ended(world, run)).run_id)

    assert "1 Users created ann" in page.text
    assert "twin" not in page.text
