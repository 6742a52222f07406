"""The conversion itself, and its undo: in batches, each whole, and resumed after any interruption."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from directory.commit import commit_plan, in_followed_unit
from directory.conversion_ground import UNDO_DAYS, beyond_reach, find_actor, held, stop_held, tell
from directory.errors import AlreadyExistsError, InvalidError
from directory.facts import Moment
from directory.model import Actor, TenantId, User, UserId
from directory.names import name_key
from directory.plan_conversions import Outcome, plan_renames, reason_to_keep, reason_to_skip
from directory.renames import Alias
from directory.store import aliases, conversion_items, conversion_moves, conversions
from directory.store.conversion_items import ConversionItem
from directory.store.conversions import Conversion
from directory.store.unit import in_unit, savepoint

BATCH_USERS = 200
PORTION_USERS = 50
"""Users of one unit of work: about 10 ms of SQLite's writer."""

FAILURES_MAX = 3
"""Failures in a row of one batch after which a conversion stops, and says at whom."""

_Renames = Sequence[tuple[User, str]]


async def run_batch(tenant_id: TenantId, job_id: UUID, *, now: datetime, limit: int = BATCH_USERS) -> int:
    """Convert the next users of a conversion that runs; returns how many were settled.

    They are written in portions, so that others hardly wait. Names and what came of them are of one unit of work:
    whoever dies in between has done none of it, and the next one begins with the same users.
    """
    return await _in_portions(lambda size: _run_portion(tenant_id, job_id, size, now=now), tenant_id, limit=limit)


async def undo_batch(tenant_id: TenantId, job_id: UUID, *, now: datetime, limit: int = BATCH_USERS) -> int:
    """Give the next users of a conversion their names back; returns how many were settled."""
    return await _in_portions(lambda size: _undo_portion(tenant_id, job_id, size, now=now), tenant_id, limit=limit)


async def _in_portions(portion: Callable[[int], Awaitable[int]], tenant_id: TenantId, *, limit: int) -> int:
    settled = 0
    while settled < limit:
        size = min(PORTION_USERS, limit - settled)
        count = await in_followed_unit(tenant_id, partial(portion, size))
        settled += count
        if count < size:
            break
    return settled


async def _run_portion(tenant_id: TenantId, job_id: UUID, size: int, *, now: datetime) -> int:
    job = await held(tenant_id, job_id)
    if job.state != "running":
        return 0
    by = await find_actor(job)
    if by is None:
        await stop_held(job, "operator", by=_background(job), now=now)
        return 0
    items = await conversion_items.list_open(job, limit=size)
    applied = await _convert(job, items, moment=Moment(at=now, by=by)) if items else 0
    if len(items) < size:
        await conversions.end(job, "done", now=now, undo_until=now + timedelta(days=UNDO_DAYS))
        await tell("done", (("users", job.applied_count + applied),), by=by, now=now)
    return len(items)


async def _convert(job: Conversion, items: Sequence[ConversionItem], *, moment: Moment) -> int:
    """Give users their names, and note what came of each; returns how many were converted."""
    users = await conversion_moves.hold_users(job.tenant_id, [item.user_id for item in items])
    own = await aliases.find_aliases(job.tenant_id, [item.new_name or "" for item in items])
    renames, others = await _sorted_out(job.tenant_id, items, users, await beyond_reach(users.values(), by=moment.by))
    former: dict[UserId, Alias] = {}
    if job.alias_days:
        until = moment.at + timedelta(days=job.alias_days)
        former = {
            user.user_id: Alias(user_id=user.user_id, user_name=user.attributes.user_name, until=until)
            for user, _ in renames
        }
    outcomes = await _Run(moment, former, restores=False).settle(renames, others)
    await conversion_moves.settle(job, outcomes)
    await conversion_moves.keep_former(job, [one for one in own.values() if outcomes.get(one.user_id) == "done"])
    applied = sum(outcome == "done" for outcome in outcomes.values())
    await conversions.note_settled(job, settled=len(outcomes), applied=applied, now=moment.at)
    return applied


async def _undo_portion(tenant_id: TenantId, job_id: UUID, size: int, *, now: datetime) -> int:
    job = await held(tenant_id, job_id)
    if job.state != "undoing":
        return 0
    by = await find_actor(job)
    if by is None:
        await stop_held(job, "operator", by=_background(job), now=now)
        return 0
    items = await conversion_items.list_done(job, limit=size)
    restored = await _restore(job, items, moment=Moment(at=now, by=by)) if items else 0
    if len(items) < size:
        await conversions.end_undo(job, now=now)
        await tell("restored", (("users", job.restored_count + restored),), by=by, now=now)
    return len(items)


async def _restore(job: Conversion, items: Sequence[ConversionItem], *, moment: Moment) -> int:
    """Give users their names back, and note what came of each; returns how many were restored."""
    users = await conversion_moves.hold_users(job.tenant_id, [item.user_id for item in items])
    renames, others = await _sorted_back(job.tenant_id, items, users, await beyond_reach(users.values(), by=moment.by))
    kept = [item.former for item in items if item.former is not None and item.former.until > moment.at]
    outcomes = await _Run(moment, {one.user_id: one for one in kept}, restores=True).settle(renames, others)
    await conversion_moves.settle(job, outcomes)
    restored = sum(outcome == "restored" for outcome in outcomes.values())
    await conversions.note_restored(job, restored=restored, now=moment.at)
    return restored


def _background(job: Conversion) -> Actor:
    return Actor(tenant_id=job.tenant_id, kind="system", label="background")


async def note_failure(tenant_id: TenantId, job_id: UUID, *, failed: bool, now: datetime) -> None:
    """Let other conversions come before one that could not be gone on with; stop it if it failed too often."""

    async def body() -> None:
        if not failed:
            await conversions.pass_turn(tenant_id, job_id, now=now)
            return
        job = await held(tenant_id, job_id)
        await conversions.count_failure(job, now=now)
        if job.failure_count + 1 < FAILURES_MAX:
            return
        match job.state:
            case "running" | "undoing":
                await stop_held(job, "failed", by=_background(job), now=now)
            case "scanning" | "judging":
                await conversions.end(job, "dropped", now=now, failure="failed")
            case _:
                pass

    await in_unit(tenant_id, body)


async def _sorted_out(
    tenant_id: TenantId, items: Sequence[ConversionItem], users: Mapping[UserId, User], beyond: AbstractSet[UserId]
) -> tuple[list[tuple[User, str]], dict[UserId, Outcome]]:
    """Return (user, new name) of those who are as scanned, and what came of the others."""
    holders = await conversion_moves.find_holders(tenant_id, [item.new_name or "" for item in items])
    renames: list[tuple[User, str]] = []
    skipped: dict[UserId, Outcome] = {}
    for item in items:
        user, new_name = users.get(item.user_id), item.new_name or ""
        reason = reason_to_skip(user, item.old_name, item.email, new_name)
        if reason is None and holders.get(name_key(new_name), item.user_id) != item.user_id:
            reason = "taken"
        if reason is None and item.user_id in beyond:
            reason = "beyond"
        if reason is None and user is not None:
            renames.append((user, new_name))
        else:
            skipped[item.user_id] = reason or "gone"
    return renames, skipped


async def _sorted_back(
    tenant_id: TenantId, items: Sequence[ConversionItem], users: Mapping[UserId, User], beyond: AbstractSet[UserId]
) -> tuple[list[tuple[User, str]], dict[UserId, Outcome]]:
    """Return (user, name of before) of those who have the name that they were given, and what came of the others."""
    holders = await conversion_moves.find_holders(tenant_id, [item.old_name for item in items])
    renames: list[tuple[User, str]] = []
    kept: dict[UserId, Outcome] = {}
    for item in items:
        user = users.get(item.user_id)
        reason = reason_to_keep(user, item.new_name or "")
        if reason is None and holders.get(name_key(item.old_name), item.user_id) != item.user_id:
            reason = "undo taken"
        if reason is None and item.user_id in beyond:
            reason = "undo beyond"
        if reason is None and user is not None:
            renames.append((user, item.old_name))
        else:
            kept[item.user_id] = reason or "undo gone"
    return renames, kept


class _Run:
    """One batch: all names by one plan; one by one if that is refused, so that the others are not held back."""

    def __init__(self, moment: Moment, former: Mapping[UserId, Alias], *, restores: bool) -> None:
        self._moment = moment
        self._former = former
        self._right: Outcome = "restored" if restores else "done"
        self._taken: Outcome = "undo taken" if restores else "taken"
        self._invalid: Outcome = "undo invalid" if restores else "invalid"
        self._restores = restores

    async def settle(self, renames: _Renames, others: Mapping[UserId, Outcome]) -> dict[UserId, Outcome]:
        """Return what came of everybody."""
        if not renames or await self._try(renames) == self._right:
            return {**others, **{user.user_id: self._right for user, _ in renames}}
        return {**others, **{user.user_id: await self._try([(user, name)]) for user, name in renames}}

    async def _try(self, renames: _Renames) -> Outcome:
        try:
            plan = plan_renames(renames, self._former, restores=self._restores, moment=self._moment)
            async with savepoint():
                await commit_plan(plan, by=self._moment.by, now=self._moment.at)
        except AlreadyExistsError:
            return self._taken
        except InvalidError:  # whoever was valid once: rules became stricter since
            return self._invalid
        return self._right
