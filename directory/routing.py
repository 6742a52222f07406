"""In which tenants a user of a super tenant belongs: ordered rules, total and without I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from directory.model import GroupId, JsonValue, SourceId, TenantId

RuleKind = Literal["user", "group"]
ConditionKind = Literal["group", "group_name", "attribute", "domain", "source", "named_tenant"]
Test = Literal["equals", "one_of", "pattern"]
Fallback = Literal["queue", "tenant"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What a rule asks of a user or of a group.

    ``group``: member of the group with id ``value``. ``group_name``: member of a group (or, of a rule for groups, a
    group) whose name fits the pattern ``values[0]``, in which ``*`` stands for anything. ``attribute``: ``path`` (as
    SCIM names it) equals, is one of, or fits a pattern of ``values``. ``domain``: the main e-mail address, else the
    user name, is of one of the domains ``values``. ``source``: came by the source ``value``. ``named_tenant``: the
    user's own attribute ``path`` names the slugs of tenants; the rule then leads there, whatever else it names. All
    comparisons ignore case.
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
