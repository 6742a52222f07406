"""Where other pages name a pull: changes, held changes, the people it concerned, and the overview."""

import pytest

from directory.pulls.model import PullSource, Seen, SeenPage
from directory.pulls.staging import stage_page
from tests.directory.pulls.pulling import Pulled, page, person
from tests.directory.world import World
from tests.portal.browsing import Browser
from tests.portal.pulling import pulled_source
from tests.portal.running import asked, begun, brought, ended, opened, pulled_user

pytestmark = pytest.mark.anyio


@pytest.fixture
async def source(world: World) -> PullSource:
    return await pulled_source(world)


async def test_changes_are_found_by_the_pull_that_made_them(admin: Browser, world: World, source: PullSource) -> None:
    await world.push_user("ben")
    run = await begun(world, source)
    await pulled_user(world, run, source, "ann")
    await ended(world, await brought(world, run, "applying", {"user:create": 1}))

    page = await admin.open((await opened(admin, source, "runs", run.run_id)).link(f"activity?run={run.run_id}"))
    entry = await admin.open(next(link for link in page.links if "/activity/changes/" in link))

    assert "ann@example.org" in page.text
    assert "ben@example.org" not in page.text
    assert "User created" in page.text
    assert "Changes of one pull. Show those of everything" in page.text
    assert f'<input type="hidden" name="run" value="{run.run_id}">' in page.response.text
    assert "A pull that began" in entry.text
    assert entry.link(f"/runs/{run.run_id}")


async def test_a_pull_in_an_address_that_is_none_is_named_and_left_out(admin: Browser, world: World) -> None:
    await world.push_user("ben")

    page = await admin.open("activity?run=x")

    assert "Pull “x” was ignored" in page.text
    assert "ben@example.org" in page.text


async def test_the_timeline_tells_deeds_of_pulls_and_leads_to_them(
    admin: Browser, world: World, source: PullSource
) -> None:
    run = await begun(world, source)
    user = await pulled_user(world, run, source, "ann")

    page = await admin.open(f"sub-accounts/{user.user_id}?kind=pulls")
    requests = await admin.open(f"sub-accounts/{user.user_id}?kind=requests")

    assert "by Entra (pull)" in page.text
    assert page.link(f"/connectors/{source.source_id}/runs/{run.run_id}")
    assert page.link(f"/connectors/{source.source_id}")
    assert "User created" not in requests.text


async def test_a_user_says_when_the_source_spoke_of_them_last(admin: Browser, world: World, source: PullSource) -> None:
    run = await begun(world, source)
    user = await pulled_user(world, run, source, "ann")
    before = await admin.open(f"sub-accounts/{user.user_id}")
    left = Seen(kind="user", ext_id="ext-ann", op="out_of_scope", reason="a guest")

    await stage_page(run, "users", SeenPage(objects=(left,)), now=world.tick())
    page = await admin.open(f"sub-accounts/{user.user_id}")

    assert "Last spoken of" not in before.text
    assert "Last spoken of in the pull of" in page.text
    assert "not in scope ( a guest )" in page.text


async def test_a_user_is_pulled_now_from_their_own_page(admin: Browser, world: World, source: PullSource) -> None:
    user = await pulled_user(world, await begun(world, source), source, "ann")

    page = await admin.send((await admin.open(f"sub-accounts/{user.user_id}")).form("/pull"))

    assert "Pull of one user: ext-ann" in page.text


async def test_a_user_of_no_pulled_source_cannot_be_pulled(admin: Browser, world: World) -> None:
    ben = await world.push_user("ben")

    page = await admin.open(f"sub-accounts/{ben.user_id}")
    answer = await admin.post(f"sub-accounts/{ben.user_id}/pull", {"csrf_token": await admin.token()})

    assert not [form for form in page.forms if form.action.endswith("/pull")]
    assert answer.status_code == 404


async def test_what_a_whole_pull_would_take_is_held_and_one_link_away(
    admin: Browser, world: World, source: PullSource
) -> None:
    pulled = Pulled(world, source)
    everybody = [person(f"p{number:02}") for number in range(30)]
    await pulled.pull(page(*everybody))
    run = await pulled.pull(page(*(person(f"p{number:02}", active=False) for number in range(20)), *everybody[20:]))

    shown = await opened(admin, source, "runs", run.run_id)
    held = await admin.open(shown.link(f"/held?batch={run.run_id}"))

    assert "20 held changes of this pull" in shown.text
    assert "30 compared 0 changed 20 held 0 failed" in shown.text
    assert "20 users would lose access; 10 may in 24 hours." in shown.text
    assert "20 Users disabled Takes away P00 , P01" in shown.text
    assert held.text.count("Disabled at the source") == 20
    assert held.link(f"/runs/{run.run_id}")


async def test_the_overview_shows_a_pull_that_is_under_way(admin: Browser, world: World, source: PullSource) -> None:
    idle = await admin.open("overview")
    run = await asked(world, source)

    page = await admin.open("overview")

    assert "Waiting to begin" not in idle.text
    assert "Waiting to begin Pull of what changed" in page.text
    assert page.link(f"/runs/{run.run_id}")
