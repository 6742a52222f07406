"""Differences that were put there are found, all of them and no others, whatever else happened before."""

from dataclasses import dataclass, field
from random import Random

import pytest

from directory import users
from directory.model import JsonValue, User, UserAttributes
from directory.person import ENTERPRISE
from tests.directory.pulls.auditing import Auditor, create_auditor
from tests.directory.world import World

pytestmark = pytest.mark.anyio

DEPARTMENT = f"{ENTERPRISE}:department"
TITLES = ("Smith", "Baker", "Miller", None)
PEOPLE = 30
Found = set[tuple[str, str, str]]


@dataclass
class Push:
    """What was pushed, and how to go on pushing."""

    world: World
    there: dict[str, dict[str, JsonValue]] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)

    async def put(self, name: str, **values: JsonValue) -> None:
        said = {**self.there.get(name, {"active": True}), **values}
        kept = {key: value for key, value in said.items() if value is not None}
        document: dict[str, JsonValue] = {"userName": f"{name}@example.org", "externalId": f"ext-{name}", **kept}
        if department := document.pop(DEPARTMENT, None):
            document[ENTERPRISE] = {"department": department}
        attributes = UserAttributes(document)
        if name in self.there:
            await users.edit_user(
                self.users[name].user_id, lambda _: attributes, by=self.world.client, now=self.world.tick()
            )
        else:
            self.users[name], _ = await users.create_user(
                attributes, by=self.world.client, now=self.world.tick(), revive_inactive=True
            )
        self.there[name] = said

    async def delete(self, name: str) -> None:
        if self.there.pop(name, None) is not None:
            await users.delete_user(self.users[name].user_id, by=self.world.client, now=self.world.tick())


@dataclass
class Pull:
    """What the directory says, and what it will say next."""

    auditor: Auditor
    ids: dict[str, str] = field(default_factory=dict)
    moved: set[str] = field(default_factory=set)

    def put(self, name: str, **values: JsonValue) -> None:
        ext_id = self.ids.setdefault(name, f"ext-{name}")
        before = self.auditor.people.get(ext_id, {"active": True, "title": None, DEPARTMENT: None})
        self.auditor.people[ext_id] = {**before, "userName": f"{name.upper()}@example.org", **values}
        self.auditor.ops.pop(ext_id, None)
        self.moved.add(ext_id)

    def delete(self, name: str) -> None:
        ext_id = self.ids.get(name, "")
        if self.auditor.people.pop(ext_id, None) is not None:
            self.moved.add(ext_id)

    def make_anew(self, name: str, random: Random) -> None:
        """Give a person another id, as when the account was deleted and created again."""
        if name in self.ids and self.ids[name] in self.auditor.people:
            said = self.auditor.people.pop(self.ids[name])
            self.moved.add(self.ids[name])
            self.ids[name] = f"{random.randrange(10**6):06}"
            self.put(name, **said)

    def of(self, name: str) -> dict[str, JsonValue] | None:
        return self.auditor.people.get(self.ids.get(name, ""))


def expected(push: Push, pull: Pull, names: list[str]) -> Found:
    """Return what is to be found, by looking at everybody."""
    found: Found = set()
    for name in names:
        here, there = push.there.get(name), pull.of(name)
        if there is None or here is None:
            if here is not None and here["active"]:
                found.add(("extra", name, ""))
            if there is not None and there["active"]:
                found.add(("missing", name, ""))
            continue
        if there["active"] != here["active"]:
            found.add(("status", name, ""))
        found |= {("attribute", name, key) for key in ("title", DEPARTMENT) if here.get(key) != there.get(key)}
    return found


async def mutate(push: Push, pull: Pull, name: str, random: Random) -> None:
    values: dict[str, JsonValue] = {"title": random.choice(TITLES), DEPARTMENT: random.choice(("Arms", "Legs"))}
    active = random.random() < 0.8
    match random.randrange(8):
        case 0:
            await push.put(name, active=active)
        case 1:
            await push.put(name, **values)
        case 2:
            await push.delete(name)
        case 3:
            pull.put(name, active=active)
        case 4:
            pull.put(name, **values)
        case 5:
            pull.delete(name)
        case 6:
            pull.make_anew(name, random)
        case _:
            await push.put(name, active=True, **values)
            pull.put(name, active=True, **values)


async def play(world: World, seed: int, *, rounds: int) -> list[str]:
    """Change both sides at random and compare, again and again; return what was not found, or should not have been."""
    random = Random(seed)
    auditor = await create_auditor(world)
    push, pull = Push(world), Pull(auditor)
    names = [f"p{number:02}" for number in range(PEOPLE)]
    ever: set[str] = set()
    wrong: list[str] = []
    for number in range(rounds):
        for name in random.sample(names, PEOPLE if number == 0 else 10):
            await mutate(push, pull, name, random)
        wanted, unsure = expected(push, pull, names), set[tuple[str, str, str]]()
        if number and random.random() < 0.5:
            await auditor.pull("delta", only=sorted(pull.moved))
            # Of whom the directory never said under the id that was pushed, only a whole pull can tell.
            ever |= pull.moved
            unsure = {one for one in wanted if one[0] == "extra" and f"ext-{one[1]}" not in ever}
        else:
            await auditor.pull()
            ever |= auditor.people.keys()
        wrong += [f"round {number}: {one}" for one in ((await told(auditor)) | unsure) ^ wanted]
        pull.moved.clear()
    await world.assert_consistent()
    return wrong


async def told(auditor: Auditor) -> Found:
    return {(kind, label.lower().partition("@")[0], target) for kind, label, target in await auditor.told()}


@pytest.mark.parametrize("seed", range(3))
async def test_all_differences_are_found_and_no_others(world: World, seed: int) -> None:
    assert await play(world, seed, rounds=6) == []


@pytest.mark.battery
@pytest.mark.parametrize("seed", range(100, 140))
async def test_all_differences_are_found_and_no_others_in_many_histories(world: World, seed: int) -> None:
    assert await play(world, seed, rounds=12) == []
