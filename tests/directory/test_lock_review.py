"""Locks looked through: which are due, and what a review does to that."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory import events, lock_review, locks
from directory.errors import ForbiddenError, InvalidError, NotFoundError
from directory.lock_review import LockFilter, LockLine, is_due
from directory.model import User
from tests.directory.world import World

pytestmark = pytest.mark.anyio
DAY = timedelta(days=1)


async def lock(world: World, name: str, *, role: str = "editor", days: int | None = None) -> User:
    user = await world.push_user(name)
    until = None if days is None else world.now + days * DAY
    return await locks.lock_role(
        user.user_id, world.roles[role].role_id, reason="Project", until=until, by=world.system, now=world.tick()
    )


async def listed(world: World, wanted: LockFilter | None = None, *, now: datetime | None = None) -> list[LockLine]:
    wanted, now = wanted or LockFilter(), now or world.now
    found = await lock_review.list_locks(world.tenant.tenant_id, wanted, after=None, limit=50, now=now)
    assert await lock_review.count_locks(world.tenant.tenant_id, wanted, now=now) == len(found.locks)
    return found.locks


async def test_a_lock_is_told_with_what_it_hides(world: World) -> None:
    user = await lock(world, "ann")

    (line,) = await listed(world)

    assert (line.user_id, line.role_id, line.unlocked_role_id, line.reason, line.owner, line.due) == (
        user.user_id,
        world.roles["editor"].role_id,
        world.roles["loanee"].role_id,
        "Project",
        "command line",
        False,
    )


@pytest.mark.parametrize(
    ("days", "later", "due"), [(None, 89, False), (None, 91, True), (30, 1, False), (30, 17, True), (7, 0, True)]
)
async def test_a_lock_is_due_when_nobody_looked_for_long_or_it_ends_soon(
    world: World, days: int | None, later: int, *, due: bool
) -> None:
    await lock(world, "ann", days=days)
    now = world.now + later * DAY

    (line,) = await listed(world, now=now)

    assert line.due == due
    assert bool(await listed(world, LockFilter(due=True), now=now)) == due


async def test_a_review_lets_it_stand_until_the_next_is_due(world: World) -> None:
    user = await lock(world, "ann")
    world.now += 100 * DAY
    assert [line.due for line in await listed(world)] == [True]

    for note in ("Still on the project", "And still"):
        await lock_review.review_lock(user.user_id, note=note, by=world.system, now=world.tick())

    (line,) = await listed(world)
    assert (line.due, line.note, line.reviewed_by) == (False, "And still", "command line")
    assert await listed(world, LockFilter(due=True)) == []
    assert await listed(world, LockFilter(due=True), now=world.now + 91 * DAY) != []
    told = await events.list_events(world.tenant.tenant_id, subject_id=user.user_id, limit=1)
    assert told[0].action == "user:role:lock:reviewed"


async def test_a_review_goes_with_its_lock(world: World) -> None:
    user = await lock(world, "ann")
    await lock_review.review_lock(user.user_id, note="Fine", by=world.system, now=world.tick())
    await locks.unlock_role(user.user_id, by=world.system, now=world.tick())
    await locks.lock_role(
        user.user_id, world.roles["viewer"].role_id, reason="y", until=None, by=world.system, now=world.tick()
    )

    assert [line.reviewed_at for line in await listed(world)] == [None]


async def test_a_review_of_the_lock_before_counts_for_nothing(world: World) -> None:
    user = await lock(world, "ann")
    await lock_review.review_lock(user.user_id, note="Fine", by=world.system, now=world.tick())
    await locks.lock_role(
        user.user_id, world.roles["viewer"].role_id, reason="y", until=None, by=world.system, now=world.tick()
    )

    assert [line.reviewed_at for line in await listed(world)] == [None]


async def test_locks_are_paged_the_oldest_first(world: World) -> None:
    for name in ("ann", "bob", "cem"):
        await lock(world, name)
    tenant_id = world.tenant.tenant_id

    first = await lock_review.list_locks(tenant_id, LockFilter(), after=None, limit=2, now=world.now)
    rest = await lock_review.list_locks(tenant_id, LockFilter(), after=first.next_after, limit=2, now=world.now)

    assert [line.user_name for line in (*first.locks, *rest.locks)] == [
        f"{name}@example.org" for name in ("ann", "bob", "cem")
    ]
    assert rest.next_after is None


async def test_filters_narrow_together(world: World) -> None:
    await lock(world, "ann", role="viewer")
    await lock(world, "bob", days=30)
    await locks.create_local_user("lou", role_id=world.roles["viewer"].role_id, by=world.system, now=world.tick())

    async def names(wanted: LockFilter) -> set[str]:
        return {line.user_name.partition("@")[0] for line in await listed(world, wanted)}

    assert await names(LockFilter(role_id=world.roles["viewer"].role_id)) == {"ann", "lou"}
    assert await names(LockFilter(people="local")) == {"lou"}
    assert await names(LockFilter(expiry="set")) == {"bob"}
    assert await names(LockFilter(expiry="none", people="provisioned")) == {"ann"}
    assert await names(LockFilter(text="BO")) == {"bob"}


@pytest.mark.parametrize("after", ["", "x", "WyIyMDI2LTAxLTAxVDAwOjAwOjAwIl0", "bm8"])
async def test_a_place_that_is_none_is_refused(world: World, after: str) -> None:
    with pytest.raises(InvalidError):
        await lock_review.list_locks(world.tenant.tenant_id, LockFilter(), after=after, limit=2, now=world.now)


async def test_who_may_not_lock_may_not_review(world: World) -> None:
    user = await lock(world, "ann", role="administrator")
    manager = replace(world.system, kind="operator", permissions=world.roles["user_manager"].permissions)

    with pytest.raises(ForbiddenError):
        await lock_review.review_lock(user.user_id, note="x", by=manager, now=world.tick())


async def test_a_role_that_is_not_locked_cannot_be_reviewed(world: World) -> None:
    user = await world.push_user("ann")

    with pytest.raises(NotFoundError):
        await lock_review.review_lock(user.user_id, note="x", by=world.system, now=world.tick())


NOW = datetime.fromisoformat("2026-11-01T09:00:00+00:00")
days = st.integers(min_value=-400, max_value=400).map(lambda count: NOW + count * DAY)


@given(created_at=days, until=st.none() | days, reviewed_at=st.none() | days)
def test_looking_now_is_always_enough(
    created_at: datetime, until: datetime | None, reviewed_at: datetime | None
) -> None:
    assert is_due(created_at, until, reviewed_at, now=NOW) in {True, False}
    assert not is_due(min(created_at, NOW), until, NOW, now=NOW)
