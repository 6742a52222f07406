"""After every step of any history everybody is where the simplest program says, active or not, and with that role."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from directory import tenants, upkeep
from directory.store.compiled import Statement
from directory.store.unit import Engine, fetch, in_house
from tests.directory.routes.model import Copy, Model
from tests.directory.routes.playing import BRANCHES, CIRCLES, DEEDS, PEOPLE, QUESTIONS, ROLES, Play, Step, begin

pytestmark = pytest.mark.anyio

PEOPLE_BELOW = Statement(
    "SELECT t.slug, u.user_name, u.active, u.department, u.display_name, r.shipped FROM user_row u"
    " JOIN tenant_row t ON t.id = u.tenant_id AND t.parent_id = $1::uuid AND t.deleted_at IS NULL"
    " JOIN role_row r ON r.tenant_id = u.tenant_id AND r.id = u.role_id"
    " WHERE u.deleted_at IS NULL AND u.source_id IS NOT NULL",
    house=True,
)
GROUPS_BELOW = Statement(
    "SELECT t.slug, g.display_name, o.display_name AS original, o.id, u.user_name FROM group_row g"
    " JOIN tenant_row t ON t.id = g.tenant_id AND t.parent_id = $1::uuid AND t.deleted_at IS NULL"
    " JOIN group_route_row c ON c.to_tenant_id = g.tenant_id AND c.copy_group_id = g.id"
    " JOIN group_row o ON o.tenant_id = c.tenant_id AND o.id = c.group_id"
    " LEFT JOIN member_row m ON m.tenant_id = g.tenant_id AND m.group_id = g.id AND NOT m.gone"
    " LEFT JOIN user_row u ON u.tenant_id = m.tenant_id AND u.id = m.user_id"
    " WHERE g.deleted_at IS NULL",
    house=True,
)
ROUTES = Statement(
    "SELECT t.slug, u.user_name, r.state FROM route_row r"
    " JOIN tenant_row t ON t.id = r.to_tenant_id AND t.deleted_at IS NULL"
    " JOIN user_row u ON u.tenant_id = r.tenant_id AND u.id = r.user_id WHERE r.tenant_id = $1::uuid"
)
UNROUTED = Statement(
    "SELECT u.user_name FROM unrouted_row r JOIN user_row u ON u.tenant_id = r.tenant_id AND u.id = r.user_id"
    " WHERE r.tenant_id = $1::uuid"
)

steps_strategy = st.lists(
    st.builds(
        Step,
        deed=st.sampled_from(sorted(DEEDS)),
        person=st.sampled_from(PEOPLE),
        circle=st.sampled_from(CIRCLES),
        chosen=st.frozensets(st.sampled_from(PEOPLE)),
        branches=st.frozensets(st.sampled_from(BRANCHES), max_size=2),
        number=st.integers(0, 59),
        question=st.sampled_from(QUESTIONS),
        role=st.sampled_from((None, *ROLES)),
    ),
    min_size=6,
    max_size=25,
)
few = settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
made = iter(range(1_000_000))


async def assert_as_said(play: Play, told: str) -> None:
    """What the database says is what the model says."""
    model, tenant_id = play.model, play.family.tenant_id
    async with in_house():
        people = await fetch(PEOPLE_BELOW, tenant_id)
        unrouted = await fetch(UNROUTED, tenant_id)
        routes = await fetch(ROUTES, tenant_id)
    found = {
        (row["slug"], key(row["user_name"])): Copy(
            bool(row["active"]), row["department"], row["display_name"], row["shipped"]
        )
        for row in people
    }
    assert found == model.copies(), told
    assert {key(row["user_name"]) for row in unrouted} == model.unrouted(), told
    states = {(row["slug"], key(row["user_name"])): row["state"] for row in routes}
    assert {place for place, state in states.items() if state == "there"} == set(found), told
    assert {place for place, state in states.items() if state == "met"} == model.met(), told
    await assert_groups_as_said(play, model, told)


async def assert_groups_as_said(play: Play, model: Model, told: str) -> None:
    """Copies of groups are where their members are or rules lead them, perhaps where members were, and nowhere else."""
    async with in_house():
        rows = await fetch(GROUPS_BELOW, play.family.tenant_id)
    found: dict[str, dict[str, set[str]]] = {name: {} for name in model.circles}
    names = {str(group.group_id): name for name, group in play.groups.items()}
    for row in rows:
        assert row["display_name"] == row["original"], told
        some = found[names[str(row["id"])]].setdefault(row["slug"], set())
        some |= {key(row["user_name"])} if row["user_name"] else set()
    for name, circle in model.circles.items():
        members = model.members(name)
        led = model.circle_led_to(name)
        assert {slug: there for slug, there in found[name].items() if there} == members, (name, told)
        allowed = circle.had | led if circle.here else set()
        assert members.keys() | led <= found[name].keys() <= allowed, (name, told)


def key(user_name: str) -> str:
    return user_name.partition("@")[0]


async def play_through(steps: list[Step]) -> None:
    """Play a history; the directory and the model agree after every step, and everything stored follows from facts."""
    play = await begin(f"w{next(made)}")
    for number, step in enumerate(steps):
        await play.take(step)
        await assert_as_said(play, f"after step {number}: {step}")
    for tenant in (play.family.above.tenant, *play.family.below.values()):
        report = await upkeep.recompute_roles(tenant.tenant_id)
        assert (report.differing, report.under_way) == ((), False)
        assert await upkeep.list_miscounted_groups(tenant.tenant_id) == []
        assert await upkeep.list_untold_users(tenant.tenant_id) == []
        assert await upkeep.list_misstated_users(tenant.tenant_id) == []
    assert tenants.system_actor(play.family.above.tenant).tenant_id == play.family.tenant_id


def steps_from(seed: int, count: int) -> list[Step]:
    """Return a history: first people and groups and rules, then anything."""
    dice = random.Random(seed)
    begun = ["arrive"] * 6 + ["gather"] * 3 + ["add rule"] * 3
    return [
        Step(
            deed=begun[at] if at < len(begun) else dice.choice(sorted(DEEDS)),
            person=PEOPLE[at] if at < len(PEOPLE) else dice.choice(PEOPLE),
            circle=dice.choice(CIRCLES),
            chosen=frozenset(dice.sample(PEOPLE, dice.randrange(4))),
            branches=frozenset(dice.sample(BRANCHES, dice.randrange(3))),
            number=dice.randrange(60),
            question=dice.choice(QUESTIONS),
            role=dice.choice((None, None, *ROLES)),
        )
        for at in range(count)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
async def test_after_every_step_of_a_long_history_everybody_is_where_the_model_says(store: Engine, seed: int) -> None:
    assert store is not None
    await play_through(steps_from(seed, 50))


@pytest.mark.battery
@pytest.mark.parametrize("seed", range(1_000, 1_200))
async def test_after_every_step_of_200_histories_everybody_is_where_the_model_says(store: Engine, seed: int) -> None:
    assert store is not None
    await play_through(steps_from(seed, 80))


@pytest.mark.slow
@few
@given(steps=steps_strategy)
async def test_after_every_step_everybody_is_where_the_model_says(store: Engine, steps: list[Step]) -> None:
    assert store is not None
    await play_through(steps)
