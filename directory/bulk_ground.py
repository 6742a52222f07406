"""What actions on many users rest on: the policy, the roles, and what the operator who asked may do now."""

from directory.model import Actor, RoleId
from directory.operators import find_actor
from directory.plan_bulk import Ground
from directory.store import access
from directory.store.bulk_jobs import BulkJob
from directory.store.policy import read_policy


async def ground_for(job: BulkJob) -> Ground:
    """Return what the outlooks of an action rest on: the policy, the roles, and what its operator may do now."""
    return Ground(
        policy=await read_policy(job.tenant_id),
        roles={role.role_id: role for role in await access.list_roles(job.tenant_id, gone=True)},
        by=await find_actor(job.tenant_id, job.asked_by, job.asked_label),
    )


def may_ask(by: Actor) -> bool:
    """Whether an operator who asked for an action may still have it done."""
    return "users:manage" in by.permissions


async def roles_as_shown(job: BulkJob) -> frozenset[RoleId]:
    """Return the roles that are still there and carry what they did when the action was asked for."""
    roles = await access.list_roles(job.tenant_id)
    return frozenset(role.role_id for role in roles if job.carried.get(role.role_id) == role.permissions)
