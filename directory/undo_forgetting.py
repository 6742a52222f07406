"""What changes found and left is forgotten after a while: it may tell of people who asked to be forgotten."""

from datetime import datetime, timedelta

from directory.ids import first_id_at
from directory.model import TenantId
from directory.store import access, undo
from directory.store.unit import in_unit

KEPT = timedelta(days=90)
"""How long a change can be taken back."""

FORGOTTEN = 500
"""Rows deleted in one unit of work."""


async def forget_steps(*, now: datetime) -> int:
    """Delete a batch of each tenant of what changes found and left more than 90 days ago; returns how many rows."""
    forgotten = 0
    for tenant in await access.list_tenants():

        async def body(tenant_id: TenantId = tenant.tenant_id) -> int:
            return await undo.forget_steps(tenant_id, before=first_id_at(now - KEPT), limit=FORGOTTEN)

        forgotten += await in_unit(tenant.tenant_id, body)
    return forgotten
