"""Whoever is erased is erased from what pulls keep, too: what the directory said, items of runs, differences."""

from datetime import timedelta

import pytest

from directory import graves, users
from directory.ids import new_id
from directory.model import Actor, User, UserAttributes
from directory.pulls import runs
from directory.pulls.model import PullSource
from directory.store.compiled import Statement
from directory.store.unit import execute, fetch
from tests.directory.pulls.pulled import graph_source
from tests.directory.world import World

pytestmark = pytest.mark.anyio

SEEN = Statement(
    "INSERT INTO seen_row (tenant_id, source_id, kind, ext_id, op, said, hash, run_id, pending)"
    " VALUES ($1::uuid, $2::uuid, $3::text, $4::text, 'upsert', $5::text, 'h', $2::uuid, FALSE)"
)
ITEM = Statement(
    "INSERT INTO run_item_row (tenant_id, run_id, seq, kind, action, ext_id, subject_id, label)"
    " VALUES ($1::uuid, $2::uuid, 1, 'user', 'user:create', 'ext-ann', $3::uuid, 'Ann Secret')"
)
DRIFT = Statement(
    "INSERT INTO drift_row"
    " (tenant_id, source_id, kind, ext_id, target, audited_id, drift, user_id, label, run_id, since)"
    " VALUES ($1::uuid, $2::uuid, 'user', 'ext-ann', '', $2::uuid, 'extra', $3::uuid, 'Ann Secret', $4::uuid,"
    " $5::timestamptz)"
)
KEPT = (
    Statement("SELECT * FROM seen_row", house=True),
    Statement("SELECT * FROM run_item_row", house=True),
    Statement("SELECT * FROM drift_row", house=True),
)


async def deleted_user(world: World, source: PullSource) -> User:
    by = Actor(tenant_id=source.tenant_id, kind="source", label="Graph (pull)", source_id=source.source_id)
    document = UserAttributes({"userName": "ann@example.org", "externalId": "ext-ann", "displayName": "Ann Secret"})
    ann, _ = await users.create_user(document, by=by, now=world.tick(), revive_inactive=True)
    await users.delete_user(ann.user_id, by=by, now=world.tick())
    return ann


async def test_what_pulls_keep_of_a_person_goes_with_the_person(world: World) -> None:
    source = await graph_source(world)
    ann = await deleted_user(world, source)
    run = await runs.ask_run(source.source_id, "full", cause="operator", by=world.system, now=world.tick())
    of_source = (source.tenant_id, source.source_id)
    await execute(SEEN, *of_source, "user", "ext-ann", '{"displayName": "Ann Secret"}')
    await execute(SEEN, *of_source, "user", "ext-bob", '{"displayName": "Bob"}')
    await execute(SEEN, *of_source, "group", "ext-ann", '{"displayName": "Staff"}')
    await execute(ITEM, source.tenant_id, run.run_id, ann.user_id)
    await execute(DRIFT, *of_source, ann.user_id, new_id(world.now), world.now)

    assert await graves.purge_graves(now=world.now + timedelta(days=31)) == 1

    kept = [dict(row) for which in KEPT for row in await fetch(which)]
    assert "Secret" not in repr(kept)
    assert {(row["kind"], row["ext_id"]) for row in kept} == {("user", "ext-bob"), ("group", "ext-ann")}
