"""What taking back one deed rests on, which roles it touches, and what stands against it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import msgspec

from directory.facts import Moment, role_facts
from directory.inverse_policy import Restored, restored_list
from directory.inverse_rows import Declared
from directory.model import AccessRole, Group, GroupId, Permission, RoleId, RoleLock, User, UserId
from directory.plan_roles import decision_for, roles_reached
from directory.roles import RolePolicy
from directory.undo_steps import DELETED_SINCE, Conflict, Image, Step, conflicts_of
from directory.undo_tables import DEFAULT_ROLE

_OF_ROLES = frozenset({"user_row", "lock_row", "member_row", "held_change_row"})
"""What a user's role may follow from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoFacts:
    """A deed with all that taking it back rests on."""

    steps: tuple[tuple[Step, Image | None], ...]
    """Each row that it changed, and the row as it is now."""
    policy: RolePolicy
    users: Mapping[UserId, User]
    """Those concerned, also deleted ones."""
    deleted: frozenset[UserId]
    blocked: frozenset[UserId]
    """Whom a block keeps from signing in now."""
    mapped: Mapping[UserId, frozenset[GroupId]]
    """The mapped groups that have them."""
    member_of: Mapping[UserId, tuple[GroupId, ...]]
    """All groups of those who would go."""
    groups: Mapping[GroupId, Group]
    """Those of the mappings and memberships concerned, also deleted ones."""
    live_groups: frozenset[GroupId]
    roles: Mapping[RoleId, AccessRole]
    """Those of the tenant, deleted ones too."""
    live_roles: frozenset[RoleId]
    declared: Declared
    head_seq: int = 0
    """The place of the newest event in the tenant's chain; read where a webhook is concerned."""

    @property
    def restored(self) -> Restored:
        """The list of mappings with what the deed did to it taken back."""
        for step, _ in self.steps:
            if step.table == "mapping_row":
                return restored_list(step.before, step.after, self.policy.mappings)
        return Restored(lines=self.policy.mappings, touched=())

    @property
    def default_role_id(self) -> RoleId:
        """The Default Access Role as it is to be."""
        for step, _ in self.steps:
            if step.table == DEFAULT_ROLE and step.before is not None:
                return RoleId(UUID(str(step.before["role"])))
        return self.policy.default_role_id

    @property
    def roles_back(self) -> frozenset[RoleId]:
        """Deleted roles that the undo brings back."""
        back = (step.key["role_id"] for step, _ in self.steps if step.table == "retired_role_row" and not step.before)
        return frozenset(RoleId(UUID(str(role_id))) for role_id in back)


def lock_in(image: Image | None) -> RoleLock | None:
    """Return a role lock as it was kept."""
    if image is None:
        return None
    until = image.get("until")
    return RoleLock(
        role_id=RoleId(UUID(str(image["role_id"]))),
        reason=str(image["reason"]),
        owner=str(image["owner"]),
        created_at=datetime.fromisoformat(str(image["created_at"])),
        until=None if until is None else datetime.fromisoformat(str(until)),
    )


def conflicts_in(facts: UndoFacts, *, moment: Moment) -> tuple[Conflict, ...]:
    """Return what stands against taking the deed back: results that were touched since, things that are gone."""
    found: list[Conflict] = []
    for step, current in facts.steps:
        if step.table != "mapping_row":
            found += conflicts_of(step, current)
    found += facts.restored.conflicts
    found += _missing(facts, moment=moment)
    return tuple(found)


def roles_touched(facts: UndoFacts) -> frozenset[RoleId]:
    """Return the roles that the undo gives, takes away or changes: whoever asks for it must carry as much."""
    found: set[RoleId] = {facts.users[user_id].decision.role_id for user_id in facts.users}
    for user_id in facts.users.keys() & {step.user_id for step, _ in facts.steps if step.table in _OF_ROLES}:
        found |= _reached(facts, user_id)
    now = {line.group_id: line for line in facts.policy.mappings}
    then = {line.group_id: line for line in facts.restored.lines}
    for group_id in facts.restored.touched:
        found |= {line.role_id for line in (now.get(group_id), then.get(group_id)) if line is not None}
    if facts.default_role_id != facts.policy.default_role_id:
        found |= {facts.default_role_id, facts.policy.default_role_id}
    for step, _ in facts.steps:
        lock = lock_in(step.before) if step.table == "lock_row" else None
        found |= {lock.role_id} if lock else set()
        if step.table in {"role_row", "retired_role_row"}:
            found.add(RoleId(UUID(str(next(iter(step.key.values()))))))
        if step.table == "held_change_row":
            named = ((step.before or step.after or {}).get(name) for name in ("from_role_id", "to_role_id"))
            found |= {RoleId(UUID(str(role_id))) for role_id in named if role_id}
    return frozenset(found)


def _reached(facts: UndoFacts, user_id: UserId) -> frozenset[RoleId]:
    """Return the roles that a user comes to, at once or when a lock ends, as far as it is known before it is done.

    Whom a held change concerns, and what else came meanwhile, is looked at once more when roles are decided.
    """
    user, lock = facts.users[user_id], facts.users[user_id].lock
    joined: set[GroupId] = set(facts.mapped.get(user_id, frozenset()))
    for step, _ in facts.steps:
        if step.user_id != user_id:
            continue
        if step.table == "lock_row":
            lock = lock_in(step.before)
        if step.table == "member_row" and step.before is not None and not step.before.get("withheld"):
            joined.add(GroupId(UUID(str(step.key["group_id"]))))
    restored = {line.group_id for line in facts.restored.lines}
    policy = replace(facts.policy, mappings=facts.restored.lines, default_role_id=facts.default_role_id)
    known = role_facts(user, frozenset(joined & restored))
    if any(step.table == "lock_row" and step.user_id == user_id for step, _ in facts.steps):
        return roles_reached(policy, known, lock)
    return frozenset({decision_for(policy, known).role_id})


def roles_as_restored(facts: UndoFacts) -> tuple[AccessRole, ...]:
    """Return the roles that get other permissions, or come anew, with what they are to carry."""
    found: list[AccessRole] = []
    for step, _ in facts.steps:
        if step.table == "role_row" and step.before is not None:
            carried: list[Permission] = msgspec.json.decode(str(step.before["permissions"]))
            name = str(step.before["name"])
            found.append(AccessRole(role_id=role_id_of(step), name=name, permissions=frozenset(carried)))
    return tuple(found)


def grants_administration(facts: UndoFacts) -> bool:
    """Whether a mapping gives administration again that it does not give now: its line, or its role."""
    now = {line.group_id: line.role_id for line in facts.policy.mappings}
    then = {**facts.roles, **{role.role_id: role for role in roles_as_restored(facts)}}
    return any(
        then[line.role_id].privileged
        and (now.get(line.group_id) != line.role_id or not facts.roles[line.role_id].privileged)
        for line in facts.restored.lines
        if line.role_id in facts.roles
    )


def _missing(facts: UndoFacts, *, moment: Moment) -> Iterator[Conflict]:
    there = facts.live_roles | facts.roles_back
    wanted = {line.role_id for line in facts.restored.lines if line.group_id in facts.restored.touched}
    if facts.default_role_id not in there or not wanted <= there:
        yield Conflict(thing="access role", text="The access role was deleted since.")
    for step, _ in facts.steps:
        if step.acts_on is not None and step.acts_on == moment.by.user_id:
            yield Conflict(thing="user", text="It is your own account: somebody else takes this back.")
        if step.table == "lock_row" and (lock := lock_in(step.before)) is not None:
            yield from _lock_missing(lock, there, moment)
        if _needs_life(facts, step):
            yield Conflict(thing="user", text=DELETED_SINCE)
        if _left_group(step) and GroupId(UUID(str(step.key["group_id"]))) not in facts.live_groups:
            yield Conflict(thing="membership", text="A group of the user was deleted since.")
        if step.table == "role_row" and step.before is None and facts.policy.default_role_id == role_id_of(step):
            yield Conflict(thing="access role", text="The role is the Default Access Role by now.")


def _needs_life(facts: UndoFacts, step: Step) -> bool:
    """Whether a step is about somebody who is deleted by now, and whom the undo does not bring back.

    A lock that only named another role, since its own was deleted, goes back to it: tombstones keep their locks.
    """
    of_life = {"lock_row", "lock_review_row", "signin_block_row", "member_row"}
    if step.table not in of_life or step.user_id not in facts.deleted:
        return False
    if step.table == "lock_row" and step.before is not None and step.after is not None:
        before, after = ({**image, "role_id": None} for image in (step.before, step.after))
        if before == after:
            return False
    return not any(one.table == "user_row" and one.user_id == step.user_id for one, _ in facts.steps)


def _left_group(step: Step) -> bool:
    return step.table == "member_row" and step.before is not None and step.after is None


def _lock_missing(lock: RoleLock, there: frozenset[RoleId], moment: Moment) -> Iterator[Conflict]:
    if lock.role_id not in there:
        yield Conflict(thing="role lock", text="The role that the lock kept was deleted since.")
    if lock.until is not None and lock.until <= moment.at:
        yield Conflict(thing="role lock", text="The time of the lock is over since.")


def role_id_of(step: Step) -> RoleId:
    """Return which access role a step is about."""
    return RoleId(UUID(str(step.key["id"])))
