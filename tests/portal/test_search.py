"""One search over people, groups, requests and settings."""

import pytest

from directory.traffic import flush, note_request
from tests.directory.world import World, create_world
from tests.portal.browsing import Browser
from tests.portal.conftest import SignIn
from tests.portal.test_overview import request_of

pytestmark = pytest.mark.anyio


async def test_people_and_groups_are_found_by_a_part_of_their_names(admin: Browser, world: World) -> None:
    user = await world.push_user("ann", displayName="Ann Archer")
    group = await world.push_group("Archers")
    await world.push_group("Staff")

    page = await admin.open("search?q=ARCHER")

    assert {link for link in page.links if str(user.user_id) in link or str(group.group_id) in link} == {
        admin.at(f"sub-accounts/{user.user_id}"),
        admin.at(f"groups/{group.group_id}"),
    }
    assert "Staff" not in page.text


@pytest.mark.parametrize("typed", ["{0}", " {0} ", "{1}"])
async def test_a_request_is_found_by_its_reference_however_it_is_typed(
    admin: Browser, world: World, typed: str
) -> None:
    draft = request_of(world)
    note_request(draft)
    await flush(now=world.tick())

    page = await admin.open(f"search?q={typed.format(draft.reference, draft.reference.replace('-', '').lower())}")

    assert any(link.endswith(f"/activity/requests/{draft.reference}") for link in page.links)


@pytest.mark.parametrize("words", ["Manage SCIM", "saml settings", "Default Role", "tenant url"])
async def test_words_of_other_products_lead_to_the_page(admin: Browser, words: str) -> None:
    page = await admin.open(f"search?q={words}")

    assert "Pages and settings" in page.text


async def test_nothing_found_says_what_could_be(admin: Browser) -> None:
    assert "Nothing is called “zzzz”" in (await admin.open("search?q=zzzz")).text
    assert "Type a part of a name" in (await admin.open("search")).text


@pytest.mark.parametrize("text", ["%00", "%25", "'", "%22", "x" * 3000, "a%20%20%09b", "%F0%9F%8E%89"])
async def test_any_text_can_be_searched_for(admin: Browser, text: str) -> None:
    assert (await admin.open(f"search?q={text}")).status == 200


async def test_places_that_the_operator_may_not_open_are_left_out(sign_in: SignIn) -> None:
    viewer = await sign_in("viewer")

    page = await viewer.open("search?q=secret")

    for link in page.links:
        if link.startswith("/t/"):
            assert (await viewer.open(link)).status == 200, link


async def test_nothing_of_another_tenant_is_found(admin: Browser) -> None:
    other = await create_world("bristol")
    await other.push_user("zoe", displayName="Zoe Foreign")
    draft = request_of(other)
    note_request(draft)
    await flush(now=other.tick())

    for text in ("Zoe", draft.reference):
        page = await admin.open(f"search?q={text}")

        assert "Foreign" not in page.text
        assert not any("/activity/requests/" in link for link in page.links)
