"""What a source is shown of its users, alike on both databases."""

from uuid import UUID

import pytest

from directory import sources, users
from directory.model import UserId, UserView
from directory.query import Window
from directory.store import views
from tests.directory.world import World, create_world

pytestmark = pytest.mark.anyio
NOBODY = UserId(UUID(int=7))


async def shown(world: World, user_id: UserId, *, with_groups: bool = True) -> UserView | None:
    return await views.find_view(world.tenant.tenant_id, user_id, world.source.source_id, with_groups=with_groups)


async def test_a_user_is_shown_as_its_source_wrote_it(world: World) -> None:
    ann = await world.push_user("ann", displayName="Ann \u00c5s", nickName=None)
    view = await shown(world, ann.user_id)
    assert view == UserView(
        user_id=ann.user_id,
        attributes=ann.attributes,
        version=ann.version,
        created_at=ann.created_at,
        modified_at=ann.modified_at,
        groups=(),
    )


@pytest.mark.parametrize("count", [0, 1, 3])
async def test_a_user_is_shown_with_its_groups_in_the_order_of_their_ids(world: World, count: int) -> None:
    ann = await world.push_user("ann")
    await world.push_user("bob")
    await world.push_group("without ann", ["ext-bob"])
    made = [await world.push_group(f'"quoted" \u00fc {number}', ["ext-ann", "ext-bob"]) for number in range(count)]
    expected = tuple(sorted((group.group_id, group.attributes.display_name) for group in made))

    by_id = await shown(world, ann.user_id)
    by_name = await views.find_named_view(
        world.tenant.tenant_id, "ANN@example.org", world.source.source_id, with_groups=True
    )
    listed = await users.list_users(
        world.tenant.tenant_id, world.source.source_id, None, Window(offset=0, limit=1), with_groups=True
    )

    assert by_id is not None
    assert by_id.groups == expected
    assert by_name == by_id == listed.things[0]


async def test_groups_are_not_read_where_nobody_asks_for_them(world: World) -> None:
    ann = await world.push_user("ann")
    await world.push_group("staff", ["ext-ann"])
    view = await shown(world, ann.user_id, with_groups=False)
    assert view is not None
    assert view.groups == ()


async def test_a_group_that_is_gone_is_no_longer_shown(world: World) -> None:
    ann = await world.push_user("ann")
    staff = await world.push_group("staff", ["ext-ann"])
    await world.edit_members(staff, remove=["ext-ann"])
    view = await shown(world, ann.user_id)
    assert view is not None
    assert view.groups == ()


async def test_another_source_and_another_tenant_are_shown_nothing(world: World) -> None:
    ann = await world.push_user("ann")
    other = await create_world("bristol")
    second = await sources.create_source(kind="scim", preset="okta", label="Okta", by=world.system, now=world.tick())
    tenant_id, name = world.tenant.tenant_id, "ann@example.org"
    for asked, source_id in ((tenant_id, second.source_id), (other.tenant.tenant_id, world.source.source_id)):
        for with_groups in (True, False):
            assert await views.find_view(asked, ann.user_id, source_id, with_groups=with_groups) is None
            assert await views.find_named_view(asked, name, source_id, with_groups=with_groups) is None


async def test_a_deleted_user_and_an_unknown_one_are_not_shown(world: World) -> None:
    ann = await world.push_user("ann")
    await world.push_group("staff", ["ext-ann"])
    await users.delete_user(ann.user_id, by=world.client, now=world.tick())
    for user_id in (ann.user_id, NOBODY):
        assert await shown(world, user_id) is None
    tenant_id, source_id = world.tenant.tenant_id, world.source.source_id
    assert await views.find_named_view(tenant_id, "ann@example.org", source_id, with_groups=True) is None
