"""A plan: what would change and why, as a value that preview, apply, events and undo share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from directory.erasures import EraseEvents, EraseUser, LeaveGroups, LinkGone
from directory.held_changes import Hold, Overtake, ReportUserGone, SettleHeld, SpendBudget
from directory.model import (
    Decision,
    Group,
    GroupId,
    GroupMapping,
    JsonValue,
    Permission,
    RoleId,
    RoleLock,
    SourceId,
    User,
    UserId,
)
from directory.renames import RenameUsers

SubjectKind = Literal[
    "user",
    "group",
    "mapping",
    "policy",
    "source",
    "secret",
    "tenant",
    "role",
    "session",
    "equipment",
    "mail",
    "alert",
    "webhook",
    "schedule",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeChange:
    """One attribute, before and after; absent is None."""

    name: str
    old: JsonValue
    new: JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """The record of one change of one subject; ``action`` reads ``subject:action`` or ``subject:part:action``."""

    action: str
    subject_kind: SubjectKind
    subject_id: UUID
    subject_label: str
    changes: tuple[AttributeChange, ...] = ()
    joined: tuple[UserId, ...] = ()
    left: tuple[UserId, ...] = ()
    redecide: bool = False
    """The roles of those who joined or left are decided afterwards, by a walk over this event's list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PutUser:
    """Insert the user, or replace what is stored if it still has ``expected_version``."""

    user: User
    expected_version: int | None
    """None: the user is new."""
    external_id_before: str | None = None
    emails_changed: bool = True
    keeps: Literal["nothing", "role", "user name", "both names"] = "nothing"
    """What is left alone as it is stored. "role": role, source and life; the others keep these too, and names."""
    renamed: bool = False
    """Whether people see another name now: labels that sources gave the member before are forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndUser:
    """Turn the user into a tombstone, and end memberships and sign-ins."""

    user_id: UserId
    expected_version: int
    left_group_ids: tuple[GroupId, ...]
    at: datetime
    held: bool = False
    """Whether the user is still in groups that it was reported to have left: these memberships end as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndSignins:
    """End the web sessions, unused links and sign-ins half way of a user who may no longer sign in."""

    user_id: UserId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EndSigninsOfRole:
    """End what everybody who has the role now has open, as ``EndSignins``: it opens more, or nothing any more."""

    role_id: RoleId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseUsers:
    """Make users of a source local: what they are stays, and no feed changes it any more."""

    source_id: SourceId
    user_ids: tuple[UserId, ...]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinGroups:
    """Make a user a member of groups that waited for it."""

    user_id: UserId
    waiting: tuple[tuple[GroupId, str], ...]
    """(group, value it waited under)"""
    withheld: frozenset[GroupId] = frozenset()
    """Groups whose joining is held."""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideRoles:
    """Store role decisions with their derivation."""

    decisions: tuple[tuple[UserId, Decision], ...]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PutLock:
    """Lock or, with None, unlock the role of a user."""

    user_id: UserId
    lock: RoleLock | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PutGroup:
    """Insert the group, or replace what is stored if it still has ``expected_version``."""

    group: Group
    expected_version: int | None
    claims_name: bool | None = None
    """Whether the name must be unique in its source; None leaves it as it is."""
    external_id_before: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndGroup:
    """Turn the group into a tombstone; its memberships end."""

    group_id: GroupId
    expected_version: int
    keep: tuple[UserId, ...] = ()
    """Members whose leaving is held: they stay in effect."""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeMembers:
    """Who joins and leaves a group, and which values begin or stop waiting for their user."""

    group_id: GroupId
    join: tuple[UserId, ...] = ()
    leave: tuple[UserId, ...] = ()
    wait: tuple[str, ...] = ()
    unwait: tuple[str, ...] = ()
    labels: Mapping[UserId, str] = field(default_factory=dict)
    """What the source calls those who join."""
    relabel: Mapping[UserId, str] = field(default_factory=dict)
    nest: Mapping[GroupId, str | None] = field(default_factory=dict)
    unnest: tuple[GroupId, ...] = ()
    keep: frozenset[UserId] = frozenset()
    """Those of ``leave`` whose leaving is held: they stay in effect."""
    withhold: frozenset[UserId] = frozenset()
    """Those of ``join`` whose joining is held."""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PutMappings:
    """Write lines of the ordered list, drop others, and count the policy's version up."""

    put: tuple[GroupMapping, ...] = ()
    drop: tuple[GroupId, ...] = ()
    default_role_id: RoleId | None = None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AskRedecision:
    """Have the roles of a group's members, or of those with the default role, decided anew."""

    group_ids: tuple[GroupId, ...] = ()
    default: bool = False
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class InsertRow:
    """Insert one row of an administrative table (tenant, role, source, secret, link, web session)."""

    table: str
    values: Mapping[str, object]
    unless_there: bool = False
    """Whether a row that must be unique and is there already is left as it is, silently."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateRows:
    """Set columns of the rows of an administrative table that match ``where``; ``require`` rows must be there."""

    table: str
    values: Mapping[str, object]
    where: Mapping[str, object]
    require: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteRows:
    """Delete the rows of an administrative table that match ``where``."""

    table: str
    where: Mapping[str, object]


Change = (
    PutUser
    | EndUser
    | EndSignins
    | ReleaseUsers
    | RenameUsers
    | EndSigninsOfRole
    | JoinGroups
    | DecideRoles
    | PutLock
    | PutGroup
    | EndGroup
    | ChangeMembers
    | PutMappings
    | AskRedecision
    | InsertRow
    | UpdateRows
    | DeleteRows
    | Hold
    | Overtake
    | ReportUserGone
    | SettleHeld
    | SpendBudget
    | LeaveGroups
    | LinkGone
    | EraseUser
    | EraseEvents
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Changes in the order in which they are written, and the events that tell them."""

    changes: tuple[Change, ...] = ()
    events: tuple[Event, ...] = ()
    demotes_administrator: bool = False
    """Whether an active administrator may lose role or access: the commit then checks that one stays.

    By the role rule, which can be ahead of the role that is stored: so whoever loses access counts.
    """

    def __bool__(self) -> bool:
        """Whether anything would change, or is to be recorded."""
        return bool(self.changes or self.events)


NOTHING = Plan()


def joined_plan(*plans: Plan) -> Plan:
    """Return one plan that does all of them, in order."""
    return Plan(
        changes=tuple(change for plan in plans for change in plan.changes),
        events=tuple(event for plan in plans for event in plan.events),
        demotes_administrator=any(plan.demotes_administrator for plan in plans),
    )


def changed_attributes(before: Mapping[str, JsonValue], after: Mapping[str, JsonValue]) -> tuple[AttributeChange, ...]:
    """Return what differs between two documents, attribute by attribute, in alphabetical order."""
    return tuple(
        AttributeChange(name=name, old=before.get(name), new=after.get(name))
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    )


def permissions_text(permissions: frozenset[Permission]) -> str:
    """Return permissions as rows keep them: a JSON list."""
    return msgspec.json.encode(sorted(permissions)).decode()
