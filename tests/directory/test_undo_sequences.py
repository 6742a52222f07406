"""Any sequence of deeds, taken back in the opposite order, ends where it began; whatever was touched is refused."""

import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from directory import access_roles, local_users, locks, mappings, role_ends, sources, status, undo, users
from directory.errors import DirectoryError, NotFoundError
from directory.local_users import Details
from directory.model import AccessRole, Actor, EventId, Group, User, UserAttributes
from directory.status import find_block
from tests.directory.undoing import find_lead, lead_of_last, operator_in, state_of
from tests.directory.world import World

pytestmark = pytest.mark.anyio

DEEDS_IN_A_SEQUENCE = 8


@dataclass
class Stage:
    """A small tenant and somebody who does anything that comes to mind."""

    world: World
    by: Actor
    dice: random.Random
    people: list[User] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    number: int = 0

    @property
    def harmless(self) -> list[AccessRole]:
        """Roles that a mapping gives without consent."""
        return [role for role in self.world.roles.values() if not role.privileged]

    def pick(self) -> User:
        """Return somebody."""
        return self.dice.choice(self.people)


async def staged(world: World, seed: int) -> Stage:
    """Push six people and four groups, map two of them."""
    stage = Stage(world, await operator_in(world), random.Random(seed))  # a sequence to be repeated
    for number in range(6):
        stage.people.append(await world.push_user(f"user{number}", displayName=f"User {number}"))
    for number in range(4):
        names = [f"ext-user{one}" for one in stage.dice.sample(range(6), 3)]
        stage.groups.append(await world.push_group(f"Group {number}", names))
    await world.map_group(stage.groups[0], "editor")
    await world.map_group(stage.groups[1], "viewer")
    return stage


async def lock(stage: Stage) -> None:
    role = stage.dice.choice(list(stage.world.roles.values()))
    until = stage.dice.choice([None, stage.world.now + timedelta(days=30)])
    await locks.lock_role(
        stage.pick().user_id, role.role_id, reason="So", until=until, by=stage.by, now=stage.world.tick()
    )


async def unlock(stage: Stage) -> None:
    await locks.unlock_role(stage.pick().user_id, by=stage.by, now=stage.world.tick())


async def block_or_allow(stage: Stage) -> None:
    user = stage.pick()
    if await find_block(stage.world.tenant.tenant_id, user.user_id) is None:
        await status.block_signin(user.user_id, reason="Away", by=stage.by, now=stage.world.tick())
    else:
        await status.allow_signin(user.user_id, by=stage.by, now=stage.world.tick())


async def map_or_change(stage: Stage) -> None:
    group, role = stage.dice.choice(stage.groups), stage.dice.choice(stage.harmless)
    lines = (await mappings.get_policy(stage.world.tenant.tenant_id)).lines
    now, by = stage.world.tick(), stage.by
    if group.group_id not in {line.mapping.group_id for line in lines}:
        await mappings.add_mapping(group.group_id, role.role_id, consent=False, by=by, now=now)
    elif stage.dice.random() < 0.3:
        await mappings.remove_mapping(group.group_id, by=by, now=now)
    elif stage.dice.random() < 0.5:
        await mappings.move_mapping(group.group_id, places=stage.dice.choice([-2, -1, 1, 2]), by=by, now=now)
    else:
        await mappings.set_mapping_role(group.group_id, role.role_id, consent=False, by=by, now=now)


async def set_default(stage: Stage) -> None:
    role = stage.dice.choice([role for role in stage.harmless if role.may_be_default])
    await mappings.set_default_role(role.role_id, by=stage.by, now=stage.world.tick())


async def change_roles(stage: Stage) -> None:
    world, by, dice = stage.world, stage.by, stage.dice
    own = [role for role in await access_roles.list_roles(world.tenant.tenant_id) if role.shipped is None]
    stage.number += 1
    if not own or dice.random() < 0.3:
        await access_roles.create_role(f"Own {stage.number}", {"portal:view"}, by=by, now=world.tick())
        return
    role = dice.choice(own)
    if dice.random() < 0.5:
        await access_roles.change_role(
            role.role_id, f"Own {stage.number}", {"users:manage"}, consent=False, by=by, now=world.tick()
        )
        return
    shown = await role_ends.preview_role_end(role.role_id, world.roles["viewer"].role_id, by=by)
    await role_ends.delete_role(
        role.role_id, shown.moved_to.role_id, shown.plan_hash, consent=False, by=by, now=world.tick()
    )
    await mappings.redecide(world.tenant.tenant_id, now=world.tick(), batches=10)


async def change_local(stage: Stage) -> None:
    world, by, dice = stage.world, stage.by, stage.dice
    stage.number += 1
    own = [user for user in stage.people if user.source_id is None]
    if not own or dice.random() < 0.4:
        role = dice.choice(stage.harmless)
        made = await locks.create_local_user(f"local{stage.number}", role_id=role.role_id, by=by, now=world.tick())
        stage.people.append(made)
    elif dice.random() < 0.3:
        await local_users.delete_local_user(dice.choice(own).user_id, by=by, now=world.tick())
    elif dice.random() < 0.5:
        details = Details(user_name=f"renamed{stage.number}", email=f"n{stage.number}@example.org")
        await local_users.edit_local_user(dice.choice(own).user_id, details, by=by, now=world.tick())
    else:
        active = dice.random() < 0.5
        await status.set_local_status(dice.choice(own).user_id, active=active, by=by, now=world.tick())


async def edit_source(stage: Stage) -> None:
    given = {"rate_per_s": str(stage.dice.randrange(9)), "string_booleans": stage.dice.choice(["true", "false"])}
    name = stage.dice.choice(sorted(given))
    await sources.edit_settings(stage.world.source.source_id, {name: given[name]}, by=stage.by, now=stage.world.tick())


async def push(stage: Stage) -> None:
    """The identity provider does something in between."""
    world, user = stage.world, stage.pick()
    if user.source_id is None or stage.dice.random() < 0.5:
        name = f"ext-user{stage.dice.randrange(6)}"
        group = stage.dice.choice(stage.groups)
        if stage.dice.random() < 0.5:
            await world.edit_members(group, add=[name])
        else:
            await world.edit_members(group, remove=[name])
        return
    if stage.dice.random() < 0.25:
        await delete_or_push_again(stage, user)
        return
    active = stage.dice.random() < 0.5

    def reported(old: UserAttributes) -> UserAttributes:
        return UserAttributes({**old.document, "active": active})

    with suppress(NotFoundError):  # it was deleted before
        await users.edit_user(user.user_id, reported, by=world.client, now=world.tick())


async def delete_or_push_again(stage: Stage, user: User) -> None:
    """The source deletes somebody, or reports again whom it had deleted."""
    world, name = stage.world, user.attributes.user_name
    try:
        await users.delete_user(user.user_id, by=world.client, now=world.tick())
    except NotFoundError:
        await world.push_user(name, displayName=name.title())


Act = Callable[[Stage], Awaitable[None]]
OPERATORS: tuple[Act, ...] = (
    lock,
    unlock,
    block_or_allow,
    map_or_change,
    map_or_change,
    set_default,
    change_roles,
    change_local,
    change_local,
    edit_source,
)


async def did(stage: Stage, act: Act) -> EventId | None:
    """Let it be done; returns the event that leads, or None if it was refused or changed nothing."""
    before = await find_lead(stage.world, stage.by)
    try:
        await act(stage)
    except DirectoryError:
        return None
    after = await find_lead(stage.world, stage.by)
    return None if before == after else after


async def taken_back(stage: Stage, lead: EventId) -> undo.UndoPreview:
    shown = await undo.preview_undo(lead, by=stage.by, now=stage.world.tick())
    if not shown.refused:
        await undo.apply_undo(lead, shown.plan_hash, consent=True, confirmed=True, by=stage.by, now=stage.world.tick())
    return shown


async def check_backwards(world: World, seed: int) -> None:
    """Do several things and take them back, the last first: each time the state is what it was."""
    stage = await staged(world, seed)
    done: list[tuple[EventId, dict[str, list[object]]]] = []
    while len(done) < DEEDS_IN_A_SEQUENCE:
        before = await state_of(world)
        lead = await did(stage, stage.dice.choice(OPERATORS))
        if lead is not None:
            done.append((lead, before))
    for lead, before in reversed(done):
        shown = await taken_back(stage, lead)
        assert not shown.refused, (shown.event.action, shown.conflicts, shown.state, shown.preview)
        assert await state_of(world) == before, shown.event.action
    await world.assert_consistent()


async def check_in_between(world: World, seed: int) -> None:
    """Let the provider push meanwhile and take back anything: it is refused by name, or it can be done again."""
    stage = await staged(world, seed)
    leads = []
    for _ in range(DEEDS_IN_A_SEQUENCE):
        lead = await did(stage, stage.dice.choice(OPERATORS))
        leads += [] if lead is None else [lead]
        await push(stage)
    stage.dice.shuffle(leads)
    for lead in leads:
        before = await state_of(world)
        shown = await taken_back(stage, lead)
        if shown.refused:
            findings = () if shown.preview is None else shown.preview.findings
            assert shown.conflicts or any(one.refuses for one in findings), shown
            assert await state_of(world) == before
        elif stage.dice.random() < 0.5:
            again = await taken_back(stage, await lead_of_last(world, stage.by))
            assert not again.refused, (shown.event.action, again.conflicts)
            assert await state_of(world) == before, shown.event.action
    await world.assert_consistent()


@pytest.mark.parametrize("seed", range(5))
async def test_a_sequence_taken_back_ends_where_it_began(world: World, seed: int) -> None:
    await check_backwards(world, seed)


@pytest.mark.parametrize("seed", range(5))
async def test_what_was_touched_meanwhile_is_refused_and_all_else_comes_back(world: World, seed: int) -> None:
    await check_in_between(world, seed)


@pytest.mark.battery
@pytest.mark.parametrize("seed", range(100, 200))
async def test_a_hundred_sequences_taken_back_end_where_they_began(world: World, seed: int) -> None:
    await check_backwards(world, seed)


@pytest.mark.battery
@pytest.mark.parametrize("seed", range(200, 300))
async def test_a_hundred_sequences_with_pushes_in_between(world: World, seed: int) -> None:
    await check_in_between(world, seed)
