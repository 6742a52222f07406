"""What an operator did is taken back: the state is what it was, or it is refused with what was touched."""

from collections.abc import AsyncIterator, Callable

import pytest

from directory import access_roles, local_users, lock_review, locks, mappings, role_ends, sources, status
from directory.local_users import Details
from directory.model import Actor, User
from tests.directory.undoing import (
    furnished,
    group_named,
    hash_of,
    lead_of_last,
    operator_in,
    put_block,
    put_lock,
    state_of,
    undone,
)
from tests.directory.world import World

pytestmark = pytest.mark.anyio

Deed = Callable[[World, Actor, User], AsyncIterator[None]]
"""Prepares, yields, and then does the operator's deed."""


async def lock(world: World, by: Actor, user: User) -> AsyncIterator[None]:
    yield
    await put_lock(world, by, user)


async def lock_again(world: World, by: Actor, user: User) -> AsyncIterator[None]:
    await put_lock(world, world.system, user)
    await lock_review.review_lock(user.user_id, note="Fine", by=world.system, now=world.tick())
    role_id = world.roles["user_manager"].role_id
    yield
    await locks.lock_role(user.user_id, role_id, reason="Other", until=None, by=by, now=world.tick())


async def unlock(world: World, by: Actor, user: User) -> AsyncIterator[None]:
    await put_lock(world, world.system, user)
    await lock_review.review_lock(user.user_id, note="Fine", by=world.system, now=world.tick())
    yield
    await locks.unlock_role(user.user_id, by=by, now=world.tick())


async def review(world: World, by: Actor, user: User) -> AsyncIterator[None]:
    await put_lock(world, world.system, user)
    yield
    await lock_review.review_lock(user.user_id, note="Fine", by=by, now=world.tick())


async def block(world: World, by: Actor, user: User) -> AsyncIterator[None]:
    yield
    await put_block(world, by, user)


async def allow(world: World, by: Actor, user: User) -> AsyncIterator[None]:
    await put_block(world, world.system, user)
    yield
    await status.allow_signin(user.user_id, by=by, now=world.tick())


async def move(world: World, by: Actor, _user: User) -> AsyncIterator[None]:
    yield
    await mappings.move_mapping(await group_named(world, "Viewers"), places=-1, by=by, now=world.tick())


async def remove(world: World, by: Actor, _user: User) -> AsyncIterator[None]:
    yield
    await mappings.remove_mapping(await group_named(world, "Editors"), by=by, now=world.tick())


async def set_role(world: World, by: Actor, _user: User) -> AsyncIterator[None]:
    group_id = await group_named(world, "Editors")
    role_id = world.roles["administrator"].role_id
    yield
    await mappings.set_mapping_role(group_id, role_id, consent=True, by=by, now=world.tick())


async def add(world: World, by: Actor, _user: User) -> AsyncIterator[None]:
    *_, group = (await mappings.list_unmapped_groups(world.tenant.tenant_id, after=None, limit=5)).groups
    yield
    await mappings.add_mapping(group.group_id, world.roles["loanee"].role_id, consent=False, by=by, now=world.tick())


async def set_default(world: World, by: Actor, _user: User) -> AsyncIterator[None]:
    yield
    await mappings.set_default_role(world.roles["viewer"].role_id, by=by, now=world.tick())


async def create_role(world: World, by: Actor, _user: User) -> AsyncIterator[None]:
    yield
    await access_roles.create_role("Auditor", {"portal:view"}, by=by, now=world.tick())


async def change_role(world: World, by: Actor, _user: User) -> AsyncIterator[None]:
    role = await access_roles.create_role("Auditor", {"portal:view"}, by=world.system, now=world.tick())
    yield
    await access_roles.change_role(
        role.role_id, "Clerk", {"portal:view", "users:manage"}, consent=False, by=by, now=world.tick()
    )


async def delete_role(world: World, by: Actor, user: User) -> AsyncIterator[None]:
    role = await access_roles.create_role("Auditor", {"portal:view"}, by=world.system, now=world.tick())
    group_id = await group_named(world, "Viewers")
    await mappings.set_mapping_role(group_id, role.role_id, consent=False, by=world.system, now=world.tick())
    await mappings.set_default_role(role.role_id, by=world.system, now=world.tick())
    await locks.lock_role(user.user_id, role.role_id, reason="Audit", until=None, by=world.system, now=world.tick())
    viewer = world.roles["viewer"].role_id
    yield
    shown = await role_ends.preview_role_end(role.role_id, viewer, by=by)
    await role_ends.delete_role(role.role_id, viewer, shown.plan_hash, consent=False, by=by, now=world.tick())
    await mappings.redecide(world.tenant.tenant_id, now=world.tick(), batches=10)


async def create_local(world: World, by: Actor, _user: User) -> AsyncIterator[None]:
    role_id = world.roles["editor"].role_id
    yield
    await locks.create_local_user("carl", email="carl@example.org", role_id=role_id, by=by, now=world.tick())


async def local(world: World) -> User:
    role_id = world.roles["editor"].role_id
    return await locks.create_local_user(
        "carl", display_name="Carl", email="carl@example.org", role_id=role_id, by=world.system, now=world.tick()
    )


async def edit_local(world: World, by: Actor, _user: User) -> AsyncIterator[None]:
    carl = await local(world)
    details = Details(user_name="charles", display_name="Charles", email="charles@example.org")
    yield
    await local_users.edit_local_user(carl.user_id, details, by=by, now=world.tick())


async def delete_local(world: World, by: Actor, _user: User) -> AsyncIterator[None]:
    carl = await local(world)
    yield
    await local_users.delete_local_user(carl.user_id, by=by, now=world.tick())


async def disable_local(world: World, by: Actor, _user: User) -> AsyncIterator[None]:
    carl = await local(world)
    yield
    await status.set_local_status(carl.user_id, active=False, by=by, now=world.tick())


async def edit_settings(world: World, by: Actor, _user: User) -> AsyncIterator[None]:
    yield
    await sources.edit_settings(
        world.source.source_id, {"rate_per_s": "5", "networks": "10.0.0.0/8"}, by=by, now=world.tick()
    )


async def edit_source(world: World, by: Actor, _user: User) -> AsyncIterator[None]:
    yield
    await sources.edit_source(world.source.source_id, preset="okta", label="Okta", by=by, now=world.tick())


async def create_source(world: World, by: Actor, _user: User) -> AsyncIterator[None]:
    yield
    await sources.create_source(kind="scim", preset="okta", label="Second", by=by, now=world.tick())


DEEDS: list[Deed] = [
    lock,
    lock_again,
    unlock,
    review,
    block,
    allow,
    move,
    remove,
    set_role,
    add,
    set_default,
    create_role,
    change_role,
    delete_role,
    create_local,
    edit_local,
    delete_local,
    disable_local,
    edit_settings,
    edit_source,
    create_source,
]


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.__name__)
async def test_state_is_as_before_and_again_as_after_when_the_undo_is_undone(world: World, deed: Deed) -> None:
    ann = await furnished(world)
    by = await operator_in(world)
    doing = deed(world, by, ann)
    await anext(doing)
    before = await state_of(world)
    async for _ in doing:
        pass
    lead = await lead_of_last(world, by)
    after = await state_of(world)
    first = await undone(world, lead, by)
    assert (first.conflicts, first.state.reason) == ((), "")
    back = await state_of(world)
    assert back == before
    assert hash_of(back) != hash_of(after)
    again = await undone(world, await lead_of_last(world, by), by)
    assert again.conflicts == ()
    assert await state_of(world) == after
    third = await undone(world, lead, by)
    assert third.conflicts == ()
    assert await state_of(world) == back
    await world.assert_consistent()
