"""Equipment, reports, alerts, webhooks, the guard and its approvals are taken back like everything else."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest

from directory import alert_recipients, equipment, guard_limits, held, loans, schedules, undo, undo_runs, webhooks
from directory.alert_recipients import Choice
from directory.equipment_model import Details, Item, Terms
from directory.events import list_events
from directory.guard import Limits
from directory.held import Selection
from directory.model import Actor, User
from directory.plan_equipment import HandIn
from directory.webhook_model import WEBHOOK_KINDS
from tests.directory import scheduling
from tests.directory.guarding import delete, disable, empty, push_people, set_active, waiting
from tests.directory.lending import lend, make_item
from tests.directory.undoing import lead_of_last, operator_in, state_of, undone
from tests.directory.world import World

pytestmark = pytest.mark.anyio

Deed = Callable[[World, Actor, User], AsyncIterator[None]]
"""Prepares, yields, and then does the operator's deed."""


async def create_item(world: World, by: Actor, _user: User) -> AsyncIterator[None]:
    yield
    await equipment.create_item(Details(tag="T-1", name="Laptop"), by=by, now=world.tick())


async def edit_item(world: World, by: Actor, _user: User) -> AsyncIterator[None]:
    item = await make_item(world, "T-1")
    yield
    await equipment.edit_item(
        item.item_id, Details(tag="T-2", name="Phone", note="Old"), "stock", by=by, now=world.tick()
    )


async def check_out(world: World, by: Actor, user: User) -> AsyncIterator[None]:
    item = await make_item(world, "T-1")
    yield
    await loans.check_out(item.item_id, user.user_id, Terms(condition="new"), by=by, now=world.tick())


async def lend_to_a_leaver(world: World, by: Actor, user: User) -> AsyncIterator[None]:
    item = await make_item(world, "T-1")
    await set_active(world, user, active=False)
    yield
    await loans.check_out(item.item_id, user.user_id, Terms(), by=by, now=world.tick())


async def lent(world: World, user: User) -> Item:
    item = await make_item(world, "T-1")
    await lend(world, item, user)
    return item


async def check_in(world: World, by: Actor, user: User) -> AsyncIterator[None]:
    item = await lent(world, user)
    yield
    await loans.check_in([item.item_id], HandIn(condition="worn"), by=by, now=world.tick())


async def check_in_of_a_leaver(world: World, by: Actor, user: User) -> AsyncIterator[None]:
    item = await lent(world, user)
    await set_active(world, user, active=False)
    yield
    await loans.check_in([item.item_id], HandIn(), by=by, now=world.tick())


async def change_due(world: World, by: Actor, user: User) -> AsyncIterator[None]:
    item = await lent(world, user)
    yield
    await loans.change_due(item.item_id, world.now + timedelta(days=9), by=by, now=world.tick())


async def create_schedule(world: World, by: Actor, _user: User) -> AsyncIterator[None]:
    yield
    await schedules.create_schedule(scheduling.terms(), by=by, now=world.tick())


async def edit_schedule(world: World, by: Actor, _user: User) -> AsyncIterator[None]:
    made = await scheduling.make_schedule(world)
    yield
    other = scheduling.terms("never-seen", "other@example.org", name="Evening list")
    await schedules.edit_schedule(made.schedule_id, other, expected_version=made.version, by=by, now=world.tick())


async def delete_schedule(world: World, by: Actor, _user: User) -> AsyncIterator[None]:
    made = await scheduling.make_schedule(world)
    yield
    await schedules.delete_schedule(made.schedule_id, by=by, now=world.tick())


async def add_recipient(world: World, by: Actor, _user: User) -> AsyncIterator[None]:
    yield
    await alert_recipients.add_recipient(
        user_id=None, address="ops@example.org", choice=Choice(), by=by, now=world.tick()
    )


async def guard_limits_set(world: World, by: Actor, _user: User) -> AsyncIterator[None]:
    yield
    await guard_limits.set_limits(Limits(at_least=3, percent=5), by=by, now=world.tick())


async def let_pass(world: World, by: Actor, _user: User) -> AsyncIterator[None]:
    await guard_limits.let_pass(world.source.source_id, "users", 5, by=world.system, now=world.tick())
    yield
    await guard_limits.let_pass(world.source.source_id, "users", 50, by=by, now=world.tick())


def draft(url: str) -> webhooks.WebhookDraft:
    return webhooks.WebhookDraft(label="Desk", url=url, kinds=frozenset({next(iter(WEBHOOK_KINDS))}))


async def edit_webhook(world: World, by: Actor, _user: User) -> AsyncIterator[None]:
    made = await webhooks.create_webhook(
        draft("https://hooks.example.org/a"), allow_private=False, by=world.system, now=world.tick()
    )
    yield
    other = draft("https://hooks.example.org/b")
    await webhooks.edit_webhook(made.webhook_id, other, allow_private=False, by=by, now=world.tick())


async def turn_webhook_off(world: World, by: Actor, _user: User) -> AsyncIterator[None]:
    made = await webhooks.create_webhook(
        draft("https://hooks.example.org/a"), allow_private=False, by=world.system, now=world.tick()
    )
    yield
    await webhooks.turn_off(made.webhook_id, by=by, now=world.tick())


async def test_a_webhook_goes_again_but_its_secret_does_not_come_back(world: World) -> None:
    by = await operator_in(world)
    before = await state_of(world)
    await webhooks.create_webhook(draft("https://hooks.example.org/a"), allow_private=False, by=by, now=world.tick())
    await undone(world, await lead_of_last(world, by), by)
    assert await state_of(world) == before
    shown = await undo.preview_undo(await lead_of_last(world, by), by=by, now=world.tick())
    assert "secret" in shown.state.reason


DEEDS: list[Deed] = [
    create_item,
    edit_item,
    check_out,
    lend_to_a_leaver,
    check_in,
    check_in_of_a_leaver,
    change_due,
    create_schedule,
    edit_schedule,
    delete_schedule,
    add_recipient,
    guard_limits_set,
    let_pass,
    edit_webhook,
    turn_webhook_off,
]


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.__name__)
async def test_state_is_as_before_and_again_as_after_when_the_undo_is_undone(world: World, deed: Deed) -> None:
    ann = await world.push_user("ann")
    by = await operator_in(world)
    doing = deed(world, by, ann)
    await anext(doing)
    before = await state_of(world)
    async for _ in doing:
        pass
    lead = await lead_of_last(world, by)
    after = await state_of(world)
    assert after != before
    first = await undone(world, lead, by)
    assert (first.conflicts, first.state.reason) == ((), "")
    assert await state_of(world) == before
    again = await lead_of_last(world, by)
    await undone(world, again, by)
    assert await state_of(world) == after


async def test_an_item_that_was_lent_since_does_not_go(world: World) -> None:
    by, ann = await operator_in(world), await world.push_user("ann")
    item = await equipment.create_item(Details(tag="T-1", name="Laptop"), by=by, now=world.tick())
    lead = await lead_of_last(world, by)
    await lend(world, item, ann)
    shown = await undo.preview_undo(lead, by=by, now=world.tick())
    assert shown.refused
    assert shown.conflicts


@pytest.mark.parametrize("kind", ["disable", "delete", "empty"])
async def test_an_approval_goes_back_to_what_was_held(world: World, kind: str) -> None:
    by = await operator_in(world)
    people = await push_people(world, 24)
    group = await world.push_group("Staff", [f"ext-p{at}" for at in range(24)])
    await world.map_group(group, "editor")
    if kind == "empty":
        await empty(world, group)
    for user in people[: 0 if kind == "empty" else 14]:
        await (disable if kind == "disable" else delete)(world, user)
    before = await state_of(world)
    lines = (await waiting(world))[:3]
    assert len(lines) == 3
    selection = Selection(held_ids=tuple(line.held.held_id for line in lines))
    shown = await held.show(selection, by=by, limit=10)
    await held.decide(selection, "approved", shown.plan_hash, by=by, now=world.tick())
    assert await state_of(world) != before
    lead = next(one for one in await list_events(world.tenant.tenant_id, limit=100) if one.action == "held:approved")
    state = (await undo.preview_undo(lead.event_id, by=by, now=world.tick())).state
    assert state.job_id is not None
    looked = await undo_runs.preview_run(state.job_id, by=by, now=world.tick())
    assert (len(looked.ready), looked.left) == (3 if kind != "empty" else len(looked.ready), ())
    run = await undo_runs.start_run(state.job_id, looked.plan_hash, by=by, now=world.tick())
    assert run.left_count == 0
    assert await state_of(world) == before
    assert len(await waiting(world)) >= 3
    await world.assert_consistent()


async def test_an_approval_that_its_source_overtook_is_left(world: World) -> None:
    by = await operator_in(world)
    people = await push_people(world, 24)
    for user in people[:12]:
        await disable(world, user)
    lines = await waiting(world)
    selection = Selection(held_ids=tuple(line.held.held_id for line in lines))
    shown = await held.show(selection, by=by, limit=10)
    await held.decide(selection, "approved", shown.plan_hash, by=by, now=world.tick())
    back = next(user for user in people if user.user_id == lines[0].held.user_id)
    await set_active(world, back, active=True)
    lead = next(one for one in await list_events(world.tenant.tenant_id, limit=100) if one.action == "held:approved")
    state = (await undo.preview_undo(lead.event_id, by=by, now=world.tick())).state
    assert state.job_id is not None
    looked = await undo_runs.preview_run(state.job_id, by=by, now=world.tick())
    assert [one.subject_id for one in looked.left] == [back.user_id]
