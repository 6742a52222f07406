"""The people and groups of a directory elsewhere: made up as they are asked for, changed one by one."""

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

Gone = Literal["", "soft", "purged"]

GIVEN = ("Ada", "Béla", "Chidi", "Dana", "Emre", "Freya", "Goran", "Hana", "Ines", "Jun", "Kofi", "Léa")
FAMILY = ("Adams", "Brandt", "Cohen", "Díaz", "Evans", "Fischer", "García", "Haas", "Ito", "Jansen", "Kaya", "Liu")
DEPARTMENTS = ("Sales", "Finance", "Production", "Legal", "Research & Development")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody in the directory, as it stands now."""

    number: int
    login: str
    mail: str | None
    given: str
    family: str
    title: str | None = None
    department: str | None = None
    manager: int | None = None
    guest: bool = False
    status: str = "ACTIVE"
    """A word of Okta's; everything but ACTIVE is disabled at Entra."""
    gone: Gone = ""
    changed_at: float = 0.0

    @property
    def name(self) -> str:
        """What people call them."""
        return f"{self.given} {self.family}"


@dataclass(slots=True, kw_only=True)
class Crew:
    """A group; its members are a run of numbers until one of them changes."""

    number: int
    name: str
    first: int = 0
    size: int = 0
    own: dict[int, None] | None = None
    nested: list[int] = field(default_factory=list)
    gone: bool = False
    changed_at: float = 0.0
    joined_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the log: what it concerns, and who joined or left."""

    subject: Literal["user", "group"]
    number: int
    member: int | None = None
    joined: bool = True


def sizes_of(groups: int, memberships: int, users: int) -> list[int]:
    """Give sizes of groups that differ as in real directories: a few have most of the members."""
    if not groups:
        return []
    weights = [1 / (rank + 5) for rank in range(groups)]
    scale = memberships / sum(weights)
    return [min(users, max(0, round(weight * scale))) for weight in weights]


class Population:
    """Who is in the directory. ``log`` has every change since it was made, for deltas."""

    def __init__(self, *, users: int, groups: int, memberships: int, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.born_at = clock() - 86_400
        self.user_count = users
        self.made = users
        self.own: dict[int, Person] = {}
        sizes = sizes_of(groups, memberships, users)
        self.crews = [self._crew(number, size) for number, size in enumerate(sizes)]
        self.log: list[Change] = []
        self.assigned_users: dict[int, None] = {}
        self.assigned_crews: dict[int, None] = {}

    def _crew(self, number: int, size: int) -> Crew:
        first = number * 7919 % max(1, self.made)
        born = self.born_at
        return Crew(number=number, name=f"Group {number:05d}", first=first, size=size, changed_at=born, joined_at=born)

    def person(self, number: int) -> Person:
        """Give somebody as they stand now."""
        return self.own.get(number) or self._born(number)

    def _born(self, number: int) -> Person:
        given, family = GIVEN[number % len(GIVEN)], FAMILY[number // len(GIVEN) % len(FAMILY)]
        login = f"user{number:06d}@example.org"
        return Person(
            number=number,
            login=login,
            mail=None if number % 97 == 13 else login,
            given=given,
            family=family,
            title="Engineer" if number % 3 else None,
            department=DEPARTMENTS[number % 5] if number % 7 else None,
            manager=number // 10 if number >= 10 else None,
            guest=number % 89 == 17,
            status="SUSPENDED" if number % 53 == 11 else "ACTIVE",
            changed_at=self.born_at,
        )

    def people(self) -> Iterator[Person]:
        """Go through everybody who is not purged."""
        return (one for one in map(self.person, range(self.user_count)) if one.gone != "purged")

    def members(self, number: int) -> list[int]:
        """Give the numbers of a group's users, those in the bin included."""
        crew = self.crews[number]
        if crew.own is not None:
            return list(crew.own)
        return [(crew.first + offset) % self.made for offset in range(crew.size)]

    def crews_of(self, member: int) -> list[int]:
        """Give the groups that have a user, directly."""
        return [crew.number for crew in self.crews if not crew.gone and member in self.members(crew.number)]

    def edit_user(self, number: int, **values: object) -> None:
        """Change somebody; values are fields of Person."""
        self.own[number] = replace(self.person(number), changed_at=self.clock(), **values)  # type: ignore[arg-type]  # fields by name
        self.log.append(Change("user", number))

    def create_user(self, **values: object) -> int:
        """Let somebody join; gives the number."""
        number = self.user_count
        self.user_count += 1
        self.own[number] = replace(self._born(number), guest=False)
        self.edit_user(number, **values)
        return number

    def purge_user(self, number: int) -> None:
        """Delete somebody for good; their memberships go with them."""
        for crew in self.crews_of(number):
            self.remove_member(crew, number)
        self.assigned_users.pop(number, None)
        self.edit_user(number, gone="purged")

    def create_group(self, name: str) -> int:
        """Make a group; gives the number."""
        now = self.clock()
        number = len(self.crews)
        self.crews.append(Crew(number=number, name=name, own={}, changed_at=now, joined_at=now))
        self.log.append(Change("group", number))
        return number

    def rename_group(self, number: int, name: str) -> None:
        """Give a group another name."""
        self.crews[number].name = name
        self._changed(number)

    def delete_group(self, number: int) -> None:
        """Delete a group for good."""
        self.crews[number].gone = True
        self.assigned_crews.pop(number, None)
        for crew in self.crews:
            if number in crew.nested:
                crew.nested.remove(number)
        self._changed(number)

    def add_member(self, number: int, member: int) -> None:
        """Let a user join a group."""
        self._own_members(number)[member] = None
        self._moved(number, member, joined=True)

    def remove_member(self, number: int, member: int) -> None:
        """Let a user leave a group."""
        self._own_members(number).pop(member, None)
        self._moved(number, member, joined=False)

    def nest_group(self, outer: int, inner: int) -> None:
        """Make a group a member of another."""
        self.crews[outer].nested.append(inner)
        self.crews[outer].joined_at = self.clock()
        self._changed(outer)

    def assign(self, *, user: int | None = None, crew: int | None = None) -> None:
        """Assign a user or a group to the application."""
        if user is not None:
            self.assigned_users[user] = None
        if crew is not None:
            self.assigned_crews[crew] = None

    def _own_members(self, number: int) -> dict[int, None]:
        crew = self.crews[number]
        if crew.own is None:
            crew.own = dict.fromkeys(self.members(number))
        return crew.own

    def _changed(self, number: int) -> None:
        self.crews[number].changed_at = self.clock()
        self.log.append(Change("group", number))

    def _moved(self, number: int, member: int, *, joined: bool) -> None:
        self.crews[number].joined_at = self.clock()
        self.log.append(Change("group", number, member, joined))

    def stir(self, chance: random.Random, *, times: int) -> None:
        """Change ``times`` things at random."""
        for _ in range(times):
            self._stir_once(chance)

    def _stir_once(self, chance: random.Random) -> None:
        user = chance.randrange(self.user_count)
        crew = chance.randrange(len(self.crews))
        if self.person(user).gone == "purged" or self.crews[crew].gone:
            return
        deeds: list[Callable[[], object]] = [
            lambda: self.edit_user(user, department=chance.choice(DEPARTMENTS)),
            lambda: self.edit_user(user, status=chance.choice(("ACTIVE", "SUSPENDED"))),
            lambda: self.edit_user(user, login=f"renamed{user}-{chance.randrange(999)}@example.org"),
            lambda: self.edit_user(user, manager=chance.randrange(10)),
            lambda: self.purge_user(user) if user > 10 else None,
            lambda: self.create_user(department="New"),
            lambda: self.add_member(crew, user),
            lambda: self.remove_member(crew, user),
            lambda: self.rename_group(crew, f"Renamed {crew} {chance.randrange(999)}"),
            lambda: self.create_group(f"New group {chance.randrange(9999)}"),
        ]
        chance.choice(deeds)()
