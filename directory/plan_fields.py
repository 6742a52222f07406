"""Attributes that have a name of their own: where they stand in what a source sends, and plans to change them."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from directory.errors import InvalidError
from directory.model import Actor, JsonValue
from directory.person import ENTERPRISE
from directory.plan import AttributeChange, DeleteRows, Event, InsertRow, Plan, UpdateRows
from directory.slugs import slug_for

FIELDS_MAX = 10
LABEL_CHARS_MAX = 60
PATH_CHARS_MAX = 300
VALUE_CHARS_MAX = 400
"""So much of a value is kept to find users by; the triggers of migration m0019 cut there too."""

KEY_CHARS_MAX = 40
SEPARATOR = "\x1f"
"""Stands between the names on the way to a value."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_$-]{0,99}")
_URN = re.compile(r"[Uu][Rr][Nn]:[A-Za-z0-9][A-Za-z0-9-]{1,31}:[A-Za-z0-9:._-]{1,150}")
_NOT_KEPT = frozenset({"id", "meta", "schemas", "groups", "password"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeField:
    """An attribute under a name of its own."""

    key: str
    """Stands in addresses and views; never changes."""
    label: str
    scim_path: str
    parts: tuple[str, ...]
    """The names on the way to the value; a URN is one of them."""
    position: int
    listed: bool
    """Whether Sub Accounts has a column for it."""
    created_at: datetime
    looked_count: int = 0
    filled_at: datetime | None = None
    """When the values of the users who were there had been read; None while that goes on."""


DEFAULTS: tuple[tuple[str, str, str], ...] = (
    ("department", "Department", "department"),
    ("cost-centre", "Cost centre", "costCenter"),
    ("employee-number", "Employee number", "employeeNumber"),
    ("division", "Division", "division"),
    ("organization", "Organization", "organization"),
)
"""Key, label and attribute of the enterprise extension (RFC 7643 section 4.3) of what every tenant begins with."""


def parse_path(text: str) -> tuple[str, ...]:
    """Return the names on the way to a value: ``title``, ``name.givenName``, ``urn:…:User:costCenter``.

    Raises:
        InvalidError: it is no path to a single value, or to one that is not kept.
    """
    text = text.strip()
    urn, colon, rest = text.rpartition(":")
    names = tuple(rest.split("."))
    if len(text) > PATH_CHARS_MAX or len(names) > 2 or not all(_NAME.fullmatch(name) for name in names):
        raise InvalidError("path", "must be an attribute such as title, name.givenName or urn:…:User:costCenter")
    if colon and _URN.fullmatch(urn) is None:
        raise InvalidError("path", "must begin with the whole name of the extension, as in urn:example:2.0:User:badge")
    if not colon and names[0] in _NOT_KEPT:
        raise InvalidError("path", f"names {names[0]}, which is not kept with a user")
    return (urn, *names) if colon else names


def path_text(parts: tuple[str, ...]) -> str:
    """Return a path as people write it."""
    if parts and ":" in parts[0]:
        return f"{parts[0]}:{'.'.join(parts[1:])}"
    return ".".join(parts)


def value_in(document: Mapping[str, JsonValue], parts: tuple[str, ...]) -> str | None:
    """Return the value at a path, None where there is no single text or number; what the triggers keep."""
    value: JsonValue = dict(document)
    for name in parts:
        value = value.get(name) if isinstance(value, dict) else None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value)[:VALUE_CHARS_MAX] or None


def paths_in(document: Mapping[str, JsonValue]) -> Iterator[tuple[str, ...]]:
    """Yield the paths of all single values of a user that a field can have."""
    for name, value in document.items():
        yield from _paths_below((name,), value, deepest=3 if ":" in name else 2)


def _paths_below(parts: tuple[str, ...], value: JsonValue, *, deepest: int) -> Iterator[tuple[str, ...]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if len(parts) < deepest:
                yield from _paths_below((*parts, name), inner, deepest=deepest)
    elif isinstance(value, str | int | float) and not isinstance(value, bool) and is_path(parts):
        yield parts


def is_path(parts: tuple[str, ...]) -> bool:
    """Whether a field can have its value from there."""
    try:
        return parse_path(path_text(parts)) == parts
    except InvalidError:
        return False


def checked_label(label: str, others: Iterable[str]) -> str:
    """Return a label without blanks around it.

    Raises:
        InvalidError: there is none, it is too long, cannot be printed, or another field has it.
    """
    label = label.strip()
    if not label or len(label) > LABEL_CHARS_MAX or not label.isprintable():
        raise InvalidError("label", f"must be one line of 1 to {LABEL_CHARS_MAX} characters")
    if label.casefold() in {other.casefold() for other in others}:
        raise InvalidError("label", "is the name of another field")
    return label


def key_for(label: str, taken: Collection[str]) -> str:
    """Return the key of a new field: its label as it can stand in addresses, told apart from others by a number."""
    try:
        stem = slug_for(label)[:KEY_CHARS_MAX].strip("-")
    except InvalidError:  # nothing of it can stand there
        stem = "field"
    return next(key for key in _numbered(stem) if key not in taken)


def _numbered(stem: str) -> Iterator[str]:
    yield stem
    for number in range(2, 1_000_000):
        yield f"{stem}-{number}"


def plan_new_field(field: AttributeField, *, by: Actor) -> Plan:
    """Plan a field whose values are read from then on, and from those who are there by a walk."""
    return Plan(
        changes=(_row(field, by),),
        events=(_event("tenant:field:added", by, field, (None, field.label), (None, field.scim_path)),),
    )


def plan_default_fields(*, by: Actor, now: datetime) -> Plan:
    """Plan the fields that a new tenant begins with; it has nobody to read them from yet, and nobody is told."""
    fields = (
        AttributeField(
            key=key,
            label=label,
            scim_path=f"{ENTERPRISE}:{name}",
            parts=(ENTERPRISE, name),
            position=position,
            listed=False,
            created_at=now,
            filled_at=now,
        )
        for position, (key, label, name) in enumerate(DEFAULTS, 1)
    )
    return Plan(changes=tuple(_row(field, by) for field in fields))


def plan_field_edit(field: AttributeField, label: str, *, listed: bool, by: Actor) -> Plan:
    """Plan another label, or whether Sub Accounts has a column; nothing at all if it is so already."""
    if (field.label, field.listed) == (label, listed):
        return Plan()
    told = (
        AttributeChange(name="label", old=field.label, new=label),
        AttributeChange(name="listed", old=field.listed, new=listed),
    )
    update = UpdateRows(
        table="field_row",
        values={"label": label, "listed": listed},
        where={"tenant_id": by.tenant_id, "key": field.key},
        require=1,
    )
    event = Event(
        action="tenant:field:changed",
        subject_kind="tenant",
        subject_id=by.tenant_id,
        subject_label=label,
        changes=tuple(change for change in told if change.old != change.new),
    )
    return Plan(changes=(update,), events=(event,))


def plan_field_removal(field: AttributeField, *, by: Actor, now: datetime) -> Plan:
    """Plan that a field is gone at once; what it has read is deleted by and by, and nothing from the users."""
    update = UpdateRows(
        table="field_row",
        values={"removed_at": now},
        where={"tenant_id": by.tenant_id, "key": field.key, "removed_at": None},
        require=1,
    )
    event = _event("tenant:field:removed", by, field, (field.label, None), (field.scim_path, None))
    return Plan(changes=(update,), events=(event,))


def plan_field_end(key: str, *, by: Actor) -> Plan:
    """Plan that nothing is left of a removed field."""
    return Plan(changes=(DeleteRows(table="field_row", where={"tenant_id": by.tenant_id, "key": key}),))


def _row(field: AttributeField, by: Actor) -> InsertRow:
    return InsertRow(
        table="field_row",
        values={
            "tenant_id": by.tenant_id,
            "key": field.key,
            "label": field.label,
            "scim_path": field.scim_path,
            "parts": SEPARATOR.join(field.parts),
            "position": field.position,
            "listed": field.listed,
            "created_at": field.created_at,
            "looked_count": 0,
            "filled_at": field.filled_at,
        },
    )


def _event(
    action: str,
    by: Actor,
    field: AttributeField,
    label: tuple[str | None, str | None],
    path: tuple[str | None, str | None],
) -> Event:
    return Event(
        action=action,
        subject_kind="tenant",
        subject_id=by.tenant_id,
        subject_label=field.label,
        changes=(
            AttributeChange(name="label", old=label[0], new=label[1]),
            AttributeChange(name="path", old=path[0], new=path[1]),
        ),
    )
