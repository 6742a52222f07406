"""What actions on many users rest on: the policy, the roles, and what the operator who asked may do now."""

from directory.model import Actor, RoleId
from directory.plan_bulk import Ground
from directory.store import access, people
from directory.store.bulk_jobs import BulkJob
from directory.store.policy import read_policy


async def ground_for(job: BulkJob) -> Ground:
    """Return what the outlooks of an action rest on: the policy, the roles, and what its operator may do now."""
    return Ground(
        policy=await read_policy(job.tenant_id),
        roles={role.role_id: role for role in await access.list_roles(job.tenant_id, gone=True)},
        by=await _actor_of(job),
    )


def may_ask(by: Actor) -> bool:
    """Whether an operator who asked for an action may still have it done."""
    return "users:manage" in by.permissions


async def roles_as_shown(job: BulkJob) -> frozenset[RoleId]:
    """Return the roles that are still there and carry what they did when the action was asked for."""
    roles = await access.list_roles(job.tenant_id)
    return frozenset(role.role_id for role in roles if job.carried.get(role.role_id) == role.permissions)


async def _actor_of(job: BulkJob) -> Actor:
    """Return the operator who asked, with the permissions that are left: none once disabled or gone."""
    user = await people.find_user(job.tenant_id, job.asked_by)
    role = None if user is None else await access.find_role(job.tenant_id, user.decision.role_id)
    may = role is not None and user is not None and user.active
    return Actor(
        tenant_id=job.tenant_id,
        kind="operator",
        label=job.asked_label,
        user_id=job.asked_by,
        permissions=role.permissions if role is not None and may else frozenset(),
    )
