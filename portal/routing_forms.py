"""The form of a routing rule: its fields to a draft and back."""

from collections.abc import Sequence
from typing import get_args

from directory.errors import InvalidError
from directory.model import TenantId
from directory.person import ENTERPRISE
from directory.routes.drafts import LABEL_MAX, TEXT_MAX, RuleDraft, checked_draft
from directory.routes.rules import Below
from directory.routing import ROUTING_EXTENSION, Condition, ConditionKind, RuleKind, Test
from portal.forms import Form
from portal.routing_words import WHENS, WHENS_OF_GROUPS

TENANTS_SHOWN = 50
"""Of more tenants the form asks for their short names, instead of showing a box for each."""

PATHS = (
    (f"{ENTERPRISE}:department", "department"),
    (f"{ENTERPRISE}:organization", "organization"),
    (f"{ENTERPRISE}:division", "division"),
    (f"{ENTERPRISE}:costCenter", "cost centre"),
    ("title", "title"),
    ("userType", "user type"),
    ("addresses.country", "country"),
    (f"{ROUTING_EXTENSION}:routeTo", "routeTo of the routing extension"),
)
"""Attributes that the form suggests."""

SHORT = {
    name.rpartition(":")[2].casefold(): name
    for name in (
        *(f"{ENTERPRISE}:{one}" for one in ("employeeNumber", "costCenter", "organization", "division", "department")),
        f"{ROUTING_EXTENSION}:routeTo",
    )
}
"""Attributes that people name without their schema."""

TESTS: tuple[Test, ...] = get_args(Test)
_FIELDS = {"goes_to": "tenant", "condition": "when"}


def when_of(form: Form) -> tuple[RuleKind, ConditionKind]:
    """Return for whom the rule is, and by what it goes; whatever cannot be is the first that can."""
    kind: RuleKind = "group" if form.fields.get("kind") == "group" else "user"
    offered = WHENS_OF_GROUPS if kind == "group" else tuple(WHENS)
    wanted = form.fields.get("when", "")
    return kind, next((one for one in offered if one == wanted), offered[0])


def draft_from(form: Form, chosen: Sequence[str], tenants: Sequence[Below]) -> RuleDraft | None:
    """Return the rule that a form means, or None with what is wrong noted; ``chosen`` are slugs."""
    kind, when = when_of(form)
    draft = RuleDraft(
        label=form.text("label", chars_max=LABEL_MAX, required=False),
        kind=kind,
        condition=_condition(form, when),
        goes_to=tuple(_goes_to(form, chosen, tenants)),
        role_key=form.text("role_key", chars_max=TEXT_MAX, required=False) or None,
        stops=not form.flag("goes_on"),
    )
    if form.errors:
        return None
    try:
        return checked_draft(draft)
    except InvalidError as error:
        note_error(form, error)
        return None


def note_error(form: Form, error: InvalidError) -> None:
    """Put what the directory says beside the field that it is about."""
    field = _FIELDS.get(error.attribute, error.attribute)
    if field == "value":
        field = "group_id" if when_of(form)[1] == "group" else "source_id"
    form.errors[field] = f"This {error.reason}."


def fields_of(draft: RuleDraft) -> dict[str, str]:
    """Return a rule as the fields of its form, but for the tenants."""
    condition = draft.condition
    asked = "" if condition.value is None else str(condition.value)
    return {
        "label": draft.label,
        "kind": draft.kind,
        "when": condition.kind,
        "group_id": asked,
        "source_id": asked,
        "path": condition.path,
        "test": condition.test,
        "values": "\n".join(condition.values),
        "role_key": draft.role_key or "",
        "goes_on": "" if draft.stops else "yes",
    }


def _condition(form: Form, when: ConditionKind) -> Condition:
    match when:
        case "group":
            return Condition(kind="group", value=form.ident("group_id"))
        case "source":
            return Condition(kind="source", value=form.ident("source_id"))
        case "named_tenant":
            return Condition(kind="named_tenant", path=_path(form))
        case "attribute":
            test = form.choice("test", TESTS)
            return Condition(kind="attribute", test=test, path=_path(form), values=_values(form))
        case "domain" | "group_name":
            return Condition(kind=when, values=_values(form))


def _path(form: Form) -> str:
    """Return the attribute that is named, with its schema where it belongs to one that people leave out."""
    path = form.text("path", chars_max=TEXT_MAX)
    return SHORT.get(path.casefold(), path)


def _values(form: Form) -> tuple[str, ...]:
    lines = [line.strip() for line in form.fields.get("values", "").splitlines()]
    values = tuple(line for line in lines if line)
    if not values:
        form.errors["values"] = "Enter a value."
    return values


def _goes_to(form: Form, chosen: Sequence[str], tenants: Sequence[Below]) -> list[TenantId]:
    by_slug = {one.slug: one.tenant_id for one in tenants}
    wanted = [slug for one in chosen for slug in one.replace(",", " ").split()]
    unknown = [slug for slug in wanted if slug not in by_slug]
    if unknown:
        form.errors["tenant"] = f"There is no tenant {unknown[0][:TEXT_MAX]} below this one."
    return [by_slug[slug] for slug in wanted if slug in by_slug]
