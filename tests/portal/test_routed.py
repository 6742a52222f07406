"""What comes from a super tenant, as both sides see it: read-only below, side by side above."""

import pytest

from directory import locks, sources, tenants
from directory.model import User
from directory.routing import Condition
from directory.store.unit import Engine
from tests.directory.routes.family import Family, create_family
from tests.directory.routes.looking import copy_in, edit
from tests.directory.world import World, create_world
from tests.portal.browsing import Browser
from tests.portal.conftest import SignIn

pytestmark = pytest.mark.anyio


@pytest.fixture
async def family(world: World) -> Family:
    """Northwind, which leads whoever has the title Bristol to Bristol, and the group Team with them."""
    below = await create_world("bristol", parent_slug="northwind")
    world.tenant = await tenants.get_tenant(world.tenant.tenant_id)
    family = Family(above=world, below={"bristol": below.tenant})
    await family.lead("user", Condition(kind="attribute", path="title", values=("bristol",)), "bristol", label="West")
    await family.work_off()
    return family


async def led(family: Family, name: str = "ann") -> User:
    """Push somebody above whom the rule leads to Bristol."""
    return await family.above.push_user(name, title="bristol", displayName=name.title())


async def at_bristol(family: Family, sign_in: SignIn) -> Browser:
    """Sign in there."""
    return await sign_in("administrator", await family.world_of("bristol"), "Bea")


async def test_a_user_from_above_is_read_only_and_says_what_is_decided_where(family: Family, sign_in: SignIn) -> None:
    copy = await copy_in(family, "bristol", await led(family))
    browser = await at_bristol(family, sign_in)

    page = await browser.open(f"sub-accounts/{copy.user_id}")
    listed = await browser.open("sub-accounts")

    assert "Comes from Northwind , the super tenant: name, attributes, status and groups are changed there" in page.text
    assert "role, lock, sign-in and equipment are decided here" in page.text
    assert "Read-only" in listed.text
    assert [link for link in page.links if link.endswith(("/link", "/edit", "/delete", "/status"))] == []


async def test_what_would_change_it_is_refused_with_the_reason(family: Family, sign_in: SignIn) -> None:
    copy = await copy_in(family, "bristol", await led(family))
    browser = await at_bristol(family, sign_in)
    page = await browser.open(f"sub-accounts/{copy.user_id}/link")

    refused = await browser.send(page.form("/link"), way="unlink")

    assert refused.status == 409
    assert "This comes from the super tenant Northwind: it is changed there." in refused.text


async def test_role_lock_and_sign_in_are_decided_below(family: Family, sign_in: SignIn) -> None:
    copy = await copy_in(family, "bristol", await led(family))
    browser = await at_bristol(family, sign_in)
    page = await browser.open(f"sub-accounts/{copy.user_id}/disable-sign-in")

    done = await browser.send(page.form("/disable-sign-in"), reason="Left")

    assert "Sign-in disabled here" in done.text


async def test_a_group_from_above_is_read_only(family: Family, sign_in: SignIn) -> None:
    await led(family)
    group = await family.above.push_group("Team", ["ext-ann"])
    copy_id = (await family.copies_of(group))["bristol"]
    browser = await at_bristol(family, sign_in)

    page, listed = await browser.open(f"groups/{copy_id}"), await browser.open("groups")

    assert "which access role the group gives is decided here" in page.text
    assert "Read-only" in listed.text


async def test_the_feed_explains_itself_and_offers_nothing(family: Family, sign_in: SignIn) -> None:
    await led(family)
    (feed,) = [one for one in await sources.list_sources(family.below["bristol"].tenant_id) if one.kind == "routed"]
    browser = await at_bristol(family, sign_in)

    page = await browser.open(f"connectors/{feed.source_id}")
    elsewhere = await browser.open(f"configure-scim/{feed.source_id}")

    assert "leads its users and groups here by rules of its own" in page.text
    assert "no secret and nothing to pull here" in page.text
    assert (page.forms[-1].action, elsewhere.path) == ("/sign-out", page.path)
    assert "Northwind" in (await browser.open("connectors")).text
    assert "Users and groups are led here by its rules." in (await browser.open("overview")).text


@pytest.mark.parametrize("deed", ["off", "secrets/new"])
async def test_the_feed_is_neither_turned_off_nor_given_a_secret(family: Family, sign_in: SignIn, deed: str) -> None:
    await led(family)
    (feed,) = [one for one in await sources.list_sources(family.below["bristol"].tenant_id) if one.kind == "routed"]
    browser = await at_bristol(family, sign_in)
    fields = {"csrf_token": await browser.token(), "users": "local", "label": "x", "days": "90"}

    for pages in ("configure-scim", "connectors"):
        answer = await browser.post(f"{pages}/{feed.source_id}/{deed}", fields)

        assert answer.status_code in {404, 405, 409, 422}, pages
    assert not (await sources.get_source(feed.tenant_id, feed.source_id)).settings.paused


async def test_the_super_tenant_sees_a_user_in_all_tenants(family: Family, admin: Browser) -> None:
    user = await led(family)

    page = await admin.open(f"sub-accounts/{user.user_id}")

    assert "Tenants (1)" in page.text
    assert "Bristol Active Loanee" in page.text
    assert "Rule #1 “West”" in page.text
    assert page.link(f"/tenants/{family.below['bristol'].tenant_id}/view")


async def test_whom_no_rule_leads_anywhere_is_said_to_be_unrouted(family: Family, admin: Browser) -> None:
    user = await family.above.push_user("zoe")

    page = await admin.open(f"sub-accounts/{user.user_id}")

    assert "Unrouted No rule leads this user anywhere." in page.text


async def test_the_list_of_a_super_tenant_says_and_filters_by_tenant(family: Family, admin: Browser) -> None:
    await led(family, "ann")
    await family.above.push_user("zoe", displayName="Zoe")

    everybody, there = await admin.open("sub-accounts"), await admin.open("sub-accounts?tenant=bristol")
    unknown = await admin.open("sub-accounts?tenant=elsewhere")

    assert "Tenants" in everybody.text
    assert ("Ann" in there.text, "Zoe" in there.text) == (True, False)
    assert "In the tenant: bristol" in there.text
    assert "Not understood and left out: tenant" in unknown.text


async def test_who_only_waits_for_adoption_is_not_said_to_be_in_the_tenant(family: Family, admin: Browser) -> None:
    below = await family.world_of("bristol")
    role_id = below.roles["viewer"].role_id
    await locks.create_local_user("ann@example.org", role_id=role_id, by=below.system, now=family.above.tick())
    user = await led(family, "ann")

    everybody, there = await admin.open("sub-accounts"), await admin.open("sub-accounts?tenant=bristol")
    page = await admin.open(f"sub-accounts/{user.user_id}")

    assert "(not there yet)" in everybody.text
    assert "Ann" not in there.text
    assert ("Waits since" in page.text, "There since" in page.text) == (True, False)


async def test_who_is_held_above_is_not_said_to_be_held_below(family: Family, admin: Browser) -> None:
    people = [await led(family, f"p{at}") for at in range(11)]
    for user in people:
        await edit(family, user, active=False)

    page = await admin.open(f"sub-accounts/{people[-1].user_id}")

    assert ("Held by the guard here" in page.text, "Held by the guard there" in page.text) == (True, False)


async def test_the_figure_of_a_tenant_leads_to_the_people_it_counts(family: Family, admin: Browser) -> None:
    await led(family)

    page = await admin.open(f"tenants/{family.below['bristol'].tenant_id}")

    assert "/t/northwind/reports/who-is-where?tenant=bristol" in page.links


async def test_a_tenant_that_is_fed_from_above_is_not_asked_to_connect(store: Engine, sign_in: SignIn) -> None:
    del store
    family = await create_family("bath")
    await family.lead("user", Condition(kind="domain", values=("example.org",)), "bath")
    await family.work_off()
    browser = await sign_in("administrator", await family.world_of("bath"), "Bea")
    before = await browser.open("overview")
    await family.above.push_user("ann")
    after = await browser.open("overview")

    assert "There is nothing to connect." in before.text
    assert "There is nothing to connect." not in after.text
    assert "Super tenant" in after.text
    assert ("Receive the first people" in after.text, "Create its secret" in after.text) == (True, False)


async def test_an_ordinary_tenant_shows_no_tenants(world: World, admin: Browser) -> None:
    user = await world.push_user("ann")

    page, listed = await admin.open(f"sub-accounts/{user.user_id}"), await admin.open("sub-accounts?tenant=bristol")

    assert "In no tenant below" not in page.text
    assert "Not understood and left out: tenant" in listed.text
