"""Converting all user names to e-mail addresses: what was scanned, what is chosen, begun, stopped and undone."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from directory.commit import in_unit_of
from directory.conversion_ground import NEEDED, UNDO_DAYS, get_for, held, stop_held, tell
from directory.errors import AlreadyExistsError, InvalidError, NotFoundError, RefusedError, StaleError
from directory.model import Actor, UserId
from directory.names import name_key
from directory.plan_conversions import Kind, Outcome, Reason, addresses_of, is_address
from directory.reach import role_within
from directory.store import conversion_items, conversion_moves, conversions, people
from directory.store.conversion_items import ConversionItem
from directory.store.conversions import Conversion, State
from directory.store.errors import UniqueViolationError

__all__ = [
    "Conversion",
    "ConversionItem",
    "ItemChoices",
    "choose_name",
    "confirm",
    "count_kinds",
    "count_open",
    "count_outcomes",
    "drop_scan",
    "each_item",
    "find_current",
    "forget_old",
    "get_conversion",
    "get_item",
    "list_conversions",
    "list_items",
    "list_outcomes",
    "list_waiting",
    "resume",
    "stop",
    "undo",
]

ALIAS_DAYS_MAX = 730
SCANS_KEPT = timedelta(days=1)
REPORTS_KEPT = timedelta(days=90)
LISTED_MAX = 20
EXPORT_PAGE = 500
FORGOTTEN_ITEMS = 1_000
_FIRST = UUID(int=0)
OPEN: frozenset[State] = frozenset({"scanning", "judging", "scanned"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemChoices:
    """One user of a scan, with the addresses that it has now."""

    item: ConversionItem
    addresses: tuple[str, ...]


async def get_conversion(job_id: UUID, *, by: Actor) -> Conversion:
    """Return a conversion.

    Raises:
        NotFoundError: there is none.
        ForbiddenError: the actor may not manage settings.
    """
    return await get_for(job_id, by=by)


async def find_current(*, by: Actor) -> Conversion | None:
    """Return the conversion that is not over yet: there is one at most."""
    by.require(NEEDED)
    return await conversions.find_current(by.tenant_id)


async def list_conversions(*, by: Actor) -> list[Conversion]:
    """Return the newest conversions that were begun."""
    by.require(NEEDED)
    return [job for job in await conversions.list_conversions(by.tenant_id, limit=LISTED_MAX) if job.started_at]


async def list_items(
    job: Conversion, kind: Kind | None, reason: Reason | None = None, *, after: UUID | None, limit: int
) -> list[ConversionItem]:
    """Return users of one kind or reason, or all, in the order of their ids."""
    return await conversion_items.list_items(job, kind, reason, after=after or _FIRST, limit=limit)


async def list_outcomes(
    job: Conversion, outcomes: Sequence[Outcome], *, after: UUID | None, limit: int
) -> list[ConversionItem]:
    """Return users of whom that came, in the order of their ids."""
    return await conversion_items.list_outcomes(job, outcomes, after=after or _FIRST, limit=limit)


async def list_waiting(job: Conversion, *, limit: int) -> list[ConversionItem]:
    """Return who comes next: the users of the batch that failed, where one did."""
    if job.state in {"undoing", "undo stopped"}:
        return await conversion_items.list_done(job, limit=limit)
    return await conversion_items.list_open(job, limit=limit)


async def each_item(job: Conversion, kind: Kind | None) -> AsyncIterator[ConversionItem]:
    """Yield all of them, reading a page at a time."""
    after = _FIRST
    while found := await conversion_items.list_items(job, kind, None, after=after, limit=EXPORT_PAGE):
        for item in found:
            yield item
        after = found[-1].user_id


async def count_kinds(job: Conversion) -> dict[tuple[Kind, Reason], int]:
    """Return how many users the scan found, by kind and reason."""
    return await conversion_items.count_kinds(job)


async def count_open(job: Conversion) -> int:
    """Return how many users are still to be converted."""
    return await conversion_items.count_open(job)


async def count_outcomes(job: Conversion) -> dict[Outcome, int]:
    """Return what came of how many users."""
    return await conversion_items.count_outcomes(job)


async def get_item(job_id: UUID, user_id: UserId, *, by: Actor) -> ItemChoices:
    """Return one user of a conversion and what it could be called.

    Raises:
        NotFoundError, ForbiddenError: no such conversion or user, or none for the actor.
    """
    job = await get_for(job_id, by=by)
    item = await conversion_items.find_item(job, user_id)
    if item is None:
        raise NotFoundError("user", user_id)
    user = await people.find_user(job.tenant_id, user_id)
    return ItemChoices(item=item, addresses=() if user is None else addresses_of(user))


async def choose_name(job_id: UUID, user_id: UserId, new_name: str | None, *, by: Actor, now: datetime) -> None:
    """Decide what a user is to be called; None leaves the name as it is.

    Raises:
        NotFoundError, ForbiddenError: as for ``get_item``.
        ForbiddenError: the user's role carries more than the actor's own.
        StaleError: the scan is no longer waiting for decisions.
        InvalidError: it is no address, or the name that the user has.
        AlreadyExistsError: somebody else has the name, is still found by it, or is to have it.
    """
    await get_item(job_id, user_id, by=by)
    wanted = None if new_name is None else new_name.strip()
    if wanted is not None and not is_address(wanted):
        raise InvalidError("address", "must be one e-mail address, as in ann@example.com")

    async def body() -> None:
        job = await _held_as(by, job_id, frozenset({"scanned"}))
        item = await conversion_items.find_item(job, user_id)
        if item is None:
            raise NotFoundError("user", user_id)
        user = await people.find_user(job.tenant_id, user_id)
        if user is not None:
            await role_within(user.decision.role_id, by=by, gone=True)
        if wanted is not None:
            await _check_free(job, item, wanted)
        await conversion_moves.choose(job, user_id, wanted)
        await conversions.note_decision(job, now=now)

    try:
        await in_unit_of(by, body)
    except UniqueViolationError as error:
        raise AlreadyExistsError("user", "user name", wanted or "") from error


async def _check_free(job: Conversion, item: ConversionItem, name: str) -> None:
    if name == item.old_name:
        raise InvalidError("address", "is the user name already")
    holders = await conversion_moves.find_holders(job.tenant_id, [name])
    if holders.get(name_key(name), item.user_id) != item.user_id:
        raise AlreadyExistsError("user", "user name", name)
    if await conversion_moves.find_future_holder(job, name) not in {None, item.user_id}:
        raise AlreadyExistsError("user", "user name", name)


async def drop_scan(job_id: UUID, *, by: Actor, now: datetime) -> None:
    """Forget a scan.

    Raises:
        NotFoundError, ForbiddenError: as for ``get_conversion``.
        StaleError: it was confirmed.
    """
    await get_for(job_id, by=by)

    async def body() -> None:
        await conversions.end(await _held_as(by, job_id, OPEN), "dropped", now=now)

    await in_unit_of(by, body)


async def confirm(
    job_id: UUID, *, alias_days: int, expected: int, decided: int, by: Actor, now: datetime
) -> Conversion:
    """Begin to convert; the names that are left match for ``alias_days``. Asking again changes nothing more.

    ``expected`` is how many users the page said, ``decided`` how many decisions it was made behind.

    Raises:
        NotFoundError, ForbiddenError: as for ``get_conversion``.
        InvalidError: days that cannot be.
        StaleError: other decisions were made meanwhile, or the scan is not done.
        RefusedError: there is nobody to convert.
    """
    await get_for(job_id, by=by)
    if not 0 <= alias_days <= ALIAS_DAYS_MAX:
        raise InvalidError("alias_days", f"must be from 0 to {ALIAS_DAYS_MAX}")

    async def body() -> Conversion:
        job = await held(by.tenant_id, job_id)
        if job.state == "running":
            return job
        total = await conversion_items.count_open(job)
        if job.state != "scanned" or (total, job.decision_count) != (expected, decided):
            raise StaleError("conversion", job_id, actual=total)
        if not total:
            raise RefusedError("there is nobody to convert")
        job = replace(job, state="running", alias_days=alias_days, asked_by=by.user_id, asked_label=by.label)
        await conversions.begin(job, total=total, now=now)
        told = (("users", total), ("alias_days", alias_days))
        await tell("started", told, by=by, now=now)
        return job

    return await in_unit_of(by, body)


async def stop(job_id: UUID, *, by: Actor, now: datetime) -> None:
    """Stop behind the batch that is under way; what was done stays done.

    Raises:
        NotFoundError, ForbiddenError: as for ``get_conversion``.
    """
    await get_for(job_id, by=by)

    async def body() -> None:
        job = await held(by.tenant_id, job_id)
        if job.state in {"running", "undoing"}:
            await stop_held(job, "asked", by=by, now=now)

    await in_unit_of(by, body)


async def resume(job_id: UUID, *, by: Actor, now: datetime) -> None:
    """Go on with what was stopped, with the actor's permissions.

    Raises:
        NotFoundError, ForbiddenError: as for ``get_conversion``.
        StaleError: it is not stopped.
    """
    await get_for(job_id, by=by)

    async def body() -> None:
        job = await _held_as(by, job_id, frozenset({"stopped", "undo stopped"}))
        await conversions.ask(job, by.user_id, by.label)
        await conversions.enter(job, "running" if job.state == "stopped" else "undoing", now=now)
        await tell("resumed", (("undo", job.state == "undo stopped"),), by=by, now=now)

    await in_unit_of(by, body)


async def undo(job_id: UUID, *, by: Actor, now: datetime) -> None:
    """Begin to give back the names of before to all whose name is still the one that the conversion gave.

    Raises:
        NotFoundError, ForbiddenError: as for ``get_conversion``.
        RefusedError: it is too late, or not done.
        AlreadyExistsError: another conversion is under way.
    """
    await get_for(job_id, by=by)

    async def body() -> None:
        job = await held(by.tenant_id, job_id)
        if job.state == "undoing":
            return
        if not job.may_undo(now):
            raise RefusedError(f"a conversion can be undone for {UNDO_DAYS} days, once it is over")
        await conversions.ask(job, by.user_id, by.label)
        await conversions.enter(job, "undoing", now=now)
        await tell("undone", (("users", job.applied_count),), by=by, now=now)

    try:
        await in_unit_of(by, body)
    except UniqueViolationError as error:
        raise AlreadyExistsError("conversion", "state", "under way") from error


async def forget_old(*, now: datetime) -> int:
    """Delete a part of one conversion that is old enough; returns how much, 0 when none is left."""
    return await conversions.forget_oldest(
        scanned_before=now - SCANS_KEPT, ended_before=now - REPORTS_KEPT, limit=FORGOTTEN_ITEMS
    )


async def _held_as(by: Actor, job_id: UUID, states: frozenset[State]) -> Conversion:
    job = await held(by.tenant_id, job_id)
    if job.state not in states:
        raise StaleError("conversion", job_id, actual=job.item_count)
    return job
