"""Whatever arrives first: users, groups, members and rules end in one state."""

import random
from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from directory import groups
from directory.edits import GroupEdit
from directory.model import Group
from directory.routes import follow
from directory.routing import Condition
from directory.store.unit import Engine
from tests.directory.routes.family import Family, create_family

pytestmark = pytest.mark.anyio

PEOPLE = tuple(f"p{at}" for at in range(12))
TEAMS = {f"Team {at}": tuple(name for place, name in enumerate(PEOPLE) if place % 3 == at) for at in range(3)}
SLUGS = ("bristol", "cardiff", "derby")

State = dict[str, tuple[frozenset[str], dict[str, frozenset[str]]]]


class Arrivals:
    """All that arrives, in any order: people, teams, who is in them, and which team goes where."""

    def __init__(self, family: Family) -> None:
        self.family = family
        self.teams: dict[str, Group] = {}

    def steps(self) -> list[Callable[[], Awaitable[object]]]:
        found: list[Callable[[], Awaitable[object]]] = [partial(self.family.above.push_user, name) for name in PEOPLE]
        for slug, (team, names) in zip(SLUGS, TEAMS.items(), strict=True):
            condition = Condition(kind="group_name", values=(team,))
            found += [partial(self._join, team, names[:2]), partial(self._join, team, names[2:])]
            found.append(partial(self.family.lead, "user", condition, slug))
        found.append(partial(self.family.lead, "group", Condition(kind="group_name", values=("Team 0",)), "derby"))
        found.append(self.family.work_off)
        return found

    async def _join(self, team: str, names: tuple[str, ...]) -> None:
        """Push members, as a new team or into the one there is."""
        members = frozenset(f"ext-{name}" for name in names)
        if team not in self.teams:
            self.teams[team] = await self.family.above.push_group(team, members)
            return
        edit = GroupEdit(add=members)
        group_id = self.teams[team].group_id
        await groups.edit_group(group_id, edit, by=self.family.above.client, now=self.family.above.tick())

    async def state(self) -> State:
        """Return who is in which tenant, and in which groups there; groups without members left out."""
        found: State = {}
        for slug in SLUGS:
            members = {team: await self.family.members_in(slug, group) for team, group in self.teams.items()}
            found[slug] = (
                frozenset(await self.family.names_in(slug)),
                {team: frozenset(names) for team, names in members.items() if names},
            )
        return found


@pytest.mark.parametrize("seed", range(4))
async def test_any_order_ends_in_one_state(store: Engine, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    del store
    chance = random.Random(seed)
    monkeypatch.setattr(follow, "PEOPLE_AT_ONCE", chance.choice((0, 1, 20)))
    monkeypatch.setattr(follow, "GROUPS_AT_ONCE", chance.choice((0, 5)))
    arrivals = Arrivals(await create_family(*SLUGS))
    steps = arrivals.steps()
    chance.shuffle(steps)

    for step in steps:
        await step()
    await arrivals.family.work_off()

    assert await arrivals.state() == {
        slug: (frozenset(TEAMS[team]), {team: frozenset(TEAMS[team])}) for slug, team in zip(SLUGS, TEAMS, strict=True)
    }
    assert "derby" in await arrivals.family.copies_of(arrivals.teams["Team 0"])
