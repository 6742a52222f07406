"""A proposal with all that it is weighed by, and the hash of what comes out."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import msgspec

from directory.effects import Effect, Tally, lock_effect, policy_effect
from directory.errors import InvalidError, NotFoundError
from directory.facts import role_facts
from directory.model import AccessRole, Actor, GroupId, RoleId, RoleLock, TenantId, User
from directory.plan_policy import policy_after, roles_named
from directory.plan_roles import roles_reached
from directory.proposals import (
    AddMapping,
    LockProposal,
    LockRole,
    MappingProposal,
    MoveMapping,
    Proposal,
    RemoveMapping,
    SetDefaultRole,
    UnlockRole,
    fields_of,
    permission_for,
)
from directory.reach import checked_reason
from directory.roles import RolePolicy
from directory.store import access, circles, people, policy, proposed
from directory.store.proposed import Alone, Defaulted, Members, Scope
from directory.threads import worked_out


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A proposal with what is needed to weigh it."""

    tenant_id: TenantId
    proposal: Proposal
    policy: RolePolicy
    scope: Scope
    effect: Effect
    roles: dict[RoleId, AccessRole]
    """Those that are gone too: somebody may still be on the way from one."""
    given: AccessRole | None
    """The role that the proposal names."""
    subject: str
    """The name of the group or user that it is about; of the default role its own."""
    reached: frozenset[RoleId]
    """The roles that a lock, or its end, leads to, also the one that it uncovers later."""
    deciding: bool
    """Whether roles are being decided anew after an earlier change."""

    @property
    def group_id(self) -> GroupId | None:
        """The group concerned."""
        return None if isinstance(self.proposal, SetDefaultRole | LockRole | UnlockRole) else self.proposal.group_id


async def case_for(proposal: Proposal, *, by: Actor, now: datetime) -> Case:
    """Load what a proposal is weighed by: in the open unit, or as it is now.

    Raises:
        NotFoundError, AlreadyExistsError, InvalidError, ForbiddenError: as for ``preview``.
    """
    by.require(permission_for(proposal))
    current = await policy.read_policy(by.tenant_id)
    walks = tuple(await policy.list_walks(by.tenant_id))
    given = await _given_role(proposal, by=by)
    scope: Scope
    reached: frozenset[RoleId] = frozenset()
    if isinstance(proposal, LockProposal):
        user = await _user_to_lock(proposal, by=by, now=now)
        role_id = proposal.role_id if isinstance(proposal, LockRole) else None
        scope, effect = Alone(user_id=proposal.user_id), lock_effect(current, role_id)
        subject, reached = user.promoted.display_name, await _reached(proposal, current, user, by=by, now=now)
    elif isinstance(proposal, SetDefaultRole):
        scope, effect = Defaulted(walks=walks), policy_effect(current, policy_after(current, proposal))
        subject = "Default Access Role"
    else:
        scope, effect, subject = await _mapping_case(proposal, current, by=by)
    # Last: roles never end, so whatever was read before names none that is missing here.
    roles = {role.role_id: role for role in await access.list_roles(by.tenant_id, gone=True)}
    return Case(
        tenant_id=by.tenant_id,
        proposal=proposal,
        policy=current,
        scope=scope,
        effect=effect,
        roles=roles,
        given=given,
        subject=subject,
        reached=reached,
        deciding=bool(walks),
    )


async def tally_of(case: Case) -> Tally:
    """Weigh everybody whom the case can concern, batch by batch."""
    tally = Tally(privileged_role_ids=frozenset(role.role_id for role in case.roles.values() if role.privileged))
    async for batch in proposed.each_alike(case.tenant_id, case.scope):
        await worked_out(partial(tally.add, batch, case.effect), count=sum(len(alike.user_ids) for alike in batch))
    return tally


def touched_roles(case: Case, tally: Tally) -> frozenset[AccessRole]:
    """Return the roles of those concerned, before and after; those of whom a lock keeps as they are stay out."""
    touched = [outcome for outcome in tally.counts if outcome.kind != "locked"]
    role_ids = {role_id for outcome in touched for role_id in outcome[:2]}
    return frozenset(case.roles[role_id] for role_id in role_ids | case.reached)


def named_roles(case: Case) -> frozenset[AccessRole]:
    """Return the roles that the proposal gives or takes away by name, whoever has them now."""
    if isinstance(case.proposal, LockProposal):
        return frozenset() if case.given is None else frozenset({case.given})
    return frozenset(case.roles[role_id] for role_id in roles_named(case.policy, case.proposal))


def hash_of(case: Case, tally: Tally) -> str:
    """Return what must be the same when the proposal is applied: it, the policy, what is privileged, and the set."""
    privileged = sorted(str(role_id) for role_id in tally.privileged_role_ids)
    head = msgspec.json.encode((sorted(fields_of(case.proposal).items()), case.policy.version, privileged))
    return hashlib.sha256(head + tally.digest).hexdigest()


async def _given_role(proposal: Proposal, *, by: Actor) -> AccessRole | None:
    if isinstance(proposal, MoveMapping | RemoveMapping | UnlockRole):
        return None
    role = await access.find_role(by.tenant_id, proposal.role_id)
    if role is None:
        raise InvalidError("role", "is not one of this tenant")
    return role


async def _user_to_lock(proposal: LockProposal, *, by: Actor, now: datetime) -> User:
    if isinstance(proposal, LockRole):
        checked_reason(proposal.reason)
        if proposal.until is not None and proposal.until <= now:
            raise InvalidError("until", "must lie in the future")
    user = await people.find_user(by.tenant_id, proposal.user_id)
    if user is None:
        raise NotFoundError("user", proposal.user_id)
    return user


async def _reached(
    proposal: LockProposal, current: RolePolicy, user: User, *, by: Actor, now: datetime
) -> frozenset[RoleId]:
    lock = None
    if isinstance(proposal, LockRole):
        lock = RoleLock(
            role_id=proposal.role_id, reason=proposal.reason, owner=by.label, created_at=now, until=proposal.until
        )
    elif user.lock is None:
        return frozenset()
    groups = await people.mapped_groups_of(by.tenant_id, [user.user_id])
    return roles_reached(current, role_facts(user, groups.get(user.user_id, frozenset())), lock)


async def _mapping_case(proposal: MappingProposal, current: RolePolicy, *, by: Actor) -> tuple[Scope, Effect, str]:
    adds = isinstance(proposal, AddMapping)
    group = await circles.find_group(by.tenant_id, proposal.group_id, gone=not adds)
    if group is None:
        raise NotFoundError("group", proposal.group_id)
    name = group.attributes.display_name
    joined = frozenset({proposal.group_id} if adds else ())
    effect = policy_effect(current, policy_after(current, proposal, label=name), joined=joined)
    return Members(group_id=proposal.group_id), effect, name
