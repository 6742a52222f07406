"""What a super tenant decided for the tenant in which something is done: asked by the verbs that it binds."""

from dataclasses import replace

from directory.errors import InvalidError
from directory.model import Actor, SourceSettings, TenantId
from directory.store import tenants


async def check_own_sources(by: Actor) -> None:
    """Refuse another connection where the super tenant wants none; whoever runs this program may make one.

    Raises:
        InvalidError: there are to be none.
    """
    if by.kind != "system":
        state = await tenants.find_state(by.tenant_id)
        if state is not None and not state.own_sources:
            raise InvalidError("connection", "is not allowed here: the super tenant decided that this tenant has none")


async def settings_in(tenant_id: TenantId, settings: SourceSettings) -> SourceSettings:
    """Return settings of a new source with the days of grace that hold in the tenant."""
    return replace(settings, grace_days=await grace_days_in(tenant_id))


async def grace_days_in(tenant_id: TenantId) -> int:
    """Return how many days deleted users of no source can be restored, and those of sources unless these say else."""
    state = await tenants.find_state(tenant_id)
    return SourceSettings().grace_days if state is None else state.grace_days
