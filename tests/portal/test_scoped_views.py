"""Looking into a tenant below: opened with a reason, said on every page, and closed to what is of its own people."""

from datetime import UTC, datetime, timedelta

import pytest

from directory import events, scoped_view_consents, signins, tenants
from directory.store.compiled import Statement
from directory.store.unit import execute, in_house
from portal.guests import CLOSED
from tests.directory.world import World, create_world
from tests.portal.browsing import Browser, Page
from tests.portal.conftest import SignIn, make_stale
from tests.portal.doors import DOORS, Door, filled, sent, things_in

pytestmark = pytest.mark.anyio

SECRET_ENDS = ("/secrets/new", "/rotate", "/invite", "/second-factor", "/own-account")


@pytest.fixture
async def below(world: World) -> World:
    """A tenant below Northwind."""
    made = await create_world("bristol", parent_slug="northwind")
    made.now = world.now
    return made


async def opened(browser: Browser, below: World, level: str = "act", reason: str = "Ticket 7") -> Page:
    """Open Bristol from its form."""
    page = await browser.open(f"tenants/{below.tenant.tenant_id}/view")
    return await browser.send(page.form("/view"), reason=reason, level=level)


async def test_the_header_of_a_super_tenant_leads_to_others(admin: Browser, below: World) -> None:
    link = (await admin.open("overview")).link("/switch")

    page = await admin.open(link)

    assert "Bristol" in page.text
    assert page.link(f"/tenants/{below.tenant.tenant_id}/view")


async def test_an_ordinary_tenant_has_no_switcher(admin: Browser) -> None:
    assert "/t/northwind/switch" not in (await admin.open("overview")).links
    assert (await admin.open("switch")).status == 404


async def test_a_view_opens_with_a_banner_that_says_who_why_and_until_when(admin: Browser, below: World) -> None:
    page = await opened(admin, below)

    assert page.path == "/t/bristol/overview"
    assert "Viewing Bristol as super administrator" in page.text
    assert "Reason: Ticket 7" in page.text
    for path in ("sub-accounts", "settings", "activity", "group-mappings"):
        assert "Viewing Bristol" in (await admin.open(f"/t/bristol/{path}")).text
    assert "Viewing Bristol" not in (await admin.open("overview")).text


async def test_looking_only_offers_nothing_that_changes(admin: Browser, below: World) -> None:
    await opened(admin, below, "look")

    page = await admin.open("/t/bristol/group-mappings")
    answer = await admin.post(
        "/t/bristol/group-mappings/default-role", {"csrf_token": await admin.token(), "role_id": "x"}
    )

    assert "looking only" in page.text
    assert answer.status_code == 403


async def test_a_viewer_is_offered_looking_only(sign_in: SignIn, below: World) -> None:
    viewer = await sign_in("viewer")
    page = await viewer.open(f"tenants/{below.tenant.tenant_id}/view")

    refused = await viewer.send(page.form("/view"), reason="Curious", level="act")

    assert "Look and change" not in page.text
    assert refused.status == 403


async def test_a_reason_is_asked_for(admin: Browser, below: World) -> None:
    page = await opened(admin, below, reason=" ")

    assert page.status == 422
    assert "Enter a value." in page.text


async def test_changes_in_a_view_name_the_operator_and_the_super_tenant(admin: Browser, below: World) -> None:
    user = await below.push_user("ann")
    await opened(admin, below)
    page = await admin.open(f"/t/bristol/sub-accounts/{user.user_id}/disable-sign-in")

    done = await admin.send(page.form("/disable-sign-in"), reason="Left")

    assert done.status == 200
    told = await events.list_events(below.tenant.tenant_id, limit=1)
    assert [(one.action, one.actor_label) for one in told] == [("user:sign-in:blocked", "Administrator (Northwind)")]
    assert "Administrator (Northwind)" in (await admin.open("/t/bristol/activity")).text


async def test_leaving_closes_the_tenant_at_once(admin: Browser, below: World) -> None:
    page = await opened(admin, below)

    left = await admin.send(page.form("/leave"))
    after = await admin.client.get("/t/bristol/overview")

    assert left.path == "/t/northwind/scoped-views"
    assert "You have left it." in left.text
    assert (after.status_code, after.headers["location"]) == (303, "/t/northwind/scoped-views?done=view-over")
    assert (await admin.client.post("/t/bristol/roles", data={})).status_code in {403, 404}


async def test_a_view_that_is_over_says_so(admin: Browser, below: World) -> None:
    await opened(admin, below)
    await expire()

    page = await admin.open("/t/bristol/sub-accounts")

    assert page.path == "/t/northwind/scoped-views"
    assert "That view is over" in page.text
    assert (await admin.open("/t/bristol/sub-accounts", HX_Request="true")).status == 404


async def test_a_live_page_ends_with_the_view(admin: Browser, below: World) -> None:
    page = await opened(admin, below)
    assert (await admin.client.get("/t/bristol/activity/live")).status_code == 200

    await admin.send(page.form("/leave"))

    assert (await admin.client.get("/t/bristol/activity/live", headers={"HX-Request": "true"})).status_code == 404


async def test_files_come_out_of_a_view_under_the_tenants_name(admin: Browser, below: World) -> None:
    await below.push_user("ann")
    await opened(admin, below)

    answer = await admin.client.get("/t/bristol/sub-accounts/export.csv")

    assert answer.status_code == 200
    assert "bristol-" in answer.headers["content-disposition"]
    assert "ann@example.org" in answer.text


async def test_weighty_deeds_ask_in_a_view_too_by_the_operators_own_password(admin: Browser, below: World) -> None:
    page = await admin.open("own-account/password")
    await admin.send(page.form("/password"), password="plum canoe orbit", again="plum canoe orbit")
    await opened(admin, below)
    await make_stale()

    asked = await admin.open("/t/bristol/sub-accounts/export.csv")
    answer = await admin.send(asked.form("/confirm"), confirm_password="plum canoe orbit")

    assert "Confirm it is you" in asked.text
    assert answer.path == "/t/bristol/sub-accounts/export.csv"
    assert answer.response.headers["content-type"].startswith("text/csv")


async def test_what_is_of_the_tenants_own_people_is_closed_in_a_view(admin: Browser, below: World) -> None:
    await opened(admin, below)
    token = await admin.token()
    closed = [door for door in DOORS if plain(door) in CLOSED]

    answers = {door: await sent(admin.client, door, filled(door.path, "bristol", {}), token) for door in closed}

    assert {answer.status_code for answer in answers.values()} == {403}
    assert all("Not in a scoped view" in answer.text for answer in answers.values())
    assert {plain(door) for door in closed} == CLOSED


def test_every_page_with_secrets_or_ways_in_is_closed_in_a_view() -> None:
    paths = {plain(door) for door in DOORS if "/sign-in/" not in door.path}

    assert {path for path in paths if path.endswith(SECRET_ENDS) or "/own-account/" in path} <= CLOSED


async def test_every_page_opens_in_a_view_or_says_why_not(sign_in: SignIn, below: World) -> None:
    ids = await things_in(below, await sign_in("administrator", below, "theirs"))
    browser = await sign_in("administrator")
    await opened(browser, below)
    doors = [door for door in DOORS if door.method == "GET" and "slug" in door.parameters and door.access != "public"]

    answers = {door: await browser.client.get(filled(door.path, "bristol", ids)) for door in doors}

    found = {str(door): answer.status_code for door, answer in answers.items() if answer.status_code >= 500}
    assert found == {}
    assert {door for door, answer in answers.items() if answer.status_code == 403} <= {
        door for door in doors if plain(door) in CLOSED
    }


async def test_a_tenant_that_wants_to_be_asked_answers_on_its_own_page(
    sign_in: SignIn, admin: Browser, below: World
) -> None:
    theirs = await sign_in("administrator", below, "Ann")
    settings = await theirs.open("scoped-views")
    await theirs.send(settings.form("/policy"), policy="ask")

    asked = await opened(admin, below)
    refused = await admin.client.get("/t/bristol/overview")
    waiting = await theirs.open("scoped-views")
    await theirs.send(waiting.form("/decide"), answer="agree")
    own = await admin.open("scoped-views")
    begun = await admin.send(own.form("/begin"))

    assert "Somebody there answers within a day" in asked.text
    assert refused.status_code == 404
    assert "asks to look and change: “Ticket 7”" in waiting.text
    assert begun.path == "/t/bristol/overview"
    assert "Viewing Bristol" in begun.text


async def test_a_closed_tenant_says_so_and_offers_no_form(sign_in: SignIn, admin: Browser, below: World) -> None:
    theirs = await sign_in("administrator", below, "Ann")
    await theirs.send((await theirs.open("scoped-views")).form("/policy"), policy="closed")

    page = await admin.open(f"tenants/{below.tenant.tenant_id}/view")

    assert "lets nobody in from its super tenant" in page.text
    assert [form for form in page.forms if form.action.endswith("/view")] == []


async def test_both_lists_say_who_looked_in(sign_in: SignIn, admin: Browser, below: World) -> None:
    theirs = await sign_in("administrator", below, "Ann")
    await opened(admin, below)

    above, there = await admin.open("scoped-views"), await theirs.open("scoped-views")
    ended = await theirs.send(there.form("/end"))

    assert "Ticket 7" in above.text
    assert "Bristol" in above.text
    assert "Administrator" in there.text
    assert "Ended. They are out" in ended.text
    assert (await admin.client.get("/t/bristol/overview")).status_code == 303


async def test_the_view_is_of_one_browser(sign_in: SignIn, admin: Browser, world: World, below: World) -> None:
    await opened(admin, below)
    other = await sign_in("administrator", name="other")

    assert (await other.client.get("/t/bristol/overview")).status_code == 404
    assert len(await scoped_view_consents.list_looks(await tenants.get_tenant(world.tenant.tenant_id))) == 1


async def test_signing_out_ends_the_view_too(admin: Browser, below: World) -> None:
    await opened(admin, below)
    token = admin.client.cookies["rolebook"]
    page = await admin.open("overview")

    await admin.send(page.form("/sign-out"))

    assert await signins.find_session(token, now=datetime.now(UTC)) is None
    assert (await admin.client.get("/t/bristol/overview")).headers["location"].startswith("/t/bristol/sign-in")


async def expire() -> None:
    """Let an hour pass for every view."""
    past = Statement("UPDATE scoped_view_row SET until = $1::timestamptz", house=True)
    async with in_house():
        await execute(past, datetime.now(UTC) - timedelta(minutes=1))


def plain(door: Door) -> str:
    """Return an address as the list of closed ones writes it."""
    return door.path.replace(":str", "")
