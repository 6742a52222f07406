"""How pulls ended: remembered by their source, told to who has to act, and never a reason to disable anybody."""

from datetime import datetime, timedelta

import pytest

from connectors.errors import PERMANENT
from directory import alert_list, alert_watch, overview
from directory.liveness import FAILURES_MAX, PERMANENT_FAILURES
from directory.plan_alerts import Alert
from directory.pulls import sources
from directory.pulls.model import PullSource
from tests.directory.pulls.pulled import graph_source
from tests.directory.world import World

pytestmark = pytest.mark.anyio


async def well(world: World, source: PullSource, *, until: datetime | None = None, identity: str = "d1") -> PullSource:
    await sources.note_ok(source, identity, "Contoso", until, whole=False, now=world.tick())
    return await sources.get_pull_source(source.tenant_id, source.source_id)


async def failed(
    world: World, source: PullSource, kind: str = "transient", retry_after_s: float | None = None
) -> PullSource:
    await sources.note_failure(source, kind, "the token is refused", "Make a new one.", retry_after_s, world.tick())
    return await sources.get_pull_source(source.tenant_id, source.source_id)


async def alerts(world: World, *, looking: bool = False) -> list[Alert]:
    await alert_watch.take_signals(now=world.tick())
    if looking:
        await alert_watch.watch(now=world.tick())
    return await alert_list.list_open(world.tenant.tenant_id)


async def state(world: World, source: PullSource) -> tuple[str, str]:
    found = (await overview.get_pulse(source.tenant_id, source.source_id, now=world.now)).state
    return found.kind, found.reason


def test_the_room_and_connectors_agree_on_what_does_not_pass_by_itself() -> None:
    assert PERMANENT_FAILURES == PERMANENT


async def test_a_pull_that_went_well_is_followed_by_the_next(world: World) -> None:
    source = await graph_source(world)
    kind, reason = await state(world, source)
    assert (kind, reason.partition(" in ")[0]) == ("new", "Nothing was pulled yet. That begins")
    pulled = await well(world, source)

    assert (pulled.last_ok_at, pulled.identity, pulled.identity_name) == (world.now, "d1", "Contoso")
    assert pulled.full_done_at is None
    assert pulled.next_at is not None
    assert timedelta(minutes=27) <= pulled.next_at - world.now <= timedelta(minutes=33)
    kind, reason = await state(world, pulled)
    assert kind == "receiving"
    assert reason.startswith("Pulled less than a minute ago. The next pull begins in ")
    assert await alerts(world, looking=True) == []


async def test_a_whole_pull_is_remembered_as_one(world: World) -> None:
    source = await graph_source(world)
    await sources.note_ok(source, "d1", "Contoso", None, whole=True, now=world.tick())
    whole_at = world.now
    after = await well(world, await sources.get_pull_source(source.tenant_id, source.source_id))

    assert after.full_done_at == whole_at


async def test_the_directory_that_answered_first_stays_the_one(world: World) -> None:
    source = await well(world, await graph_source(world))
    assert (await well(world, source, identity="another")).identity == "d1"


@pytest.mark.parametrize("kind", sorted(PERMANENT))
async def test_what_somebody_must_act_on_is_told_at_once(world: World, kind: str) -> None:
    source = await failed(world, await well(world, await graph_source(world)), kind)

    (alert,) = await alerts(world)
    assert (alert.kind, alert.subject, alert.label) == ("source_failing", str(source.source_id), "Graph")
    assert alert.path == f"connectors/{source.source_id}"
    assert alert.detail.startswith("The last pull failed: the token is refused. Make a new one. It is tried again in ")
    assert (await state(world, source))[0] == "failing"
    assert [one.kind for one in await alerts(world, looking=True)] == ["source_failing"]


async def test_what_may_pass_is_told_when_it_happened_three_times(world: World) -> None:
    source = await well(world, await graph_source(world))
    for number in range(1, FAILURES_MAX + 1):
        source = await failed(world, source)
        told = [alert.kind for alert in await alerts(world, looking=True)]
        assert (source.failures, told) == (number, ["source_failing"] if number == FAILURES_MAX else [])
    assert source.first_failed_at is not None
    assert source.next_at is not None
    assert source.next_at - world.now > timedelta(minutes=100)


async def test_what_passed_is_told_as_over(world: World) -> None:
    source = await failed(world, await graph_source(world), "auth")
    assert len(await alerts(world)) == 1
    source = await well(world, source)

    assert await alerts(world) == []
    assert (source.failures, source.first_failed_at, source.error_kind, source.error_words) == (0, None, None, "")


async def test_a_source_that_asks_for_a_long_pause_gets_it(world: World) -> None:
    source = await failed(world, await graph_source(world), "throttled", 4 * 3600)
    assert source.next_at is not None
    assert source.next_at - world.now >= timedelta(hours=4)


@pytest.mark.parametrize(("days", "level"), [(31, None), (29, 1), (13, 2), (6, 3), (0.5, 4), (-1, 5)])
async def test_the_end_of_a_credential_is_told_earlier_and_worse(world: World, days: float, level: int | None) -> None:
    source = await graph_source(world)
    await well(world, source, until=world.now + timedelta(days=days))

    told = [(alert.kind, alert.level) for alert in await alerts(world, looking=True)]
    assert told == ([] if level is None else [("secret_ending", level)])
    waiting = [(one.kind, one.pulled) for one in await overview.list_attention(world.tenant.tenant_id, now=world.now)]
    expected = [] if level is None else [("secret_ending" if days > 0 else "secret_ended", True)]
    assert [one for one in waiting if one[1]] == expected


async def test_a_paused_source_is_nobodys_trouble(world: World) -> None:
    source = await failed(world, await graph_source(world), "auth")
    await sources.note_ok(source, "d1", "C", world.now + timedelta(days=1), whole=False, now=world.tick())
    await sources.pause(source.source_id, by=world.system, now=world.tick())

    assert await alerts(world, looking=True) == []
    kind, reason = await state(world, source)
    assert (kind, reason) == (
        "paused",
        "Paused here: it is pulled only when somebody asks. Pulled less than a minute ago.",
    )


async def test_a_pulled_source_is_never_silent(world: World) -> None:
    source = await well(world, await graph_source(world))
    world.now += timedelta(days=30)

    assert (await state(world, source))[0] == "receiving"
    assert await alerts(world, looking=True) == []


async def test_words_of_a_failure_are_bounded(world: World) -> None:
    source = await graph_source(world)
    await sources.note_failure(source, "protocol", "x" * 5000, "y" * 5000, None, world.tick())
    kept = await sources.get_pull_source(source.tenant_id, source.source_id)
    assert (len(kept.error_words), len(kept.error_remedy)) == (500, 500)
    assert len(await alerts(world)) == 1
