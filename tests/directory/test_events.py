from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from uuid import UUID

import pytest
from anyio import create_task_group

from directory import events, groups, sources
from directory.edits import GroupEdit
from directory.model import GroupAttributes, TenantId
from directory.references import reference_for
from directory.store.compiled import Statement
from directory.store.unit import Engine, execute, fetch
from tests.directory.tenant_setup import NOW, SECOND, Scene, new_scene, other_tenant
from tests.owning import as_owner

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("store")]

TABLES = ("event_row", "event_member_row", "event_value_row")
TAMPERING = (
    "UPDATE event_row SET action = 'user:deleted' WHERE seq = 3",
    "UPDATE event_row SET actor_kind = 'operator' WHERE seq = 3",
    "UPDATE event_row SET subject_kind = 'lock' WHERE seq = 3",
    "UPDATE event_row SET at = '2020-01-01 00:00:00.000000+00:00' WHERE seq = 3",
    "UPDATE event_row SET request_id = '0190f0e2-0000-7000-8000-000000000000' WHERE seq = 3",
    "UPDATE event_row SET content_hash = chain_hash WHERE seq = 3",
    "UPDATE event_row SET chain_hash = content_hash WHERE seq = 3",
    "UPDATE event_row SET commitment = content_hash WHERE seq = 3",
    "UPDATE event_row SET seq = 100 WHERE seq = 3",
    "UPDATE event_value_row SET document = '{}' WHERE event_id = (SELECT id FROM event_row WHERE seq = 3)",
    "UPDATE event_value_row SET salt = 'x' WHERE event_id = (SELECT id FROM event_row WHERE seq = 3)",
)
ERASE_AT = Statement(
    "DELETE FROM event_value_row WHERE event_id = (SELECT id FROM event_row WHERE seq = $1::bigint)", house=True
)
DELETE_AT = Statement("DELETE FROM event_row WHERE seq = $1::bigint", house=True)
FORBIDDEN = (
    "UPDATE event_row SET action = 'x'",
    "UPDATE event_row SET content_hash = 'x'",
    "UPDATE event_row SET seq = seq + 10 WHERE seq IS NOT NULL",
    "UPDATE event_row SET chain_hash = 'x' WHERE seq IS NOT NULL",
    "UPDATE event_value_row SET document = '{}'",
    "UPDATE event_member_row SET joined = NOT joined",
    "DELETE FROM event_row",
    "DELETE FROM event_member_row",
)


@asynccontextmanager
async def unguarded(store: Engine, owner_url: str) -> AsyncIterator[None]:
    """Let a test do what the triggers refuse, as somebody with the rights of the owner could."""
    if store.engine_type == "sqlite":
        for row in await store.fetch("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            await store.fetch(f"DROP TRIGGER {row['name']}")
        yield
        return
    async with as_owner(store, owner_url) as owners:
        for table in TABLES:
            await owners.fetch(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        try:
            yield
        finally:
            for table in TABLES:
                await owners.fetch(f"ALTER TABLE {table} ENABLE TRIGGER USER")


async def busy_scene() -> Scene:
    """A tenant in which six things happened."""
    scene = await new_scene()
    source = await scene.source()
    for value in ("off", "on", "off", "on"):
        await sources.edit_settings(source.source_id, {"string_booleans": value}, by=scene.by, now=NOW)
    return scene


async def seal_all() -> int:
    return await events.seal_events(now=NOW, limit=10_000)


async def test_events_are_listed_by_page_the_newest_first() -> None:
    scene = await busy_scene()
    everything = await events.list_events(scene.tenant.tenant_id, limit=10)
    assert [event.action for event in everything] == ["source:settings:changed"] * 4 + [
        "source:created",
        "tenant:created",
    ]
    paged, before = [], None
    while page := await events.list_events(scene.tenant.tenant_id, before=before, limit=4):
        paged += page
        before = page[-1].event_id
    assert paged == everything


async def test_an_event_names_its_request() -> None:
    scene = await new_scene()
    draft = scene.draft()
    source = await sources.create_source(
        kind="scim", preset="okta", label="Okta", by=replace(scene.by, request=draft), now=NOW
    )
    (event,) = await events.list_events(scene.tenant.tenant_id, subject_id=source.source_id, limit=5)
    assert (event.request_id, event.reference) == (draft.request_id, reference_for(draft.request_id))
    assert await events.list_events_of_request(scene.tenant.tenant_id, draft.request_id, limit=5) == [event]
    assert draft.recorded


async def test_the_events_of_a_user_include_groups_that_it_joined_or_left() -> None:
    scene = await new_scene()
    source = await scene.source()
    feed = scene.feed(source)
    ann, bob = await scene.pushed_user(source, "ann"), await scene.pushed_user(source, "bob")
    group = await groups.create_group(
        GroupAttributes({"displayName": "Staff"}),
        frozenset({"ann"}),
        by=feed,
        now=NOW + SECOND,
        unique_name=True,
        unknown="pending",
    )
    edit = GroupEdit(remove=frozenset({"ann"}), add=frozenset({"bob"}))
    await groups.edit_group(group.group_id, edit, by=feed, now=NOW + 2 * SECOND)
    tenant_id = scene.tenant.tenant_id
    of_ann = await events.list_events(tenant_id, subject_id=ann.user_id, limit=2)
    assert [event.action for event in of_ann] == ["group:members:changed", "group:members:changed"]
    (of_bob,) = await events.list_events(tenant_id, subject_id=bob.user_id, limit=1)
    assert of_bob == of_ann[0]
    assert (of_bob.subject_label, of_bob.actor_label, of_bob.actor_kind) == ("Staff", "Entra", "source")
    await seal_all()
    assert (await events.verify_chain(tenant_id)).broken_at is None


async def test_events_of_another_tenant_are_not_listed() -> None:
    scene, other = await busy_scene(), await other_tenant()
    (event, *_) = await events.list_events(scene.tenant.tenant_id, limit=1)
    assert await events.list_events(other.tenant.tenant_id, subject_id=event.subject_id, limit=10) == []
    assert len(await events.list_events(other.tenant.tenant_id, limit=10)) == 1


async def test_sealing_links_each_event_once() -> None:
    scene, other = await busy_scene(), await other_tenant()
    assert await seal_all() == 7
    assert await seal_all() == 0
    assert all(event.sealed for event in await events.list_events(scene.tenant.tenant_id, limit=10))
    assert await events.verify_chain(scene.tenant.tenant_id) == events.ChainReport(checked=6, broken_at=None)
    assert await events.verify_chain(other.tenant.tenant_id) == events.ChainReport(checked=1, broken_at=None)


async def test_sealing_goes_on_where_it_stopped() -> None:
    scene = await busy_scene()
    assert await events.seal_events(now=NOW, limit=2) == 2
    assert (await events.verify_chain(scene.tenant.tenant_id)).checked == 2
    await scene.source(label="another")
    assert [await events.seal_events(now=NOW, limit=3) for _ in range(3)] == [3, 2, 0]
    assert await events.verify_chain(scene.tenant.tenant_id) == events.ChainReport(checked=7, broken_at=None)


async def test_two_sealers_at_once_make_one_chain() -> None:
    scene = await busy_scene()
    async with create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(seal_all)
    assert await events.verify_chain(scene.tenant.tenant_id) == events.ChainReport(checked=6, broken_at=None)


async def test_a_chain_longer_than_a_page_is_verified_whole() -> None:
    scene = await new_scene()
    source = await scene.source()
    for number in range(events.PAGE):
        value = "off" if number % 2 == 0 else "on"
        await sources.edit_settings(source.source_id, {"string_booleans": value}, by=scene.by, now=NOW)
    await seal_all()
    report = await events.verify_chain(scene.tenant.tenant_id)
    assert report == events.ChainReport(checked=events.PAGE + 2, broken_at=None)


async def test_a_tenant_without_a_chain_is_whole() -> None:
    scene = await new_scene()
    assert await events.verify_chain(scene.tenant.tenant_id) == events.ChainReport(checked=0, broken_at=None)


@pytest.mark.parametrize("deed", TAMPERING)
async def test_a_change_of_a_sealed_event_is_found_where_it_is(store: Engine, owner_url: str, deed: str) -> None:
    scene = await busy_scene()
    await seal_all()
    async with unguarded(store, owner_url):
        assert await execute(Statement(deed, house=True)) == 1
        report = await events.verify_chain(scene.tenant.tenant_id)
    assert report == events.ChainReport(checked=2, broken_at=3)


UNDOABLE = ("undo_step_row", "undo_event_row", "undo_deed_row")
"""What could be taken back of an event: it keeps the event from being deleted."""


async def test_a_missing_event_is_found_in_the_middle_and_at_the_end(store: Engine, owner_url: str) -> None:
    scene = await busy_scene()
    await seal_all()
    for table in UNDOABLE:
        await execute(Statement(f"DELETE FROM {table}", house=True))  # noqa: S608 - names of ours
    async with unguarded(store, owner_url):
        for seq in (6, 3):
            await execute(ERASE_AT, seq)
            await execute(DELETE_AT, seq)
            report = await events.verify_chain(scene.tenant.tenant_id)
            assert report == events.ChainReport(checked=seq - 1, broken_at=seq)


@pytest.mark.parametrize(
    ("deed", "broken_at"),
    [
        ("UPDATE chain_row SET hash = 'x'", 6),
        ("UPDATE chain_row SET seq = 7", 7),
        ("DELETE FROM chain_row", 1),
    ],
)
async def test_a_changed_head_is_found(deed: str, broken_at: int) -> None:
    scene = await busy_scene()
    await seal_all()
    await execute(Statement(deed, house=True))
    assert (await events.verify_chain(scene.tenant.tenant_id)).broken_at == broken_at


async def test_a_member_who_was_added_to_the_record_is_found(store: Engine, owner_url: str) -> None:
    scene = await busy_scene()
    user = await scene.user()
    await seal_all()
    async with unguarded(store, owner_url):
        insert = "INSERT INTO event_member_row SELECT tenant_id, id, $1::uuid, true FROM event_row WHERE seq = 2"
        await execute(Statement(insert, house=True), user.user_id)
        assert (await events.verify_chain(scene.tenant.tenant_id)).broken_at == 2


async def test_erased_values_leave_the_chain_whole() -> None:
    scene = await busy_scene()
    await seal_all()
    await execute(Statement("DELETE FROM event_value_row", house=True))
    assert await events.verify_chain(scene.tenant.tenant_id) == events.ChainReport(checked=6, broken_at=None)
    (event, *_) = await events.list_events(scene.tenant.tenant_id, limit=1)
    assert (event.actor_label, event.subject_label, event.changes) == (events.ERASED, events.ERASED, ())
    assert event.action == "source:settings:changed"


@pytest.mark.parametrize("deed", FORBIDDEN)
async def test_the_database_refuses_to_change_the_record(store: Engine, owner_url: str, deed: str) -> None:
    scene = await new_scene()
    source = await scene.source()
    await scene.pushed_user(source, "ann")
    await groups.create_group(
        GroupAttributes({"displayName": "Staff"}),
        frozenset({"ann"}),
        by=scene.feed(source),
        now=NOW,
        unique_name=True,
        unknown="pending",
    )
    await seal_all()
    before = await fetch(Statement("SELECT * FROM event_row ORDER BY seq", house=True))
    with pytest.raises(Exception, match=r"append-only|sealed once|never changed"):  # even the owner
        async with as_owner(store, owner_url) as owners:
            await owners.execute(deed)
    assert [dict(row) for row in await fetch(Statement("SELECT * FROM event_row ORDER BY seq", house=True))] == [
        dict(row) for row in before
    ]


async def test_nothing_is_sealed_for_a_tenant_that_is_not_there() -> None:
    assert await seal_all() == 0
    assert await events.verify_chain(TenantId(UUID(int=1))) == events.ChainReport(checked=0, broken_at=None)
