"""The role that a rule gives in a tenant below: a lock there, in the name of the super tenant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from directory.commit import commit_plan, in_unit_of
from directory.errors import NotFoundError, RefusedError
from directory.facts import Moment, role_facts
from directory.guarding import ONE_GRANT, judged, spends_of
from directory.model import AccessRole, Actor, RoleLock, TenantId, User, UserId
from directory.names import name_key
from directory.plan import Plan, joined_plan
from directory.plan_roles import plan_lock
from directory.routes.copies import Wish
from directory.routes.feeds import OWNER_SUFFIX
from directory.store import access, people
from directory.store.policy import read_policy

REASON = "Routing rule"
REASON_CHARS_MAX = 500


class RoleRefusedError(RefusedError):
    """The role that a rule gives cannot be had in the tenant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeper:
    """What a tenant's roles are called, and in whose name rules give them."""

    roles: Mapping[str, AccessRole]
    moment: Moment

    def role_for(self, wish: Wish) -> AccessRole | None:
        """Return the role that the rule gives; None if it leaves that to the tenant.

        Raises:
            RoleRefusedError: there is no such role, or it carries administration and nobody consented to that.
        """
        if wish.role_key is None:
            return None
        role = self.roles.get(wish.role_key)
        if role is None:
            raise RoleRefusedError(f"The tenant has no role {wish.role_key}.")
        if role.privileged and (wish.rule is None or wish.rule.consented_by is None):
            raise RoleRefusedError(f"Nobody consented to the rule giving {role.name}, which carries administration.")
        return role

    def lock_for(self, wish: Wish) -> RoleLock | None:
        """Return the lock by which a copy has the role that the rule gives.

        Raises:
            RoleRefusedError: as for ``role_for``.
        """
        role = self.role_for(wish)
        if role is None:
            return None
        label = "" if wish.rule is None else wish.rule.label
        reason = f"{REASON} {label}".strip()[:REASON_CHARS_MAX]
        return RoleLock(role_id=role.role_id, reason=reason, owner=self.moment.by.label, created_at=self.moment.at)

    async def keep(self, copy: User, wish: Wish) -> None:
        """Have a copy's role be locked to what the rule gives, or not at all; a lock of the tenant's own stays.

        Raises:
            RoleRefusedError: as for ``role_for``, or the guard there lets no more administration be given.
            LastAdministratorError: nobody active would be left to administer the tenant.
        """
        if copy.lock is not None and not is_given(copy.lock):
            return
        try:
            lock = self.lock_for(wish)
        except RoleRefusedError:
            if copy.lock is not None and wish.route is not None and wish.route.role_key != wish.role_key:
                await in_unit_of(self.moment.by, lambda: self._put(copy.user_id, None))  # what it had is another rule's
            raise
        if (None if copy.lock is None else copy.lock.role_id) != (None if lock is None else lock.role_id):
            await in_unit_of(self.moment.by, lambda: self._put(copy.user_id, lock))

    async def _put(self, copy_id: UserId, lock: RoleLock | None) -> None:
        by, at = self.moment.by, self.moment.at
        policy = await read_policy(by.tenant_id, hold="to decide")
        user = await people.find_user_to_change(by.tenant_id, copy_id)
        if user is None:
            raise NotFoundError("user", copy_id)
        groups = await people.mapped_groups_of(by.tenant_id, [copy_id])
        plan = plan_lock(policy, role_facts(user, groups.get(copy_id, frozenset())), lock, at=at)
        if lock is not None and policy.roles[lock.role_id].privileged:
            plan = joined_plan(plan, await self._granting())
        await commit_plan(plan, by=by, now=at)

    async def _granting(self) -> Plan:
        verdict, _ = await judged(ONE_GRANT, moment=self.moment)
        if verdict.why is not None:
            raise RoleRefusedError("The tenant's guard lets no more administration be given now.")
        return Plan(changes=spends_of(verdict, moment=self.moment))


def is_given(lock: RoleLock) -> bool:
    """Whether a rule gave a lock; under whatever name the super tenant had then, since that may change. Pure."""
    return lock.owner.endswith(OWNER_SUFFIX) and lock.reason.startswith(REASON)


async def keeper_for(by: Actor, wishes: Sequence[Wish], *, moment: Moment) -> Keeper:
    """Return what gives and takes roles in the tenant of ``by``; roles are read only if a rule gives one."""
    wanted = any(wish.role_key is not None for wish in wishes)
    return Keeper(roles=await _roles_of(by.tenant_id) if wanted else {}, moment=moment)


async def _roles_of(tenant_id: TenantId) -> dict[str, AccessRole]:
    roles = await access.list_roles(tenant_id)
    named = {name_key(role.name): role for role in roles}
    return {**named, **{role.shipped: role for role in roles if role.shipped is not None}}
