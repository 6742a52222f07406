"""Trying a deed out: it is planned and written like any other, told, and undone."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from directory.model import TenantId
from directory.plan import Plan
from directory.store.errors import ConcurrencyError
from directory.store.unit import TRIES, reading_trial, trial

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Tried:
    """What would have been committed, in order."""

    plans: tuple[Plan, ...]


async def try_read(deed: Callable[[], Awaitable[Result]]) -> tuple[Result, Tried]:
    """Do ``deed``, which writes nothing, outside of any unit of work: however long it reads, no writer waits for it.

    Raises:
        UnavailableError: the database cannot do this now.
    """
    with reading_trial():
        return await deed(), Tried(())


async def try_out(tenant_id: TenantId, deed: Callable[[], Awaitable[Result]]) -> tuple[Result, Tried]:
    """Do ``deed`` in a unit of work that is undone at its end; return what it gave, and what it would have changed.

    ``deed`` awaits nothing but verbs of the directory: on SQLite all other writers wait for it.

    Raises:
        UnavailableError: the database cannot do this now.
    """
    for tried in range(1, TRIES + 1):
        try:
            async with trial(tenant_id) as done:
                result = await deed()
            return result, Tried(tuple(plan for plan in done if isinstance(plan, Plan)))
        except ConcurrencyError:
            if tried == TRIES:
                raise
    raise AssertionError("unreachable")
