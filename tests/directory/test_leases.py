import asyncio
import sys
from asyncio.subprocess import PIPE

import pytest

from directory import leases
from directory.leases import Lease
from directory.store.compiled import Statement
from directory.store.unit import Engine, execute
from tests.directory.claiming import DUTIES
from tests.directory.tenant_setup import MINUTE, NOW, SECOND
from tests.shape.tree import ROOT

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("store")]

let_time_pass = Statement(
    "UPDATE job_row SET next_at = next_at - make_interval(secs => $1::bigint),"
    " expires_at = expires_at - make_interval(secs => $1::bigint)",
    sqlite="UPDATE job_row SET next_at = datetime(next_at, '-' || $1 || ' seconds') || '.000000+00:00',"
    " expires_at = datetime(expires_at, '-' || $1 || ' seconds') || '.000000+00:00'",
)
"""PostgreSQL's clock cannot be moved, so the rows are."""


async def claim(holder: str, *, every_s: float = 10, lease_s: float = 60) -> Lease | None:
    return await leases.claim("sealing", holder, now=NOW, every_s=every_s, lease_s=lease_s)


async def claimed(holder: str, *, every_s: float = 10, lease_s: float = 60) -> Lease:
    lease = await claim(holder, every_s=every_s, lease_s=lease_s)
    assert lease is not None
    return lease


async def test_a_duty_nobody_did_yet_is_due_at_once() -> None:
    lease = await claimed("one")
    assert (lease.duty, lease.holder, lease.epoch, lease.failures) == ("sealing", "one", 1, 0)


async def test_a_duty_has_one_holder() -> None:
    await claimed("one")
    assert await claim("two") is None
    assert await claim("one") is None


async def test_duties_do_not_meet() -> None:
    await claimed("one")
    assert await leases.claim("pruning", "two", now=NOW, every_s=10, lease_s=60) is not None


async def test_a_duty_that_is_done_is_due_again_after_its_interval() -> None:
    assert await leases.release(await claimed("one"), NOW)
    assert await claim("two") is None
    await execute(let_time_pass, 11)
    again = await claimed("two")
    assert (again.epoch, again.failures) == (2, 0)


async def test_a_holder_that_died_loses_the_duty_when_its_lease_runs_out() -> None:
    await claimed("one")
    await execute(let_time_pass, 59)
    assert await claim("two") is None
    await execute(let_time_pass, 2)
    taken = await claimed("two")
    assert (taken.epoch, taken.failures) == (2, 1)


async def test_a_stale_holder_can_neither_renew_nor_release() -> None:
    stale = await claimed("one")
    await execute(let_time_pass, 61)
    fresh = await claimed("one")
    assert not await leases.renew(stale, NOW)
    assert not await leases.release(stale, NOW)
    assert not await leases.release(stale, NOW, failed=True)
    assert await leases.renew(fresh, NOW)
    assert await leases.release(fresh, NOW)
    assert not await leases.renew(fresh, NOW)


async def test_renewing_keeps_the_duty() -> None:
    lease = await claimed("one")
    await execute(let_time_pass, 50)
    assert await leases.renew(lease, NOW)
    await execute(let_time_pass, 50)
    assert await claim("two") is None
    await execute(let_time_pass, 11)
    assert await claim("two") is not None


async def test_failures_in_a_row_are_counted_and_forgotten_after_a_success() -> None:
    failures = []
    for failed in (True, True, False, True):
        lease = await claimed("one")
        failures.append(lease.failures)
        await leases.release(lease, NOW, failed=failed)
        await execute(let_time_pass, 11)
    assert failures == [0, 1, 2, 0]


async def test_on_sqlite_the_given_time_decides(sqlite_store: Engine) -> None:
    assert sqlite_store.engine_type == "sqlite"
    lease = await claimed("one", lease_s=60)
    assert await leases.claim("sealing", "two", now=NOW + 59 * SECOND, every_s=10, lease_s=60) is None
    assert await leases.renew(lease, NOW + 30 * SECOND)
    assert await leases.claim("sealing", "two", now=NOW + 89 * SECOND, every_s=10, lease_s=60) is None
    assert await leases.claim("sealing", "two", now=NOW + 91 * SECOND, every_s=10, lease_s=60) is not None


async def test_on_postgres_a_wrong_clock_of_a_process_takes_nothing(postgres_store: Engine) -> None:
    assert postgres_store.engine_type == "postgres"
    await claimed("one")
    assert await leases.claim("sealing", "fast", now=NOW + 100 * MINUTE, every_s=10, lease_s=60) is None


async def test_processes_that_claim_at_once_share_the_duties_out(database_url: str) -> None:
    assert sorted(await race(database_url, process_count=3)) == sorted(DUTIES)


async def race(database_url: str, *, process_count: int) -> list[str]:
    """Let programs claim all duties at the same time; return what they got, together."""
    program = [sys.executable, "-m", "tests.directory.claiming", database_url]
    running = [
        await asyncio.create_subprocess_exec(*program, stdin=PIPE, stdout=PIPE, cwd=ROOT) for _ in range(process_count)
    ]
    for process in running:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    answers = [await answer for answer in asyncio.as_completed([process.communicate(b"go\n") for process in running])]
    assert [process.returncode for process in running] == [0] * process_count
    return [duty for answer, _ in answers for duty in answer.decode().split()]
