"""Imports: what was shown is what is applied, line by line, and a second time nothing."""

from collections import Counter
from dataclasses import replace

import pytest

from directory import equipment, equipment_imports, loans, locks
from directory.equipment import ItemFilter
from directory.equipment_imports import EquipmentImport, EquipmentMovedError
from directory.equipment_model import Details
from directory.errors import ForbiddenError, InvalidError, NotFoundError
from directory.model import Actor
from tests.directory.lending import delete, disable, leavers, lend, make_item, viewer
from tests.directory.world import World, create_world

pytestmark = pytest.mark.anyio


async def draft(world: World, text: str, by: Actor | None = None) -> EquipmentImport:
    return await equipment_imports.draft_import(text.encode(), "items.csv", by=by or world.system, now=world.tick())


async def apply(world: World, one: EquipmentImport) -> EquipmentImport:
    return await equipment_imports.apply_import(one.import_id, one.plan_hash, by=world.system, now=world.tick())


async def shown(one: EquipmentImport) -> list[tuple[int, str, str]]:
    lines = await equipment_imports.list_lines(one.tenant_id, one.import_id, None, after=0, limit=1000)
    return [(line.number, line.verdict, line.reason) for line in lines]


async def tags(world: World) -> list[str]:
    return [line.item.details.tag async for line in equipment.each_item(world.tenant.tenant_id, ItemFilter())]


async def test_each_line_says_what_it_comes_to(world: World) -> None:
    await make_item(world, "A")
    await make_item(world, "B")
    await world.push_user("ann")

    one = await draft(
        world,
        "tag,name,value,currency,state,holder\n"
        "a,Laptop,1299.00,EUR,,\n"
        "A,Laptop,1299.00,EUR,,\n"
        "B,MacBook,1299.00,EUR,,ann@example.org\n"
        "C,Phone,12x,EUR,,\n"
        "D,Phone,,,,\n"
        "E,Phone,,,,nobody@example.org\n"
        "F,Phone,,,broken,\n"
        ",Phone,,,,\n"
        "G,Phone,,,out,\n"
        "H,Phone,,,lost,ann@example.org\n",
    )

    assert await shown(one) == [
        (2, "changed", "tag"),
        (3, "wrong", "tag stands on line 2 too"),
        (4, "changed", "name, holder"),
        (5, "wrong", "value is not a sum such as 1299.00"),
        (6, "new", "name, state, tag"),
        (7, "wrong", "holder names nobody here: nobody@example.org"),
        (8, "wrong", "state is none of stock, out, retired and lost"),
        (9, "wrong", "tag is needed"),
        (10, "wrong", "holder is needed for an item that is out"),
        (11, "wrong", "state says lost, and somebody is named who has the item"),
    ]
    assert (one.new_count, one.changed_count, one.same_count, one.wrong_count) == (1, 2, 0, 7)
    assert await tags(world) == ["A", "B"]


async def test_what_was_shown_is_applied_and_a_second_time_nothing(world: World) -> None:
    ann = await world.push_user("ann")
    await make_item(world, "A")
    one = await draft(world, "tag,name,holder,due\nA,MacBook,ext-ann,2027-01-31\nB,Phone,,\n")

    done = await apply(world, one)
    again = await apply(world, one)

    assert (done.state, done.applied_count, done.failed_count) == ("done", 2, 0)
    assert again == done
    assert await tags(world) == ["A", "B"]
    (held,) = await loans.held_by(world.tenant.tenant_id, ann.user_id)
    assert (held.item.details.name, f"{held.loan.due_at:%Y-%m-%d}") == ("MacBook", "2027-01-31")
    same = await draft(world, "tag,name,holder,due\nA,MacBook,ext-ann,2027-01-31\nB,Phone,,\n")
    assert {verdict for _, verdict, _ in await shown(same)} == {"same"}


async def test_columns_that_a_file_lacks_leave_what_is_there(world: World) -> None:
    item = await make_item(world, "A", serial="S-1", note="mine")

    await apply(world, await draft(world, "tag,name\nA,MacBook\n"))

    after = await equipment.get_item(world.tenant.tenant_id, item.item_id)
    assert after.details == replace(item.details, name="MacBook")


@pytest.mark.parametrize("by_id", [True, False])
async def test_who_has_it_and_was_deleted_since_is_no_mistake_of_the_file(world: World, *, by_id: bool) -> None:
    ann, item = await world.push_user("ann"), await make_item(world, "A")
    await lend(world, item, ann)
    await delete(world, ann)
    holder = str(ann.user_id) if by_id else "ANN@example.org"

    one = await draft(world, f"tag,name,state,holder\nA,MacBook,out,{holder}\n")
    assert (one.changed_count, one.wrong_count) == (1, 0)
    await apply(world, one)

    after = await equipment.get_tagged(world.tenant.tenant_id, "A")
    assert (after.details.name, after.state) == ("MacBook", "out")
    assert (await draft(world, "tag,name,state,holder\nA,MacBook,out,nobody\n")).wrong_count == 1


async def test_lines_whose_item_changed_since_are_left_alone(world: World) -> None:
    item = await make_item(world, "A")
    one = await draft(world, "tag,name\nA,MacBook\nB,Phone\nC,Phone\n")
    await equipment.edit_item(item.item_id, Details(tag="A", name="Other"), by=world.system, now=world.tick())
    await make_item(world, "b", "Theirs")

    done = await apply(world, one)

    assert (done.applied_count, done.failed_count) == (1, 2)
    assert (await equipment.get_tagged(world.tenant.tenant_id, "A")).details.name == "Other"
    failed = await equipment_imports.list_lines(one.tenant_id, one.import_id, "failed", after=0, limit=9)
    assert [(line.number, line.reason) for line in failed] == [
        (2, "changed since the preview"),
        (3, "changed since the preview"),
    ]


async def test_another_file_than_the_one_that_was_shown_is_not_applied(world: World) -> None:
    one = await draft(world, "tag,name\nA,MacBook\n")

    with pytest.raises(EquipmentMovedError):
        await apply(world, replace(one, plan_hash="0" * 64))
    assert await tags(world) == []


async def test_an_import_gives_nothing_to_whom_it_does_not_find_and_takes_nothing_away(world: World) -> None:
    ann, ben = await world.push_user("ann"), await world.push_user("ben")
    item = await make_item(world, "A")
    await lend(world, item, ann)

    one = await draft(world, "tag,name,holder,state\nA,Laptop,ben@example.org,\n")
    two = await draft(world, "tag,name,state\nA,Laptop,stock\n")
    three = await draft(world, "tag,name,holder,state\nA,Laptop,,\n")

    assert [line[1] for line in (*await shown(one), *await shown(two), *await shown(three))] == [
        "wrong",
        "wrong",
        "same",
    ]
    assert "who has the item" in (await shown(one))[0][2]
    assert (await loans.held_by(world.tenant.tenant_id, ben.user_id)) == []


async def test_equipment_of_somebody_disabled_can_be_brought_in_and_is_asked_back(world: World) -> None:
    ben = await world.push_user("ben")
    await disable(world, ben)

    await apply(world, await draft(world, "tag,name,holder\nA,Laptop,ben@example.org\n"))

    assert [holder.user_id for holder in await leavers(world)] == [ben.user_id]


async def test_a_long_file_is_applied_by_the_duty_in_batches(world: World) -> None:
    text = "tag,name\n" + "".join(f"T-{number:04},Phone\n" for number in range(320))
    one = await apply(world, await draft(world, text))
    assert (one.state, one.applied_count) == ("running", 0)

    steps = 0
    while await equipment_imports.has_open_imports(world.now):
        await equipment_imports.advance_imports(world.tick())
        steps += 1

    done = await equipment_imports.get_import(one.tenant_id, one.import_id)
    assert (done.state, done.applied_count, steps) == ("done", 320, 8)
    assert len(await tags(world)) == 320


async def test_whoever_may_no_longer_manage_goes_on_with_nothing(world: World) -> None:
    user = await locks.create_local_user(
        "kim", role_id=world.roles["user_manager"].role_id, by=world.system, now=world.tick()
    )
    by = Actor(tenant_id=world.tenant.tenant_id, kind="operator", label="Kim", user_id=user.user_id,
               permissions=world.roles["user_manager"].permissions)  # fmt: skip
    one = await draft(world, "tag,name\nA,Phone\n", by)
    await locks.lock_role(
        user.user_id, world.roles["viewer"].role_id, reason="x", until=None, by=world.system, now=world.tick()
    )

    done = await equipment_imports.apply_import(one.import_id, one.plan_hash, by=by, now=world.tick())

    assert (done.state, done.applied_count) == ("done", 0)
    assert await tags(world) == []


async def test_files_of_another_tenant_are_not_there(world: World) -> None:
    one = await draft(world, "tag,name\nA,Phone\n")
    other = await create_world("other")

    with pytest.raises(NotFoundError):
        await apply(other, one)
    with pytest.raises(NotFoundError):
        await equipment_imports.get_import(other.tenant.tenant_id, one.import_id)
    with pytest.raises(ForbiddenError):
        await draft(world, "tag,name\nA,Phone\n", viewer(world))
    with pytest.raises(InvalidError):
        await draft(world, "colour\nred\n")


async def test_a_file_that_was_dropped_is_gone_and_old_ones_are_forgotten(world: World) -> None:
    one, two = await draft(world, "tag,name\nA,x\n"), await draft(world, "tag,name\nB,x\n")
    await equipment_imports.drop_import(one.import_id, by=world.system, now=world.tick())
    with pytest.raises(NotFoundError):
        await apply(world, one)

    await apply(world, two)
    with pytest.raises(NotFoundError):
        await equipment_imports.drop_import(two.import_id, by=world.system, now=world.tick())
    while await equipment_imports.forget_old(now=world.now):
        pass

    assert [kept.import_id for kept in await equipment_imports.list_imports(one.tenant_id, limit=9)] == [two.import_id]


async def test_many_lines_are_shown_by_page(world: World) -> None:
    text = "tag,name,serial\n" + "".join(f"T-{number:05},Phone,S{number}\n" for number in range(2_000))

    one = await draft(world, text)

    lines = await equipment_imports.list_lines(one.tenant_id, one.import_id, "new", after=1_990, limit=100)
    assert Counter(line.verdict for line in lines) == {"new": 11}
    assert one.line_count == 2_000
