"""A process that goes on with a conversion until it is over, or until somebody kills it."""

import asyncio
import sys
from datetime import UTC, datetime
from uuid import UUID

from directory import conversion_runs
from directory.model import TenantId
from directory.store.unit import open_store


async def go_on(url: str, tenant_id: UUID, job_id: UUID, deed: str, limit: int) -> None:
    """Convert, or undo, batch by batch."""
    batch = conversion_runs.run_batch if deed == "run" else conversion_runs.undo_batch
    async with open_store(url):
        while await batch(TenantId(tenant_id), job_id, now=datetime.now(UTC), limit=limit):
            pass


if __name__ == "__main__":
    asyncio.run(go_on(sys.argv[1], UUID(sys.argv[2]), UUID(sys.argv[3]), sys.argv[4], int(sys.argv[5])))
