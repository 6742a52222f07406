"""In which tenants a user of a super tenant belongs: ordered rules, total and without I/O."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal
from uuid import UUID

from directory.model import GroupId, JsonValue, SourceId, TenantId
from directory.names import name_key
from directory.person import main_email

ROUTING_EXTENSION = "urn:rolebook:params:scim:schemas:extension:routing:2.0:User"
"""What a source may say of where its users are led, and what it is told of where they are."""

RuleKind = Literal["user", "group"]
ConditionKind = Literal["group", "group_name", "attribute", "domain", "source", "named_tenant"]
Test = Literal["equals", "one_of", "pattern"]
Fallback = Literal["queue", "tenant"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What a rule asks of a user or of a group.

    ``group``: member of the group with id ``value``. ``group_name``: member of a group (or, of a rule for groups, a
    group) whose name fits one of the patterns ``values``, in which ``*`` stands for anything. ``attribute``: ``path``
    (as SCIM names it) equals, is one of, or fits a pattern of ``values``. ``domain``: the main e-mail address, else the
    user name, is of one of the domains ``values``, which may be patterns. ``source``: came by the source ``value``.
    ``named_tenant``: the user's own attribute ``path`` names the slugs of tenants; the rule then leads there, whatever
    else it names. All comparisons ignore case.
    """

    kind: ConditionKind
    test: Test = "equals"
    path: str = ""
    value: UUID | None = None
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingRule:
    """One line of the ordered list: who fits goes to these tenants, perhaps with a role."""

    rule_id: UUID
    kind: RuleKind
    position: int
    label: str
    condition: Condition
    goes_to: tuple[TenantId, ...]
    role_key: str | None = None
    """The shipped key, or the folded name, of the role that the copy is locked to; None leaves it to the tenant."""
    stops: bool = True
    """Where all matches count: whether those below are not looked at any more."""
    consented_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingPolicy:
    """How a super tenant routes."""

    rules: tuple[RoutingRule, ...] = ()
    matches: Literal["first", "all"] = "first"
    fallback: TenantId | None = None
    """Where users go whom no rule leads anywhere; None is the unrouted queue."""
    slugs: Mapping[str, TenantId] | None = None
    """The tenants below, but deleted ones: only these are ever led to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutedPerson:
    """What is known of a user when the rules are asked."""

    document: Mapping[str, JsonValue]
    source_id: SourceId | None
    groups: Mapping[GroupId, str]
    """Ids and names of the groups that have the user in effect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """One tenant a user belongs in, and why."""

    tenant_id: TenantId
    rule_id: UUID | None
    """None: the fallback."""
    role_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the rules say of one user."""

    destinations: tuple[Destination, ...] = ()
    unrouted: str = ""
    """Why the user goes nowhere: ``no rule`` fits, the ``tenant is gone`` that a rule or the fallback names, or a
    ``name is unknown`` that the user's own attribute gives."""


def destinations_for(person: RoutedPerson, policy: RoutingPolicy) -> tuple[Destination, ...]:
    """Return in which tenants a user belongs, each once, with the first rule that leads there; empty: unrouted."""
    return outcome_for(person, policy).destinations


def outcome_for(person: RoutedPerson, policy: RoutingPolicy) -> Outcome:
    """Return in which tenants a user belongs, or why in none.

    The fallback is for whom no rule fits. A rule that fits and leads only where no tenant is any more leads to the
    queue: nobody gets somewhere else because a tenant was deleted.
    """
    look = _Look(person)
    fitting = _fitting((rule for rule in policy.rules if rule.kind == "user" and look.fits(rule.condition)), policy)
    found: dict[TenantId, Destination] = {}
    for rule in fitting:
        for tenant_id in _led_to(rule, person, policy):
            found.setdefault(tenant_id, _by(rule, tenant_id))
    if found:
        return Outcome(destinations=tuple(found.values()))
    if fitting:
        named = all(rule.condition.kind == "named_tenant" for rule in fitting)
        return Outcome(unrouted="name is unknown" if named else "tenant is gone")
    if policy.fallback is None:
        return Outcome(unrouted="no rule")
    if policy.fallback not in _there(policy):
        return Outcome(unrouted="tenant is gone")
    return Outcome(destinations=(Destination(tenant_id=policy.fallback, rule_id=None),))


def group_destinations(
    group_id: GroupId, name: str, source_id: SourceId | None, policy: RoutingPolicy
) -> tuple[Destination, ...]:
    """Return in which tenants rules of kind ``group`` lead a group, each once, with the first rule that does."""
    there = _there(policy)
    group = RoutedPerson(document={}, source_id=source_id, groups={group_id: name})
    found: dict[TenantId, Destination] = {}
    for rule in _fitting((rule for rule in policy.rules if _fits_group(rule, group)), policy):
        for tenant_id in rule.goes_to:
            if tenant_id in there:
                found.setdefault(tenant_id, _by(rule, tenant_id))
    return tuple(found.values())


def fits_person(rule: RoutingRule, person: RoutedPerson) -> bool:
    """Whether a rule's condition holds for a user, whatever stands above it."""
    return rule.kind == "user" and _Look(person).fits(rule.condition)


def is_like(pattern: str, text: str) -> bool:
    """Whether a text fits a pattern in which ``*`` stands for anything, whatever the case; in time linear in both."""
    first, *rest = name_key(pattern).split("*")
    key = name_key(text)
    if not rest:
        return key == first
    *middle, last = rest
    if len(key) < len(first) + len(last) or not (key.startswith(first) and key.endswith(last)):
        return False
    at, end = len(first), len(key) - len(last)
    for part in middle:
        found = key.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def texts_at(document: Mapping[str, JsonValue], path: str) -> list[str]:
    """Return what a document says at a path, as texts: of a list that of each element, and of each its ``value``.

    Paths are ``title``, ``name.givenName``, ``emails.value`` or ``urn:…:User:department``; names ignore case (RFC 7643
    section 2.1).
    """
    urn, colon, rest = path.strip().rpartition(":")
    found: list[JsonValue] = [dict(document)]
    for name in ([urn] if colon else []) + rest.split("."):
        found = [inner for value in found for inner in _named(value, name.casefold())]
    return [text for value in found for text in _texts(value)]


def domain_of(document: Mapping[str, JsonValue]) -> str:
    """Return the domain of the main e-mail address, else of the user name, in small letters; empty if it has none."""
    address = main_email(document.get("emails")) or str(document.get("userName") or "")
    return address.rpartition("@")[2].strip().casefold() if "@" in address else ""


def _fitting(rules: Iterable[RoutingRule], policy: RoutingPolicy) -> list[RoutingRule]:
    """Return those of the rules that fit which count: the first, or all down to one that stops."""
    counted: list[RoutingRule] = []
    for rule in rules:
        counted.append(rule)
        if policy.matches == "first" or rule.stops:
            break
    return counted


class _Look:
    """One person as rule after rule looks at it: what was read once is not read again."""

    def __init__(self, person: RoutedPerson) -> None:
        self._person = person
        self._texts: dict[str, list[str]] = {}
        self._keys: dict[str, frozenset[str]] = {}
        self._domain: str | None = None

    def fits(self, condition: Condition) -> bool:
        """Whether a condition holds."""
        person = self._person
        match condition.kind:
            case "attribute":
                return self._says(condition)
            case "group":
                return condition.value in person.groups
            case "group_name":
                return any(is_like(pattern, name) for pattern in condition.values for name in person.groups.values())
            case "source":
                return condition.value is not None and condition.value == person.source_id
            case "domain":
                return self._is_of_domain(condition)
            case "named_tenant":
                return any(text.strip() for text in self._at(condition.path))

    def _says(self, condition: Condition) -> bool:
        path = condition.path
        if condition.test == "pattern":
            return any(is_like(pattern, text) for pattern in condition.values for text in self._at(path))
        if path not in self._keys:
            self._keys[path] = frozenset(map(name_key, self._at(path)))
        return not self._keys[path].isdisjoint(_keys_of(condition.values))

    def _is_of_domain(self, condition: Condition) -> bool:
        if self._domain is None:
            self._domain = domain_of(self._person.document)
        named, patterns = _domains_of(condition.values)
        return bool(self._domain) and (self._domain in named or any(is_like(one, self._domain) for one in patterns))

    def _at(self, path: str) -> list[str]:
        if path not in self._texts:
            self._texts[path] = texts_at(self._person.document, path)
        return self._texts[path]


@lru_cache(maxsize=4096)
def _keys_of(values: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(name_key, values))


@lru_cache(maxsize=4096)
def _domains_of(values: tuple[str, ...]) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return domains, and patterns of domains, apart."""
    keys = [name_key(value).lstrip("@") for value in values]
    return frozenset(key for key in keys if "*" not in key), tuple(key for key in keys if "*" in key)


def _fits_group(rule: RoutingRule, group: RoutedPerson) -> bool:
    of_groups = rule.condition.kind in ("group", "group_name", "source")
    return rule.kind == "group" and of_groups and _Look(group).fits(rule.condition)


def _led_to(rule: RoutingRule, person: RoutedPerson, policy: RoutingPolicy) -> list[TenantId]:
    """Return the tenants, of those there are, that a rule leads a user to."""
    if rule.condition.kind == "named_tenant":
        slugs = policy.slugs or {}
        names = [text.strip().casefold() for text in texts_at(person.document, rule.condition.path)]
        return [slugs[name] for name in names if name in slugs]
    there = _there(policy)
    return [tenant_id for tenant_id in rule.goes_to if tenant_id in there]


def _by(rule: RoutingRule, tenant_id: TenantId) -> Destination:
    return Destination(tenant_id=tenant_id, rule_id=rule.rule_id, role_key=rule.role_key)


def _there(policy: RoutingPolicy) -> frozenset[TenantId]:
    return frozenset((policy.slugs or {}).values())


def _named(value: JsonValue, key: str) -> list[JsonValue]:
    if isinstance(value, list):
        return [inner for element in value for inner in _named(element, key)]
    if not isinstance(value, dict):
        return []
    return [inner for name, inner in value.items() if name.casefold() == key]


def _texts(value: JsonValue) -> list[str]:
    if isinstance(value, list):
        return [text for element in value for text in _texts(element)]
    if isinstance(value, dict):
        return _texts(value.get("value"))
    if isinstance(value, bool):
        return ["true" if value else "false"]
    return [] if value is None or value == "" else [str(value)]
