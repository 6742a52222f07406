"""What becomes of the access roles of a tenant: made, changed, deleted."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from directory.errors import InvalidError
from directory.facts import Moment, RoleFacts
from directory.model import PERMISSIONS, AccessRole, GroupId, GroupMapping, JsonValue, Permission, RoleId
from directory.names import name_key
from directory.plan import (
    AskRedecision,
    AttributeChange,
    Change,
    EndSigninsOfRole,
    Event,
    InsertRow,
    Plan,
    PutMappings,
    UpdateRows,
    joined_plan,
    permissions_text,
)
from directory.plan_roles import lock_event, plan_decisions
from directory.roles import RolePolicy

NAME_CHARS_MAX = 100
VIEW: Permission = "portal:view"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleUses:
    """Where a role is given: the lines of the mappings, the default, the locks of live users."""

    lines: tuple[GroupMapping, ...] = ()
    group_names: Mapping[GroupId, str]
    is_default: bool = False
    locked: tuple[RoleFacts, ...] = ()


def checked_role(role: AccessRole) -> AccessRole:
    """Return the role as it can be stored: whoever may do anything in the portal may also see it.

    Raises:
        InvalidError: the name is empty, too long, or cannot be shown.
    """
    name = " ".join(role.name.split())
    if not name or len(name) > NAME_CHARS_MAX or not name.isprintable():
        raise InvalidError("name", f"must be one line of 1 to {NAME_CHARS_MAX} characters")
    return replace(role, name=name, permissions=role.permissions | {VIEW} if role.permissions else role.permissions)


def plan_new_role(role: AccessRole, *, moment: Moment) -> Plan:
    """Plan a role that nobody has yet."""
    row = InsertRow(
        table="role_row",
        values={
            "tenant_id": moment.by.tenant_id,
            "id": role.role_id,
            "name": role.name,
            "name_key": name_key(role.name),
            "permissions": permissions_text(role.permissions),
            "created_at": moment.at,
        },
    )
    return Plan(changes=(row,), events=(role_event("role:created", role, _differences(None, role)),))


def plan_role_change(
    before: AccessRole, after: AccessRole, uses: RoleUses, *, consented_by: str | None, moment: Moment
) -> Plan:
    """Plan another name or other permissions; they hold from the next page that a holder opens.

    ``consented_by`` allows the mappings that give the role to grant administration from now on. A role that opens
    more ends what its holders have open, and one that opens nothing any more: they sign in anew, if they still may.

    Raises:
        InvalidError: administration by default, or by a mapping that nobody consented to.
    """
    told = _differences(before, after)
    if not told:
        return Plan()
    if before.may_be_default and uses.is_default:
        _check_default(after)
    if after.privileged and not before.privileged:
        _check_grants(after, uses, consented_by)
    row = UpdateRows(
        table="role_row",
        values={
            "name": after.name,
            "name_key": name_key(after.name),
            "permissions": permissions_text(after.permissions),
        },
        where={"tenant_id": moment.by.tenant_id, "id": before.role_id},
        require=1,
    )
    changes: list[Change] = [row]
    if after.permissions != before.permissions:  # what the guard goes by is another policy then
        lines = uses.lines if after.privileged != before.privileged else ()
        consented = tuple(replace(line, consented_by=consented_by if after.privileged else None) for line in lines)
        changes.append(PutMappings(put=consented, at=moment.at))
    if after.permissions - before.permissions or (before.may_sign_in and not after.may_sign_in):
        changes.append(EndSigninsOfRole(role_id=before.role_id, at=moment.at))
    return Plan(changes=tuple(changes), events=(role_event("role:changed", after, told),))


def plan_role_end(
    role: AccessRole,
    moved_to: AccessRole,
    uses: RoleUses,
    *,
    policy: RolePolicy,
    consented_by: str | None,
    moment: Moment,
) -> Plan:
    """Plan the end of a role: whatever gives it gives ``moved_to`` instead, and a walk brings its holders there.

    What they have open ends at once, lest they keep what the role opened until the walk reaches them.

    Raises:
        InvalidError: administration by default, or by a mapping that nobody consented to.
    """
    if uses.is_default:
        _check_default(moved_to)
    if moved_to.privileged:
        _check_grants(moved_to, uses, consented_by)
    lines = tuple(
        replace(line, role_id=moved_to.role_id, consented_by=consented_by if moved_to.privileged else None)
        for line in uses.lines
    )
    default = moved_to.role_id if uses.is_default else None
    # Before any holder gets the other role: who signed in by this one signs in anew, by what the other one opens.
    changes: list[Change] = [EndSigninsOfRole(role_id=role.role_id, at=moment.at)]
    if lines or uses.is_default:
        changes += [
            PutMappings(put=lines, default_role_id=default, at=moment.at),
            AskRedecision(group_ids=tuple(line.group_id for line in lines), default=uses.is_default, at=moment.at),
        ]
    own = Plan(
        changes=(*changes, *_retired(role, moved_to, moment)),
        events=(
            role_event("role:deleted", role, (AttributeChange(name="moved to", old=None, new=str(moved_to.role_id)),)),
            *_moved_lines(role, moved_to, uses, moment),
        ),
    )
    return joined_plan(own, _moved_locks(moved_to, uses, policy=policy, moment=moment))


def role_event(action: str, role: AccessRole, changes: tuple[AttributeChange, ...]) -> Event:
    """Return the record of what became of a role."""
    return Event(action=action, subject_kind="role", subject_id=role.role_id, subject_label=role.name, changes=changes)


def _differences(before: AccessRole | None, after: AccessRole) -> tuple[AttributeChange, ...]:
    told: dict[str, tuple[JsonValue, JsonValue]] = {
        "name": (before.name if before else None, after.name),
        "permissions": (_listed(before.permissions) if before else None, _listed(after.permissions)),
    }
    return tuple(AttributeChange(name=name, old=old, new=new) for name, (old, new) in told.items() if old != new)


def _listed(permissions: frozenset[Permission]) -> JsonValue:
    return [permission for permission in PERMISSIONS if permission in permissions]


def _check_default(role: AccessRole) -> None:
    if not role.may_be_default:
        raise InvalidError("role", "manages people or carries administration, which nobody gets by default")


def _check_grants(role: AccessRole, uses: RoleUses, consented_by: str | None) -> None:
    if uses.lines and consented_by is None:
        raise InvalidError("consent", f"is needed: group mappings give {role.name}, which carries administration")


def _retired(role: AccessRole, moved_to: AccessRole, moment: Moment) -> tuple[Change, ...]:
    """Return what takes a role out of every list; its row stays, and no longer holds its name."""
    tenant_id = moment.by.tenant_id
    return (
        InsertRow(
            table="retired_role_row",
            values={
                "tenant_id": tenant_id,
                "role_id": role.role_id,
                "moved_to": moved_to.role_id,
                "retired_at": moment.at,
            },
        ),
        UpdateRows(
            table="role_row",
            values={"name_key": str(role.role_id)},
            where={"tenant_id": tenant_id, "id": role.role_id},
            require=1,
        ),
        # Tombstones keep their locks too, for the day they come back.
        UpdateRows(
            table="lock_row",
            values={"role_id": moved_to.role_id},
            where={"tenant_id": tenant_id, "role_id": role.role_id},
        ),
    )


def _moved_lines(role: AccessRole, moved_to: AccessRole, uses: RoleUses, moment: Moment) -> tuple[Event, ...]:
    told = (AttributeChange(name="role", old=str(role.role_id), new=str(moved_to.role_id)),)
    lines = tuple(
        Event(
            action="mapping:changed",
            subject_kind="mapping",
            subject_id=line.group_id,
            subject_label=uses.group_names.get(line.group_id, ""),
            changes=told,
        )
        for line in uses.lines
    )
    if not uses.is_default:
        return lines
    default = Event(
        action="policy:default:changed",
        subject_kind="policy",
        subject_id=moment.by.tenant_id,
        subject_label="Default Access Role",
        changes=told,
    )
    return (*lines, default)


def _moved_locks(moved_to: AccessRole, uses: RoleUses, *, policy: RolePolicy, moment: Moment) -> Plan:
    """Plan what follows for those whose lock named the role: at once, so that their event is this deed's."""
    moved = [
        (facts, replace(facts.lock, role_id=RoleId(moved_to.role_id)))
        for facts in uses.locked
        if facts.lock is not None
    ]
    if not moved:
        return Plan()
    decided = plan_decisions(policy, [replace(facts, lock=lock) for facts, lock in moved], at=moment.at)
    told = tuple(lock_event(facts, lock) for facts, lock in moved)
    return replace(decided, events=(*told, *decided.events))
