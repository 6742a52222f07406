"""Whatever happens there and in whichever order it is told, groups end as their directory has them."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from directory.pulls import group_moves, group_steps, nesting
from directory.pulls.group_apply import apply_groups_batch
from directory.pulls.model import Seen, SeenEdge, SeenPage
from directory.pulls.progress import apply_state
from directory.store.pulls.progress import read_progress
from directory.store.unit import fenced
from tests.directory.pulls.grouped import Outcome, Puller, create_puller, group_seen
from tests.directory.world import World

pytestmark = pytest.mark.anyio

USERS = [f"u{number}" for number in range(12)]
GROUPS = [f"g{number}" for number in range(6)]


class KilledError(Exception):
    """The process ended in the middle."""


@dataclass
class Elsewhere:
    """A directory elsewhere, and what it has to tell since it was last asked."""

    chance: random.Random
    users: dict[str, set[str]] = field(default_factory=dict)
    inner: dict[str, set[str]] = field(default_factory=dict)
    told: list[Seen | SeenEdge] = field(default_factory=list)

    ended_count: int = 0

    def any_group(self) -> str:
        """Return one of a few ids; after each deletion others, since ids never come back."""
        return f"{self.chance.choice(GROUPS)}-{self.ended_count}"

    def change(self) -> None:
        """Let something happen."""
        group = self.chance.choice([*self.users, self.any_group()])
        if group not in self.users:
            self.users[group], self.inner[group] = set(), set()
            self.told.append(group_seen(group, f"{group} {self.chance.random():.3f}"))
            return
        deed = self.chance.random()
        if deed < 0.06:
            self._delete(group)
        elif deed < 0.12:
            self.told.append(group_seen(group, f"{group} {self.chance.random():.3f}"))
        elif deed < 0.3:
            self._move(group, self.chance.choice(list(self.users)), self.inner[group], is_group=True)
        else:
            self._move(group, self.chance.choice(USERS), self.users[group], is_group=False)

    def _move(self, group: str, member: str, members: set[str], *, is_group: bool) -> None:
        if is_group and (member == group or member not in self.users):
            return
        there = member not in members
        (members.add if there else members.discard)(member)
        edge = SeenEdge(group, member, is_group=is_group, there=there)
        self.told.append(edge)
        if self.chance.random() < 0.3:
            self.told.append(edge)

    def _delete(self, group: str) -> None:
        self.ended_count += 1
        del self.users[group], self.inner[group]
        self.told.append(Seen(kind="group", ext_id=group, op="purged"))
        for outer, inner in self.inner.items():
            if group in inner:
                inner.discard(group)
                if self.chance.random() < 0.5:  # who asks is not always told
                    self.told.append(SeenEdge(outer, group, is_group=True, there=False))

    def tell_changes(self) -> list[SeenPage]:
        """Tell what happened, in its order, on pages of any length; some pages twice."""
        pages, rest = [], self.told
        while rest:
            count = self.chance.randint(1, 7)
            pages += [page_of(rest[:count])] * self.chance.choice((1, 1, 1, 2))
            rest = rest[count:]
        self.told = []
        return pages

    def tell_all(self) -> list[SeenPage]:
        """Tell everything that is there, in any order."""
        everything: list[Seen | SeenEdge] = [group_seen(group) for group in self.users]
        everything += [SeenEdge(group, user) for group, users in self.users.items() for user in users]
        everything += [SeenEdge(group, one, is_group=True) for group, inner in self.inner.items() for one in inner]
        self.chance.shuffle(everything)
        self.told = []
        return [page_of(everything[at : at + 5]) for at in range(0, len(everything), 5)] or [page_of([])]

    def members(self, group: str, *, expands: bool) -> set[str]:
        return nesting.effective_members(group, self.users, self.inner) if expands else self.users[group]


def page_of(things: list[Seen | SeenEdge]) -> SeenPage:
    return SeenPage(
        objects=tuple(thing for thing in things if isinstance(thing, Seen)),
        edges=tuple(thing for thing in things if isinstance(thing, SeenEdge)),
        resume="next",
    )


@contextmanager
def killed_after(units: int) -> Iterator[None]:
    """Let so many units of work pass, and none after that."""
    left = units

    async def fence() -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise KilledError

    with fenced(fence):
        yield


async def pulled_with_kills(puller: Puller, pages: list[SeenPage], chance: random.Random, *, whole: bool) -> None:
    """Pull, being killed again and again, and each time taken up from where it was."""
    world = puller.world
    ground = await puller.begin(*pages, whole=whole)
    await puller.plan(ground, Outcome())
    for _ in range(50):
        try:
            with killed_after(chance.randint(1, 6)):
                state = apply_state(await read_progress(ground.tenant_id, ground.run_id))
                reached: str | None = "" if state is None else state.inner
                if state is not None and state.part != "groups":
                    break
                while reached is not None:
                    reached, _ = await apply_groups_batch(ground, reached, now=world.tick())
        except KilledError:
            continue
    await puller.end(ground.run)


@pytest.mark.parametrize("expands", [False, True])
@pytest.mark.parametrize("seed", range(4))
async def test_groups_end_as_they_are_there(
    world: World, monkeypatch: pytest.MonkeyPatch, seed: int, *, expands: bool
) -> None:
    monkeypatch.setattr(group_steps, "MEMBERS_IN_UNIT", 3)
    monkeypatch.setattr(group_steps, "EDITS_IN_UNIT", 2)
    monkeypatch.setattr(group_moves, "GROUPS_AT_ONCE", 3)
    chance = random.Random(seed)
    puller, there = await create_puller(world, expands=expands), Elsewhere(chance)
    late = list(USERS)
    for _ in range(7):
        for _ in range(chance.randint(1, 25)):
            there.change()
        for _ in range(chance.randint(0, 4)):
            if late:
                await puller.user(late.pop())
        whole = chance.random() < 0.3
        pages = there.tell_all() if whole else there.tell_changes()
        if pages:
            await pulled_with_kills(puller, pages, chance, whole=whole)
        for group in there.users if pages else ():
            assert await puller.members(group) == there.members(group, expands=expands), (group, whole)
            if whole and not expands:
                assert await puller.inner(group) == there.inner[group]
    await world.assert_consistent()
    again = await puller.pull(*there.tell_all())
    final = await puller.pull(*there.tell_all())
    assert (again.applied.get("members:leave", 0), final.applied) == (0, {})
