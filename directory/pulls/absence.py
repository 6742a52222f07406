"""Who is not there any more: told by two whole pulls in a row, and never by an empty one."""

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta

from directory.pulls.model import Cursor, ObjectKind, Run
from directory.store.pulls import missing
from directory.store.unit import in_unit

KIND_OF_STREAM: dict[str, ObjectKind] = {"users": "user", "groups": "group"}
"""Streams whose wholeness says something of who is not in them."""

KNOWN_SHOWN_MAX = 100_000

RESTORABLE = timedelta(days=31)
"""Whom a directory deleted so that it can be restored (30 days at Entra ID) is in no list: until then no absence."""


async def settle_absence(run: Run, streams: Iterable[Cursor], *, now: datetime) -> int:
    """Note whom a run whose streams have ended did not find, and who is gone since a whole run before missed them too.

    Returns how many users are known where the source says that there are none at all: then nobody of them is missing.
    Doing it twice changes nothing.
    """
    ignored = 0
    for cursor in streams:
        kind = KIND_OF_STREAM.get(cursor.stream)
        if kind is None or cursor.run_id != run.run_id or not (cursor.done and cursor.whole):
            continue
        if kind == "user" and not cursor.object_count:
            ignored = await missing.count_known((run.tenant_id, run.source_id, kind), KNOWN_SHOWN_MAX)
            if ignored:
                continue
        await _settle(run, kind, now=now)
    return ignored


async def take_back(run: Run) -> None:
    """Let a dry run have found nobody missing: a pull that changes something asks for itself. Twice is as once."""
    if not run.dry:
        return
    for kind in KIND_OF_STREAM.values():
        place = (run.tenant_id, run.source_id, kind)
        while await in_unit(run.tenant_id, lambda place=place: missing.take_back_some(place, run.run_id)):  # type: ignore[misc]  # bound now
            pass


async def _settle(run: Run, kind: ObjectKind, *, now: datetime) -> None:
    place = (run.tenant_id, run.source_id, kind)

    async def each(
        listed: Callable[[str], Awaitable[list[str]]], write: Callable[[list[str]], Awaitable[None]]
    ) -> None:
        after = ""
        while found := await listed(after):
            after = found[-1]
            await in_unit(run.tenant_id, lambda found=found: write(found))  # type: ignore[misc]  # bound now

    await each(
        lambda after: missing.list_missing_again(place, run.run_id, after, lapsed_at=now - RESTORABLE),
        lambda found: missing.note_gone(place, found, trial=run.run_id if run.dry else None),
    )
    await each(
        lambda after: missing.list_missing(place, run.run_id, after),
        lambda found: missing.note_missing(place, run.run_id, found, now=now),
    )
