"""Who is where, as the simplest program says it that anybody could write: sets, and no memory of how it came about."""

from dataclasses import dataclass, field
from typing import Literal

Question = Literal["department", "domain", "group", "group_name", "everybody"]


@dataclass
class Person:
    """Somebody of the super tenant."""

    department: str
    domain: str = "example.org"
    display_name: str = ""
    active: bool = True
    here: bool = True


@dataclass
class Circle:
    """A group of the super tenant; ``members`` are all whom it names, arrived or not."""

    display_name: str
    members: set[str] = field(default_factory=set)
    here: bool = True
    had: set[str] = field(default_factory=set)
    """Tenants in which somebody of it was: a copy stays when the last one leaves."""


@dataclass(frozen=True)
class Rule:
    """One line of the list."""

    question: Question
    answer: str
    goes_to: tuple[str, ...]
    role: str | None = None
    stops: bool = True
    of_groups: bool = False


@dataclass
class Below:
    """A tenant below: its own people, and which groups it maps, in order."""

    locals: set[str] = field(default_factory=set)
    mapped: list[tuple[str, str]] = field(default_factory=list)
    """(group, role)."""


@dataclass(frozen=True)
class Copy:
    """What a person is in a tenant below."""

    active: bool
    department: str
    display_name: str
    role: str


@dataclass
class Model:
    """A super tenant with tenants below it."""

    below: dict[str, Below]
    people: dict[str, Person] = field(default_factory=dict)
    circles: dict[str, Circle] = field(default_factory=dict)
    rules: list[Rule] = field(default_factory=list)
    counts_all: bool = False
    fallback: str | None = None
    deleted: set[str] = field(default_factory=set)
    """Tenants that were deleted: nobody is led there, and what is in them is nobody's business."""

    def groups_of(self, name: str) -> list[str]:
        """Return the groups that have a person."""
        return [key for key, circle in self.circles.items() if circle.here and name in circle.members]

    def led_to(self, name: str) -> dict[str, str | None]:
        """Return where the rules lead a person, and with which role."""
        person = self.people[name]
        fitting = [rule for rule in self.rules if not rule.of_groups and self._fits(rule, name, person)]
        found: dict[str, str | None] = {}
        for rule in fitting if self.counts_all else fitting[:1]:
            for slug in rule.goes_to:
                found.setdefault(slug, rule.role)
            if rule.stops:
                break
        if not fitting and self.fallback is not None:
            found[self.fallback] = None
        return {slug: role for slug, role in found.items() if slug not in self.deleted}

    def copies(self) -> dict[tuple[str, str], Copy]:
        """Return who is in which tenant, and as what."""
        return {
            (slug, name): Copy(person.active, person.department, person.display_name, role or self._role(slug, name))
            for name, person in self.people.items()
            if person.here
            for slug, role in self.led_to(name).items()
            if name not in self.below[slug].locals
        }

    def met(self) -> set[tuple[str, str]]:
        """Return who meets somebody in a tenant."""
        here = [name for name, person in self.people.items() if person.here]
        return {(slug, name) for name in here for slug in self.led_to(name) if name in self.below[slug].locals}

    def unrouted(self) -> set[str]:
        """Return whom no rule leads anywhere."""
        return {name for name, person in self.people.items() if person.here and not self.led_to(name)}

    def members(self, key: str) -> dict[str, set[str]]:
        """Return the members that a group has in each tenant in which anybody of it is."""
        found: dict[str, set[str]] = {}
        for slug, name in self.copies():
            if name in self.circles[key].members and self.circles[key].here:
                found.setdefault(slug, set()).add(name)
        self.circles[key].had |= found.keys()
        return found

    def circle_led_to(self, key: str) -> set[str]:
        """Return where rules of groups lead a group."""
        circle = self.circles[key]
        asked = [rule for rule in self.rules if rule.of_groups and self._names(rule, key, circle)]
        found: set[str] = set()
        for rule in asked if self.counts_all else asked[:1]:
            found |= set(rule.goes_to)
            if rule.stops:
                break
        return found - self.deleted if circle.here else set()

    def _fits(self, rule: Rule, name: str, person: Person) -> bool:
        match rule.question:
            case "department":
                return person.department == rule.answer
            case "domain":
                return person.domain == rule.answer
            case "everybody":
                return True
            case _:
                return any(self._names(rule, key, self.circles[key]) for key in self.groups_of(name))

    @staticmethod
    def _names(rule: Rule, key: str, circle: Circle) -> bool:
        if rule.question == "everybody":
            return True
        return rule.answer == key if rule.question == "group" else circle.display_name.startswith(rule.answer)

    def _role(self, slug: str, name: str) -> str:
        mapped = (role for key, role in self.below[slug].mapped if key in self.groups_of(name))
        return next(mapped, "loanee")
