"""The matrix that is shown is what the walk then does, user by user, over random people, groups and rules."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from directory.model import Group, TenantId, User, UserId
from directory.routes import rules
from directory.routes.apply import apply
from directory.routes.drafts import RuleChange, RuleDraft, SetReading
from directory.routes.preview import preview
from directory.routes.rules import AddRule, EditRule, MoveRule, RemoveRule
from directory.routes.shown import MovedUser, each_mover
from directory.routing import Condition
from directory.store.routes.facts import list_routes
from directory.store.unit import Engine
from tests.directory.routes.family import Family, create_family

pytestmark = pytest.mark.anyio

PLACES = ("bristol", "cardiff", "leeds")
WORDS = ("Bristol", "Cardiff", "Wales", "")
few = settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
many = settings(few, max_examples=100)
made = iter(range(1_000_000))
seeds = st.integers(0, 2**32)
Places = Mapping[UserId, frozenset[TenantId]]


@dataclass
class Shire:
    """A super tenant with random people in random groups, and random changes of its rules."""

    family: Family
    dice: random.Random
    people: list[User] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)

    async def settle(self) -> None:
        """Fill it; the guards below let everybody go."""
        dice, world = self.dice, self.family.above
        for slug in self.family.below:
            await self.family.switch_guard_off(slug)
        for number in range(dice.randint(3, 8)):
            address = f"u{number}@{dice.choice(WORDS).lower() or 'x'}.example"
            user = await world.push_user(f"u{number}", title=dice.choice(WORDS), emails=[{"value": address}])
            self.people.append(user)
        for name in ("Bristol Staff", "Wales Staff"):
            members = [f"ext-u{number}" for number in range(len(self.people)) if dice.random() < 0.4]
            self.groups.append(await world.push_group(name, members))

    async def change(self) -> RuleChange:
        """Return something to be changed."""
        dice = self.dice
        rule_ids = [line.rule.rule_id for line in (await rules.list_rules(self.family.tenant_id)).lines]
        kind = dice.choice(["add", "add", "edit", "move", "remove", "reading"]) if rule_ids else "add"
        match kind:
            case "edit":
                return EditRule(rule_id=dice.choice(rule_ids), draft=self._draft())
            case "move":
                return MoveRule(rule_id=dice.choice(rule_ids), places=dice.choice([-2, -1, 1, 2]))
            case "remove":
                return RemoveRule(rule_id=dice.choice(rule_ids))
            case "reading":
                fallback = dice.choice([None, *(one.tenant_id for one in self.family.below.values())])
                return SetReading(matches="all" if dice.random() < 0.5 else "first", fallback=fallback)
            case _:
                place = dice.choice([None, *range(1, len(rule_ids) + 2)])
                return AddRule(draft=self._draft(), place=place)

    async def places(self) -> Places:
        """Return where everybody is."""
        routes, _ = await list_routes(self.family.tenant_id, [user.user_id for user in self.people])
        return {
            user.user_id: frozenset(one.to_tenant_id for one in routes.get(user.user_id, ())) for user in self.people
        }

    def _draft(self) -> RuleDraft:
        below = [one.tenant_id for one in self.family.below.values()]
        return RuleDraft(
            condition=self._condition(),
            goes_to=tuple(self.dice.sample(below, self.dice.choice([1, 1, 2]))),
            role_key=self.dice.choice([None, None, "viewer", "editor"]),
            stops=self.dice.random() < 0.5,
        )

    def _condition(self) -> Condition:
        dice, word = self.dice, self.dice.choice(WORDS[:3])
        match dice.choice(["attribute", "group", "group_name", "domain", "source"]):
            case "group":
                return Condition(kind="group", value=dice.choice(self.groups).group_id)
            case "group_name":
                return Condition(kind="group_name", values=(f"{word[0]}*staff",))
            case "domain":
                return Condition(kind="domain", values=(f"{word.lower()}.example",))
            case "source":
                return Condition(kind="source", value=self.family.above.source.source_id)
            case _:
                return Condition(kind="attribute", path="title", values=(word,))


async def check(seed: int) -> None:
    """Make three random changes, each as it was shown."""
    slug = f"shire{next(made)}"
    family = await create_family(*(f"{slug}-{one}" for one in PLACES), above=slug)
    shire = Shire(family=family, dice=random.Random(seed))
    await shire.settle()
    for _ in range(4):
        change, by = await shire.change(), family.above.system
        matrix = await preview(change, by=by, now=family.above.tick())
        movers = {user.user_id: user async for batch in each_mover(matrix.case) for user in batch}
        before = await shire.places()
        await apply(change, matrix.plan_hash, by=by, now=family.above.tick())
        await family.work_off()
        assert matrix.total == len(movers)
        assert await shire.places() == expected(before, movers)
        again = await preview(SetReading(matches=matrix.case.after.matches), by=by, now=family.above.tick())
        if again.case.before == again.case.after:
            assert again.total == 0


def expected(before: Places, movers: Mapping[UserId, MovedUser]) -> Places:
    """Return where everybody is to be, by what was shown."""
    for user_id, user in movers.items():
        assert frozenset(one.tenant_id for one in user.before) == before[user_id]
    moved = {user_id: frozenset(one.tenant_id for one in user.after) for user_id, user in movers.items()}
    return {**before, **moved}


@few
@given(seed=seeds)
async def test_the_matrix_is_what_the_walk_then_does(store: Engine, seed: int) -> None:
    assert store is not None
    await check(seed)


@pytest.mark.battery
@many
@given(seed=seeds)
async def test_the_matrix_is_what_the_walk_then_does_many_times(store: Engine, seed: int) -> None:
    assert store is not None
    await check(seed)
