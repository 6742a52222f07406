"""Group Mappings: adding, ordering, changing and removing lines, and the default at their end."""

from datetime import timedelta

import pytest

from directory import access_roles, mappings
from directory.edits import GroupEdit
from directory.groups import delete_group, edit_group
from directory.model import Group, GroupAttributes, Preset
from tests.directory.world import World, create_world
from tests.portal.browsing import Browser, Page
from tests.portal.conftest import SignIn

pytestmark = pytest.mark.anyio


async def order(world: World) -> list[tuple[str, str]]:
    """Return (group, role) of the list, from the top."""
    policy = await mappings.get_policy(world.tenant.tenant_id)
    return [(line.group_name, line.role.name) for line in policy.lines]


async def mapped(world: World) -> dict[str, Group]:
    """Push and map three groups."""
    made = {}
    for name, role in (("Staff", "viewer"), ("Writers", "editor"), ("Desk", "user_manager")):
        made[name] = await world.push_group(name)
        await world.map_group(made[name], role)
    return made


async def rename(world: World, group: Group, name: str) -> None:
    edit = GroupEdit(change=lambda old: GroupAttributes({**old.document, "displayName": name}))
    await edit_group(group.group_id, edit, by=world.client, now=world.tick())


def role_id(world: World, key: str) -> str:
    return str(world.roles[key].role_id)


async def test_a_group_without_people_is_mapped_at_once(admin: Browser, world: World) -> None:
    await mapped(world)
    group = await world.push_group("Employees")
    page = await admin.open("group-mappings")

    done = await admin.send(
        page.form("/group-mappings"), group_id=str(group.group_id), role_id=role_id(world, "viewer")
    )

    assert "Mapping added" in done.text
    assert done.path.endswith("/group-mappings")
    assert (await order(world))[-1] == ("Employees", "Viewer")


async def test_a_group_chosen_elsewhere_is_chosen_in_the_form(admin: Browser, world: World) -> None:
    group = await world.push_group("Employees")
    await world.push_group("Another")

    page = await admin.open(f"group-mappings?group={group.group_id}")

    assert page.form("/group-mappings").fields["group_id"] == str(group.group_id)


async def test_a_privileged_role_is_never_given_at_once(admin: Browser, world: World) -> None:
    group = (await mapped(world))["Staff"]
    form = (await admin.open("group-mappings")).form(f"{group.group_id}/role")

    page = await admin.send(form, role_id=role_id(world, "administrator"))

    assert page.path.endswith("/group-mappings/preview")
    assert ("Staff", "Viewer") in await order(world)


async def test_lines_move_up_and_down(admin: Browser, world: World) -> None:
    groups = await mapped(world)
    page = await admin.open("group-mappings")
    assert page.form(f"{groups['Staff'].group_id}/up").disabled
    assert page.form(f"{groups['Desk'].group_id}/down").disabled

    page = await admin.send(page.form(f"{groups['Desk'].group_id}/up"))
    await admin.send(page.form(f"{groups['Staff'].group_id}/down"))

    assert [name for name, _ in await order(world)] == ["Desk", "Staff", "Writers"]


async def test_what_moves_people_is_previewed_and_not_saved(admin: Browser, world: World) -> None:
    ann = await world.push_user("ann")
    group = await world.push_group("Employees", ["ext-ann"])
    await world.map_group(group, "editor")

    page = await admin.send((await admin.open("group-mappings")).form("/remove"))

    assert page.path.endswith("/group-mappings/preview")
    assert page.response.url.query.decode() == f"change=remove&group_id={group.group_id}"
    assert (await order(world), await world.role_of(ann)) == ([("Employees", "Editor")], "editor")


async def test_lines_are_numbered_without_gaps_after_one_is_removed(admin: Browser, world: World) -> None:
    groups = await mapped(world)
    await world.push_user("ann")
    await world.edit_members(groups["Desk"], add=["ext-ann"])
    await admin.send((await admin.open("group-mappings")).form(f"{groups['Staff'].group_id}/remove"))

    group = await admin.open(f"groups/{groups['Desk'].group_id}")

    assert "Line #2" in group.text


async def test_another_default_is_previewed_when_somebody_has_it(admin: Browser, world: World) -> None:
    form = (await admin.open("group-mappings")).form("/default-role")
    at_once = await admin.send(form, default_role_id=role_id(world, "editor"))
    ann = await world.push_user("ann")

    page = await admin.send(at_once.form("/default-role"), default_role_id=role_id(world, "viewer"))

    assert "Default Access Role changed" in at_once.text
    assert page.path.endswith("/group-mappings/preview")
    assert await world.role_of(ann) == "editor"


async def test_nobody_administers_by_default(admin: Browser, world: World) -> None:
    page = await admin.open("group-mappings")
    start = page.response.text.index('id="default_role_id"')
    options = page.response.text[start : page.response.text.index("</select>", start)]

    refused = await admin.send(page.form("/default-role"), default_role_id=role_id(world, "administrator"))

    assert "Administrator" not in options
    assert "carries administration, which nobody gets by default" in refused.text
    assert [form.action for form in refused.forms if "/preview" in form.action] == []


async def test_who_manages_mappings_is_offered_no_more_than_they_have(
    admin: Browser, sign_in: SignIn, world: World
) -> None:
    groups = await mapped(world)
    world.roles["mapper"] = await access_roles.create_role(
        "Mapper", ["mappings:manage"], by=world.system, now=world.tick()
    )
    mapper = await sign_in("mapper")

    page = await mapper.open("group-mappings")
    offered = {
        option for option in ("Viewer", "User Manager", "Administrator") if f">{option}</option>" in page.response.text
    }
    withheld = [form.action for form in page.forms if str(groups["Desk"].group_id) in form.action]
    form = page.form(f"{groups['Staff'].group_id}/role")
    refused = await mapper.send(form, role_id=role_id(world, "user_manager"))
    form.action = form.action.replace(str(groups["Staff"].group_id), str(groups["Desk"].group_id))
    taken = await mapper.send(form, role_id=role_id(world, "viewer"))

    assert (offered, withheld) == ({"Viewer"}, [])
    assert "It carries more than your own role: the line is not yours to change." in page.text
    for answer in (refused, taken):
        assert "It gives or takes away more than your own role carries." in answer.text
    assert await order(world) == [("Staff", "Viewer"), ("Writers", "Editor"), ("Desk", "User Manager")]
    assert len([form for form in (await admin.open("group-mappings")).forms if "/role" in form.action]) == 3


async def test_a_role_of_nowhere_is_refused_beside_its_field(admin: Browser, world: World) -> None:
    group = (await mapped(world))["Staff"]
    page = await admin.open("group-mappings")

    line = await admin.send(page.form(f"{group.group_id}/role"), role_id=str(group.group_id))
    default = await admin.send(page.form("/default-role"), default_role_id=str(group.group_id))

    assert (line.status, default.status) == (422, 422)
    assert f'id="role-{group.group_id}-error"' in line.response.text
    assert 'id="default_role_id-error"' in default.response.text


@pytest.mark.parametrize("spoilt", [{"group_id": ""}, {"role_id": ""}, {"group_id": "x"}, {"role_id": "{}"}])
async def test_a_choice_that_is_none_is_refused_beside_its_field(
    admin: Browser, world: World, spoilt: dict[str, str]
) -> None:
    group = await world.push_group("Employees")
    form = (await admin.open("group-mappings")).form("/group-mappings")

    page = await admin.send(form, **{"group_id": str(group.group_id), "role_id": role_id(world, "viewer"), **spoilt})

    assert page.status == 422
    assert f'id="{next(iter(spoilt))}-error"' in page.response.text


async def test_a_group_mapped_meanwhile_is_a_conflict_in_words(admin: Browser, world: World) -> None:
    group = await world.push_group("Employees")
    form = (await admin.open("group-mappings")).form("/group-mappings")
    await world.map_group(group, "viewer")

    page = await admin.send(form, group_id=str(group.group_id), role_id=role_id(world, "viewer"))

    assert page.status == 409
    assert "This is taken" in page.text


async def test_the_list_says_how_each_group_is(admin: Browser, world: World) -> None:
    groups = await mapped(world)
    await world.push_user("ann")
    await world.edit_members(groups["Writers"], add=["ext-ann", "ext-nobody", str(groups["Desk"].group_id)])
    await rename(world, groups["Desk"], "Front desk")
    await delete_group(groups["Staff"].group_id, by=world.client, now=world.tick())

    page = await admin.open("group-mappings")

    assert "Renamed from Desk" in page.text
    assert "1 waiting" in page.text
    assert "Contains nested groups" in page.text
    assert "Gone (1)" in page.text


async def test_a_group_that_nobody_pushed_for_a_month_is_marked(admin: Browser, world: World) -> None:
    world.now -= timedelta(days=40)
    await world.push_user("ann")
    await world.map_group(await world.push_group("Staff", ["ext-ann"]), "viewer")

    page = await admin.open("group-mappings")

    assert "Not pushed since" in page.text


@pytest.mark.parametrize(
    ("preset", "words"),
    [("okta", "Push Groups pushes names for mapping"), ("entra", "assign the groups to the enterprise application")],
)
async def test_an_empty_list_says_what_to_do_at_the_identity_provider(
    sign_in: SignIn, preset: Preset, words: str
) -> None:
    browser = await sign_in(where=await create_world("contoso", preset))

    page = await browser.open("group-mappings")

    assert "No groups pushed yet" in page.text
    assert words in page.text


async def test_a_viewer_reads_the_list_without_forms(sign_in: SignIn, world: World) -> None:
    await mapped(world)

    page: Page = await (await sign_in("viewer")).open("group-mappings")

    assert "Writers" in page.text
    assert [form.action for form in page.forms if form.method == "post"] == ["/sign-out"]


async def test_more_groups_than_fit_are_paged(admin: Browser, world: World) -> None:
    for number in range(52):
        await world.push_group(f"Group {number:02}")

    page = await admin.open("group-mappings")
    more = await admin.open(next(link for link in page.links if "unmapped_after" in link))

    assert "Group 49" in page.text
    assert "Group 51" not in page.text
    assert "Group 51" in more.text
