"""Actions on many users in the background: tenants take turns, and what fails again and again ends."""

import msgspec
import pytest

from directory import bulk_drafts, bulk_jobs
from directory.bulk_jobs import BulkJob
from directory.model import Actor
from directory.plan_bulk import Order
from directory.store.compiled import Statement
from directory.store.unit import execute, fetch_one
from rolebook import bulk_duties
from tests.directory.test_bulk import drafted, operator
from tests.directory.world import World, create_world

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("store")]

SPOIL = Statement("UPDATE bulk_job_row SET wanted = 'no JSON' WHERE id = $1::uuid", house=True)
MEND = Statement("UPDATE bulk_job_row SET wanted = '{}' WHERE id = $1::uuid", house=True)
STATE = Statement("SELECT state, end_reason, failure_count FROM bulk_job_row WHERE id = $1::uuid", house=True)
SEEN = Statement("SELECT item_count FROM bulk_job_row WHERE id = $1::uuid", house=True)


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_drafts, "AT_ONCE", 0)
    monkeypatch.setattr(bulk_drafts, "DRAFT_USERS", 2)


@pytest.fixture
async def world(store: object) -> World:
    assert store is not None
    return await create_world()


async def opened(world: World, by: Actor) -> BulkJob:
    return await drafted(world, by, Order(deed="disable", reason="x"))


async def seen(job: BulkJob) -> int:
    row = await fetch_one(SEEN, job.job_id)
    assert row is not None
    return int(row["item_count"])


async def state(job: BulkJob) -> tuple[str, str, int]:
    row = await fetch_one(STATE, job.job_id)
    assert row is not None
    return row["state"], row["end_reason"], row["failure_count"]


async def test_tenants_take_turns_however_many_actions_one_has(world: World) -> None:
    large, small = world, await create_world("bristol")
    for number in range(20):
        await large.push_user(f"p{number}")
    await small.push_user("ann")
    by = await operator(large)
    many = [await opened(large, by) for _ in range(4)]
    small.now = large.now
    one = await opened(small, await operator(small))

    for _ in range(4):
        assert await bulk_duties.advance_actions(small.tick()) == 1

    assert (await state(one))[0] == "draft"
    assert sorted([await seen(job) for job in many]) == [0, 0, 2, 2]


async def test_what_fails_lets_the_others_go_first_and_ends_after_some_tries(world: World) -> None:
    other = await create_world("bristol")
    bad = await opened(world, await operator(world))
    await execute(SPOIL, bad.job_id)
    other.now = world.now
    good = await opened(other, await operator(other))

    with pytest.raises(msgspec.DecodeError):
        await bulk_duties.advance_actions(other.tick())
    assert await bulk_duties.advance_actions(other.tick()) == 1

    assert await seen(good) == 1
    assert await state(bad) == ("drafting", "", 1)
    for number in range(1, bulk_jobs.FAILURES_MAX):
        with pytest.raises(msgspec.DecodeError):
            await bulk_duties.advance_actions(other.tick())
        if number == 1:
            assert await bulk_duties.advance_actions(other.tick()) == 1
            assert (await state(good))[0] == "draft"
    assert await state(bad) == ("cancelled", "failures", bulk_jobs.FAILURES_MAX)
    assert not await bulk_duties.has_open_actions(world.now)


async def test_failures_count_in_a_row_only(world: World) -> None:
    for number in range(6):
        await world.push_user(f"p{number}")
    job = await opened(world, await operator(world))
    await execute(SPOIL, job.job_id)
    with pytest.raises(msgspec.DecodeError):
        await bulk_duties.advance_actions(world.tick())
    await execute(MEND, job.job_id)

    await bulk_duties.advance_actions(world.tick())

    assert await state(job) == ("drafting", "", 0)
