"""Groups and their members."""

import pytest

from tests.directory.world import World
from tests.portal.browsing import Browser

pytestmark = pytest.mark.anyio


async def test_groups_are_listed_with_their_role(admin: Browser, world: World) -> None:
    await world.map_group(await world.push_group("Staff"), "editor")
    await world.push_group("Visitors")

    text = (await admin.open("groups")).text

    assert "2 groups" in text
    assert "Staff ext-Staff Editor 0 Entra" in text
    assert "Visitors ext-Visitors Not mapped" in text


async def test_no_groups_yet_says_how_they_come(admin: Browser) -> None:
    assert "No groups pushed yet. In Entra" in (await admin.open("groups")).text


@pytest.mark.parametrize("after", ["x", "-1", "1e9", "٣", "9" * 40, ""])
async def test_a_place_that_is_none_is_the_start(admin: Browser, world: World, after: str) -> None:
    await world.push_group("Staff")

    assert "Staff" in (await admin.open(f"groups?after={after}")).text


async def test_more_groups_than_fit_are_paged(admin: Browser, world: World) -> None:
    for number in range(51):
        await world.push_group(f"Group {number:02}")

    page = await admin.open("groups")
    more = await admin.open(next(link for link in page.links if "after=" in link))

    assert "Group 50" not in page.text
    assert "Group 50" in more.text


async def test_members_are_paged_and_lead_to_people(admin: Browser, world: World) -> None:
    for number in range(51):
        await world.push_user(f"p{number:02}")
    group = await world.push_group("Staff", [f"ext-p{number:02}" for number in range(51)])

    page = await admin.open(f"groups/{group.group_id}")
    more = await admin.open(next(link for link in page.links if "after=" in link))

    members = [link for link in [*page.links, *more.links] if "/sub-accounts/" in link]
    assert len(members) == len(set(members)) == 51
    assert "Back to the start" in more.text


async def test_members_who_are_waited_for_are_named(admin: Browser, world: World) -> None:
    group = await world.push_group("Staff", ["ext-later"])

    page = await admin.open(f"groups/{group.group_id}")

    assert "Waiting members (1)" in page.text
    assert "ext-later since" in page.text


async def test_an_unmapped_group_can_be_mapped_from_its_page(admin: Browser, world: World) -> None:
    group = await world.push_group("Staff")

    page = await admin.open(f"groups/{group.group_id}")
    form = (await admin.open(page.link("#group-mappings-add"))).form("/group-mappings")

    assert form.fields["group_id"] == str(group.group_id)
