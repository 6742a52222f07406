"""Forgetting what audits found that are over: their source provisions now."""

from datetime import datetime

from directory.store.pulls import audits, drift
from directory.store.unit import in_unit

FORGOTTEN_BATCH = 500


async def forget_audits(*, now: datetime) -> int:
    """Delete differences and pairs of sources that audit no longer, some of one of them; returns how many."""
    del now
    found = await audits.next_over()
    if found is None:
        return 0
    tenant_id, source_id = found

    async def body() -> int:
        dropped = await drift.forget_drifts(tenant_id, source_id, limit=FORGOTTEN_BATCH)
        return dropped or await audits.forget_pairs(tenant_id, source_id, limit=FORGOTTEN_BATCH)

    return await in_unit(tenant_id, body)
