"""Equipment in the background: managers of those who left are asked, and old files of items forgotten."""

from datetime import datetime

from directory import equipment_imports, return_tasks


async def ask_for_returns(now: datetime) -> int:
    """Write to the managers of those who left with equipment; returns how many left."""
    return await return_tasks.tell_managers(now=now)


async def forget_imports(now: datetime) -> int:
    """Delete files that nobody applied, and results that nobody looks at any more."""
    return await equipment_imports.forget_old(now=now)
