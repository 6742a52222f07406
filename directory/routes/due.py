"""Users and groups that are routed behind the change that concerned them: queued with it, worked off in batches."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from directory.errors import UnavailableError
from directory.leases import LeaseLostError
from directory.model import Actor, GroupId, TenantId, UserId
from directory.routes import walks
from directory.routes.ground import Ground, find_ground
from directory.routes.groups import bring_groups
from directory.routes.people import route_people, try_later
from directory.store.routes import due as rows
from directory.store.routes import walks as walk_rows
from directory.store.routes.due import Due, Kind
from directory.store.unit import in_house, in_joined_unit

USERS_IN_UNIT = 20
GROUPS_IN_UNIT = 5
LISTED = 400
"""So many are looked at to find those who go together."""
UNITS_IN_TURN = 5
"""Units of work of one tenant before the next has its turn."""
WALKS_AT_ONCE = 10
WAIT_FIRST = timedelta(seconds=10)
WAIT_MAX = timedelta(minutes=30)
QUEUE_LABEL = "routing"
_IN_UNIT: dict[Kind, int] = {"group": GROUPS_IN_UNIT, "user": USERS_IN_UNIT}


async def queue_people(
    tenant_id: TenantId, user_ids: Collection[UserId], now: datetime, *, lets_pass: bool = False
) -> None:
    """Have users of a super tenant routed soon; in the open unit, so that what is committed is not forgotten.

    To be called when the rows of the change are written: whoever works the queue off takes users first, too.
    """
    await rows.queue(tenant_id, "user", user_ids, now, lets_pass=lets_pass)


async def queue_groups(
    tenant_id: TenantId, group_ids: Collection[GroupId], now: datetime, *, lets_pass: bool = False
) -> None:
    """Have groups of a super tenant routed soon; as ``queue_people``."""
    await rows.queue(tenant_id, "group", group_ids, now, lets_pass=lets_pass)


async def count_due(tenant_id: TenantId, *, limit: int) -> int:
    """Return how many users wait to be routed, at most ``limit``."""
    return await rows.count_due(tenant_id, "user", limit=limit)


async def has_due(now: datetime) -> bool:
    """Whether somebody waits to be routed, or a walk is under way."""
    async with in_house():
        return await rows.waits(now) or await walk_rows.waits()


async def work_due(now: datetime) -> int:
    """Route the next batch of each tenant, each in a unit of its own; returns how many were done, 0 if none wait.

    Raises whatever the first batch that failed raised, when all others had their turn.
    """
    turn = _Turn(now)
    done = 0
    for tenant_id in await _waiting_tenants():
        done += await _work_off(tenant_id, "group", turn)
        done += await _work_off(tenant_id, "user", turn)
    async with in_house():
        open_walks = await walk_rows.list_open(WALKS_AT_ONCE)
    for walk in open_walks:
        async with turn.of(partial(walks.leave_batch, walk, now=now)):
            done += await walks.walk_on(walk, now=now)
    if turn.errors:
        raise turn.errors[0]
    return done


async def _waiting_tenants() -> list[TenantId]:
    found: list[TenantId] = []
    after = UUID(int=0)
    async with in_house():
        while (tenant_id := await rows.next_tenant(after)) is not None:
            found.append(tenant_id)
            after = tenant_id
    return found


async def _work_off(tenant_id: TenantId, kind: Kind, turn: "_Turn") -> int:
    """Route the next few batches of one kind; returns how many users or groups they had."""
    listed = await rows.list_due(tenant_id, kind, turn.now, limit=LISTED)
    done = 0
    for dues in portions_of(listed, _IN_UNIT[kind])[:UNITS_IN_TURN]:
        async with turn.of(partial(_put_off, tenant_id, kind, dues, now=turn.now)):
            await in_joined_unit(tenant_id, partial(_route, tenant_id, kind, dues, now=turn.now))
        done += len(dues)
    return done


def portions_of(dues: Sequence[Due], size: int) -> list[list[Due]]:
    """Return batches, in the order of who is first in each: who are in the same tenant and were confirmed alike.

    Whoever failed before goes alone.
    """
    found: dict[object, list[Due]] = {}
    for one in dues:
        key = one.subject_id if one.tries else (one.place_id, one.lets_pass)
        found.setdefault(key, []).append(one)
    return [some[at : at + size] for some in found.values() for at in range(0, len(some), size)]


async def _route(tenant_id: TenantId, kind: Kind, dues: Sequence[Due], *, now: datetime) -> None:
    by = Actor(tenant_id=tenant_id, kind="system", label=QUEUE_LABEL)
    ground = await find_ground(tenant_id, by=by, now=now, lets_pass=dues[0].lets_pass)
    if ground is None:
        await rows.forget(tenant_id)
        return
    left = await _route_groups(ground, dues) if kind == "group" else frozenset[UUID]()
    user_ids = [UserId(one.subject_id) for one in dues] if kind == "user" else []
    if user_ids:
        await route_people(ground, user_ids)
    await rows.settle(tenant_id, kind, [one for one in dues if one.subject_id not in left])
    if user_ids:  # whoever is kept there as the last administrator had this row, which is gone now
        await try_later(tenant_id, user_ids, now)


async def _route_groups(ground: Ground, dues: Sequence[Due]) -> Collection[UUID]:
    """Bring groups up to date; returns those that are not yet."""
    brought = await bring_groups(ground, [GroupId(one.subject_id) for one in dues])
    if brought.refused:
        tries = {one.subject_id: one.tries for one in dues}
        for group_id in brought.refused:
            until = ground.now + _wait(tries[group_id])
            await rows.put_off(ground.tenant.tenant_id, "group", [group_id], until)
    return brought.more | brought.refused.keys()


def _wait(tries: int) -> timedelta:
    """Return how long something waits that failed that many times before."""
    return min(WAIT_FIRST * (1 << min(tries, 20)), WAIT_MAX)


async def _put_off(tenant_id: TenantId, kind: Kind, dues: Sequence[Due], *, now: datetime) -> None:
    """Count that a batch failed; each of it goes alone from now on, so that only those who fail wait."""
    until = now if len(dues) > 1 else now + _wait(dues[0].tries)
    ids = [one.subject_id for one in dues]
    await in_joined_unit(tenant_id, lambda: rows.put_off(tenant_id, kind, ids, until))


class _Turn:
    """The turns of batches: one that fails is dealt with, and the others go on."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.errors: list[Exception] = []
        self._deal: Callable[[], Awaitable[None]] | None = None

    def of(self, deal: Callable[[], Awaitable[None]]) -> "_Turn":
        """Say what is done if this batch fails."""
        self._deal = deal
        return self

    async def __aenter__(self) -> None:
        """Begin."""

    async def __aexit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        """Keep the error for later; a lost lease, and a process that stops, are no failures of the batch."""
        if not isinstance(error, Exception) or isinstance(error, LeaseLostError):
            return False
        self.errors.append(error)
        if self._deal is not None and not isinstance(error, UnavailableError):
            await self._deal()
        return True
