"""The only statements that change facts; imported by ``directory.commit`` alone."""

from collections.abc import Awaitable, Callable
from typing import Any

from directory.erasures import EraseEvents, EraseUser, LeaveGroups, LinkGone
from directory.held_changes import Hold, Overtake, ReportUserGone, SettleHeld, SpendBudget
from directory.model import Actor
from directory.plan import (
    AskRedecision,
    Change,
    ChangeMembers,
    DecideRoles,
    DeleteRows,
    EndGroup,
    EndSignins,
    EndSigninsOfRole,
    EndUser,
    InsertRow,
    JoinGroups,
    PutGroup,
    PutLock,
    PutMappings,
    PutUser,
    ReleaseUsers,
    UpdateRows,
)
from directory.renames import RenameUsers
from directory.store.together import Together
from directory.store.write import administration, erasures, groups, held, names, policy, release, roles, users
from directory.store.write.events import add_events

_WRITERS: dict[type, Callable[[Any, Actor], Awaitable[None]]] = {
    EndUser: users.end_user,
    ReleaseUsers: release.release_users,
    RenameUsers: names.rename_users,
    EndSigninsOfRole: roles.end_signins_of_role,
    JoinGroups: users.join_groups,
    DecideRoles: users.decide_roles,
    PutLock: users.put_lock,
    EndGroup: groups.end_group,
    PutMappings: policy.put_mappings,
    AskRedecision: policy.ask_redecision,
    InsertRow: administration.insert_row,
    UpdateRows: administration.update_rows,
    DeleteRows: administration.delete_rows,
    Hold: held.hold,
    Overtake: held.overtake,
    ReportUserGone: held.report_user_gone,
    SettleHeld: held.settle_held,
    SpendBudget: held.spend_budget,
    LeaveGroups: erasures.leave_groups,
    LinkGone: erasures.link_gone,
    EraseUser: erasures.erase_user,
    EraseEvents: erasures.erase_events,
}

__all__ = ["add_events", "write_change"]


async def write_change(change: Change, by: Actor, writes: Together) -> None:
    """Write one change inside the open unit of work, behind what was kept before, or keep it to be sent with others."""
    match change:
        case PutUser(expected_version=None):
            users.add_user(change, writes)
        case EndSignins():
            users.end_signins(change, by, writes)
        case ChangeMembers():
            await groups.change_members(change, by, writes)
        case _:
            await writes.send()
            await _write_behind(change, by, writes)


async def _write_behind(change: Change, by: Actor, writes: Together) -> None:
    match change:
        case PutUser():
            await users.put_user(change, writes)
        case PutGroup():
            await groups.put_group(change, writes)
        case _:
            await _WRITERS[type(change)](change, by)
