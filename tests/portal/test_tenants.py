"""A super tenant's operator lists, creates, changes, suspends, deletes and restores tenants, without scripts."""

import re

import pytest

from directory import access_roles, tenants
from directory.sub_tenants.states import delete_tenant, suspend_tenant
from tests.directory.world import World, create_world
from tests.portal.browsing import Browser
from tests.portal.conftest import SignIn, client_of, create_portal

pytestmark = pytest.mark.anyio


@pytest.fixture
async def below(world: World) -> World:
    """Bristol, below Northwind."""
    made = await create_world("bristol", parent_slug=world.tenant.slug)
    made.now = world.now
    return made


def place(world: World, below: World, *more: str) -> str:
    return "/".join(["/t", world.tenant.slug, "tenants", str(below.tenant.tenant_id), *more])


async def test_a_tenant_without_others_below_it_is_told_how_to_begin(admin: Browser, sign_in: SignIn) -> None:
    shown = await admin.open("/t/northwind/tenants")
    assert "No tenants below this one" in shown.text
    assert "keep all users here" in shown.text
    assert shown.link("/tenants/new")
    viewer = await (await sign_in("viewer")).open("/t/northwind/tenants")
    assert "Whoever manages settings can create a tenant" in viewer.text


async def test_the_first_tenant_is_created_with_its_administrator_who_gets_in_by_the_link(admin: Browser) -> None:
    asked = await admin.open("/t/northwind/tenants/new")
    made = await admin.send(
        asked.form("/tenants/new"), name="Bristol Works", user_name="bo", display_name="Bo Peep", email="bo@example.org"
    )
    assert "Bristol Works is there" in made.text
    link = re.search(r"http://localhost:8000(/sign-in/[\w-]+)", made.response.text)
    assert link is not None
    listed = await admin.open("/t/northwind/tenants")
    assert "Bristol Works" in listed.text
    async with client_of(create_portal()) as client:
        answer = await client.post(link[1], headers={"Sec-Fetch-Site": "same-origin"})
        assert answer.headers["location"].startswith("/t/bristol-works/own-account/password")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": ""}, "Enter a value"),
        ({"name": "Bristol", "short_name": "Not a slug"}, "must be 1 to 63 of a-z"),
        ({"name": "Northwind"}, "Another tenant has this short name"),
        ({"name": "日本"}, "has no letters or digits for an address"),
        ({"name": "Bath", "display_name": "Bo"}, "Enter the user name of the first administrator"),
        ({"name": "Bath", "user_name": "bo", "email": "nowhere"}, "is not an address"),
    ],
)
async def test_what_cannot_be_a_tenant_is_said_beside_the_field_and_makes_nothing(
    admin: Browser, fields: dict[str, str], words: str
) -> None:
    asked = await admin.open("/t/northwind/tenants/new")
    answer = await admin.send(asked.form("/tenants/new"), **fields)
    assert answer.status == 422
    assert words in answer.text
    assert [one.slug for one in await tenants.list_tenants()] == ["northwind"]


async def test_whoever_may_do_less_than_an_administrator_makes_none(world: World, sign_in: SignIn) -> None:
    role = await access_roles.create_role("Settler", ["settings:manage"], by=world.system, now=world.tick())
    world.roles["settler"] = role
    browser = await sign_in("settler")
    asked = await browser.open("/t/northwind/tenants/new")
    refused = await browser.send(asked.form("/tenants/new"), name="Bath", user_name="bo")
    assert "An administrator there could do more than you may" in refused.text
    made = await browser.send(asked.form("/tenants/new"), name="Bath")
    assert made.path.startswith("/t/northwind/tenants/")


async def test_the_list_says_of_each_tenant_what_is_at_a_glance(admin: Browser, below: World) -> None:
    await below.push_user("ann")
    await below.push_group("Staff", ["ext-ann"])
    shown = await admin.open("/t/northwind/tenants")
    assert re.search(r"Bristol bristol 1 0 1 None", shown.text)
    assert "1 tenant" in shown.text


async def test_the_list_is_searched_and_read_by_pages(admin: Browser, world: World, below: World) -> None:
    assert below.tenant.slug == "bristol"
    for number in range(55):
        await tenants.create_tenant(f"Branch {number:02}", parent_slug="northwind", now=world.tick())
    first = await admin.open("/t/northwind/tenants")
    assert "56 tenants" in first.text
    assert "Branch 53" not in first.text
    more = await admin.open(first.link("after=branch-49"))
    assert "Branch 50" in more.text
    assert "Bristol" in more.text
    found = await admin.open("/t/northwind/tenants?q=RANCH+1")
    assert ("Branch 12" in found.text, "Branch 20" in found.text) == (True, False)
    assert "No tenant matches" in (await admin.open("/t/northwind/tenants?q=%25")).text


async def test_a_tenant_below_another_has_none_of_these_pages(below: World, sign_in: SignIn) -> None:
    browser = await sign_in("administrator", below)
    for path in ("tenants", "tenants/new", f"tenants/{below.tenant.tenant_id}"):
        assert (await browser.open(f"/t/bristol/{path}")).status == 404


async def test_a_tenant_is_renamed_and_keeps_its_address(admin: Browser, world: World, below: World) -> None:
    shown = await admin.open(place(world, below))
    renamed = await admin.send(shown.form("/name"), name="Bath & Co")
    assert "Bath & Co" in renamed.text
    assert (await tenants.get_tenant(below.tenant.tenant_id)).slug == "bristol"
    assert (await admin.send(shown.form("/name"), name="")).status == 422


async def test_a_suspended_tenant_lets_nobody_in_and_says_so_at_its_door(
    admin: Browser, world: World, below: World, sign_in: SignIn
) -> None:
    theirs = await sign_in("administrator", below)
    asked = await admin.open((await admin.open(place(world, below))).link("/suspend"))
    assert "Nobody signs in" in asked.text
    shown = await admin.send(asked.form("/suspend"))
    assert "Suspended" in shown.text
    door = await theirs.client.get("/t/bristol/overview", follow_redirects=True)
    assert door.status_code == 403
    assert "This tenant is suspended" in door.text
    posted = await theirs.client.post(
        "/t/bristol/sign-in",
        data={"user_name": "administrator", "password": "x"},
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    assert (posted.status_code, "This tenant is suspended" in posted.text) == (403, True)
    again = await admin.send(shown.form("/resume"))
    assert "Everybody signs in anew" in again.text
    assert (await theirs.client.get("/t/bristol/sign-in")).status_code == 200


async def test_a_deleted_tenant_is_as_if_it_had_never_been_until_it_is_restored(
    admin: Browser, world: World, below: World, sign_in: SignIn
) -> None:
    theirs = await sign_in("administrator", below)
    asked = await admin.open((await admin.open(place(world, below))).link("/delete"))
    refused = await admin.send(asked.form("/delete"), name="Bristle")
    assert (refused.status, "That is not the name of this tenant" in refused.text) == (422, True)
    shown = await admin.send(refused.form("/delete"), name="Bristol")
    assert "Deleted" in shown.text
    never, gone = [
        await theirs.client.get(f"/t/{slug}/sign-in", follow_redirects=True) for slug in ("nevermade", "bristol")
    ]
    assert (gone.status_code, gone.text.replace("bristol", "nevermade")) == (never.status_code, never.text)
    assert (await theirs.client.get("/t/bristol/overview")).status_code == 303
    back = await admin.send(shown.form("/restore"))
    assert "Restored, and suspended" in back.text


async def test_there_is_nothing_to_do_with_a_deleted_tenant_but_to_restore_it(
    admin: Browser, world: World, below: World
) -> None:
    await delete_tenant(below.tenant.tenant_id, "Bristol", by=world.system, now=world.tick())
    shown = await admin.open(place(world, below))
    assert {form.action.rpartition("/")[2] for form in shown.forms if form.method == "post"} <= {"restore", "sign-out"}
    for page in ("policies", "suspend", "delete"):
        assert (await admin.open(place(world, below, page))).status == 404


async def test_policies_are_decided_from_above(admin: Browser, world: World, below: World) -> None:
    shown = await admin.open(place(world, below, "policies"))
    saved = await admin.send(shown.form("/policies"), percent="25", grace_days="7", own_sources="", scoped_views="ask")
    assert "Policies saved" in saved.text
    assert "After an administrator of the tenant agreed" in saved.text
    again = await admin.open(place(world, below, "policies"))
    fields = again.form("/policies").fields
    assert (fields["percent"], fields["grace_days"], "own_sources" in fields) == ("25", "7", False)
    assert "At once, with a reason" not in again.text


async def test_a_wrong_policy_is_said_beside_its_field(admin: Browser, world: World, below: World) -> None:
    shown = await admin.open(place(world, below, "policies"))
    answer = await admin.send(shown.form("/policies"), grace_days="0")
    assert (answer.status, "whole number from 1 to" in answer.text) == (422, True)


async def test_the_default_role_is_set_from_above(admin: Browser, world: World, below: World) -> None:
    user = await below.push_user("ann")
    shown = await admin.open(place(world, below, "policies"))
    assert "1 person there has it now" in shown.text
    saved = await admin.send(shown.form("/default-role"), role_id=str(below.roles["viewer"].role_id))
    assert "Default Access Role set" in saved.text
    assert await below.role_of(user) == "viewer"
    refused = await admin.send(shown.form("/default-role"), role_id=str(below.roles["administrator"].role_id))
    assert (refused.status, "nobody gets by default" in refused.text) == (422, True)


async def test_a_viewer_looks_and_changes_nothing(world: World, below: World, sign_in: SignIn) -> None:
    viewer = await sign_in("viewer")
    shown = await viewer.open(place(world, below))
    assert shown.status == 200
    assert [form.action for form in shown.forms if "/tenants/" in form.action] == []
    await suspend_tenant(below.tenant.tenant_id, by=world.system, now=world.tick())
    assert "Nobody signs in" in (await viewer.open(place(world, below))).text
