"""Taking back one deed: what undoes it, worked out from what it found, what it left, and what is there now."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from uuid import UUID

import msgspec

from directory.facts import Moment, role_facts
from directory.inverse_feeds import going_on
from directory.inverse_rows import row_change, told_of
from directory.inverse_users import UserGround, by_user, ends, plan_user_back, user_event
from directory.model import Group, GroupId, GroupMapping, Permission, UserId
from directory.plan import (
    NOTHING,
    AskRedecision,
    AttributeChange,
    Change,
    DeleteRows,
    EndSignins,
    Event,
    Plan,
    PutLock,
    PutMappings,
    UpdateRows,
    joined_plan,
)
from directory.plan_access_roles import RoleUses, plan_role_change
from directory.plan_policy import line_event
from directory.plan_roles import lock_event
from directory.undo_facts import UndoFacts, lock_in, role_id_of
from directory.undo_steps import Image, Step
from directory.undo_tables import DEFAULT_ROLE

APART = frozenset({"user_row", "lock_row", "mapping_row", DEFAULT_ROLE, "member_row"})
"""Tables that have planners of their own; all others are put back row by row."""


def plan_undo(facts: UndoFacts, *, consented_by: str | None, moment: Moment) -> Plan:
    """Plan what puts everything back; only where nothing stands against it.

    Raises:
        InvalidError: a role would carry administration without consent, or by default.
    """
    others = [(step, now) for step, now in facts.steps if step.table not in APART or _is_held(step)]
    first = [(step, now) for step, now in others if step.table not in {"user_link_row", "lock_review_row"}]
    last = [(step, now) for step, now in others if step.table in {"user_link_row", "lock_review_row"}]
    return joined_plan(
        _rows(facts, first, consented_by=consented_by, moment=moment),
        _blocks_told(facts, first),
        _policy(facts, moment=moment),
        *_locks(facts),
        *(plan_user_back(ground, policy=facts.policy, moment=moment) for ground in _grounds(facts)),
        _rows(facts, last, consented_by=None, moment=moment),
    )


def _is_held(step: Step) -> bool:
    """Whether a membership is one that the guard keeps, or keeps from, taking effect: no count tells of it."""
    images = [image for image in (step.before, step.after) if image is not None]
    return step.table == "member_row" and any(image.get("gone") or image.get("withheld") for image in images)


def told_rows(facts: UndoFacts) -> tuple[AttributeChange, ...]:
    """Return what is told of the rows that no event of their own tells of."""
    silent = APART | {"signin_block_row", "user_link_row"}
    return tuple(told_of([(step, now) for step, now in facts.steps if step.table not in silent]))


def _rows(
    facts: UndoFacts, steps: Sequence[tuple[Step, Image | None]], *, consented_by: str | None, moment: Moment
) -> Plan:
    changes: list[Change] = []
    for step, current in steps:
        if step.table == "role_row" and _is_other_role(step):
            plan = _role_back(facts, step, consented_by=consented_by, moment=moment)
            changes += plan.changes
        elif (change := row_change(step, current, facts.declared, moment.by.tenant_id)) is not None:
            changes.append(going_on(change, current, head_seq=facts.head_seq, at=moment.at))
        if step.table == "signin_block_row" and step.before is not None and step.user_id is not None:
            changes.append(EndSignins(user_id=step.user_id, at=moment.at))
    return Plan(changes=tuple(_last_first(changes)))


def _last_first(changes: Sequence[Change]) -> Iterator[Change]:
    """Yield the changes with rows deleted in the reverse order of their creation: later ones refer to earlier ones."""
    deleted = [change for change in changes if isinstance(change, DeleteRows)]
    yield from (deleted.pop() if isinstance(change, DeleteRows) else change for change in changes)


def _is_other_role(step: Step) -> bool:
    """Whether a role that stays there gets its name and permissions back."""
    before, after = step.before, step.after
    return before is not None and after is not None and before.get("permissions") != after.get("permissions")


def _role_back(facts: UndoFacts, step: Step, *, consented_by: str | None, moment: Moment) -> Plan:
    """Plan a role as it was; its holders sign in anew where it opens more again."""
    before, now = step.before or {}, facts.roles[role_id_of(step)]
    found: list[Permission] = msgspec.json.decode(str(before["permissions"]))
    after = replace(now, name=str(before["name"]), permissions=frozenset(found))
    uses = RoleUses(
        lines=tuple(line for line in facts.policy.mappings if line.role_id == now.role_id),
        is_default=facts.policy.default_role_id == now.role_id,
        group_names={},
    )
    plan = plan_role_change(now, after, uses, consented_by=consented_by, moment=moment)
    return replace(plan, events=())


def _blocks_told(facts: UndoFacts, steps: Sequence[tuple[Step, Image | None]]) -> Plan:
    """Return the events of blocks that are lifted, or there again, and the status that follows."""
    events: list[Event] = []
    changes: list[Change] = []
    for step, current in steps:
        user = None if step.user_id is None else facts.users.get(step.user_id)
        if step.table != "signin_block_row" or user is None:
            continue
        action = "user:sign-in:allowed" if step.before is None else "user:sign-in:blocked"
        old, new = (current or {}).get("reason"), (step.before or {}).get("reason")
        events.append(user_event(action, user, [AttributeChange(name="reason", old=old, new=new)]))
        active = user.attributes.active and step.before is None
        if active != user.active and not _has_row(facts, user.user_id):  # reported since, or before, behind the block
            where = {"tenant_id": user.tenant_id, "id": user.user_id}
            changes.append(UpdateRows(table="user_row", values={"active": active}, where=where, require=1))
    return Plan(changes=tuple(changes), events=tuple(events))


def _has_row(facts: UndoFacts, user_id: UserId) -> bool:
    """Whether the deed changed the user's own row, so that putting that back settles the status."""
    return any(step.table == "user_row" and step.user_id == user_id for step, _ in facts.steps)


def _policy(facts: UndoFacts, *, moment: Moment) -> Plan:
    restored, policy = facts.restored, facts.policy
    moves_default = facts.default_role_id != policy.default_role_id
    put = tuple(line for line in restored.lines if line not in policy.mappings)
    drop = tuple(sorted(policy.mapped_group_ids - {line.group_id for line in restored.lines}))
    if not (put or drop or moves_default):
        return NOTHING
    default = facts.default_role_id if moves_default else None
    changes = (
        PutMappings(put=put, drop=drop, default_role_id=default, at=moment.at),
        AskRedecision(group_ids=restored.touched, default=moves_default, at=moment.at),
    )
    events = [_line_told(facts, group_id) for group_id in restored.touched]
    if moves_default:
        told = AttributeChange(name="role", old=str(policy.default_role_id), new=str(facts.default_role_id))
        events.append(
            Event(
                action="policy:default:changed",
                subject_kind="policy",
                subject_id=moment.by.tenant_id,
                subject_label="Default Access Role",
                changes=(told,),
            )
        )
    return Plan(changes=changes, events=tuple(events), demotes_administrator=True)


def _line_told(facts: UndoFacts, group_id: GroupId) -> Event:
    def line_in(lines: Sequence[GroupMapping]) -> GroupMapping | None:
        return next((line for line in lines if line.group_id == group_id), None)

    group = facts.groups.get(group_id)
    label = "" if group is None else group.attributes.display_name
    return line_event(line_in(facts.policy.mappings), line_in(facts.restored.lines), group_id=group_id, label=label)


def _locks(facts: UndoFacts) -> Iterator[Plan]:
    """Yield plans of locks as they were; one of a user who goes stays with the tombstone, as with any."""
    going = {step.user_id for step, _ in facts.steps if ends(step)}
    for user_id, (step, _) in by_user(facts.steps, "lock_row").items():
        if user_id in going:
            continue
        lock, user = lock_in(step.before), facts.users.get(user_id)
        told: tuple[Event, ...] = ()
        if user is not None and user_id not in facts.deleted:
            told = (lock_event(role_facts(user, facts.mapped.get(user_id, frozenset())), lock),)
        yield Plan(changes=(PutLock(user_id=user_id, lock=lock),), events=told, demotes_administrator=True)


def _grounds(facts: UndoFacts) -> Iterator[UserGround]:
    locks, blocks = by_user(facts.steps, "lock_row"), by_user(facts.steps, "signin_block_row")
    for user_id, (step, current) in by_user(facts.steps, "user_row").items():
        user = facts.users[user_id]
        blocked = user_id in facts.blocked
        if user_id in blocks:
            blocked = blocks[user_id][0].before is not None
        yield UserGround(
            user=user,
            step=step,
            current=current or {},
            blocked=blocked,
            has_block_step=user_id in blocks,
            member_of=facts.member_of.get(user_id, ()),
            rejoins=tuple(_rejoins(facts, user_id)),
            lock=lock_in(locks[user_id][0].before) if user_id in locks else user.lock,
        )


def _rejoins(facts: UndoFacts, user_id: UserId) -> Iterator[tuple[Group, str | None]]:
    for step, _ in facts.steps:
        if step.table == "member_row" and step.user_id == user_id and step.before is not None and not _is_held(step):
            label = step.before.get("label")
            yield facts.groups[GroupId(UUID(str(step.key["group_id"])))], None if label is None else str(label)
