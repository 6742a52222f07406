"""Loans: one person has an item, and whoever leaves with one is asked for it."""

from datetime import timedelta

import pytest

from directory import equipment, events, graves, loans, locks, sources, status, undo
from directory.equipment_model import Money, Terms
from directory.errors import ForbiddenError, InvalidError, NotFoundError
from directory.model import Actor
from directory.plan_equipment import HandIn
from directory.store import equipment_imports
from directory.store.compiled import Statement
from directory.store.unit import execute
from tests.directory.lending import delete, disable, leavers, lend, make_item, take_back, viewer
from tests.directory.world import World, create_world

pytestmark = pytest.mark.anyio
LINK = Statement(
    "INSERT INTO user_link_row (tenant_id, source_id, external_id, user_id)"
    " VALUES ($1::uuid, $2::uuid, 'ext-ann', $3::uuid)"
)


async def test_an_item_is_with_one_person_at_a_time(world: World) -> None:
    item, ann, ben = await make_item(world, "A"), await world.push_user("ann"), await world.push_user("ben")
    loan = await lend(world, item, ann, Terms(due_at=world.now + timedelta(days=30), condition="new", note="desk 4"))

    assert await lend(world, item, ann) == loan
    with pytest.raises(InvalidError, match="with somebody else"):
        await lend(world, item, ben)

    assert [held.item.details.tag for held in await loans.held_by(world.tenant.tenant_id, ann.user_id)] == ["A"]
    assert (await equipment.get_item(world.tenant.tenant_id, item.item_id)).state == "out"


async def test_what_is_back_can_go_out_again_and_its_history_stays(world: World) -> None:
    item, ann, ben = await make_item(world, "A"), await world.push_user("ann"), await world.push_user("ben")
    await lend(world, item, ann)

    assert [await take_back(world, item), await take_back(world, item)] == [1, 0]
    await lend(world, item, ben)

    past = await loans.list_loans(world.tenant.tenant_id, item.item_id, before=None, limit=10)
    assert [(one.loan.user_id, one.loan.returned_at is None) for one in past] == [
        (ben.user_id, True),
        (ann.user_id, False),
    ]
    assert [
        held.item.details.tag for held in await loans.list_former(world.tenant.tenant_id, ann.user_id, limit=5)
    ] == ["A"]
    told = await events.list_events(world.tenant.tenant_id, subject_id=ann.user_id, limit=2)
    assert [event.action for event in told] == ["user:equipment:in", "user:equipment:out"]


async def test_what_is_lost_or_retired_goes_to_nobody(world: World) -> None:
    item, ann = await make_item(world, "A"), await world.push_user("ann")
    await lend(world, item, ann)
    await loans.check_in([item.item_id], HandIn(state="lost"), by=world.system, now=world.tick())

    with pytest.raises(InvalidError, match="is lost"):
        await lend(world, item, ann)
    await equipment.edit_item(item.item_id, item.details, "stock", by=world.system, now=world.tick())
    await lend(world, item, ann)
    with pytest.raises(InvalidError, match="check it in"):
        await equipment.edit_item(item.item_id, item.details, "retired", by=world.system, now=world.tick())


async def test_neither_things_nor_people_of_another_tenant_can_be_lent(world: World) -> None:
    other = await create_world("other")
    item, ann = await make_item(world, "A"), await world.push_user("ann")
    their_item, theirs = await make_item(other, "A"), await other.push_user("ann")

    for wanted, person in ((their_item, ann), (item, theirs)):
        with pytest.raises(NotFoundError):
            await lend(world, wanted, person)
    with pytest.raises(NotFoundError):
        await take_back(world, their_item)
    with pytest.raises(ForbiddenError):
        await loans.check_out(item.item_id, ann.user_id, Terms(), by=viewer(world), now=world.tick())
    with pytest.raises(ForbiddenError):
        await loans.check_in([item.item_id], HandIn(), by=viewer(world), now=world.tick())


async def test_who_leaves_with_equipment_is_on_the_report_at_once(world: World) -> None:
    ann, ben = await world.push_user("ann"), await world.push_user("ben", displayName="Ben")
    await lend(world, await make_item(world, "A"), ann)
    for tag in ("B", "C"):
        await lend(world, await make_item(world, tag), ben)
    assert await leavers(world) == []

    await disable(world, ben)
    world.now += timedelta(days=3, hours=1)

    (found,) = await leavers(world)
    assert (found.name, found.days, found.deleted) == ("Ben", 3, False)
    assert [held.item.details.tag for held in found.items] == ["B", "C"]
    assert found.values == (Money(minor=259_800, currency="EUR"),)
    assert await loans.count_disabled_holders(world.tenant.tenant_id) == 1


async def test_the_task_is_done_with_the_last_item(world: World) -> None:
    ben = await world.push_user("ben")
    items = [await make_item(world, tag) for tag in "AB"]
    for item in items:
        await lend(world, item, ben)
    await disable(world, ben)

    await take_back(world, items[0])
    assert len(await leavers(world)) == 1
    await take_back(world, items[1])

    assert await leavers(world) == []
    told = await events.list_events(world.tenant.tenant_id, subject_id=ben.user_id, limit=2)
    assert {event.action for event in told} == {"user:equipment:in", "user:return:done"}


async def test_whoever_is_enabled_again_keeps_what_they_have(world: World) -> None:
    ben = await world.push_user("ben")
    await lend(world, await make_item(world, "A"), ben)

    await disable(world, ben)
    await disable(world, ben, active=True)

    assert await leavers(world) == []
    assert len(await loans.held_by(world.tenant.tenant_id, ben.user_id)) == 1
    await disable(world, ben)
    assert len(await leavers(world)) == 1


async def test_whoever_is_deleted_is_asked_too_and_comes_back_with_it(world: World) -> None:
    ben = await world.push_user("ben")
    item = await make_item(world, "A")
    await lend(world, item, ben)

    await delete(world, ben)

    (found,) = await leavers(world)
    assert (found.deleted, found.user_name) == (True, "ben@example.org")
    assert await loans.holds_equipment(world.tenant.tenant_id, [ben.user_id]) == {ben.user_id}
    assert (await world.push_user("ben")).user_id == ben.user_id
    assert await leavers(world) == []
    await delete(world, ben)
    assert await take_back(world, item) == 1
    assert await leavers(world) == []
    assert await loans.holds_equipment(world.tenant.tenant_id, [ben.user_id]) == set()


async def test_whoever_is_restored_keeps_what_they_have_and_is_asked_for_nothing(world: World) -> None:
    ben = await world.push_user("ben")
    await lend(world, await make_item(world, "A"), ben)
    await delete(world, ben)

    await graves.restore_user(ben.user_id, by=world.system, now=world.tick())

    assert await leavers(world) == []
    assert len(await loans.held_by(world.tenant.tenant_id, ben.user_id)) == 1


async def test_an_operator_who_keeps_somebody_out_asks_for_the_equipment_too(world: World) -> None:
    ben = await world.push_user("ben")
    await lend(world, await make_item(world, "A"), ben)

    await status.block_signin(ben.user_id, reason="left", by=world.system, now=world.tick())
    assert len(await leavers(world)) == 1
    await status.allow_signin(ben.user_id, by=world.system, now=world.tick())

    assert await leavers(world) == []


async def test_lending_to_somebody_disabled_is_asked_back_since_they_left(world: World) -> None:
    ben = await world.push_user("ben")
    await disable(world, ben)
    left_at = world.now
    item = await make_item(world, "A")

    await lend(world, item, ben)

    (found,) = await leavers(world)
    assert found.disabled_at == left_at
    await take_back(world, item)
    await lend(world, item, ben)
    assert [one.disabled_at for one in await leavers(world)] == [left_at]


async def test_a_local_account_that_is_disabled_or_deleted_is_asked_like_everybody(world: World) -> None:
    user = await locks.create_local_user(
        "temp", role_id=world.roles["viewer"].role_id, by=world.system, now=world.tick()
    )
    await lend(world, await make_item(world, "A"), user)

    await status.set_local_status(user.user_id, active=False, by=world.system, now=world.tick())

    assert [found.user_name for found in await leavers(world)] == ["temp"]


async def test_the_report_is_paged_and_begins_with_who_left_first(world: World) -> None:
    names = ["ann", "ben", "cyd"]
    for name in names:
        user = await world.push_user(name)
        await lend(world, await make_item(world, name), user)
        await disable(world, user)

    seen, after = [], None
    while True:
        found = await loans.list_disabled_holders(world.tenant.tenant_id, after=after, limit=2, now=world.now)
        seen += [holder.user_name.partition("@")[0] for holder in found.holders]
        if (after := found.next_after) is None:
            break

    assert seen == names
    other = await create_world("other")
    assert await leavers(other) == []


@pytest.mark.parametrize("text", ["ben@example.org", "BEN@example.org", "ext-ben", "b.x@example.com"])
async def test_people_are_found_by_name_external_id_and_address(world: World, text: str) -> None:
    ben = await world.push_user("ben", emails=[{"value": "b.x@example.com"}])
    await world.push_user("zoe")

    assert [one.user_id for one in await loans.find_holders(world.tenant.tenant_id, text)] == [ben.user_id]
    assert [one.user_id for one in await loans.find_holders(world.tenant.tenant_id, str(ben.user_id))] == [ben.user_id]
    assert await loans.find_holders((await create_world("other")).tenant.tenant_id, text) == []


async def test_an_external_id_that_two_connections_give_one_person_names_that_person(world: World) -> None:
    ann = await world.push_user("ann")
    tenant_id = world.tenant.tenant_id
    second = await sources.create_source(
        kind="scim", preset="strict", label="Second", by=world.system, now=world.tick()
    )
    await execute(LINK, tenant_id, second.source_id, ann.user_id)

    assert [one.user_id for one in await loans.find_holders(tenant_id, "ext-ann")] == [ann.user_id]
    named = await equipment_imports.find_named(tenant_id, ["ext-ann"])
    assert [one.user_id for one in named["ext-ann"]] == [ann.user_id]


async def test_an_address_that_two_people_have_says_so(world: World) -> None:
    for name in ("ann", "ben"):
        await world.push_user(name, emails=[{"value": "team@example.org"}])

    assert len(await loans.find_holders(world.tenant.tenant_id, "team@example.org")) == 2


async def test_the_day_on_which_something_is_due_can_be_moved(world: World) -> None:
    ann, item = await world.push_user("ann"), await make_item(world, "A")
    await lend(world, item, ann)
    later = world.now + timedelta(days=9)

    await loans.change_due(item.item_id, later, by=world.system, now=world.tick())

    (held,) = await loans.held_by(world.tenant.tenant_id, ann.user_id)
    assert (held.loan.due_at, held.is_overdue(later), held.is_overdue(later + timedelta(1))) == (later, False, True)
    await take_back(world, item)
    with pytest.raises(NotFoundError):
        await loans.change_due(item.item_id, later, by=world.system, now=world.tick())


async def test_taking_back_that_is_undone_is_asked_for_of_who_left_meanwhile(world: World) -> None:
    admin = await locks.create_local_user(
        "kim", role_id=world.roles["administrator"].role_id, by=world.system, now=world.tick()
    )
    by = Actor(tenant_id=world.tenant.tenant_id, kind="operator", label="Kim", user_id=admin.user_id,
               permissions=world.roles["administrator"].permissions)  # fmt: skip
    ben, item = await world.push_user("ben"), await make_item(world, "A")
    await lend(world, item, ben)
    await loans.check_in([item.item_id], HandIn(), by=by, now=world.tick())
    (taken_back,) = await events.list_events(world.tenant.tenant_id, subject_id=ben.user_id, limit=1)
    await disable(world, ben)
    assert await leavers(world) == []

    shown = await undo.preview_undo(taken_back.event_id, by=by, now=world.tick())
    await undo.apply_undo(taken_back.event_id, shown.plan_hash, consent=False, confirmed=True, by=by, now=world.tick())

    assert [found.user_id for found in await leavers(world)] == [ben.user_id]
