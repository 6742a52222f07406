"""Users as they were before a change of an operator: their details, status, life and source."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import msgspec

from directory.edits import UserEdit
from directory.facts import Moment
from directory.model import Group, GroupId, RoleLock, SourceId, User, UserAttributes, UserId
from directory.person import promoted_from
from directory.plan import (
    NOTHING,
    AttributeChange,
    Change,
    ChangeMembers,
    EndSignins,
    Event,
    Plan,
    PutGroup,
    PutUser,
    UpdateRows,
    changed_attributes,
    joined_plan,
)
from directory.plan_roles import derivation_changes
from directory.plan_users import plan_user_edit, plan_user_end
from directory.roles import RolePolicy, role_for
from directory.undo_steps import Image, Step, fields_in, restored_text


@dataclass(frozen=True, slots=True, kw_only=True)
class UserGround:
    """One user with what putting it back rests on."""

    user: User
    step: Step
    """Of the user's own row."""
    current: Image
    blocked: bool
    """Whether an operator keeps the user from signing in, once all is put back."""
    has_block_step: bool
    member_of: tuple[GroupId, ...] = ()
    """The groups that have the user now."""
    rejoins: tuple[tuple[Group, str | None], ...] = ()
    """Groups that had the user, with what the source called it there."""
    lock: RoleLock | None = None
    """As it is once all is put back."""


def plan_user_back(ground: UserGround, *, policy: RolePolicy, moment: Moment) -> Plan:
    """Plan a user as the change had found it."""
    before = ground.step.before
    if before is None or before.get("deleted"):
        return plan_user_end(ground.user, ground.member_of, moment=moment, held=True)
    if ground.current.get("deleted"):
        return _returned(ground, policy=policy, moment=moment)
    edited = plan_user_edit(ground.user, _edit_back(ground.step), moment=moment, blocked=ground.blocked)
    moved = _source_back(ground, version=ground.user.version + (2 if edited else 1), moment=moment)
    return joined_plan(edited, NOTHING if edited else _status_back(ground, moment=moment), moved)


def ends(step: Step) -> bool:
    """Whether putting a user back means that it goes."""
    return step.table == "user_row" and (step.before is None or bool(step.before.get("deleted")))


def _edit_back(step: Step) -> UserEdit:
    before, after = step.before or {}, step.after or {}

    def edit(now: UserAttributes) -> UserAttributes:
        from_now = msgspec.json.encode(now.document).decode()
        return UserAttributes(fields_in(restored_text(before.get("document"), after.get("document"), from_now)))

    return edit


def _status_back(ground: UserGround, *, moment: Moment) -> Plan:
    """Plan the effective status alone: what the source sees, and its version, stay as they are."""
    user, before, after = ground.user, ground.step.before or {}, ground.step.after or {}
    if before.get("active") == after.get("active"):
        return NOTHING
    reported = user.attributes.active
    active = reported and not ground.blocked if ground.has_block_step else bool(before.get("active"))
    if active == user.active:
        return NOTHING
    where = {"tenant_id": user.tenant_id, "id": user.user_id}
    ending: tuple[Change, ...] = () if active else (EndSignins(user_id=user.user_id, at=moment.at),)
    told = (AttributeChange(name="may sign in", old=user.active, new=active),)
    return Plan(
        changes=(UpdateRows(table="user_row", values={"active": active}, where=where, require=1), *ending),
        events=(user_event("user:enabled" if active else "user:disabled", user, told),),
        demotes_administrator=user.active and not active,
    )


def _source_back(ground: UserGround, *, version: int, moment: Moment) -> Plan:
    """Plan that a user belongs to the source of before, or to none; links are rows of their own."""
    before, after = ground.step.before or {}, ground.step.after or {}
    if before.get("source_id") == after.get("source_id"):
        return NOTHING
    source_id = before.get("source_id")
    owner = None if source_id is None else SourceId(UUID(str(source_id)))
    values = {"source_id": owner, "version": version, "modified_at": moment.at}
    where = {"tenant_id": ground.user.tenant_id, "id": ground.user.user_id}
    return Plan(changes=(UpdateRows(table="user_row", values=values, where=where, require=1),))


def _returned(ground: UserGround, *, policy: RolePolicy, moment: Moment) -> Plan:
    user, before = ground.user, ground.step.before or {}
    attributes = UserAttributes(fields_in(before.get("document")))
    group_ids = frozenset(group.group_id for group, _ in ground.rejoins)
    decision = role_for(policy, locked_role_id=ground.lock.role_id if ground.lock else None, group_ids=group_ids)
    back = replace(
        user,
        attributes=attributes,
        promoted=promoted_from(attributes),
        active=bool(before.get("active", attributes.active)) and not ground.blocked,
        decision=decision,
        decided_at=moment.at,
        decided_request_id=moment.request_id,
        lock=ground.lock,
        version=user.version + 1,
        modified_at=moment.at,
    )
    put = PutUser(user=back, expected_version=user.version, external_id_before=user.attributes.external_id)
    told = changed_attributes(user.attributes.document, attributes.document)
    granted = user_event("user:role:granted", back, derivation_changes(None, decision))
    joining = joined_plan(*(_joining(user, group, label, moment=moment) for group, label in ground.rejoins))
    own = Plan(changes=(put,), events=(user_event("user:returned", back, told),))
    return joined_plan(own, joining, Plan(events=(granted,)))


def _joining(user: User, group: Group, label: str | None, *, moment: Moment) -> Plan:
    counted = replace(group, member_count=group.member_count + 1, version=group.version + 1, modified_at=moment.at)
    put = PutGroup(group=counted, expected_version=group.version, external_id_before=group.attributes.external_id)
    labels = {} if label is None else {user.user_id: label}
    join = ChangeMembers(group_id=group.group_id, join=(user.user_id,), labels=labels, at=moment.at)
    told = Event(
        action="group:members:changed",
        subject_kind="group",
        subject_id=group.group_id,
        subject_label=group.attributes.display_name,
        joined=(user.user_id,),
    )
    return Plan(changes=(put, join), events=(told,))


def user_event(action: str, user: User, told: Sequence[AttributeChange] = ()) -> Event:
    """Return the record of what became of a user."""
    return Event(
        action=action,
        subject_kind="user",
        subject_id=user.user_id,
        subject_label=user.promoted.display_name,
        changes=tuple(told),
    )


def by_user(steps: Sequence[tuple[Step, Image | None]], table: str) -> Mapping[UserId, tuple[Step, Image | None]]:
    """Return the steps of one table by the user they are about."""
    return {one[0].user_id: one for one in steps if one[0].table == table and one[0].user_id is not None}
