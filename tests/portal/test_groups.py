"""Groups and their members."""

import pytest

from directory import groups
from directory.edits import GroupEdit
from directory.model import GroupAttributes
from tests.directory.world import World
from tests.portal.browsing import Browser

pytestmark = pytest.mark.anyio


async def test_groups_are_listed_with_their_role(admin: Browser, world: World) -> None:
    await world.map_group(await world.push_group("Staff"), "editor")
    await world.push_group("Visitors")

    text = (await admin.open("groups")).text

    assert "2 groups" in text
    assert "Staff ext-Staff 0" in text
    assert "#1 → Editor Entra" in text
    assert "Not mapped Entra" in text


async def test_no_groups_yet_says_how_they_come(admin: Browser) -> None:
    assert "No groups pushed yet. In Entra" in (await admin.open("groups")).text


@pytest.mark.parametrize("after", ["x", "-1", "1e9", "٣", "9" * 40])
async def test_a_place_that_is_none_is_refused_in_words(admin: Browser, world: World, after: str) -> None:
    await world.push_group("Staff")

    page = await admin.open(f"groups?after={after}")

    assert page.status == 422
    assert "is not a place in this list" in page.text


async def test_groups_are_filtered_and_sorted_by_the_address(admin: Browser, world: World) -> None:
    await world.push_user("ann")
    await world.push_group("Staff", ["ext-ann"])
    await world.push_group("Visitors")

    text = (await admin.open("groups?sort=members&dir=down")).text
    narrowed = (await admin.open("groups?state=empty&q=visit")).text

    assert text.index("Staff") < text.index("Visitors")
    assert "1 group " in narrowed
    assert "ext-Staff" not in narrowed
    assert "No group matches" in (await admin.open("groups?q=nothing")).text
    assert "Not understood, and left out: state" in (await admin.open("groups?state=odd")).text


async def test_the_file_holds_every_group_of_the_filter(admin: Browser, world: World) -> None:
    await world.map_group(await world.push_group("=Staff"), "editor")
    await world.push_group("Visitors")

    text = (await admin.client.get(admin.at("groups/export.csv?mapped=yes&bom=no"))).text

    lines = text.splitlines()
    assert lines[0].startswith('"name","source","external id"')
    assert lines[1].startswith('"\'=Staff","Entra","ext-=Staff","0"')
    assert len(lines) == 2


async def test_names_of_before_nested_groups_and_history_are_shown(admin: Browser, world: World) -> None:
    inner = await world.push_group("Inner")
    group = await groups.create_group(
        GroupAttributes({"displayName": "Staff", "externalId": "ext-Staff"}),
        GroupEdit(add=frozenset({str(inner.group_id)}), nested=frozenset({str(inner.group_id)})),
        by=world.client,
        now=world.tick(),
        unique_name=False,
        unknown="pending",
    )
    rename = GroupEdit(change=lambda old: GroupAttributes({**old.document, "displayName": "Team"}))
    await groups.edit_group(group.group_id, rename, by=world.client, now=world.tick())

    text = (await admin.open(f"groups/{group.group_id}")).text

    assert "Contains groups (1)" in text
    assert "Staff → Team" in text
    assert "Group created" in text


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
