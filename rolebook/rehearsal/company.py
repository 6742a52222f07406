"""Who is provisioned in a rehearsal: people and groups that are the same for the same seed."""

import random
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

GIVEN_NAMES = (
    "Ada", "Zoë", "Mateo", "Ngozi", "Wei", "Søren", "Aylin", "José", "Priya", "Łukasz", "Chloé", "Ibrahim", "Emma",
    "Jürgen", "Yuki", "Siobhán", "Olga", "Tariq", "Grace", "Đorđe", "Fatima", "Noah", "Ingrid", "太郎", "Léa", "Kwame",
)  # fmt: skip
FAMILY_NAMES = (
    "Lovelace", "O'Brien", "García", "Okafor", "Zhang", "Ångström", "Yildiz", "Müller", "Krishnan", "Wójcik", "Dubois",
    "Haddad", "Smith-Jones", "Weiß", "山田", "Ní Bhriain", "Иванова", "Rahman", "Hopper", "Petrović", "van der Berg",
    "Svensson", "Nakamura", "Mensah", "D'Angelo", "Çelik",
)  # fmt: skip
DEPARTMENTS = ("Engineering", "Sales", "Finance", "People & Culture", "Zürich Büro", "R&D", "Support", "Légal", "Café")
TITLES = ("Engineer", "Analyst", "Manager", "Assistant (50 %)", "Director", "Apprentice", "Ingénieure", "Consultant")
COUNTRIES = ("CH", "DE", "FR", "GB", "IE", "JP", "NG", "SE", "TR", "US")

REPORTS_PER_MANAGER = 8
LEAVES_EVERY = 10
MEMBERSHIPS_PER_USER = 5
"""When nobody says how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One user as the identity provider knows it; ``number`` counts from 0."""

    number: int
    given_name: str
    family_name: str
    user_name: str
    external_id: str
    title: str
    department: str
    employee_number: str
    country: str
    mobile: str
    manager: int | None
    """The number of another person, who comes before."""

    @property
    def display_name(self) -> str:
        """The whole name."""
        return f"{self.given_name} {self.family_name}"

    @property
    def new_user_name(self) -> str:
        """What the user is renamed to."""
        return f"new.{self.user_name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """One group as the identity provider knows it."""

    number: int
    display_name: str
    external_id: str
    members: tuple[int, ...]
    """Numbers of people."""

    @property
    def new_display_name(self) -> str:
        """What the group is renamed to."""
        return f"{self.display_name} (new)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is played."""

    users: int
    groups: int
    memberships: int | None = None

    @property
    def membership_count(self) -> int:
        """How many memberships there will be: never more than there are pairs of a user and a group."""
        wanted = self.users * MEMBERSHIPS_PER_USER if self.memberships is None else self.memberships
        return min(wanted, self.users * self.groups)


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """Everybody and every group, and the ids that the endpoint gave them."""

    prefix: str
    people: tuple[Person, ...]
    teams: tuple[Team, ...]
    user_ids: dict[int, str] = field(default_factory=dict)
    """By number of the person; without those that the endpoint did not create."""
    group_ids: dict[int, str] = field(default_factory=dict)

    @property
    def leavers(self) -> frozenset[int]:
        """The numbers of those who leave for good: every tenth, and at least one."""
        numbers = range(LEAVES_EVERY - 1, len(self.people), LEAVES_EVERY)
        return frozenset(numbers or range(len(self.people))[-1:])

    def members_of(self, team: Team, *, without: frozenset[int] = frozenset()) -> frozenset[str]:
        """Return the ids of those who should be in the group."""
        return frozenset(ids_of(self.user_ids, team.members, without=without))

    def stranger_to(self, team: Team) -> str | None:
        """Return the id of somebody who is not in the group; None when everybody is."""
        inside = set(team.members)
        return next((user_id for number, user_id in self.user_ids.items() if number not in inside), None)


def ids_of(
    user_ids: Mapping[int, str], numbers: tuple[int, ...], *, without: frozenset[int] = frozenset()
) -> list[str]:
    """Return the ids of people who have one, in their order."""
    return [user_ids[number] for number in numbers if number in user_ids and number not in without]


def invent_company(size: Size, *, seed: int, prefix: str) -> Company:
    """Return the company of a seed; ``prefix`` is in every name that must be unique, so that runs do not meet."""
    chance = random.Random(seed)  # noqa: S311 - a name protects nothing, and it shall be the same every time
    people = tuple(_person(number, prefix, chance) for number in range(size.users))
    members: list[list[int]] = [[] for _ in range(size.groups)]
    for pair in chance.sample(range(size.users * size.groups), size.membership_count):
        members[pair % size.groups].append(pair // size.groups)
    teams = tuple(_team(number, prefix, chance, tuple(members[number])) for number in range(size.groups))
    return Company(prefix=prefix, people=people, teams=teams)


def _person(number: int, prefix: str, chance: random.Random) -> Person:
    given, family = chance.choice(GIVEN_NAMES), chance.choice(FAMILY_NAMES)
    mail_name = f"{_plain(given)}.{_plain(family)}".strip(".") or "somebody"
    return Person(
        number=number,
        given_name=given,
        family_name=family,
        user_name=f"{mail_name}.{number}+{prefix}@rehearsal.example",
        external_id=f"{prefix}-{_object_id(chance)}",
        title=chance.choice(TITLES),
        department=chance.choice(DEPARTMENTS),
        employee_number=f"{chance.randrange(10**6):06}",
        country=chance.choice(COUNTRIES),
        mobile=f"+41 79 {chance.randrange(10**7):07}",
        manager=(number - 1) // REPORTS_PER_MANAGER if number else None,
    )


def _team(number: int, prefix: str, chance: random.Random, members: tuple[int, ...]) -> Team:
    return Team(
        number=number,
        display_name=f"{chance.choice(DEPARTMENTS)} {number} [{prefix}]",
        external_id=f"{prefix}-{_object_id(chance)}",
        members=members,
    )


def _object_id(chance: random.Random) -> str:
    return str(UUID(int=chance.getrandbits(128), version=4))


def _plain(name: str) -> str:
    """Return how a name stands in an address: apostrophes and hyphens stay, other scripts go."""
    unaccented = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return "".join(letter for letter in unaccented if letter.isalnum() or letter in "'-")
