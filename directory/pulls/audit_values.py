"""What an audit compares, as values: people as a directory says them, and as a source pushed them; pure."""

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import msgspec

from directory.model import JsonObject, JsonValue, UserId
from directory.names import name_key
from directory.pulls.model import SeenOp
from directory.pulls.targets import MANAGER, values_at

Way = Literal["external id", "user name", "attribute"]
"""By what a person there was found to be a user here; tried in this order."""

WAYS: tuple[Way, ...] = ("external id", "user name", "attribute")
STAMPS = frozenset({"lastmodified", "lastupdated", "lastmodifieddatetime"})
"""Names under which directories say when they changed somebody last."""

TEXT_CHARS_MAX = 300
_KEYED = frozenset({"userName", "emails"})
"""What has no case (RFC 7643 section 4.1): another spelling is the same name and the same address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class There:
    """A person as the directory says it."""

    ext_id: str
    op: SeenOp
    said: JsonObject
    state: str
    """Changes when anything that counts changes."""
    absent: str
    """Why the person is not there, in words; empty for one who is."""
    stamp: datetime | None
    """When the directory says that it changed the person last."""

    @property
    def user_name(self) -> str:
        """The user name; empty if none was said."""
        return str(self.said.get("userName") or "")

    @property
    def active(self) -> bool | None:
        """The status; None if it was not said."""
        said = self.said.get("active")
        return said if isinstance(said, bool) else None

    @property
    def manager(self) -> str:
        """The id of the manager there, or empty."""
        return str(self.said.get(MANAGER) or "")

    @property
    def label(self) -> str:
        """How people know the person."""
        return str(self.said.get("displayName") or "") or self.user_name or self.ext_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """A user as its source pushed it."""

    user_id: UserId
    label: str
    user_name: str
    names: frozenset[str]
    """Keys of the user name, and of former ones that still lead to the user."""
    document: JsonObject
    active: bool
    """As reported."""
    manager_ref: str | None
    version: int
    modified_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Who was found to be whom, and as what both were compared last."""

    ext_id: str
    user_id: UserId
    way: Way
    state: str
    version: int
    absent: bool = False
    """Whether the person is not there any more."""


def there_from(row: Mapping[str, Any]) -> There:
    """Return a person from its row."""
    said = msgspec.json.decode(row["said"], type=dict)
    given = {} if row["given"] is None else msgspec.json.decode(row["given"], type=dict)
    return There(
        ext_id=row["ext_id"],
        op=row["op"],
        said=said,
        state=row["state"],
        absent=_absence(row),
        stamp=_stamp_in(said) or _stamp_in(given),
    )


def shown(value: JsonValue) -> str | None:
    """Return a value as a text that people can read; None for one that says nothing."""
    match value:
        case None | "" | [] | {}:
            return None
        case bool():
            return "true" if value else "false"
        case str():
            text = unicodedata.normalize("NFC", value).strip()
        case int() | float():
            text = str(value)
        case _:
            text = msgspec.json.encode(value, order="sorted").decode()
    return text[:TEXT_CHARS_MAX] or None


def differing(there: There, here: Here, targets: frozenset[str] | None) -> Iterator[tuple[str, str | None, str | None]]:
    """Yield (target, here, there) of attributes with different values: of those that the directory speaks of.

    ``targets`` leaves out what is not mapped any more. Status and manager are compared elsewhere.
    """
    for target, value in sorted(there.said.items()):
        if target in {"active", MANAGER} or (targets is not None and target not in targets):
            continue
        raw = values_at(here.document, target)
        if value in raw:  # nearly always
            continue
        said, kept = shown(value), [shown(one) for one in raw]
        if not _same(target, said, kept, here):
            yield target, kept[0] if kept else None, said


def _same(target: str, said: str | None, kept: list[str | None], here: Here) -> bool:
    if said is None or not kept:
        return said is None and not any(kept)
    if target == "userName":
        return name_key(said) in here.names
    if target.partition("[")[0] in _KEYED:
        return name_key(said) in {name_key(one) for one in kept if one is not None}
    return said in kept


def _absence(row: Mapping[str, Any]) -> str:
    if row["op"] == "purged" or row["gone"]:
        return "deleted"
    if row["op"] == "out_of_scope" or not row["in_scope"]:
        return row["reason"] or "out of scope"
    return "not found by a whole pull" if row["missing_run_id"] is not None else ""


def _stamp_in(values: Mapping[str, JsonValue]) -> datetime | None:
    found = (value for name, value in values.items() if name.rpartition(":")[2].rpartition(".")[2].lower() in STAMPS)
    for value in found:
        if isinstance(value, str) and (at := _moment(value)) is not None:
            return at
    return None


def _moment(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None
