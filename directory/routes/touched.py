"""Whom a plan concerns as far as routing goes: found in its changes, without a look at the database. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from directory.erasures import LeaveGroups
from directory.held_changes import SettleHeld
from directory.model import GroupId, User, UserId
from directory.plan import (
    Change,
    ChangeMembers,
    DeleteRows,
    EndUser,
    Event,
    InsertRow,
    JoinGroups,
    Plan,
    PutUser,
    ReleaseUsers,
    UpdateRows,
)
from directory.renames import RenameUsers

_OF_GROUPS = frozenset({"group:created", "group:changed", "group:returned", "group:deleted"})
_USER_COLUMNS: Mapping[str, str] = {"user_row": "id", "member_row": "user_id", "user_link_row": "user_id"}
"""Tables that are written row by row when something is put back, and the column that names the user."""


@dataclass(slots=True)
class Touched:
    """Whom plans concern."""

    user_ids: set[UserId]
    group_ids: set[GroupId]
    renamed: set[GroupId]
    """Groups that have, or may have, another name: rules go by names too."""
    newcomers: dict[UserId, User]
    """Users whom nobody saw before, with no group that waited for them."""


def touched_by(plans: Iterable[Plan]) -> Touched:
    """Return whom plans of one unit concern; of many members as many as there are."""
    touched = Touched(user_ids=set(), group_ids=set(), renamed=set(), newcomers={})
    for plan in plans:
        for change in plan.changes:
            _take(change, touched)
        for event in plan.events:
            _take_event(event, touched)
    return touched


def frees_somebody(plan: Plan) -> bool:
    """Whether a plan may give a user name free in its tenant, or decide about somebody who came in."""
    return any(
        isinstance(change, EndUser | RenameUsers | ReleaseUsers)
        or (isinstance(change, PutUser) and change.expected_version is not None and change.keeps in {"role", "nothing"})
        for change in plan.changes
    )


def _take(change: Change, touched: Touched) -> None:
    if isinstance(change, PutUser) and change.expected_version is None:
        touched.newcomers[change.user.user_id] = change.user
        return
    found = _users_of(change)
    touched.user_ids.update(found)
    for user_id in found if touched.newcomers else ():
        touched.newcomers.pop(user_id, None)


def _take_event(event: Event, touched: Touched) -> None:
    if event.action not in _OF_GROUPS:
        return
    group_id = GroupId(event.subject_id)
    touched.group_ids.add(group_id)
    if event.action == "group:deleted":
        touched.user_ids.update(event.left)
    elif event.action != "group:created" and any(change.name == "displayName" for change in event.changes):
        touched.renamed.add(group_id)


def _users_of(change: Change) -> Iterable[UserId]:
    look = _LOOKS.get(type(change))
    return () if look is None else look(change)


def _moved(change: ChangeMembers) -> set[UserId]:
    return {*change.join, *change.leave}


def _settled(change: SettleHeld) -> set[UserId]:
    return {user_id for _, user_id in (*change.leave, *change.join)}


def _renamed(change: RenameUsers) -> set[UserId]:
    return {one.user.user_id for one in change.renames}


def _in_row(values: Mapping[str, object], table: str) -> set[UserId]:
    user_id = values.get(_USER_COLUMNS.get(table, ""))
    return {UserId(user_id)} if isinstance(user_id, UUID) else set()


_LOOKS: Mapping[type, Callable[[Any], Iterable[UserId]]] = {
    PutUser: lambda change: {change.user.user_id},
    EndUser: lambda change: {change.user_id},
    JoinGroups: lambda change: {change.user_id},
    LeaveGroups: lambda change: {change.user_id},
    ReleaseUsers: lambda change: change.user_ids,
    RenameUsers: _renamed,
    ChangeMembers: _moved,
    SettleHeld: _settled,
    InsertRow: lambda change: _in_row(change.values, change.table),
    UpdateRows: lambda change: _in_row(change.where, change.table),
    DeleteRows: lambda change: _in_row(change.where, change.table),
}
