"""Routing rules in words, and where a change of them is previewed."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from urllib.parse import urlencode
from uuid import UUID

from directory.errors import NotFoundError
from directory.routes.drafts import AddRule, EditRule, MoveRule, RemoveRule, RuleChange, SetReading, text_of
from directory.routes.plan_rules import condition_words
from directory.routes.rules import Below, RuleLine, RuleList
from directory.routes.suggestions import Suggestion
from directory.routing import Condition, ConditionKind
from portal.visit import PortalRequest, Visit

WHENS: Mapping[ConditionKind, str] = MappingProxyType(
    {
        "attribute": "An attribute",
        "domain": "The e-mail domain",
        "group": "Member of a group",
        "group_name": "The name of a group",
        "source": "The connection",
        "named_tenant": "The user names it",
    }
)
"""What a rule may go by, as the form offers it."""

WHENS_OF_GROUPS: tuple[ConditionKind, ...] = ("group", "group_name", "source")

DONE: Mapping[type, str] = MappingProxyType(
    {
        AddRule: "routing-added",
        EditRule: "routing-edited",
        MoveRule: "routing-moved",
        RemoveRule: "routing-removed",
        SetReading: "routing-read",
    }
)
"""The notice after applying, by the kind of change."""

REASONS: Mapping[str, str] = MappingProxyType(
    {
        "no rule": "No rule fits, and there is no fallback.",
        "tenant is gone": "The tenant that a rule names was deleted.",
        "name is unknown": "The tenant that the user names is none of those below.",
    }
)
"""Why somebody is in the queue."""

NOWHERE = "no tenant"


def check_super(request: PortalRequest) -> None:
    """Answer as if there were no such page, unless the tenant has others below it.

    Raises:
        NotFoundError: it has none.
    """
    if not request.auth.operator.tenant.is_super:
        raise NotFoundError("page", request.url.path)


def condition_parts(line: RuleLine) -> tuple[str, str, str]:
    """Return a condition as our words, what somebody else chose, and our words again."""
    condition = line.rule.condition
    values = " or ".join(condition.values)
    name = condition.path.rpartition(":")[2]
    match condition.kind:
        case "group":
            what = "is" if line.rule.kind == "group" else "in"
            return f"Group {what}", line.name or "a group that is gone", ""
        case "group_name":
            return "Group is called like", values, ""
        case "attribute":
            return f"{name} {'is like' if condition.test == 'pattern' else 'is'}", values, ""
        case "domain":
            return "E-mail address at", values, ""
        case "source":
            return "Comes from", line.name or "a connection that is gone", ""
        case "named_tenant":
            return "Attribute", name, "names the tenant"


def where_words(where: Sequence[Below]) -> str:
    """Return some tenants in words; none is no tenant."""
    return " and ".join(one.name for one in where) or NOWHERE


def where_query(where: Sequence[Below]) -> str:
    """Return some tenants as a value of an address."""
    return ".".join(one.slug for one in where)


def wanted_slugs(text: str | None) -> list[str] | None:
    """Return the tenants that an address asks for: None for all, none for those who are in no tenant."""
    return None if text is None else sorted(part for part in text.split(".") if part)


def change_query(change: RuleChange) -> str:
    """Return a change as the query of an address."""
    return urlencode({"change": text_of(change)})


def preview_path(visit: Visit, change: RuleChange) -> str:
    """Return the address of a change's preview."""
    return f"{visit.path('routing', 'preview')}?{change_query(change)}"


def title_parts(change: RuleChange, found: RuleList) -> tuple[str, str, str]:
    """Return the heading of a preview: our words, the label that somebody chose, and our words again."""
    match change:
        case AddRule(draft=draft):
            return "Add the rule", draft.label or condition_words(draft.condition), ""
        case EditRule(rule_id=rule_id):
            return "Change the rule", label_of(found, rule_id), ""
        case RemoveRule(rule_id=rule_id):
            return "Remove the rule", label_of(found, rule_id), ""
        case MoveRule(rule_id=rule_id, places=places):
            count = abs(places)
            way = "up" if places < 0 else "down"
            return "Move the rule", label_of(found, rule_id), f"{way} {count} {'place' if count == 1 else 'places'}"
        case SetReading():
            return "Change how rules are read", "", ""


def label_of(found: RuleList, rule_id: UUID) -> str:
    """Return what a rule is called.

    Raises:
        NotFoundError: there is no such rule.
    """
    for line in found.lines:
        if line.rule.rule_id == rule_id:
            return line.rule.label
    raise NotFoundError("rule", rule_id)


def suggestion_path(visit: Visit, suggestion: Suggestion) -> str:
    """Return the address of the form of a new rule, filled in with what was suggested."""
    return f"{visit.path('routing', 'new')}?{urlencode(_fields_of(suggestion))}"


def suggestion_words(suggestion: Suggestion) -> str:
    """Return what a suggested rule goes by."""
    condition = suggestion.condition
    match condition.kind:
        case "group":
            return "Group"
        case "domain":
            return "E-mail domain"
        case _:
            return condition.path.rpartition(":")[2].capitalize()


def _fields_of(suggestion: Suggestion) -> dict[str, str]:
    condition: Condition = suggestion.condition
    fields: dict[str, str] = {"when": condition.kind}
    if condition.kind == "group":
        fields["group_id"] = str(condition.value)
    else:
        fields |= {"path": condition.path, "values": "\n".join(condition.values)}
    if suggestion.tenant is not None:
        fields["tenant"] = suggestion.tenant.slug
    return fields
