"""A tenant with many people, and an identity provider that goes mad: what tests of the guard share."""

from collections.abc import Sequence

from directory import groups, held, upkeep, users
from directory.edits import GroupEdit
from directory.held import Decided, Decision, HeldFilter, HeldLine, Selection
from directory.model import Group, GroupId, User, UserAttributes, UserId
from tests.directory.world import World


async def push_people(world: World, count: int) -> list[User]:
    """Push so many users, named p0, p1, …."""
    return [await world.push_user(f"p{at}") for at in range(count)]


async def disable(world: World, user: User) -> None:
    """Push that a user is disabled."""
    await set_active(world, user, active=False)


async def set_active(world: World, user: User, *, active: bool) -> None:
    """Push a user's status."""

    def edit(attributes: UserAttributes) -> UserAttributes:
        return UserAttributes({**attributes.document, "active": active})

    await users.edit_user(user.user_id, edit, by=world.client, now=world.tick())


async def delete(world: World, user: User) -> None:
    """Push that a user is deleted."""
    await users.delete_user(user.user_id, by=world.client, now=world.tick())


async def empty(world: World, group: Group) -> None:
    """Push that a group has no members any more."""
    await groups.edit_group(group.group_id, GroupEdit(replace=True), by=world.client, now=world.tick())


async def effective(world: World, people: Sequence[User]) -> list[User]:
    """Return those who are there and active in effect."""
    found = [await users.get_user(world.tenant.tenant_id, user.user_id) for user in people]
    return [user for user in found if user.active]


async def waiting(world: World, **wanted: object) -> list[HeldLine]:
    """Return what waits for somebody."""
    return await held.list_held(world.tenant.tenant_id, HeldFilter(**wanted), after=None, limit=10_000)  # type: ignore[arg-type]  # as the test says


async def decide(world: World, selection: Selection, decision: Decision = "approved") -> Decided:
    """Decide what is shown."""
    shown = await held.show(selection, by=world.system, limit=10)
    return await held.decide(selection, decision, shown.plan_hash, by=world.system, now=world.tick())


def picked(lines: Sequence[HeldLine]) -> Selection:
    """Return a selection of these."""
    return Selection(held_ids=tuple(line.held.held_id for line in lines))


async def held_user_ids(world: World) -> set[UserId]:
    """Return whose changes wait."""
    return {line.held.user_id for line in await waiting(world)}


async def members_shown(world: World, group_id: GroupId) -> int:
    """Return how many members the source sees."""
    return (await groups.get_group(world.tenant.tenant_id, group_id, source_id=world.source.source_id)).member_count


async def assert_sound(world: World) -> None:
    """Everything stored follows from what was reported and held."""
    await world.assert_consistent()
    assert await upkeep.list_misheld_users(world.tenant.tenant_id) == []
