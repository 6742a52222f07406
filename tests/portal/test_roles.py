"""Roles: what they may do, made and changed, and deleted with the effect shown first."""

import pytest

from directory import access_roles, mappings
from directory.model import AccessRole, Permission
from tests.directory.world import World
from tests.portal.browsing import Browser
from tests.portal.conftest import SignIn

pytestmark = pytest.mark.anyio


async def own_role(world: World, *permissions: Permission) -> AccessRole:
    return await access_roles.create_role("Help Desk", permissions, by=world.system, now=world.tick())


async def test_roles_are_listed_with_permissions_and_counts(admin: Browser, world: World) -> None:
    await world.push_user("ann")

    text = (await admin.open("roles")).text

    assert "Administrator Shipped Administration See the portal, Manage users" in text
    assert "Loanee Shipped None: no sign-in 1" in text
    assert "Default Access Role" in text


async def test_a_role_is_created_and_changed(admin: Browser, world: World) -> None:
    created = await admin.send((await admin.open("roles/new")).form("/roles"), name="Help Desk", users_manage="yes")
    assert "Role created" in created.text
    changed = await admin.send(created.form(created.path), name="Desk")

    assert "Role changed" in changed.text
    (role,) = [one for one in await access_roles.list_roles(world.tenant.tenant_id) if one.shipped is None]
    assert (role.name, role.permissions) == ("Desk", frozenset({"portal:view", "users:manage"}))


@pytest.mark.parametrize(("name", "words"), [("", "Enter a value"), ("VIEWER", "Another role has this name")])
async def test_a_name_that_cannot_be_is_refused_beside_its_field(admin: Browser, name: str, words: str) -> None:
    refused = await admin.send((await admin.open("roles/new")).form("/roles"), name=name)

    assert refused.status == 422
    assert words in refused.text


async def test_a_shipped_role_shows_what_it_may_do_and_no_form(admin: Browser, world: World) -> None:
    page = await admin.open(f"roles/{world.roles['administrator'].role_id}")

    assert "its name and permissions stay as they are" in page.text
    assert [form.action for form in page.forms if form.method == "post"] == ["/sign-out"]
    assert (await admin.open(f"roles/{world.roles['viewer'].role_id}/delete")).status == 409


async def test_administration_through_a_mapping_asks_for_consent(admin: Browser, world: World) -> None:
    role = await own_role(world)
    group = await world.push_group("Staff")
    await mappings.add_mapping(group.group_id, role.role_id, consent=False, by=world.system, now=world.tick())
    page = await admin.open(f"roles/{role.role_id}")

    refused = await admin.send(page.form(str(role.role_id)), sources_manage="yes")
    done = await admin.send(refused.form(str(role.role_id)), consent="yes")

    assert refused.status == 422
    assert "Consent is needed" in refused.text
    assert "Role changed" in done.text


async def test_deleting_shows_who_moves_where_and_does_it(admin: Browser, world: World) -> None:
    role = await own_role(world)
    ann = await world.push_user("ann")
    group = await world.push_group("Staff", ["ext-ann"])
    await mappings.add_mapping(group.group_id, role.role_id, consent=False, by=world.system, now=world.tick())

    shown = await admin.open(f"roles/{role.role_id}/delete?moved_to={world.roles['viewer'].role_id}")
    assert "1 person : Help Desk → Viewer" in shown.text
    assert "Group mapping of Staff : Help Desk → Viewer" in shown.text
    done = await admin.send(shown.form("/delete"))

    assert "Role deleted" in done.text
    assert await world.role_of(ann) == "viewer"
    assert (await admin.open(f"roles/{role.role_id}")).status == 404
    assert "Help Desk" in (await admin.open(f"sub-accounts/{ann.user_id}")).text


async def test_deleting_what_moved_meanwhile_shows_it_anew(admin: Browser, world: World) -> None:
    role = await own_role(world)
    shown = await admin.open(f"roles/{role.role_id}/delete?moved_to={world.roles['viewer'].role_id}")
    await mappings.set_default_role(role.role_id, by=world.system, now=world.tick())

    again = await admin.send(shown.form("/delete"))

    assert again.status == 409
    assert "has changed since this was shown" in again.text
    assert "Default Access Role: Help Desk → Viewer" in again.text


async def test_administration_by_default_is_an_obstacle(admin: Browser, world: World) -> None:
    role = await own_role(world)
    await mappings.set_default_role(role.role_id, by=world.system, now=world.tick())

    shown = await admin.open(f"roles/{role.role_id}/delete?moved_to={world.roles['administrator'].role_id}")

    assert "carries administration" in shown.text
    assert not any(form.method == "post" and form.action.endswith("/delete") for form in shown.forms)


async def test_holders_are_paged(admin: Browser, world: World) -> None:
    for number in range(51):
        await world.push_user(f"p{number:02}")

    page = await admin.open(f"roles/{world.roles['loanee'].role_id}")
    more = await admin.open(next(link for link in page.links if "after=" in link))

    people = [link for link in [*page.links, *more.links] if "/sub-accounts/" in link]
    assert len(people) == len(set(people)) == 51


async def test_a_viewer_looks_and_changes_nothing(sign_in: SignIn, world: World) -> None:
    viewer, role = await sign_in("viewer"), await own_role(world)

    assert "/roles/new" not in str((await viewer.open("roles")).links)
    page = await viewer.open(f"roles/{role.role_id}")
    assert [form.action for form in page.forms if form.method == "post"] == ["/sign-out"]
