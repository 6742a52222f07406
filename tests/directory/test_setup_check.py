"""The set-up check: evidence collected from requests, attributes counted in users."""

from dataclasses import replace
from datetime import timedelta

import pytest

from directory import events, setup_check, sources, traffic, users
from directory.ids import new_id, time_of_id
from directory.model import Actor, RequestDraft, RequestId, UserAttributes
from directory.noted import noted
from directory.references import reference_for
from directory.setup_check import Setup
from directory.store.unit import Engine
from tests.directory.counting import counted_statements
from tests.directory.world import World, create_world

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("store")]


def draft(world: World, method: str, path: str, *, status: int = 200) -> RequestDraft:
    now = world.tick()
    request_id = RequestId(new_id(now))
    return RequestDraft(
        request_id=request_id,
        tenant_id=world.tenant.tenant_id,
        source_id=world.source.source_id,
        secret_id=None,
        reference=reference_for(request_id),
        method=method,
        path=path,
        started_at=now,
        elapsed_us=lambda: 1000,
        status=status,
    )


async def sent(world: World, method: str, path: str, *, status: int = 200) -> RequestDraft:
    """Record a read."""
    noted.clear()
    made = draft(world, method, path, status=status)
    traffic.note_request(made)
    await traffic.flush(now=world.now)
    return made


def client(world: World, method: str, path: str) -> Actor:
    return replace(world.client, request=draft(world, method, path))


async def collected(world: World) -> Setup:
    while await setup_check.collect_evidence(now=world.tick()):
        pass
    source = await sources.get_source(world.tenant.tenant_id, world.source.source_id)
    return await setup_check.get_setup(source, now=world.now)


def ticked(setup: Setup) -> list[str]:
    return [step.step for step in setup.steps if step.at is not None]


async def test_nothing_is_ticked_before_anything_arrives(world: World) -> None:
    assert ticked(await collected(world)) == []
    assert not await setup_check.has_unseen_requests(world.now)


async def test_steps_are_ticked_by_the_requests_that_show_them(world: World) -> None:
    first = await sent(world, "GET", "/scim/v2/ServiceProviderConfig")
    query = await sent(world, "GET", '/scim/v2/Users?filter=userName eq "x"')
    created, _ = await users.create_user(
        UserAttributes({"userName": "ann@example.org", "active": True}),
        by=client(world, "POST", "/scim/v2/Users"),
        now=world.tick(),
        revive_inactive=False,
    )
    setup = await collected(world)
    assert ticked(setup) == ["authenticated", "discovery", "test query", "first user"]
    references = {step.step: step.reference for step in setup.steps}
    assert (references["authenticated"], references["test query"]) == (first.reference, query.reference)

    await users.edit_user(
        created.user_id,
        lambda attributes: UserAttributes({**attributes.document, "active": False}),
        by=client(world, "PATCH", f"/scim/v2/Users/{created.user_id}"),
        now=world.tick(),
    )
    assert ticked(await collected(world))[-1] == "disable"


async def test_a_refused_secret_is_no_evidence(world: World) -> None:
    await sent(world, "GET", "/scim/v2/Users", status=401)
    assert ticked(await collected(world)) == []


async def test_evidence_stays_that_of_the_first_request(world: World) -> None:
    first = await sent(world, "GET", "/scim/v2/Users")
    await collected(world)
    await sent(world, "GET", "/scim/v2/Users")
    assert (await collected(world)).steps[0].reference == first.reference


async def test_a_record_that_is_written_late_is_still_looked_at(world: World) -> None:
    late = draft(world, "GET", "/scim/v2/Schemas")
    await sent(world, "GET", "/scim/v2/Users")
    await collected(world)
    traffic.note_request(late)
    await traffic.flush(now=world.now)
    assert "discovery" in ticked(await collected(world))


async def test_old_requests_are_looked_through_once(world: World) -> None:
    made = await sent(world, "GET", "/scim/v2/Users")
    await collected(world)
    world.now = time_of_id(made.request_id) + timedelta(minutes=1)
    await collected(world)
    assert not await setup_check.has_unseen_requests(world.now)


async def test_a_backlog_is_looked_through_in_one_run(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup_check, "LOOKED_AT", 3)
    for _ in range(7):
        await sent(world, "GET", "/scim/v2/Users")
    last = await sent(world, "GET", "/scim/v2/Schemas")
    now = time_of_id(last.request_id) + timedelta(minutes=1)
    counts = [await setup_check.collect_evidence(now=now)]
    while counts[-1]:
        counts.append(await setup_check.collect_evidence(now=now))
    assert counts == [3, 3, 0]
    assert not await setup_check.has_unseen_requests(now)
    assert "discovery" in ticked(await collected(world))


async def test_traffic_that_shows_nothing_new_writes_nothing(world: World, store: Engine) -> None:
    await sent(world, "GET", "/scim/v2/Users")
    await collected(world)
    await sent(world, "GET", "/scim/v2/Users")
    with counted_statements(store) as counted:
        await setup_check.collect_evidence(now=world.tick())
    assert counted.texts
    assert not [text for text in counted.texts if "INSERT" in text]


async def test_other_tenants_show_nothing_here(world: World) -> None:
    other = await create_world("bristol")
    await sent(other, "GET", "/scim/v2/Users")
    assert ticked(await collected(world)) == []
    assert ticked(await collected(other)) == ["authenticated"]


async def test_few_users_are_counted_at_once(world: World) -> None:
    await world.push_user("ann", displayName="Ann")
    await world.push_user("bob")
    coverage = await setup_check.get_coverage(world.source, now=world.now)
    assert (coverage.tally.user_count, coverage.tally.count("displayName"), coverage.is_live) == (2, 1, True)
    assert not coverage.is_complete


async def test_many_users_are_counted_in_batches_in_the_background(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup_check, "COUNTED_AT_ONCE_MAX", 2)
    monkeypatch.setattr(setup_check, "COUNT_BATCH", 2)
    for number in range(5):
        await world.push_user(f"person{number}", displayName="x")
    assert (await setup_check.get_coverage(world.source, now=world.now)).counted_at is None
    noted.add_change(world.tenant.tenant_id, world.source.source_id, world.now)
    await traffic.flush(now=world.now)
    assert await setup_check.has_users_to_count(world.now)

    began_at = world.tick()
    counts = [await setup_check.count_attributes(now=began_at)]
    while counted := await setup_check.count_attributes(now=world.tick()):
        counts.append(counted)

    coverage = await setup_check.get_coverage(world.source, now=world.now)
    assert counts == [2, 2, 1]
    assert (coverage.tally.user_count, coverage.counted_at, coverage.is_live) == (5, began_at, False)
    assert not await setup_check.has_users_to_count(world.now)


async def test_they_are_counted_again_ten_minutes_after_a_change(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup_check, "COUNTED_AT_ONCE_MAX", 0)
    await world.push_user("ann")
    noted.clear()
    noted.add_change(world.tenant.tenant_id, world.source.source_id, world.now)
    await traffic.flush(now=world.now)
    while await setup_check.count_attributes(now=world.tick()):
        pass
    world.now += timedelta(minutes=5)
    noted.add_change(world.tenant.tenant_id, world.source.source_id, world.now)
    await traffic.flush(now=world.now)

    assert not await setup_check.has_users_to_count(world.tick())
    assert await setup_check.has_users_to_count(world.now + timedelta(minutes=10))


async def test_counting_changes_nothing_that_is_told(world: World) -> None:
    before = await events.list_events(world.tenant.tenant_id, limit=50)
    await sent(world, "GET", "/scim/v2/Users")
    await collected(world)
    assert await events.list_events(world.tenant.tenant_id, limit=50) == before
