"""Saved views: whose they are, and how many."""

from dataclasses import replace
from uuid import UUID

import pytest

from directory import saved_views
from directory.errors import AlreadyExistsError, ForbiddenError, InvalidError, NotFoundError
from directory.model import Actor, Permission, UserId
from tests.directory.world import World

pytestmark = pytest.mark.anyio

MANAGES: frozenset[Permission] = frozenset({"portal:view", "users:manage"})
LOOKS: frozenset[Permission] = frozenset({"portal:view"})


def operator(world: World, number: int, permissions: frozenset[Permission] = MANAGES) -> Actor:
    return Actor(
        tenant_id=world.tenant.tenant_id,
        kind="operator",
        label=f"Operator {number}",
        user_id=UserId(UUID(int=number)),
        permissions=permissions,
    )


async def names_for(by: Actor) -> list[str]:
    assert by.user_id is not None
    return [view.name for view in await saved_views.list_views(by.tenant_id, by.user_id)]


async def test_views_are_listed_by_name_own_ones_and_shared_ones(world: World) -> None:
    ann, ben = operator(world, 1), operator(world, 2)
    for name, shared in (("zulu", False), ("Alpha", True)):
        await saved_views.save_view(name, "q=x", shared=shared, by=ann, now=world.tick())

    assert await names_for(ann) == ["Alpha", "zulu"]
    assert await names_for(ben) == ["Alpha"]


async def test_a_name_is_unique_for_its_owner_alone(world: World) -> None:
    ann, ben = operator(world, 1), operator(world, 2)
    await saved_views.save_view("Leavers", "", shared=False, by=ann, now=world.tick())
    await saved_views.save_view("Leavers", "", shared=False, by=ben, now=world.tick())

    with pytest.raises(AlreadyExistsError):
        await saved_views.save_view("LEAVERS", "", shared=False, by=ann, now=world.tick())


async def test_only_who_manages_users_shares_and_changes_what_others_share(world: World) -> None:
    ann, viewer = operator(world, 1), operator(world, 2, LOOKS)
    view = await saved_views.save_view("Ours", "", shared=True, by=ann, now=world.tick())
    own = await saved_views.save_view("Mine", "", shared=False, by=viewer, now=world.tick())

    with pytest.raises(ForbiddenError):
        await saved_views.save_view("Theirs", "", shared=True, by=viewer, now=world.tick())
    with pytest.raises(ForbiddenError):
        await saved_views.edit_view(own.view_id, name="Mine", shared=True, by=viewer)
    with pytest.raises(ForbiddenError):
        await saved_views.delete_view(view.view_id, by=viewer)
    await saved_views.delete_view(view.view_id, by=operator(world, 3))

    assert await names_for(viewer) == ["Mine"]


async def test_a_view_of_somebody_else_alone_is_none(world: World) -> None:
    view = await saved_views.save_view("Mine", "", shared=False, by=operator(world, 1), now=world.tick())

    with pytest.raises(NotFoundError):
        await saved_views.get_view(view.view_id, by=operator(world, 2))


async def test_nobody_keeps_more_views_than_fit(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_views, "VIEWS_MAX", 1)
    by = operator(world, 1)
    await saved_views.save_view("One", "", shared=False, by=by, now=world.tick())

    with pytest.raises(InvalidError, match="one too many"):
        await saved_views.save_view("Two", "", shared=False, by=by, now=world.tick())
    with pytest.raises(InvalidError, match="holds more"):
        await saved_views.save_view("Two", "q" * 2001, shared=False, by=by, now=world.tick())


async def test_whoever_is_no_operator_keeps_none(world: World) -> None:
    nobody = replace(operator(world, 1), user_id=None)

    with pytest.raises(ForbiddenError):
        await saved_views.save_view("One", "", shared=False, by=nobody, now=world.tick())
