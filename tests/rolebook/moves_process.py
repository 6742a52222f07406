"""A process that routes whoever waits until nobody does, or until somebody kills it."""

import asyncio
import sys
from datetime import UTC, datetime

from directory.followers import use_follower
from directory.routes import due
from directory.routes.follow import follow_commits
from directory.store.unit import open_store


async def work_off(url: str) -> None:
    """Do batch after batch, as the duty does."""
    async with open_store(url):
        use_follower(follow_commits)
        while await due.has_due(datetime.now(UTC)):
            await due.work_due(datetime.now(UTC))


if __name__ == "__main__":
    asyncio.run(work_off(sys.argv[1]))
