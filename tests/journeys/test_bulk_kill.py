"""The server is killed while it applies an action to many users; each of them is changed once, as was shown."""

import asyncio
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from directory import bulk_drafts, bulk_jobs, locks
from directory.accounts import AccountFilter
from directory.model import Actor
from directory.plan_bulk import Order
from directory.store.unit import open_store
from tests.directory.world import World, create_world
from tests.journeys.facts import half_written
from tests.journeys.serving import Server, read_rows, rolebook, serving

COUNT = 400
KILLS = 1
"""Each costs the half minute after which another process may take the work over."""
PATIENCE_S = 60.0


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_an_action_on_many_is_gone_on_with_after_a_kill_and_changes_each_once(
    durable_database_url: str, tmp_path: Path
) -> None:
    job_id = asyncio.run(start_action(durable_database_url))
    reached = [0]
    with serving(durable_database_url, tmp_path) as server:
        for _ in range(KILLS):
            reached.append(wait_until(durable_database_url, job_id, reached[-1] + 40))
            server.kill()
            server.start()
        wait_until(durable_database_url, job_id, COUNT)
        stop(server)

    assert told(durable_database_url) == Counter({1: COUNT})
    assert applied(durable_database_url, job_id) == ("done", COUNT, 0)
    assert half_written(durable_database_url) == []
    assert rolebook(durable_database_url, "check")["ok"]


async def start_action(url: str) -> UUID:
    """Push people, draft that all are locked as editors, and confirm it, while no server runs."""
    async with open_store(url):
        world = await create_world()
        world.now = datetime.now(UTC)
        for number in range(COUNT):
            await world.push_user(f"p{number:03}")
        by = await operator(world)
        order = Order(deed="lock", role_id=world.roles["editor"].role_id, reason="Move of the office")
        job = await bulk_drafts.draft(order, AccountFilter(text="p"), "All", by=by, now=world.now)
        job = await bulk_jobs.apply_draft(job.job_id, job.plan_hash, by=by, now=world.now)
        assert (job.state, job.change_count) == ("running", COUNT)
        return job.job_id


async def operator(world: World) -> Actor:
    role = world.roles["administrator"]
    user = await locks.create_local_user("rosa", role_id=role.role_id, by=world.system, now=world.now)
    return Actor(
        tenant_id=world.tenant.tenant_id,
        kind="operator",
        label="Rosa",
        user_id=user.user_id,
        permissions=role.permissions,
    )


def wait_until(url: str, job_id: UUID, count: int) -> int:
    """Return how many are done with, once it is ``count`` or all of them."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        state, done, _ = applied(url, job_id)
        if done >= min(count, COUNT) and (count < COUNT or state == "done"):
            return done
    raise AssertionError(f"only {applied(url, job_id)} after {PATIENCE_S} s")


def applied(url: str, job_id: UUID) -> tuple[str, int, int]:
    ((state, done, skipped),) = read_rows(
        url,
        f"SELECT state, applied_count, skipped_count FROM bulk_job_row WHERE id = '{job_id}'",  # noqa: S608 - our own id
    )
    return state, done, skipped


def told(url: str) -> Counter[int]:
    """Return how many users were locked how often, as events tell."""
    rows = read_rows(
        url, "SELECT subject_id, count(*) FROM event_row WHERE action = 'user:role:locked' GROUP BY subject_id"
    )
    return Counter(count for _, count in rows)


def stop(server: Server) -> None:
    assert server.stop() == 0
