"""Deleting a role: what that comes to, shown first; then exactly that, or nothing."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

import msgspec

from directory.commit import commit_plan, in_unit_of
from directory.errors import InvalidError, MovedError, NotFoundError, RefusedError
from directory.facts import Moment
from directory.model import AccessRole, Actor, GroupId, RoleId
from directory.plan_access_roles import RoleUses, plan_role_end
from directory.reach import check_within
from directory.roles import RolePolicy
from directory.store import access, people, role_holders, role_uses
from directory.store.policy import read_policy
from directory.store.role_uses import UseCounts

LOCKED_MAX = 500
"""Locks that move together with their role, each with an event of its own, in one transaction."""

HASHED_IDS_MAX = 2_000
"""Holders who are compared one by one; of more, the number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleEnd:
    """What deleting a role comes to."""

    role: AccessRole
    moved_to: AccessRole
    counts: UseCounts
    group_names: tuple[str, ...]
    """The groups whose mapping gives the role, in their order."""
    needs_consent: bool
    """Group mappings would give administration."""
    obstacle: str
    """Why it cannot be done, in words; empty if it can."""
    plan_hash: str


async def preview_role_end(role_id: RoleId, moved_to_id: RoleId, *, by: Actor) -> RoleEnd:
    """Return what deleting the role would do, if its holders got the other one.

    Raises:
        NotFoundError: no such role.
        InvalidError: the other role is none of this tenant, or the same.
        RefusedError: a shipped role.
        ForbiddenError: the actor may not manage settings, or one of the roles carries more than the actor's own.
    """
    by.require("settings:manage")
    policy = await read_policy(by.tenant_id)
    role, moved_to = await _roles(role_id, moved_to_id, by=by)
    counts = await _counts(role_id, by=by)
    names = await role_uses.names_of_mapped(by.tenant_id, role_id)
    return RoleEnd(
        role=role,
        moved_to=moved_to,
        counts=counts,
        group_names=tuple(names.values()),
        needs_consent=moved_to.privileged and counts.lines > 0,
        obstacle=_obstacle(moved_to, counts),
        plan_hash=await _hash_of(role, moved_to, policy, by=by),
    )


async def delete_role(
    role_id: RoleId, moved_to_id: RoleId, plan_hash: str, *, consent: bool, by: Actor, now: datetime
) -> None:
    """Delete a role as it was shown: mappings, default and locks give the other role instead.

    Holders by a lock move at once; those by mapping or default are then decided anew, batch by batch.

    Raises:
        MovedError: it is no longer what was shown.
        NotFoundError, RefusedError, ForbiddenError: as for ``preview_role_end``.
        InvalidError: the other role may not be given so, or more than 500 locks name the role.
    """
    by.require("settings:manage")

    async def body() -> None:
        policy = await read_policy(by.tenant_id, hold="to change")
        role, moved_to = await _roles(role_id, moved_to_id, by=by)
        if await _hash_of(role, moved_to, policy, by=by) != plan_hash:
            raise MovedError
        plan = plan_role_end(
            role,
            moved_to,
            await _uses(role, policy, by=by),
            policy=policy,
            consented_by=by.label if consent else None,
            moment=Moment(at=now, by=by),
        )
        await commit_plan(plan, by=by, now=now)

    await in_unit_of(by, body)


async def _roles(role_id: RoleId, moved_to_id: RoleId, *, by: Actor) -> tuple[AccessRole, AccessRole]:
    role = await access.find_role(by.tenant_id, role_id)
    if role is None:
        raise NotFoundError("role", role_id)
    if role.shipped is not None:
        raise RefusedError(f"{role.name} is a role that every tenant has: it stays")
    moved_to = await access.find_role(by.tenant_id, moved_to_id)
    if moved_to is None or moved_to.role_id == role.role_id:
        raise InvalidError("role", "must be another one of this tenant")
    check_within(role, by=by)
    check_within(moved_to, by=by)
    return role, moved_to


def _obstacle(moved_to: AccessRole, counts: UseCounts) -> str:
    if counts.is_default and not moved_to.may_be_default:
        return f"The role is the Default Access Role, and {moved_to.name} manages people or carries administration."
    if counts.locks > LOCKED_MAX:
        return f"{counts.locks:,} role locks name it; move them in Sub Accounts first, down to {LOCKED_MAX}."
    return ""


async def _uses(role: AccessRole, policy: RolePolicy, *, by: Actor) -> RoleUses:
    locked = await role_uses.list_locked_at(by.tenant_id, role.role_id, limit=LOCKED_MAX + 1)
    if len(locked) > LOCKED_MAX:
        raise InvalidError("role", f"is named by more than {LOCKED_MAX} role locks: move them first")
    names = await role_uses.names_of_mapped(by.tenant_id, role.role_id)
    return RoleUses(
        lines=tuple(line for line in policy.mappings if line.role_id == role.role_id),
        group_names={GroupId(group_id): name for group_id, name in names.items()},
        is_default=policy.default_role_id == role.role_id,
        locked=tuple(await people.list_role_facts(by.tenant_id, locked)) if locked else (),
    )


async def _counts(role_id: RoleId, *, by: Actor) -> UseCounts:
    return (await role_uses.count_uses(by.tenant_id, role_id)).get(role_id, UseCounts())


async def _hash_of(role: AccessRole, moved_to: AccessRole, policy: RolePolicy, *, by: Actor) -> str:
    """Return one text for everything that was shown and would be done."""
    counts = await _counts(role.role_id, by=by)
    holders = await role_holders.list_holder_ids(by.tenant_id, role.role_id, limit=HASHED_IDS_MAX)
    said = (policy.version, role, moved_to, counts, holders)
    return sha256(msgspec.json.encode(said, order="deterministic")).hexdigest()
