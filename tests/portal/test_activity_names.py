"""Activity tells roles and groups by name, whatever became of them."""

import pytest

from directory import access_roles, mappings, role_ends
from directory.store.unit import Engine
from tests.directory.counting import counted_statements
from tests.directory.world import World
from tests.portal.browsing import Browser

pytestmark = pytest.mark.anyio


async def test_roles_and_groups_have_their_names_also_once_nothing_maps_them(admin: Browser, world: World) -> None:
    role = await access_roles.create_role("Auditor", ["portal:view"], by=world.system, now=world.tick())
    await world.push_user("ann", displayName="Ann")
    staff = await world.push_group("Staff", ["ext-ann"])
    await mappings.add_mapping(staff.group_id, role.role_id, consent=False, by=world.system, now=world.tick())
    viewer = world.roles["viewer"].role_id
    shown = await role_ends.preview_role_end(role.role_id, viewer, by=world.system)
    await role_ends.delete_role(role.role_id, viewer, shown.plan_hash, consent=False, by=world.system, now=world.tick())
    await mappings.redecide(None, now=world.tick(), batches=10)
    await mappings.remove_mapping(staff.group_id, by=world.system, now=world.tick())

    text = (await admin.open("activity")).text

    assert "role Auditor → Viewer" in text
    assert "group Staff" in text
    assert str(role.role_id) not in text
    assert str(staff.group_id) not in text


async def test_names_are_looked_up_without_counting_what_mappings_decide(
    admin: Browser, world: World, store: Engine
) -> None:
    await world.push_user("ann", displayName="Ann")
    await world.map_group(await world.push_group("Staff", ["ext-ann"]), "editor")

    with counted_statements(store) as counted:
        page = await admin.open("activity")
        await admin.open(next(link for link in page.links if "/activity/changes/" in link))

    assert not [text for text in counted.texts if "decided_count" in text]
