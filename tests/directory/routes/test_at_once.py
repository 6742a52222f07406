"""Many push while the queue is worked off: nobody is lost, and nobody waits in a circle."""

import asyncio
import random
from dataclasses import dataclass

import pytest

from directory import groups, users
from directory.edits import GroupEdit, UserEdit
from directory.errors import UnavailableError
from directory.model import Group, GroupAttributes, User, UserAttributes
from directory.routes import due, follow
from directory.routing import Condition
from directory.store.unit import Engine
from tests.directory.routes.family import Family, create_family

pytestmark = pytest.mark.anyio

SLUGS = ("bristol", "cardiff", "derby")
PUSHES = 8


@dataclass
class Crowd:
    """People and teams of a super tenant, and where each is to be by now."""

    family: Family
    people: list[User]
    teams: list[Group]

    async def push(self, chance: random.Random) -> None:
        """Change members, names of teams, and titles, as an identity provider does from several connections."""
        for _ in range(PUSHES):
            some = frozenset(str(one.user_id) for one in chance.sample(self.people, chance.choice((1, 3, 8))))
            edits = (GroupEdit(add=some), GroupEdit(remove=some), named(f"Team {chance.randrange(100)}"))
            await self._edit_team(chance.choice(self.teams), chance.choice(edits))
            await self._edit_user(chance.choice(self.people), titled(f"T{chance.randrange(len(SLUGS))}"))

    async def _edit_team(self, team: Group, edit: GroupEdit) -> None:
        while True:
            try:
                await groups.edit_group(team.group_id, edit, by=self.family.above.client, now=self.family.above.tick())
            except UnavailableError:  # another one came first, again and again: clients send it once more
                continue
            return

    async def _edit_user(self, user: User, edit: UserEdit) -> None:
        while True:
            try:
                await users.edit_user(user.user_id, edit, by=self.family.above.client, now=self.family.above.tick())
            except UnavailableError:
                continue
            return

    async def titles(self) -> dict[str, str]:
        """Return the slug of the tenant that each is to be in, by name."""
        found = [await users.get_user(self.family.tenant_id, one.user_id) for one in self.people]
        return {
            one.attributes.user_name.partition("@")[0]: SLUGS[int(str(one.attributes.document["title"])[1:])]
            for one in found
        }

    async def assert_settled(self) -> None:
        """Everybody, every team and every membership is below as it is above."""
        where = await self.titles()
        for slug in SLUGS:
            here = {name for name, place in where.items() if place == slug}
            assert await self.family.names_in(slug) == here
            for team in self.teams:
                above = await groups.get_group(self.family.tenant_id, team.group_id)
                members = await self.family.above.members_of(team)
                assert (await self.family.members_in(slug, team) or set()) == members & here
                if (copy_id := (await self.family.copies_of(team)).get(slug)) is not None:
                    copy = await groups.get_group(self.family.below[slug].tenant_id, copy_id)
                    assert copy.attributes.display_name == above.attributes.display_name


def named(name: str) -> GroupEdit:
    return GroupEdit(change=lambda one: GroupAttributes({**one.document, "displayName": name}))


def titled(title: str) -> UserEdit:
    return lambda one: UserAttributes({**one.document, "title": title})


async def gathered() -> Crowd:
    family = await create_family(*SLUGS)
    for at, slug in enumerate(SLUGS):
        await family.lead("user", Condition(kind="attribute", path="title", values=(f"T{at}",)), slug)
    people = [await family.above.push_user(f"p{at}", title=f"T{at % len(SLUGS)}") for at in range(18)]
    teams = [await family.above.push_group(f"Team {at}") for at in range(4)]
    for slug in SLUGS:
        await family.switch_guard_off(slug)
    await family.work_off()
    return Crowd(family, people, teams)


@pytest.mark.parametrize("people_at_once", [2, 20])
async def test_what_is_pushed_meanwhile_arrives(
    store: Engine, monkeypatch: pytest.MonkeyPatch, people_at_once: int
) -> None:
    del store
    crowd = await gathered()
    monkeypatch.setattr(follow, "PEOPLE_AT_ONCE", people_at_once)
    pushed = asyncio.Event()

    async def work() -> None:
        while not pushed.is_set():
            await due.work_due(crowd.family.above.tick())
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as everybody:
        everybody.create_task(work())
        async with asyncio.TaskGroup() as clients:
            for seed in range(4):
                clients.create_task(crowd.push(random.Random(seed)))
        pushed.set()
    await crowd.family.work_off()

    await crowd.assert_settled()
