"""What is done in the background about people who are deleted, waited for, or may be somebody else, and tenants."""

from datetime import datetime

from directory import adoptions, graves, managers, scoped_view_ends
from directory.sub_tenants import erasing


async def settle_references(now: datetime) -> int:
    """Follow what happened to whom references to managers mean: one batch."""
    return await managers.settle_references(now=now)


async def forget_references(now: datetime) -> int:
    """Delete references that nobody makes any more: one batch."""
    return await managers.forget_references(now=now)


async def purge_graves(now: datetime) -> int:
    """Erase deleted users whose days of grace are over: one batch."""
    return await graves.purge_graves(now=now)


async def forget_adoptions(now: datetime) -> int:
    """Delete entries of the adoption queue that no source has sent for long: one batch."""
    return await adoptions.forget_entries(now=now)


async def erase_tenants(now: datetime) -> int:
    """Erase deleted tenants whose days are over: one batch."""
    return await erasing.erase_tenants(now=now)


async def end_views(now: datetime) -> int:
    """End scoped views that are over: one batch."""
    return await scoped_view_ends.end_over(now=now)
