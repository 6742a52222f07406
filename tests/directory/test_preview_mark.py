"""Large sets are not weighed again inside the unit that applies: a mark tells whether anything moved since."""

from collections.abc import Awaitable, Callable
from datetime import datetime

import pytest

from directory import groups, locks, mappings, preview, preview_apply, preview_case, users
from directory.errors import MovedError
from directory.model import Actor, Group, User, UserAttributes
from directory.preview_case import Case
from directory.proposals import AddMapping, Proposal, SetDefaultRole
from directory.store import proposed
from directory.store.proposed import Defaulted, Members
from directory.store.unit import Engine
from tests.directory.counting import counted_statements
from tests.directory.world import World

pytestmark = pytest.mark.anyio


async def deeds_of(world: World) -> dict[str, Callable[[], Awaitable[object]]]:
    """Return what can move the outcome of a proposal, each ready to be done once."""
    ann, bob = await world.push_user("ann"), await world.push_user("bob")
    away = await world.push_user("away")
    await users.delete_user(away.user_id, by=world.client, now=world.tick())
    staff, free = await world.push_group("staff", ["ext-bob"]), await world.push_group("free")
    await world.map_group(staff, "viewer")
    await lock(world, bob)

    return {
        "somebody comes": lambda: world.push_user("carl"),
        "somebody comes back": lambda: world.push_user("away"),
        "somebody goes": lambda: users.delete_user(ann.user_id, by=world.client, now=world.tick()),
        "a local user comes": lambda: locks.create_local_user(
            "root", role_id=world.roles["administrator"].role_id, by=world.system, now=world.tick()
        ),
        "a lock is set": lambda: lock(world, ann),
        "a lock is replaced": lambda: lock(world, bob),
        "a lock is lifted": lambda: locks.unlock_role(bob.user_id, by=world.system, now=world.tick()),
        "a member joins a mapped group": lambda: world.edit_members(staff, add=["ext-ann"]),
        "a member leaves a mapped group": lambda: world.edit_members(staff, remove=["ext-bob"]),
        "a mapped group goes": lambda: groups.delete_group(staff.group_id, by=world.client, now=world.tick()),
        "a line is added": lambda: world.map_group(free, "editor"),
        "the default is another": lambda: mappings.set_default_role(
            world.roles["viewer"].role_id, by=world.system, now=world.tick()
        ),
    }


async def lock(world: World, user: User) -> None:
    await locks.lock_role(
        user.user_id, world.roles["viewer"].role_id, reason="audit", until=None, by=world.system, now=world.tick()
    )


NAMES = (
    "somebody comes",
    "somebody comes back",
    "somebody goes",
    "a local user comes",
    "a lock is set",
    "a lock is replaced",
    "a lock is lifted",
    "a member joins a mapped group",
    "a member leaves a mapped group",
    "a mapped group goes",
    "a line is added",
    "the default is another",
)


@pytest.mark.parametrize("name", NAMES)
async def test_whatever_can_move_an_outcome_moves_the_mark(world: World, name: str) -> None:
    deeds = await deeds_of(world)
    before = await proposed.read_mark(world.tenant.tenant_id, Defaulted())

    await deeds[name]()

    assert set(deeds) == set(NAMES)
    assert await proposed.read_mark(world.tenant.tenant_id, Defaulted()) != before


async def test_roles_that_are_decided_meanwhile_move_the_mark(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.push_user("ann")
    monkeypatch.setattr(mappings, "INLINE_BATCHES", 0)
    await world.map_group(await world.push_group("staff", ["ext-ann"]), "editor")
    before = await proposed.read_mark(world.tenant.tenant_id, Defaulted())

    await mappings.redecide(None, now=world.tick(), batches=10)

    assert await proposed.read_mark(world.tenant.tenant_id, Defaulted()) != before


async def test_the_group_that_is_to_be_mapped_moves_it_too(world: World) -> None:
    await world.push_user("ann")
    free, other = await world.push_group("free"), await world.push_group("other")
    scope = Members(group_id=free.group_id)
    before = await proposed.read_mark(world.tenant.tenant_id, scope)

    await world.edit_members(other, add=["ext-ann"])
    assert await proposed.read_mark(world.tenant.tenant_id, scope) == before
    await world.edit_members(free, add=["ext-ann"])
    assert await proposed.read_mark(world.tenant.tenant_id, scope) != before


class Large:
    """A proposal over more users than are weighed again, and something that happens while it is being applied."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(preview_apply, "EXACT_MAX", 1)
        self.world = world
        self.patch = monkeypatch
        self.passes = 0

    async def settle(self) -> Group:
        for number in range(4):
            await self.world.push_user(f"user{number}")
        return await self.world.push_group("staff", [f"ext-user{number}" for number in range(4)])

    async def seen(self, proposal: Proposal) -> preview.Preview:
        return await preview.preview(proposal, by=self.world.system, now=self.world.now)

    def after_weighing(self, deed: Callable[[int], Awaitable[None]]) -> None:
        """Do something each time that everybody has been weighed, before the unit that applies."""
        weigh = preview_case.tally_of

        async def weighed(case: Case) -> object:
            tally = await weigh(case)
            self.passes += 1
            await deed(self.passes)
            return tally

        self.patch.setattr(preview_apply, "tally_of", weighed)

    async def apply(self, seen: preview.Preview) -> None:
        await preview_apply.apply(
            seen.proposal, seen.plan_hash, consent=False, by=self.world.system, now=self.world.tick()
        )


async def test_what_moves_in_the_last_moment_is_noticed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    large = Large(world, monkeypatch)
    staff = await large.settle()
    seen = await large.seen(AddMapping(group_id=staff.group_id, role_id=world.roles["editor"].role_id))

    async def leave(_: int) -> None:
        await world.edit_members(staff, remove=["ext-user3"])

    large.after_weighing(leave)
    with pytest.raises(MovedError):
        await large.apply(seen)
    assert (await mappings.get_policy(world.tenant.tenant_id)).lines == []


async def mapped_beside(world: World) -> tuple[Group, Group]:
    """Return two mapped groups: one that shares a member with the group that is to be mapped, and one that does not."""
    for name in ("guest", "visitor"):
        await world.push_user(name)
    desk, apart = await world.push_group("desk", ["ext-user0"]), await world.push_group("apart", ["ext-guest"])
    await world.map_group(desk, "viewer")
    await world.map_group(apart, "viewer")
    return desk, apart


async def lines_of(world: World) -> list[str]:
    return [line.group_name for line in (await mappings.get_policy(world.tenant.tenant_id)).lines]


async def test_others_who_come_and_groups_that_share_nobody_do_not_matter(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = Large(world, monkeypatch)
    staff = await large.settle()
    _, apart = await mapped_beside(world)
    seen = await large.seen(AddMapping(group_id=staff.group_id, role_id=world.roles["editor"].role_id))

    async def go_on(passes: int) -> None:
        await world.push_user(f"somebody{passes}")
        await world.edit_members(apart, add=["ext-visitor"], remove=["ext-guest"])

    large.after_weighing(go_on)
    await large.apply(seen)
    assert large.passes == 1
    assert await lines_of(world) == ["desk", "apart", "staff"]
    await world.assert_consistent()


async def test_what_does_not_matter_in_a_group_that_shares_members_makes_it_weigh_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = Large(world, monkeypatch)
    staff = await large.settle()
    desk, _ = await mapped_beside(world)
    seen = await large.seen(AddMapping(group_id=staff.group_id, role_id=world.roles["editor"].role_id))

    async def come(passes: int) -> None:
        if passes == 1:
            await world.edit_members(desk, add=["ext-visitor"])

    large.after_weighing(come)
    await large.apply(seen)
    assert large.passes == 2
    assert await lines_of(world) == ["desk", "apart", "staff"]


@pytest.mark.parametrize("what", ["joins a deciding group", "leaves a deciding group", "is locked"])
async def test_what_moves_a_member_is_never_applied(world: World, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    large = Large(world, monkeypatch)
    staff = await large.settle()
    desk, apart = await mapped_beside(world)
    late, _ = await users.create_user(
        UserAttributes({"userName": "late@example.org", "externalId": "ext-late"}),
        by=world.client,
        now=world.tick(),
        revive_inactive=True,
    )
    await world.edit_members(staff, add=["ext-late"])
    seen = await large.seen(AddMapping(group_id=staff.group_id, role_id=world.roles["editor"].role_id))
    deeds: dict[str, Callable[[], Awaitable[object]]] = {
        "joins a deciding group": lambda: world.edit_members(apart, add=["ext-late"]),
        "leaves a deciding group": lambda: world.edit_members(desk, remove=["ext-user0"]),
        "is locked": lambda: lock(world, late),
    }

    async def move(passes: int) -> None:
        if passes == 1:
            await deeds[what]()

    large.after_weighing(move)
    with pytest.raises(MovedError):
        await large.apply(seen)
    assert await lines_of(world) == ["desk", "apart"]


async def test_at_the_last_try_a_set_that_is_not_huge_is_compared_exactly(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = Large(world, monkeypatch)
    staff = await large.settle()
    desk, _ = await mapped_beside(world)
    seen = await large.seen(AddMapping(group_id=staff.group_id, role_id=world.roles["editor"].role_id))
    large.after_weighing(lambda passes: restless(world, desk, passes))

    await large.apply(seen)

    assert large.passes == preview_apply.TRIES + 1
    assert await lines_of(world) == ["desk", "apart", "staff"]


async def test_what_moves_before_the_last_comparison_is_noticed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    large = Large(world, monkeypatch)
    staff = await large.settle()
    desk, _ = await mapped_beside(world)
    seen = await large.seen(AddMapping(group_id=staff.group_id, role_id=world.roles["editor"].role_id))

    async def move(passes: int) -> None:
        await restless(world, desk, passes)
        if passes == preview_apply.TRIES:
            await world.edit_members(staff, remove=["ext-user3"])

    large.after_weighing(move)
    with pytest.raises(MovedError):
        await large.apply(seen)
    assert large.passes == preview_apply.TRIES + 1


async def test_a_directory_that_never_rests_is_answered_with_a_fresh_preview(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preview_apply, "EXACT_AT_LAST_MAX", 1)
    large = Large(world, monkeypatch)
    staff = await large.settle()
    desk, _ = await mapped_beside(world)
    seen = await large.seen(AddMapping(group_id=staff.group_id, role_id=world.roles["editor"].role_id))
    large.after_weighing(lambda passes: restless(world, desk, passes))

    with pytest.raises(MovedError):
        await large.apply(seen)
    assert large.passes == preview_apply.TRIES


async def test_a_policy_that_changed_before_the_mark_was_read_is_noticed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = Large(world, monkeypatch)
    staff = await large.settle()
    free = await world.push_group("free")
    seen = await large.seen(AddMapping(group_id=staff.group_id, role_id=world.roles["editor"].role_id))
    load = preview_case.case_for
    loaded: list[Case] = []

    async def then_mapped(proposal: Proposal, *, by: Actor, now: datetime) -> Case:
        case = await load(proposal, by=by, now=now)
        if not loaded:
            loaded.append(case)
            await world.map_group(free, "viewer")
        return case

    monkeypatch.setattr(preview_apply, "case_for", then_mapped)
    with pytest.raises(MovedError):
        await large.apply(seen)
    assert await lines_of(world) == ["free"]


async def restless(world: World, group: Group, passes: int) -> None:
    """Change a group each time between weighing and applying; the comparison inside the unit is not disturbed."""
    if passes <= preview_apply.TRIES:
        name = "ext-visitor"
        await world.edit_members(group, add=[name] if passes % 2 else [], remove=[] if passes % 2 else [name])


async def test_the_unit_runs_the_same_statements_for_few_and_for_many(
    world: World, store: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mappings, "INLINE_BATCHES", 0)
    monkeypatch.setattr(proposed, "BATCH_USERS", 2)
    monkeypatch.setattr(preview_apply, "EXACT_MAX", 1)
    counts = []
    for people in (3, 30):
        for number in range(people):
            await world.push_user(f"user{people}x{number}")
        seen = await preview.preview(
            SetDefaultRole(role_id=world.roles["viewer" if people == 3 else "editor"].role_id),
            by=world.system,
            now=world.now,
        )
        with counted_statements(store) as counted:
            await preview_apply.apply(seen.proposal, seen.plan_hash, consent=False, by=world.system, now=world.tick())
        weighing = [text for text in counted.texts if "GROUP BY role_id" in text]
        counts.append(len(counted.texts) - len(weighing))
        await mappings.redecide(None, now=world.tick(), batches=1000)
    assert counts[0] == counts[1]
