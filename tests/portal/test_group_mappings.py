"""Group Mappings: adding, ordering, changing and removing lines, and the default at their end."""

import httpx
import pytest

from directory import mappings
from directory.model import Group
from tests.directory.world import World
from tests.portal.browsing import SAME_ORIGIN, Browser, Page
from tests.portal.conftest import SignIn

pytestmark = pytest.mark.anyio

LIST = {"HX-Request": "true", "HX-Target": "div#group-mappings-list", **SAME_ORIGIN}


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


def role_id(world: World, key: str) -> str:
    return str(world.roles[key].role_id)


async def test_a_pushed_group_is_mapped_at_the_end(admin: Browser, world: World) -> None:
    ann = await world.push_user("ann")
    group = await world.push_group("Employees", ["ext-ann"])
    page = await admin.open("group-mappings")

    done = await admin.send(
        page.form("/group-mappings"), group_id=str(group.group_id), role_id=role_id(world, "viewer")
    )

    assert "Mapping added" in done.text
    assert await order(world) == [("Employees", "Viewer")]
    assert await world.role_of(ann) == "viewer"


async def test_a_group_chosen_elsewhere_is_chosen_in_the_form(admin: Browser, world: World) -> None:
    group = await world.push_group("Employees")
    await world.push_group("Another")

    page = await admin.open(f"group-mappings?group={group.group_id}")

    assert page.form("/group-mappings").fields["group_id"] == str(group.group_id)


async def test_a_privileged_role_needs_consent(admin: Browser, world: World) -> None:
    group = await world.push_group("IT")
    form = (await admin.open("group-mappings")).form("/group-mappings")
    wanted = {"group_id": str(group.group_id), "role_id": role_id(world, "administrator")}

    refused = await admin.send(form, **wanted)
    done = await admin.send(refused.form("/group-mappings"), consent="yes")

    assert refused.status == 422
    assert 'id="consent-error"' in refused.response.text
    assert refused.form("/group-mappings").fields["role_id"] == wanted["role_id"]
    assert "Mapping added" in done.text
    assert "consent by Administrator" in done.text


async def test_consent_is_asked_in_the_line_too(admin: Browser, world: World) -> None:
    group = (await mapped(world))["Staff"]
    form = (await admin.open("group-mappings")).form(f"{group.group_id}/role")

    refused = await admin.send(form, role_id=role_id(world, "administrator"))
    done = await admin.send(refused.form(f"{group.group_id}/role"), consent="yes")

    assert refused.status == 422
    assert f'id="role-{group.group_id}-error"' in refused.response.text
    assert "Access role of the mapping changed" in done.text
    assert ("Staff", "Administrator") in await order(world)


async def test_lines_move_up_and_down(admin: Browser, world: World) -> None:
    groups = await mapped(world)
    page = await admin.open("group-mappings")
    assert page.form(f"{groups['Staff'].group_id}/up").disabled
    assert page.form(f"{groups['Desk'].group_id}/down").disabled

    page = await admin.send(page.form(f"{groups['Desk'].group_id}/up"))
    await admin.send(page.form(f"{groups['Staff'].group_id}/down"))

    assert [name for name, _ in await order(world)] == ["Desk", "Staff", "Writers"]


async def test_a_removed_line_no_longer_gives_its_role(admin: Browser, world: World) -> None:
    ann = await world.push_user("ann")
    group = await world.push_group("Employees", ["ext-ann"])
    await world.map_group(group, "editor")

    page = await admin.send((await admin.open("group-mappings")).form("/remove"))

    assert "Mapping removed" in page.text
    assert await world.role_of(ann) == "loanee"


async def test_lines_are_numbered_without_gaps_after_one_is_removed(admin: Browser, world: World) -> None:
    groups = await mapped(world)
    await world.push_user("ann")
    await world.edit_members(groups["Desk"], add=["ext-ann"])
    await admin.send((await admin.open("group-mappings")).form(f"{groups['Staff'].group_id}/remove"))

    group = await admin.open(f"groups/{groups['Desk'].group_id}")

    assert "Line #2" in group.text


async def test_the_default_access_role_is_set(admin: Browser, world: World) -> None:
    ann = await world.push_user("ann")
    form = (await admin.open("group-mappings")).form("/default-role")

    page = await admin.send(form, default_role_id=role_id(world, "viewer"))

    assert "Default Access Role changed" in page.text
    assert await world.role_of(ann) == "viewer"


async def test_nobody_administers_by_default(admin: Browser, world: World) -> None:
    page = await admin.open("group-mappings")
    start = page.response.text.index('id="default_role_id"')
    options = page.response.text[start : page.response.text.index("</select>", start)]

    refused = await admin.send(page.form("/default-role"), default_role_id=role_id(world, "administrator"))

    assert "Administrator" not in options
    assert refused.status == 422
    assert 'id="default_role_id-error"' in refused.response.text


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


async def test_the_last_administrator_keeps_the_role(admin: Browser, world: World) -> None:
    page = await admin.open("sub-accounts?q=administrator")
    person = await admin.open(next(link for link in page.links if "/sub-accounts/" in link))

    refused = await admin.send(person.form("/lock"), role_id=role_id(world, "viewer"), reason="Tired")

    assert refused.status == 409
    assert "Give the role Administrator to another active user first" in refused.text


async def posted(browser: Browser, path: str, **fields: str) -> httpx.Response:
    """Post as htmx does."""
    data = {"csrf_token": await browser.token(), **fields}
    return await browser.client.post(browser.at(path), data=data, headers=LIST)


async def test_htmx_gets_the_list_and_the_notice(admin: Browser, world: World) -> None:
    groups = await mapped(world)

    answer = await posted(admin, f"group-mappings/{groups['Desk'].group_id}/up")

    assert answer.text.lstrip().startswith('<div id="group-mappings-list">')
    assert '<hx-partial hx-target="#notice"' in answer.text
    assert "Order changed" in answer.text


async def test_htmx_gets_a_refusal_where_the_form_stood(admin: Browser, world: World) -> None:
    group = await world.push_group("IT")

    answer = await posted(
        admin, "group-mappings", group_id=str(group.group_id), role_id=role_id(world, "administrator")
    )

    assert answer.status_code == 422
    assert answer.text.lstrip().startswith('<div id="group-mappings-list">')
    assert 'id="consent-error"' in answer.text


async def test_htmx_gets_any_other_error_as_a_notice(admin: Browser, world: World) -> None:
    groups = await mapped(world)
    await admin.send((await admin.open("group-mappings")).form(f"{groups['Desk'].group_id}/remove"))

    answer = await posted(admin, f"group-mappings/{groups['Desk'].group_id}/up")

    assert answer.status_code == 404
    assert (answer.headers["hx-retarget"], answer.headers["hx-reswap"]) == ("#notice", "innerHTML")
    assert answer.text.lstrip().startswith('<div id="errors-error"')


async def test_a_viewer_reads_the_list_without_forms(sign_in: SignIn, world: World) -> None:
    await mapped(world)

    page: Page = await (await sign_in("viewer")).open("group-mappings")

    assert "Writers" in page.text
    assert [form.action for form in page.forms] == ["/sign-out"]


async def test_more_groups_than_fit_are_paged(admin: Browser, world: World) -> None:
    for number in range(52):
        await world.push_group(f"Group {number:02}")

    page = await admin.open("group-mappings")
    more = await admin.open(next(link for link in page.links if "unmapped_after" in link))

    assert "Group 49" in page.text
    assert "Group 51" not in page.text
    assert "Group 51" in more.text
