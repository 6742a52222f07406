"""What is applied is what was previewed, to the same people, over random directories and proposals."""

import contextlib
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from directory import locks, mappings, preview, preview_apply, users
from directory.errors import LastAdministratorError, MovedError, NotFoundError
from directory.model import Group, GroupId, RoleId, User, UserAttributes, UserId
from directory.proposals import (
    AddMapping,
    LockRole,
    MoveMapping,
    Proposal,
    RemoveMapping,
    SetDefaultRole,
    SetMappingRole,
    UnlockRole,
)
from directory.store import people
from directory.store.unit import Engine
from tests.directory.world import World, create_world

pytestmark = pytest.mark.anyio

PEOPLE = tuple(f"user{number}" for number in range(9))
CIRCLES = ("staff", "admins", "guests", "desk")
ROLES = ("administrator", "user_manager", "editor", "viewer", "loanee")
few = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
made = iter(range(1_000_000))
seeds = st.integers(0, 2**32)
Move = tuple[UserId, RoleId, RoleId]


@dataclass
class Town:
    """A tenant with random people, circles, mappings, locks and disabled users."""

    world: World
    dice: random.Random
    people: list[User] = field(default_factory=list)
    circles: list[Group] = field(default_factory=list)

    async def settle(self) -> None:
        """Fill the tenant; a local administrator stays, or not."""
        world, dice = self.world, self.dice
        if dice.random() < 0.7:
            await locks.create_local_user(
                "root", role_id=world.roles["administrator"].role_id, by=world.system, now=world.tick()
            )
        self.people = [await world.push_user(name) for name in PEOPLE]
        for name in CIRCLES:
            members = [f"ext-{person}" for person in PEOPLE if dice.random() < 0.4]
            self.circles.append(await world.push_group(name, members))
        for circle in dice.sample(self.circles, dice.randint(0, len(CIRCLES))):
            await world.map_group(circle, dice.choice(ROLES))
        for _ in range(dice.randint(0, 5)):
            await self.stir()

    async def stir(self) -> None:
        """Do something that people and identity providers do all day, if it is allowed."""
        deeds: list[Callable[[], Awaitable[object]]] = [self.lock, self.unlock, self.disable, self.member, self.remap]
        with contextlib.suppress(LastAdministratorError, NotFoundError):
            await self.dice.choice(deeds)()

    async def lock(self) -> None:
        world, user = self.world, self.dice.choice(self.people)
        role = world.roles[self.dice.choice(ROLES)]
        await locks.lock_role(
            user.user_id, role.role_id, reason="because", until=None, by=world.system, now=world.tick()
        )

    async def unlock(self) -> None:
        user = self.dice.choice(self.people)
        await locks.unlock_role(user.user_id, by=self.world.system, now=self.world.tick())

    async def disable(self) -> None:
        user = self.dice.choice(self.people)
        off = UserAttributes({**user.attributes.document, "active": self.dice.random() < 0.5})
        await users.edit_user(user.user_id, lambda _: off, by=self.world.client, now=self.world.tick())

    async def member(self) -> None:
        circle, name = self.dice.choice(self.circles), f"ext-{self.dice.choice(PEOPLE)}"
        add = self.dice.random() < 0.5
        await self.world.edit_members(circle, add=[name] if add else [], remove=[] if add else [name])

    async def remap(self) -> None:
        """Change the mappings, and leave the roles that follow undecided."""
        role_id = self.world.roles[self.dice.choice(ROLES)].role_id
        circle = self.dice.choice(self.circles)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(mappings, "INLINE_BATCHES", self.dice.choice((0, 1)))
            patch.setattr(mappings, "WALK_USERS", 2)
            await mappings.set_mapping_role(
                circle.group_id, role_id, consent=True, by=self.world.system, now=self.world.tick()
            )

    def proposal(self, mapped: list[GroupId]) -> Proposal:
        """Return something to propose."""
        dice = self.dice
        role_id = self.world.roles[dice.choice(ROLES)].role_id
        user_id = dice.choice(self.people).user_id
        free = [circle.group_id for circle in self.circles if circle.group_id not in mapped]
        found: list[Proposal] = [
            SetDefaultRole(role_id=self.world.roles[dice.choice(("editor", "viewer", "loanee"))].role_id),
            LockRole(user_id=user_id, role_id=role_id, reason="because"),
            UnlockRole(user_id=user_id),
        ]
        if mapped:
            line = dice.choice(mapped)
            found += [
                SetMappingRole(group_id=line, role_id=role_id),
                MoveMapping(group_id=line, places=dice.choice((-2, -1, 1, 3))),
                RemoveMapping(group_id=line),
            ]
        if free:
            found.append(AddMapping(group_id=dice.choice(free), role_id=role_id))
        return dice.choice(found)

    async def mapped(self) -> list[GroupId]:
        policy = await mappings.get_policy(self.world.tenant.tenant_id)
        return [line.mapping.group_id for line in policy.lines]

    async def stored(self) -> dict[UserId, RoleId]:
        """Return the role that is stored of everybody."""
        facts = await people.list_role_facts(self.world.tenant.tenant_id, [user.user_id for user in self.people])
        return {one.user_id: one.decision.role_id for one in facts}

    async def preview(self, proposal: Proposal) -> preview.Preview:
        return await preview.preview(proposal, by=self.world.system, now=self.world.now)

    async def moves(self, proposal: Proposal) -> list[Move]:
        """Return the previewed set, read as its full list."""
        found: list[Move] = []
        async for batch in preview.each_change(proposal, by=self.world.system, now=self.world.now):
            found += [(one.user_id, one.from_role.role_id, one.to_role.role_id) for one in batch]
        return found

    async def concerned(self, proposal: Proposal, expected: list[Move]) -> set[UserId]:
        """Return everybody whom the proposal can move; by other changes under way, others move too."""
        if isinstance(proposal, SetDefaultRole):
            return {user_id for user_id, _, _ in expected}
        if isinstance(proposal, LockRole | UnlockRole):
            return {proposal.user_id}
        circle = next(circle for circle in self.circles if circle.group_id == proposal.group_id)
        names = await self.world.members_of(circle)
        return {user.user_id for name, user in zip(PEOPLE, self.people, strict=True) if name in names}

    async def finish(self) -> None:
        """Decide what is left to decide."""
        assert await mappings.redecide(self.world.tenant.tenant_id, now=self.world.tick(), batches=1_000) == 0


async def settled(dice: random.Random) -> Town:
    town = Town(await create_world(f"town{next(made)}"), dice)
    await town.settle()
    return town


def moved(before: dict[UserId, RoleId], after: dict[UserId, RoleId]) -> list[Move]:
    return [
        (user_id, before[user_id], after[user_id]) for user_id in sorted(before) if before[user_id] != after[user_id]
    ]


async def applied(town: Town, proposal: Proposal, plan_hash: str) -> bool:
    """Apply; returns False if it was refused because nobody would be left to administer."""
    try:
        await preview_apply.apply(proposal, plan_hash, consent=True, by=town.world.system, now=town.world.tick())
    except LastAdministratorError:
        return False
    return True


@few
@given(seed=seeds)
async def test_the_set_applied_is_the_set_previewed(store: Engine, seed: int) -> None:
    assert store is not None
    town = await settled(random.Random(seed))
    await town.finish()
    proposal = town.proposal(await town.mapped())
    seen, expected, before = await town.preview(proposal), await town.moves(proposal), await town.stored()
    assert seen.total == len(expected) == sum(pair.count for pair in seen.pairs)

    done = await applied(town, proposal, seen.plan_hash)
    await town.finish()

    assert done is not seen.leaves_no_administrator
    assert moved(before, await town.stored()) == (expected if done else [])
    await town.world.assert_consistent()


@few
@given(seed=seeds)
async def test_of_those_concerned_it_is_so_while_roles_are_still_being_decided(store: Engine, seed: int) -> None:
    assert store is not None
    town = await settled(random.Random(seed))
    proposal = town.proposal(await town.mapped())
    seen, expected, before = await town.preview(proposal), await town.moves(proposal), await town.stored()

    done = await applied(town, proposal, seen.plan_hash)
    await town.finish()

    assume(done)
    # Who is not locked is not unlocked either: what moves them then is the change under way.
    assume(not isinstance(proposal, UnlockRole) or seen.total + seen.kept_count > 0)
    concerned = await town.concerned(proposal, expected)
    assert [move for move in moved(before, await town.stored()) if move[0] in concerned] == expected


@few
@given(seed=seeds)
async def test_whatever_happens_in_between_either_the_previewed_set_is_applied_or_nothing(
    store: Engine, seed: int
) -> None:
    assert store is not None
    town = await settled(random.Random(seed))
    await town.finish()
    proposal = town.proposal(await town.mapped())
    seen, expected = await town.preview(proposal), await town.moves(proposal)
    await town.stir()
    before = await town.stored()
    try:
        fresh = await town.moves(proposal)
    except NotFoundError:
        fresh = []

    try:
        done = await applied(town, proposal, seen.plan_hash)
    except (MovedError, NotFoundError):
        assert await town.stored() == before
        return
    assert fresh == expected
    await town.finish()
    if done:
        after = await town.stored()
        assert [move for move in moved(before, after) if move[0] in {one for one, _, _ in expected}] == expected
