"""The same facts in any order of arrival end in one state, and stored roles are what the rule says."""

import random
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from directory import mappings, users
from directory.model import Group, User, UserAttributes
from directory.query import Window
from directory.store.unit import Engine
from tests.directory.world import World, create_world

pytestmark = pytest.mark.anyio

PEOPLE = ("ann", "bob", "carl", "dora")
CIRCLES = ("staff", "admins", "guests")
ROLES = {"staff": "editor", "admins": "user_manager", "guests": "viewer"}


@dataclass(frozen=True)
class Facts:
    """Who is in which circle, who is disabled, and in which order circles are mapped."""

    members: dict[str, frozenset[str]]
    disabled: frozenset[str]
    mapped: tuple[str, ...]


facts_strategy = st.builds(
    Facts,
    members=st.fixed_dictionaries({name: st.frozensets(st.sampled_from(PEOPLE)) for name in CIRCLES}),
    disabled=st.frozensets(st.sampled_from(PEOPLE)),
    mapped=st.permutations(CIRCLES).map(tuple),
)
few = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
made = iter(range(1_000_000))


class Arrivals:
    """Plays facts into a tenant of its own, in a given order."""

    def __init__(self, world: World, facts: Facts) -> None:
        self.world = world
        self.facts = facts
        self.people: dict[str, User] = {}
        self.circles: dict[str, Group] = {}

    def deeds(self) -> list[tuple[str, str, str]]:
        """Return every single thing that arrives: people, empty circles, members one by one, disables, mappings."""
        found = [("person", name, "") for name in PEOPLE]
        found += [("circle", name, "") for name in CIRCLES]
        found += [("member", circle, name) for circle in CIRCLES for name in sorted(self.facts.members[circle])]
        found += [("disable", name, "") for name in sorted(self.facts.disabled)]
        return found

    async def play(self, order: list[tuple[str, str, str]]) -> None:
        """Do the deeds in order; what needs something that is not there yet is done as soon as it can be."""
        pending = list(order)
        while pending:
            deed = next(deed for deed in pending if self.possible(deed))
            pending.remove(deed)
            await self.do(deed)

    def possible(self, deed: tuple[str, str, str]) -> bool:
        kind, name, _ = deed
        return {"person": True, "circle": True, "member": name in self.circles, "disable": name in self.people}[kind]

    async def do(self, deed: tuple[str, str, str]) -> None:
        kind, name, other = deed
        if kind == "person":
            self.people[name] = await self.world.push_user(name)
        elif kind == "circle":
            self.circles[name] = await self.world.push_group(name)
            await self.map_in_order()
        elif kind == "member":
            await self.world.edit_members(self.circles[name], add=[f"ext-{other}"])
        else:
            user = self.people[name]
            off = UserAttributes({**user.attributes.document, "active": False})
            await users.edit_user(user.user_id, lambda _: off, by=self.world.client, now=self.world.tick())

    async def map_in_order(self) -> None:
        """Keep the list in the wanted order as its circles arrive."""
        wanted = [name for name in self.facts.mapped if name in self.circles]
        policy = await mappings.get_policy(self.world.tenant.tenant_id)
        listed = {line.group_name for line in policy.lines}
        for name in wanted:
            if name not in listed:
                await self.world.map_group(self.circles[name], ROLES[name])
        for name in wanted:
            await mappings.move_mapping(
                self.circles[name].group_id, places=len(CIRCLES), by=self.world.system, now=self.world.tick()
            )

    async def state(self) -> dict[str, object]:
        """Return what the directory says of everybody, without ids and times."""
        people = {
            name: (await self.world.role_of(user), (await self.current(user)).active, await self.why(user))
            for name, user in self.people.items()
        }
        circles = {name: sorted(await self.world.members_of(group)) for name, group in self.circles.items()}
        return {"people": people, "circles": circles}

    async def current(self, user: User) -> User:
        return await users.get_user(self.world.tenant.tenant_id, user.user_id)

    async def why(self, user: User) -> tuple[str, str | None]:
        decision = (await self.current(user)).decision
        names = {group.group_id: name for name, group in self.circles.items()}
        return decision.origin, names[decision.group_id] if decision.group_id else None


@few
@given(facts=facts_strategy, seed=st.integers(0, 2**32))
async def test_any_order_of_arrival_ends_in_one_state(store: Engine, facts: Facts, seed: int) -> None:
    assert store is not None
    states = []
    for order_seed in (None, seed):
        arrivals = Arrivals(await create_world(f"w{next(made)}"), facts)
        deeds = arrivals.deeds()
        if order_seed is not None:
            random.Random(order_seed).shuffle(deeds)  # an order, not a secret
        await arrivals.play(deeds)
        await arrivals.world.assert_consistent()
        states.append(await arrivals.state())
    assert states[0] == states[1]


@dataclass(frozen=True)
class Step:
    """One thing that happens; what a kind of step does not need, it ignores."""

    deed: str
    circle: str
    person: str
    chosen: frozenset[str]
    gone: frozenset[str]
    role: str


# Drawn as a whole: a draw inside an asynchronous test would end its event loop when hypothesis stops it.
steps_strategy = st.lists(
    st.builds(
        Step,
        deed=st.sampled_from(("members", "replace", "map", "move", "default", "leave or return")),
        circle=st.sampled_from(CIRCLES),
        person=st.sampled_from(PEOPLE),
        chosen=st.frozensets(st.sampled_from(PEOPLE)),
        gone=st.frozensets(st.sampled_from(PEOPLE)),
        role=st.sampled_from(("viewer", "editor", "loanee")),
    ),
    min_size=1,
    max_size=12,
)


@few
@given(steps=steps_strategy)
async def test_after_any_history_stored_roles_are_what_the_rule_says(store: Engine, steps: list[Step]) -> None:
    assert store is not None
    world = await create_world(f"w{next(made)}")
    people = {name: await world.push_user(name) for name in PEOPLE}
    circles = {name: await world.push_group(name) for name in CIRCLES}
    for step in steps:
        await take(world, step, people, circles[step.circle])
    await world.assert_consistent()


async def take(world: World, step: Step, people: dict[str, User], group: Group) -> None:
    add = [f"ext-{name}" for name in step.chosen]
    match step.deed:
        case "members":
            await world.edit_members(group, add=add, remove=[f"ext-{name}" for name in step.gone - step.chosen])
        case "replace":
            await world.edit_members(group, add=add, replace=True)
        case "map" | "move":
            await toggle_or_move(world, group, step.circle, move=step.deed == "move")
        case "default":
            await mappings.set_default_role(world.roles[step.role].role_id, by=world.system, now=world.tick())
        case _:
            people[step.person] = await leave_or_return(world, people[step.person], step.person)


async def toggle_or_move(world: World, group: Group, circle: str, *, move: bool) -> None:
    policy = await mappings.get_policy(world.tenant.tenant_id)
    mapped = any(line.mapping.group_id == group.group_id for line in policy.lines)
    if not mapped:
        await world.map_group(group, ROLES[circle])
    elif move:
        await mappings.move_mapping(group.group_id, places=-1, by=world.system, now=world.tick())
    else:
        await mappings.remove_mapping(group.group_id, by=world.system, now=world.tick())


async def leave_or_return(world: World, user: User, name: str) -> User:
    found = await users.list_users(world.tenant.tenant_id, world.source.source_id, None, Window(limit=50))
    if any(other.user_id == user.user_id for other in found.things):
        await users.delete_user(user.user_id, by=world.client, now=world.tick())
        return user
    return await world.push_user(name)
