"""Whether what is stored is what it should be: the self-check of a tenant and of the database."""

from dataclasses import dataclass
from functools import partial

from directory.model import TenantId, UserId
from directory.plan_roles import decision_for
from directory.store import held, people, policy, soundness
from directory.store.unit import in_unit

PAGE = 500
"""Users whose roles are decided anew in one transaction."""

FINDINGS_MAX = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class RolesReport:
    """What deciding every role anew found."""

    checked: int
    differing: tuple[UserId, ...]
    """Users whose stored decision is another one; at most 100."""
    under_way: bool
    """A change of the mappings has not reached everybody yet, so that differences say nothing."""


async def recompute_roles(tenant_id: TenantId) -> RolesReport:
    """Decide the role of every user anew and compare, a page at a time; nothing is changed."""
    checked = 0
    differing: list[UserId] = []
    after: UserId | None = None
    under_way = bool(await policy.list_walks(tenant_id))
    while user_ids := await soundness.list_users_after(tenant_id, after, limit=PAGE):
        differing += await in_unit(tenant_id, partial(_differing, tenant_id, user_ids))
        checked += len(user_ids)
        after = user_ids[-1]
    under_way = under_way or bool(await policy.list_walks(tenant_id))
    return RolesReport(checked=checked, differing=tuple(differing[:FINDINGS_MAX]), under_way=under_way)


async def list_miscounted_groups(tenant_id: TenantId) -> list[str]:
    """Return the ids of groups whose counts of members are wrong."""
    return [str(group_id) for group_id in await soundness.list_miscounted_groups(tenant_id, limit=FINDINGS_MAX)]


async def list_mistallied_sources(tenant_id: TenantId) -> list[str]:
    """Return the ids of sources whose counts of users or groups are wrong."""
    return [str(source_id) for source_id in await soundness.list_mistallied_sources(tenant_id)]


async def list_untold_users(tenant_id: TenantId) -> list[str]:
    """Return the ids of users whose arrival no event records."""
    return [str(user_id) for user_id in await soundness.list_untold_users(tenant_id, limit=FINDINGS_MAX)]


async def list_misstated_users(tenant_id: TenantId) -> list[str]:
    """Return the ids of users whose status does not follow from what was reported and from sign-in blocks."""
    return [str(user_id) for user_id in await soundness.list_misstated_users(tenant_id, limit=FINDINGS_MAX)]


async def list_misheld_users(tenant_id: TenantId) -> list[str]:
    """Return the ids of users whose memberships differ from what was reported without a held change, or vice versa."""
    return [str(user_id) for user_id in await held.list_misheld(tenant_id, limit=FINDINGS_MAX)]


async def list_database_faults() -> list[str]:
    """Return what is wrong in the database file, if it is one."""
    return await soundness.list_file_faults()


async def list_server_faults() -> list[str]:
    """Return what is unwise in how the database server is set up or used."""
    return await soundness.list_server_faults()


def why_open() -> str:
    """Return why the database itself keeps no tenant from another's rows; empty where it does, and on SQLite."""
    return soundness.why_open()


async def _differing(tenant_id: TenantId, user_ids: list[UserId]) -> list[UserId]:
    current = await policy.read_policy(tenant_id, hold="to decide")
    facts = await people.list_role_facts(tenant_id, user_ids)
    return [one.user_id for one in facts if decision_for(current, one) != one.decision]
