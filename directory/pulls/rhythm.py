"""When a source is pulled, and whether it provisions or is only compared."""

from datetime import datetime
from typing import NamedTuple, get_args

from directory.errors import InvalidError, NotFoundError
from directory.model import Actor, JsonValue, SourceId
from directory.pulls.model import INTERVAL_MIN_MAX, INTERVAL_MIN_MIN, PullMode, PullSource
from directory.pulls.pacing import first_pull_at
from directory.pulls.source_edits import edit_source, put_source
from directory.pulls.source_rows import source_event
from directory.pulls.targets import is_target
from directory.store import access
from directory.store.pulls import sources as rows
from directory.store.pulls.closing import cancel_runs

FULL_EVERY_H_MAX = 7 * 24


class Mode(NamedTuple):
    """Whether a source provisions or is compared, and with what; by the names of its columns."""

    mode: PullMode
    audits_source_id: SourceId | None
    match_target: str | None

    def told(self) -> dict[str, JsonValue]:
        """Return it as events tell it."""
        audits = None if self.audits_source_id is None else str(self.audits_source_id)
        return {"mode": self.mode, "compared with": audits, "matched by": self.match_target}


async def edit_schedule(
    source_id: SourceId, *, interval_min: int, full_every_h: int, by: Actor, now: datetime
) -> PullSource:
    """Pull in another rhythm.

    Raises:
        InvalidError: the interval is not 20 to 40 minutes, or whole pulls not 1 hour to 7 days apart.
        NotFoundError, ForbiddenError: as for ``edit_config``.
    """
    if not INTERVAL_MIN_MIN <= interval_min <= INTERVAL_MIN_MAX:
        raise InvalidError("interval_min", f"must be a whole number from {INTERVAL_MIN_MIN} to {INTERVAL_MIN_MAX}")
    if not 1 <= full_every_h <= FULL_EVERY_H_MAX:
        raise InvalidError("full_every_h", f"must be a whole number from 1 to {FULL_EVERY_H_MAX}")

    async def deed(before: PullSource) -> None:
        values: dict[str, JsonValue] = {"interval_min": interval_min, "full_every_h": full_every_h}
        were: dict[str, JsonValue] = {"interval_min": before.interval_min, "full_every_h": before.full_every_h}
        moved = {"next_at": before.next_at and first_pull_at(source_id, interval_min, now)}
        await put_source(
            before, {**values, **moved}, source_event("schedule:changed", before, were, values), by=by, now=now
        )

    return await edit_source(source_id, deed, by=by)


async def pause(source_id: SourceId, *, by: Actor, now: datetime) -> PullSource:
    """Pull only when somebody asks.

    Raises:
        NotFoundError, ForbiddenError: as for ``edit_config``.
    """
    return await _set_paused(source_id, paused=True, by=by, now=now)


async def resume(source_id: SourceId, *, by: Actor, now: datetime) -> PullSource:
    """Pull in the source's rhythm again, beginning soon.

    Raises:
        InvalidError: the connection is turned off.
        NotFoundError, ForbiddenError: as for ``edit_config``.
    """
    return await _set_paused(source_id, paused=False, by=by, now=now)


async def set_mode(
    source_id: SourceId,
    mode: PullMode,
    audits_source_id: SourceId | None = None,
    match_target: str | None = None,
    *,
    by: Actor,
    now: datetime,
) -> PullSource:
    """Let a source provision, or only be compared with what another one pushes.

    Raises:
        InvalidError: there is nothing to compare with, or people cannot be matched by that attribute.
        NotFoundError, ForbiddenError: as for ``edit_config``.
    """
    if mode not in get_args(PullMode):
        raise InvalidError("mode", f"must be one of: {', '.join(get_args(PullMode))}")
    if match_target and not is_target(match_target):
        raise InvalidError("match_target", "is no attribute of users")
    is_audit = mode == "audit"
    after = Mode(mode, audits_source_id if is_audit else None, (match_target or None) if is_audit else None)

    async def deed(before: PullSource) -> None:
        await check_audit(source_id, mode, audits_source_id, by=by)
        was = Mode(before.mode, before.audits_source_id, before.match_target)
        event = source_event("mode:changed", before, was.told(), after.told())
        await put_source(before, after._asdict(), event, by=by, now=now)
        if was.mode != after.mode:  # a pull that began by the other one would end by it
            await cancel_runs(before.tenant_id, source_id, now, "The connection's mode was changed before it began.")
            await rows.forget_cursors(before.tenant_id, source_id)  # what was only compared is still to be taken over
        if was.audits_source_id not in {None, after.audits_source_id}:
            await rows.forget_confirmed(before.tenant_id, source_id)

    return await edit_source(source_id, deed, by=by)


async def check_audit(source_id: SourceId, mode: PullMode, audits_source_id: SourceId | None, *, by: Actor) -> None:
    """Refuse to compare with what does not push.

    Raises:
        InvalidError: ``audit`` names no connection, or one that is pulled itself.
        NotFoundError: the tenant has no such connection.
    """
    if mode != "audit":
        return
    if audits_source_id is None:
        raise InvalidError("audits_source_id", "is missing: which connection is it compared with?")
    audited = await access.find_source(by.tenant_id, audits_source_id)
    if audited is None:
        raise NotFoundError("source", audits_source_id)
    if audited.kind != "scim" or audits_source_id == source_id:
        raise InvalidError("audits_source_id", "is no connection that pushes")


async def _set_paused(source_id: SourceId, *, paused: bool, by: Actor, now: datetime) -> PullSource:
    async def deed(before: PullSource) -> None:
        if before.off and not paused:
            raise InvalidError("source", "is turned off: turn it on first")
        soon = before.next_at if paused else before.next_at and now
        event = source_event("paused" if paused else "resumed", before, {"paused": before.paused}, {"paused": paused})
        await put_source(before, {"paused": paused, "next_at": soon}, event, by=by, now=now)

    return await edit_source(source_id, deed, by=by)
