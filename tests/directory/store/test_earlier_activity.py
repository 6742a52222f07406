"""What a database had recorded before it counted is counted by its migration, as if it had always been."""

from datetime import timedelta

import pytest

from directory import events, locks, traffic
from directory.store import hours
from directory.store.compiled import Statement
from directory.store.migration_sql import statements
from directory.store.migrations import m0009_activity
from directory.store.unit import Engine, execute
from directory.tallies import HourTally
from tests.directory.tenant_setup import DAY, HOUR, NOW, Scene, new_scene
from tests.owning import as_owner

pytestmark = pytest.mark.anyio


async def counted(scene: Scene) -> list[HourTally]:
    found = await hours.list_hours(scene.tenant.tenant_id, since=NOW - 30 * DAY)
    return sorted(found)


async def migrated_again(store: Engine, owner_url: str) -> None:
    text = m0009_activity.SQLITE if store.engine_type == "sqlite" else m0009_activity.POSTGRES
    async with as_owner(store, owner_url) as owners:
        for statement in statements(text):
            await owners.run_ddl(statement)


async def test_the_migration_counts_what_sealing_and_answering_would_have_counted(
    store: Engine, owner_url: str
) -> None:
    scene = await new_scene()
    source = await scene.source()
    ann = await scene.pushed_user(source, "ann")
    await scene.user("rosa", now=NOW - HOUR)
    await locks.unlock_role(ann.user_id, by=scene.by, now=NOW)
    for hour, status in ((0, 200), (0, 409), (5, 500)):
        traffic.note_request(scene.draft(at=NOW - hour * HOUR + timedelta(minutes=7), status=status, source=source))
    await traffic.flush(now=NOW)
    await events.seal_events(now=NOW, limit=100)
    before = await counted(scene)
    await execute(Statement("DELETE FROM activity_hour_row WHERE tenant_id = $1::uuid"), scene.tenant.tenant_id)

    await migrated_again(store, owner_url)
    once = await counted(scene)
    await migrated_again(store, owner_url)

    assert len(before) == 6
    assert once == before
    assert await counted(scene) == before


async def test_events_that_are_not_sealed_are_left_to_the_sealer(store: Engine, owner_url: str) -> None:
    scene = await new_scene()
    await scene.user("rosa")
    await migrated_again(store, owner_url)
    early = await counted(scene)
    await events.seal_events(now=NOW, limit=100)

    assert early == []
    assert [(one.kind, one.things) for one in await counted(scene)] == [("created", 1)]
