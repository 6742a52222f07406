"""What an operator is about to change of the routing rules, as a value: it fits in a field and comes back unchanged."""

from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID

import msgspec

from directory.errors import InvalidError
from directory.model import TenantId
from directory.names import name_key
from directory.routing import Condition, ConditionKind, RoutingRule, RuleKind

LABEL_MAX = 100
TEXT_MAX = 200
VALUES_MAX = 50
TENANTS_MAX = 50
RULES_MAX = 200
PLACES_MAX = 1_000
CHANGE_MAX = 12_000
"""Characters of a change that stands in an address."""

GROUP_CONDITIONS: frozenset[ConditionKind] = frozenset({"group", "group_name", "source"})
"""What a rule for groups may ask: a group has no attributes of its own that say where it belongs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleDraft:
    """A rule but for its place and its id."""

    label: str = ""
    """Empty: what the condition says."""
    kind: RuleKind = "user"
    condition: Condition
    goes_to: tuple[TenantId, ...] = ()
    role_key: str | None = None
    stops: bool = True


class AddRule(msgspec.Struct, frozen=True, kw_only=True, tag="add", tag_field="change"):
    """Put a new rule at the end of the list, or at a place from 1."""

    draft: RuleDraft
    place: int | None = None


class EditRule(msgspec.Struct, frozen=True, kw_only=True, tag="edit", tag_field="change"):
    """Give a rule another condition, other tenants or another role; its place stays."""

    rule_id: UUID
    draft: RuleDraft


class MoveRule(msgspec.Struct, frozen=True, kw_only=True, tag="move", tag_field="change"):
    """Move a rule up (negative) or down the list; beyond an end it stops there."""

    rule_id: UUID
    places: int


class RemoveRule(msgspec.Struct, frozen=True, kw_only=True, tag="remove", tag_field="change"):
    """Take a rule off the list."""

    rule_id: UUID


class SetReading(msgspec.Struct, frozen=True, kw_only=True, tag="reading", tag_field="change"):
    """Set whether the first rule that fits counts or all do, and where those go whom none leads anywhere."""

    matches: Literal["first", "all"] = "first"
    fallback: TenantId | None = None


RuleChange = AddRule | EditRule | MoveRule | RemoveRule | SetReading


def text_of(change: RuleChange) -> str:
    """Return a change as the text of a form field or of an address; equal changes give equal texts."""
    return msgspec.json.encode(change, order="deterministic").decode()


def change_from(text: str) -> RuleChange:
    """Return the change that ``text_of`` wrote.

    Raises:
        InvalidError: it is none, or one that cannot be.
    """
    if len(text) > CHANGE_MAX:
        raise InvalidError("change", "is too long")
    try:
        change: RuleChange = msgspec.json.decode(text, type=RuleChange)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeError) as error:
        raise InvalidError("change", "is none that can be proposed") from error
    return checked_change(change)


def checked_change(change: RuleChange) -> RuleChange:
    """Return a change with its draft as it is kept.

    Raises:
        InvalidError: a value that cannot be.
    """
    match change:
        case AddRule(draft=draft, place=place):
            if place is not None and not 1 <= place <= RULES_MAX:
                raise InvalidError("place", f"must be from 1 to {RULES_MAX}")
            return AddRule(draft=checked_draft(draft), place=place)
        case EditRule(rule_id=rule_id, draft=draft):
            return EditRule(rule_id=rule_id, draft=checked_draft(draft))
        case MoveRule(places=places) if not 0 < abs(places) < PLACES_MAX:
            raise InvalidError("places", f"must be a whole number, less than {PLACES_MAX} up or down")
        case _:
            return change


def checked_draft(draft: RuleDraft) -> RuleDraft:
    """Return a draft as it is kept: without blanks around its texts, and without what its condition does not use.

    Raises:
        InvalidError: a value is missing, or cannot be.
    """
    condition = _checked_condition(draft.condition)
    if draft.kind == "group" and condition.kind not in GROUP_CONDITIONS:
        raise InvalidError("condition", "is one for users: a rule for groups goes by the group, its name or its source")
    goes_to = tuple(dict.fromkeys(draft.goes_to))
    if condition.kind == "named_tenant":
        goes_to = ()
    elif not goes_to:
        raise InvalidError("goes_to", "needs at least one tenant")
    if len(goes_to) > TENANTS_MAX:
        raise InvalidError("goes_to", f"may name {TENANTS_MAX} tenants at most")
    role_key = None if draft.kind == "group" else (name_key(_checked_text("role_key", draft.role_key or "")) or None)
    return replace(
        draft,
        label=_checked_text("label", draft.label, longest=LABEL_MAX),
        condition=condition,
        goes_to=goes_to,
        role_key=role_key,
    )


def draft_of(rule: RoutingRule) -> RuleDraft:
    """Return a rule as a draft, to be changed."""
    return RuleDraft(
        label=rule.label,
        kind=rule.kind,
        condition=rule.condition,
        goes_to=rule.goes_to,
        role_key=rule.role_key,
        stops=rule.stops,
    )


def _checked_condition(condition: Condition) -> Condition:
    kind = condition.kind
    values = tuple(dict.fromkeys(text for value in condition.values if (text := _checked_text("values", value))))
    if len(values) > VALUES_MAX:
        raise InvalidError("values", f"may be {VALUES_MAX} at most")
    match kind:
        case "group" | "source":
            if condition.value is None:
                raise InvalidError("value", f"needs a {kind}")
            return Condition(kind=kind, value=condition.value)
        case "named_tenant":
            return Condition(kind=kind, path=_checked_path(condition.path))
        case "attribute":
            return Condition(kind=kind, test=condition.test, path=_checked_path(condition.path), values=_some(values))
        case "domain":
            return Condition(kind=kind, values=_some(tuple(value.lstrip("@").casefold() for value in values)))
        case "group_name":
            return Condition(kind=kind, test="pattern", values=_some(values))


def _some(values: tuple[str, ...]) -> tuple[str, ...]:
    if not values or not all(values):
        raise InvalidError("values", "needs at least one value")
    return values


def _checked_path(path: str) -> str:
    path = _checked_text("path", path)
    name = path.rpartition(":")[2]
    if not name or not all(
        part and part.replace("_", "").replace("-", "").replace("$", "").isalnum() for part in name.split(".")
    ):
        raise InvalidError("path", "must be the name of an attribute, such as department or name.familyName")
    return path


def _checked_text(attribute: str, text: str, *, longest: int = TEXT_MAX) -> str:
    text = text.strip()
    if len(text) > longest:
        raise InvalidError(attribute, f"may have {longest} characters at most")
    if not text.isprintable():
        raise InvalidError(attribute, "may hold no control characters")
    return text
