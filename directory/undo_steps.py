"""What one change found and left in one row, and whether that still stands."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from directory.model import JsonObject, JsonValue, UserId
from directory.undo_tables import DEFAULT_ROLE, WATCHED

Image = Mapping[str, JsonValue]
"""A row by column: ids and times as texts, documents as the texts they are stored as."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One row as a change found and as it left it; None where there was none."""

    table: str
    key: Image
    before: Image | None
    after: Image | None
    user_id: UserId | None = None

    @property
    def acts_on(self) -> UserId | None:
        """The user on whom putting the row back is acting; None if it is about something else."""
        watched = WATCHED.get(self.table)
        return self.user_id if watched is None or watched.is_of_user else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Why a step cannot be taken back: somebody or something touched its result since."""

    thing: str
    """What was touched, in words."""
    attribute: str = ""
    left: JsonValue = None
    """The value that the change left."""
    now: JsonValue = None
    text: str = ""
    """Said instead, where it is not a matter of one value."""


def plain(value: object) -> JsonValue:
    """Return a value of a row as JSON keeps it."""
    match value:
        case UUID():
            return str(value)
        case datetime():
            return value.astimezone(UTC).isoformat()
        case None | str() | int() | float():  # bool is an int
            return value
        case _:
            return str(value)


def typed(value: JsonValue, declared: str) -> object:
    """Return a kept value as the column of that declared type takes it."""
    if value is None or not isinstance(value, str):
        return value
    match declared:
        case "uuid":
            return UUID(value)
        case "timestamptz":
            return datetime.fromisoformat(value)
        case _:
            return value


def fields_in(value: JsonValue) -> JsonObject:
    """Return the fields of a stored document; none of what is no object."""
    found = msgspec.json.decode(value) if isinstance(value, str) else {}
    return found if isinstance(found, dict) else {}


def changed_columns(step: Step) -> tuple[str, ...]:
    """Return the columns in which a row was changed, or all that count of one that was made or ended."""
    watched = WATCHED.get(step.table)
    loose = frozenset() if watched is None else watched.loose
    before, after = step.before or {}, step.after or {}
    return tuple(
        name
        for name in sorted({*before, *after})
        if name not in loose and (step.before is None or step.after is None or before.get(name) != after.get(name))
    )


def moved_fields(old: JsonValue, new: JsonValue) -> tuple[str, ...]:
    """Return the fields in which two stored documents differ."""
    before, after = fields_in(old), fields_in(new)
    return tuple(name for name in sorted({*before, *after}) if before.get(name) != after.get(name))


WAITING: Image = {"state": "waiting", "decided_by": None, "decided_by_id": None, "decided_at": None}
"""A held change as it was before somebody approved it."""


DELETED_SINCE = "The user was deleted since."


def conflicts_of(step: Step, current: Image | None) -> Iterator[Conflict]:
    """Yield what is no longer as the change left it: only what it changed counts."""
    thing = thing_of(step)
    if text := _replaced(step, current):
        yield Conflict(thing=thing, text=text)
    if text or step.after is None or current is None:
        return
    documents = WATCHED[step.table].documents if step.table in WATCHED else frozenset()
    for name in changed_columns(step):
        left, now = step.after.get(name), current.get(name)
        if name in documents and step.before is not None:
            yield from _in_document(thing, step.before.get(name), left, now)
        elif left != now and name == "created_at":
            yield Conflict(thing=thing, text=f"The {thing} was made anew since.")
        elif left != now:
            yield Conflict(thing=thing, attribute=name.removesuffix("_id"), left=left, now=now)


def _replaced(step: Step, current: Image | None) -> str:
    """Return what became of a row as a whole, in words; empty if it is there, or gone, as the change left it."""
    thing = thing_of(step)
    if step.after is None:
        return "" if current is None else f"There is another {thing} by now."
    if current is None:
        return f"The {thing} is no longer there."
    deleted = step.table == "user_row" and current.get("deleted") and not step.after.get("deleted")
    return DELETED_SINCE if deleted else ""


def put_back(step: Step, current: Image) -> dict[str, JsonValue]:
    """Return the columns of a row that is there, as they are to be again; other columns stay as they are."""
    before = step.before or {}
    documents = WATCHED[step.table].documents
    found: dict[str, JsonValue] = {}
    if step.table == "held_change_row" and before.get("in_force") and before.get("state") == "approved":
        before = {**before, **WAITING}  # approved, it would take effect again at once
        found |= WAITING
    for name in changed_columns(step):
        if name in documents:
            found[name] = restored_text(before.get(name), (step.after or {}).get(name), current.get(name))
        else:
            found[name] = before.get(name)
    return found


def restored_text(old: JsonValue, new: JsonValue, current: JsonValue) -> str:
    """Return a document with those fields as they were that the change moved; all others are as they are now."""
    before, now = fields_in(old), fields_in(current)
    for name in moved_fields(old, new):
        if name in before:
            now[name] = before[name]
        else:
            now.pop(name, None)
    return msgspec.json.encode(now).decode()


def thing_of(step: Step) -> str:
    """Return what a step is about, in words."""
    return "Default Access Role" if step.table == DEFAULT_ROLE else WATCHED[step.table].thing


def _in_document(thing: str, old: JsonValue, left: JsonValue, now: JsonValue) -> Iterator[Conflict]:
    after, current = fields_in(left), fields_in(now)
    for name in moved_fields(old, left):
        if after.get(name) != current.get(name):
            yield Conflict(thing=thing, attribute=name.replace("_", " "), left=after.get(name), now=current.get(name))
