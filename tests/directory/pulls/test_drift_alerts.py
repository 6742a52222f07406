"""What audits found, where somebody looks after connections: states, alerts, the report."""

import pytest

from directory import alert_list, alert_watch, overview, reports
from directory.liveness import SourceState
from directory.plan_alerts import Alert
from directory.pulls import sources
from directory.report_shapes import ReportRow, Subject
from tests.directory.guarding import set_active
from tests.directory.pulls.auditing import Auditor, create_auditor
from tests.directory.world import World, create_world

pytestmark = pytest.mark.anyio


@pytest.fixture
async def auditor(world: World) -> Auditor:
    return await create_auditor(world)


async def alerts_after_a_look(world: World) -> list[Alert]:
    await alert_watch.watch(now=world.tick())
    return [one for one in await alert_list.list_open(world.tenant.tenant_id) if one.kind == "drift_found"]


async def state_of(world: World) -> SourceState:
    pulse = await overview.get_pulse(world.tenant.tenant_id, world.source.source_id, now=world.now)
    return pulse.state


async def test_an_alert_tells_of_leavers_whom_nobody_pushed_and_ends_with_them(world: World, auditor: Auditor) -> None:
    ann, ben = await world.push_user("ann"), await world.push_user("ben")
    auditor.says("ann", active=False)
    auditor.says("cid")
    await auditor.pull()

    (alert,) = await alerts_after_a_look(world)
    await set_active(world, ann, active=False)
    await set_active(world, ben, active=False)
    await auditor.pull()
    after = await alerts_after_a_look(world)

    assert (alert.label, alert.path) == ("Entra", f"connectors/{auditor.source.source_id}/drift")
    assert alert.detail.startswith(
        "2 people have access here, and by the directory that Entra by Graph reads none: 1 are"
    )
    assert after == []


async def test_who_is_missing_or_has_another_title_is_no_alert(world: World, auditor: Auditor) -> None:
    await world.push_user("ann", active=False, title="Smith")
    auditor.says("ann", title="Baker")
    auditor.says("cid")
    await auditor.pull()

    assert await alerts_after_a_look(world) == []
    assert len(await auditor.drifts()) == 3


async def test_an_alert_ends_when_nothing_is_compared_any_more(world: World, auditor: Auditor) -> None:
    await world.push_user("ann")
    auditor.says("cid", active=False)
    await auditor.pull()
    before = await alerts_after_a_look(world)

    await sources.set_mode(auditor.source.source_id, "provision", by=world.system, now=world.tick())

    assert len(before) == 1
    assert await alerts_after_a_look(world) == []


async def test_the_last_audit_is_of_the_source_that_pushed(world: World, auditor: Auditor) -> None:
    await world.push_user("ann")
    auditor.says("ann")
    await auditor.pull()
    pulse = await overview.get_pulse(world.tenant.tenant_id, world.source.source_id, now=world.now)

    assert pulse.source.confirmed_at is not None
    assert (pulse.source.confirmed_by, pulse.source.drift_count) == (auditor.source.source_id, 0)
    assert (await state_of(world)).kind != "failing"


async def test_the_report_has_every_difference_page_by_page(world: World, auditor: Auditor) -> None:
    await world.push_user("ann", title="Smith", displayName="Ann")
    await world.push_user("ben", displayName="Ben")
    auditor.says("ann", title="Baker", displayName="Ann")
    auditor.says("cid", displayName="Cid")
    await auditor.pull()
    other = await create_world("other")
    report = reports.get_report("drift")
    asked = reports.asked_for(report, world.tenant.tenant_id, {}, now=world.now)
    found: list[ReportRow] = []
    after: str | None = None
    while True:
        page = await report.read_page(asked, after, 1)
        found += page.rows
        if (after := page.next_after) is None:
            break

    told = [(cell.name if isinstance(cell := row[0], Subject) else cell, *row[1:6]) for row in found]
    assert told == [
        ("Ben", "Not in the directory", None, "ben@example.org", "not found by a whole pull", "Not known"),
        ("Cid", "Not pushed", None, None, "cid@example.org", "Not known"),
        ("Ann", "Other value", "title", "Smith", "Baker", "Not known"),
    ]
    figures = {figure.unit: figure.value for figure in (await report.summarise(asked)).figures}
    assert figures["person not pushed"] == 1
    theirs = reports.asked_for(report, other.tenant.tenant_id, {}, now=world.now)
    assert (await report.read_page(theirs, None, 9)).rows == []
