"""Bringing sealed values under the newest key, a few at a time, so that older keys can be done without."""

from dataclasses import dataclass

from directory.key_ring import KeyRing, KeyRingError, Place
from directory.store.sealed import COLUMNS, SealedColumn, SealedValue, list_unreadable_sources
from directory.store.unit import in_unit

BATCH = 100
"""Values in one transaction: about 10 ms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resealed:
    """What came of it."""

    key_name: str
    """The newest key."""
    count: int
    unreadable: dict[str, int]
    """What no key of the ring opens, by what it is: left as it was."""
    left: dict[str, int]
    """How many values are still sealed with each other key, by the key's name."""


async def reseal_all(ring: KeyRing) -> Resealed:
    """Seal everything with the newest key of the ring; run again, it goes on with what is left.

    Every process must have the newest key before: one that does not can open nothing of it any more.
    """
    count, unreadable = 0, {}
    for column in COLUMNS:
        done, failed = await _reseal_column(column, ring)
        count += done
        if failed:
            unreadable[column.things] = failed
    newest = ring.names[0]
    left: dict[str, int] = {}
    for sealed in (await count_sealed()).values():
        for name, things in sealed.items():
            if name != newest:
                left[name] = left.get(name, 0) + things
    return Resealed(key_name=newest, count=count, unreadable=unreadable, left=left)


async def count_sealed() -> dict[str, dict[str, int]]:
    """Return how many values of the whole installation are sealed with which key, by what they are."""
    return {column.things: await column.count_by_key() for column in COLUMNS}


async def list_unreadable_connections(ring: KeyRing | None) -> list[tuple[str, str, str]]:
    """Return the pulled connections whose credentials nobody can open here: tenant, label, and the key they need."""
    return await list_unreadable_sources([] if ring is None else ring.names)


async def _reseal_column(column: SealedColumn, ring: KeyRing) -> tuple[int, int]:
    count = failed = 0
    some = await column.list_others(ring.names[0], None, limit=BATCH)
    while some:
        opened = [(value, text) for value in some if (text := _opened(column, value, ring)) is not None]
        new = [(value, ring.seal(text, _place(column, value))) for value, text in opened]
        count += await in_unit(None, lambda new=new: column.replace(new))  # type: ignore[misc]  # bound at once
        failed += len(some) - len(opened)
        some = await column.list_others(ring.names[0], some[-1].row_id, limit=BATCH)
    return count, failed


def _opened(column: SealedColumn, value: SealedValue, ring: KeyRing) -> str | None:
    try:
        return ring.open(value.sealed, _place(column, value))
    except KeyRingError:
        return None


def _place(column: SealedColumn, value: SealedValue) -> Place:
    return Place(column.table, value.tenant_id, value.row_id, column.column)
