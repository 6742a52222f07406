"""Turning a pulled source off: nothing of it goes on, and whoever comes again later is new to it."""

from datetime import timedelta

import pytest

from directory import closing, users
from directory.closing import Deed
from directory.errors import InvalidError
from directory.model import Actor, User, UserAttributes
from directory.pulls import runs, sources
from directory.pulls.model import PullSource
from directory.store.compiled import Statement
from directory.store.unit import execute, fetch
from tests.directory.pulls.pulled import graph_source
from tests.directory.test_closing import with_local_administrator
from tests.directory.world import World

pytestmark = pytest.mark.anyio

CURSOR = Statement(
    "INSERT INTO pull_cursor_row (tenant_id, source_id, stream, committed, object_count)"
    " VALUES ($1::uuid, $2::uuid, 'users', 'here', 1)"
)
SEEN = Statement(
    "INSERT INTO seen_row (tenant_id, source_id, kind, ext_id, op, hash, run_id, pending)"
    " SELECT $1::uuid, $2::uuid, $3::text, names.ext_id, 'upsert', 'h', $2::uuid, FALSE"
    " FROM unnest($4::text[]) AS names (ext_id)"
)
CURSORS = Statement("SELECT stream FROM pull_cursor_row", house=True)
KINDS = Statement("SELECT kind, count(*) AS things FROM seen_row GROUP BY kind", house=True)


async def pulled_user(world: World, source: PullSource) -> User:
    by = Actor(tenant_id=source.tenant_id, kind="source", label="Graph (pull)", source_id=source.source_id)
    document = UserAttributes({"userName": "ann@example.org", "externalId": "ext-ann", "active": True})
    user, _ = await users.create_user(document, by=by, now=world.tick(), revive_inactive=True)
    return user


async def furnished(world: World) -> tuple[PullSource, User]:
    source = await graph_source(world)
    ann = await pulled_user(world, source)
    await with_local_administrator(world)
    await execute(CURSOR, source.tenant_id, source.source_id)
    await execute(SEEN, source.tenant_id, source.source_id, "user", [f"u{number}" for number in range(1, 601)])
    await execute(SEEN, source.tenant_id, source.source_id, "group", ["g1", "g2"])
    return source, ann


async def turned_off(world: World, source: PullSource, deed: Deed) -> PullSource:
    await closing.turn_off(source.source_id, deed, by=world.system, now=world.tick())
    while await closing.advance_closings(now=world.tick()):
        pass
    return await sources.get_pull_source(source.tenant_id, source.source_id)


async def kinds() -> dict[str, int]:
    return {row["kind"]: int(row["things"]) for row in await fetch(KINDS)}


@pytest.mark.parametrize(("deed", "left"), [("keep", 600), ("local", 0), ("disable", 0)])
async def test_nothing_of_it_goes_on(world: World, deed: Deed, left: int) -> None:
    source, ann = await furnished(world)
    run = await runs.ask_run(source.source_id, "delta", cause="operator", by=world.system, now=world.tick())

    off = await turned_off(world, source, deed)

    assert (off.off, off.paused, off.secret_names) == (True, True, ("client_secret",))
    assert await sources.list_due(world.now + timedelta(days=30), 10) == []
    assert (await runs.get_run(source.tenant_id, run.run_id)).state == "cancelled"
    assert await fetch(CURSORS) == []
    assert await kinds() == {"group": 2} | ({"user": left} if left else {})
    found = await users.get_user(source.tenant_id, ann.user_id)
    assert (found.source_id is None, found.active) == (deed == "local", deed != "disable")
    closed = await closing.find_closing(source.tenant_id, source.source_id)
    assert closed is not None
    assert closed.finished_at is not None


async def test_a_source_that_is_off_is_not_resumed_but_turned_on(world: World) -> None:
    source, _ = await furnished(world)
    await turned_off(world, source, "keep")
    with pytest.raises(InvalidError):
        await sources.resume(source.source_id, by=world.system, now=world.tick())

    await closing.turn_on(source.source_id, by=world.system, now=world.tick())

    again = await sources.get_pull_source(source.tenant_id, source.source_id)
    assert (again.off, again.paused, again.next_at) == (False, False, source.next_at)
