"""What an operator is about to change, as a value: it goes into form fields and comes back unchanged."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from directory.errors import InvalidError
from directory.model import GroupId, Permission, RoleId, UserId
from directory.plan_policy import (
    AddMapping,
    MappingProposal,
    MoveMapping,
    PolicyProposal,
    RemoveMapping,
    SetDefaultRole,
    SetMappingRole,
)

__all__ = [
    "AddMapping",
    "LockProposal",
    "LockRole",
    "MappingProposal",
    "MoveMapping",
    "PolicyProposal",
    "Proposal",
    "RemoveMapping",
    "SetDefaultRole",
    "SetMappingRole",
    "UnlockRole",
    "fields_of",
    "permission_for",
    "proposal_from",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class LockRole:
    """Keep the role of a user at ``role_id``, until ``until`` or until unlocked; a lock of before is replaced."""

    user_id: UserId
    role_id: RoleId
    reason: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlockRole:
    """Let groups and mappings decide the role of a user again."""

    user_id: UserId


LockProposal = LockRole | UnlockRole
Proposal = PolicyProposal | LockProposal

_KINDS: Mapping[str, type[Proposal]] = {
    "add": AddMapping,
    "role": SetMappingRole,
    "move": MoveMapping,
    "remove": RemoveMapping,
    "default": SetDefaultRole,
    "lock": LockRole,
    "unlock": UnlockRole,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}
PLACES_MAX = 10_000


def permission_for(proposal: Proposal) -> Permission:
    """Return what the operator needs to do it."""
    return "users:manage" if isinstance(proposal, LockRole | UnlockRole) else "mappings:manage"


def fields_of(proposal: Proposal) -> dict[str, str]:
    """Return a proposal as the fields of a form or of an address; equal proposals give equal fields."""
    found = {"change": _NAMES[type(proposal)]}
    for field in fields(proposal):
        value = getattr(proposal, field.name)
        if value is not None:
            found[field.name] = value.isoformat() if isinstance(value, datetime) else str(value)
    return found


def proposal_from(given: Mapping[str, str]) -> Proposal:
    """Return the proposal that ``fields_of`` wrote, or that a form of the same fields means.

    Raises:
        InvalidError: a field is missing or is not what it should be.
    """
    kind = _KINDS.get(given.get("change", ""))
    if kind is None:
        raise InvalidError("change", "is none that can be proposed")
    values: dict[str, Any] = {field.name: _READERS[field.name](given.get(field.name, "")) for field in fields(kind)}
    return kind(**values)


def _uuid(text: str) -> UUID | None:
    """Return an id in its one spelling; ``uuid.UUID`` alone accepts braces and prefixes."""
    try:
        found = UUID(text)
    except ValueError:
        return None
    return found if str(found) == text else None


def _group_id(text: str) -> GroupId:
    if (found := _uuid(text)) is None:
        raise InvalidError("group_id", "is not one of this tenant")
    return GroupId(found)


def _role_id(text: str) -> RoleId:
    if (found := _uuid(text)) is None:
        raise InvalidError("role_id", "is not one of this tenant")
    return RoleId(found)


def _user_id(text: str) -> UserId:
    if (found := _uuid(text)) is None:
        raise InvalidError("user_id", "is not one of this tenant")
    return UserId(found)


def _places(text: str) -> int:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < len(str(PLACES_MAX))):
        raise InvalidError("places", f"must be a whole number, less than {PLACES_MAX} up or down")
    return int(text)


def _position(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 0 < len(text) < len(str(PLACES_MAX)) and int(text) > 0):
        raise InvalidError("position", f"must be a whole number from 1, less than {PLACES_MAX}")
    return int(text)


def _until(text: str) -> datetime | None:
    if not text:
        return None
    try:
        until = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidError("until", "is not a time such as 2026-01-31T09:00:00Z") from error
    return until.replace(tzinfo=UTC) if until.tzinfo is None else until.astimezone(UTC)


_READERS: Mapping[str, Callable[[str], object]] = {
    "group_id": _group_id,
    "role_id": _role_id,
    "user_id": _user_id,
    "places": _places,
    "position": _position,
    "reason": str,
    "until": _until,
}
