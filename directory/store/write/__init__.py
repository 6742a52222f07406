"""The only statements that change facts; imported by ``directory.commit`` alone."""

from collections.abc import Awaitable, Callable
from typing import Any

from directory.model import Actor
from directory.plan import (
    AskRedecision,
    Change,
    ChangeMembers,
    DecideRoles,
    EndGroup,
    EndSignins,
    EndUser,
    InsertRow,
    JoinGroups,
    PutGroup,
    PutLock,
    PutMappings,
    PutUser,
    UpdateRows,
)
from directory.store.write import administration, groups, policy, users
from directory.store.write.events import write_events

_WRITERS: dict[type, Callable[[Any, Actor], Awaitable[None]]] = {
    PutUser: users.put_user,
    EndUser: users.end_user,
    EndSignins: users.end_signins,
    JoinGroups: users.join_groups,
    DecideRoles: users.decide_roles,
    PutLock: users.put_lock,
    PutGroup: groups.put_group,
    EndGroup: groups.end_group,
    ChangeMembers: groups.change_members,
    PutMappings: policy.put_mappings,
    AskRedecision: policy.ask_redecision,
    InsertRow: administration.insert_row,
    UpdateRows: administration.update_rows,
}

__all__ = ["write_change", "write_events"]


async def write_change(change: Change, by: Actor) -> None:
    """Write one change inside the open unit of work."""
    await _WRITERS[type(change)](change, by)
