"""Exported lists: recorded without naming anybody, and asked for by a recent sign-in where they are of people."""

from urllib.parse import urlencode
from uuid import UUID, uuid4

import pytest

from directory import events
from portal.export_words import narrowed_by
from tests.directory.world import World
from tests.portal.browsing import Browser
from tests.portal.conftest import SignIn, make_stale
from tests.portal.doors import things_in
from tests.portal.test_passwords import PASSWORD, chosen

pytestmark = pytest.mark.anyio

ROLE = UUID(int=7)


async def told(world: World) -> list[tuple[str, object]]:
    """Return which lists left, and what each was narrowed by, the newest first."""
    found = await events.list_events(world.tenant.tenant_id, limit=100)
    return [(one.subject_label, one.changes[0].new) for one in found if one.action == "data:exported"]


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({}, ""),
        ({"sort": "name", "dir": "down", "size": "50"}, ""),
        ({"status": "Active", "role": str(ROLE)}, "Status: Active · Access role: Viewer"),
        ({"q": "ann@example.org", "mapped": "yes"}, "Search · Mapped: yes"),
        ({"target": "Ann", "operator": "Rosa", "text": "Ann"}, "Target · Operator · Text"),
        ({"by": str(uuid4())}, "By"),
    ],
)
def test_a_filter_is_told_without_whom_it_names(params: dict[str, str], words: str) -> None:
    assert narrowed_by(params, {ROLE: "Viewer"}) == words


@pytest.mark.parametrize(
    ("path", "entry"),
    [
        ("sub-accounts/export.csv?status=active&q=ann", ("Sub Accounts", "Search · Status: Active")),
        ("sub-accounts/export.csv?status=active", ("Sub Accounts", "Status: Active")),
        ("role-locks/export.csv?due=yes&q=ann", ("Role locks", "Due: yes · Search")),
        ("groups/export.csv?mapped=yes", ("Groups", "Mapped: yes")),
        ("activity/export/changes.csv?last=24h&target=ann", ("Activity: changes", "Last: 24h · Target")),
        ("activity/export/requests.ndjson?status=409", ("Activity: requests", "Status: 409")),
    ],
)
async def test_every_list_that_leaves_is_in_the_record(
    admin: Browser, world: World, path: str, entry: tuple[str, str]
) -> None:
    await world.push_user("ann", displayName="Ann")

    answer = await admin.open(path)

    assert answer.status == 200
    assert await told(world) == [entry]
    assert "List given out as a file" in (await admin.open("activity")).text


async def test_people_of_previews_and_of_actions_leave_a_record_too(admin: Browser, world: World) -> None:
    ids = await things_in(world, admin)
    change = urlencode({"change": "default", "role_id": str(world.roles["viewer"].role_id)})

    await admin.open(f"group-mappings/preview/changes.csv?{change}")
    await admin.open(f"sub-accounts/bulk/{ids['job_id']}/people.csv")

    assert await told(world) == [
        ("People of an action on many", "Disable sign-in: changes"),
        ("Preview of the group mappings", "Change: default"),
    ]


async def test_picked_people_are_counted_and_not_named(admin: Browser, world: World) -> None:
    ann = await world.push_user("ann", displayName="Ann")

    await admin.open(f"sub-accounts/export.csv?user_id={ann.user_id}")

    assert await told(world) == [("Sub Accounts", "People who were picked: 1")]


@pytest.mark.parametrize("path", ["sub-accounts/export.csv?status=active", "role-locks/export.csv?bom=no"])
async def test_an_old_sign_in_is_confirmed_on_the_way_to_the_file(sign_in: SignIn, world: World, path: str) -> None:
    browser = await sign_in("administrator")
    await chosen(browser)
    page = await browser.open(path.partition("/")[0])
    assert any("export.csv" in link for link in page.links)
    assert "download>" not in page.response.text  # a browser would keep the question as a file
    await make_stale()

    asked = await browser.open(path)
    unseen = await told(world)
    file = await browser.send(asked.form("/confirm"), confirm_password=PASSWORD)

    assert (asked.status, unseen) == (403, [])
    assert file.response.headers["content-type"].startswith("text/csv")
    assert len(await told(world)) == 1


async def test_a_thousand_picked_people_survive_the_question(sign_in: SignIn, world: World) -> None:
    browser = await sign_in("administrator")
    await chosen(browser)
    ann = await world.push_user("ann", displayName="Ann")
    picked = "&".join(f"user_id={one}" for one in [ann.user_id, *(uuid4() for _ in range(999))])
    await make_stale()

    asked = await browser.open(f"sub-accounts/export.csv?{picked}")
    file = await browser.send(asked.form("/confirm"), confirm_password=PASSWORD)

    assert file.response.text.splitlines()[1].split(",")[1] == '"Ann"'
    assert len(file.response.text.splitlines()) == 2
