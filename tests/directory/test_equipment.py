"""Items: written down once for a tag, changed, found, paged by tag."""

from datetime import timedelta

import pytest

from directory import equipment, events
from directory.equipment import ItemFilter
from directory.equipment_model import Details, Money, Terms
from directory.errors import AlreadyExistsError, ForbiddenError, InvalidError, NotFoundError, StaleError
from tests.directory.lending import disable, lend, make_item, viewer
from tests.directory.world import World, create_world

pytestmark = pytest.mark.anyio


async def tags(world: World, wanted: ItemFilter | None = None) -> list[str]:
    found = [
        line.item.details.tag async for line in equipment.each_item(world.tenant.tenant_id, wanted or ItemFilter())
    ]
    assert await equipment.count_items(world.tenant.tenant_id, wanted or ItemFilter()) == len(found)
    return found


async def test_a_tag_names_one_item_whatever_its_case(world: World) -> None:
    item = await make_item(world, "LAP-1")

    with pytest.raises(AlreadyExistsError):
        await make_item(world, "lap-1")

    assert (await equipment.get_tagged(world.tenant.tenant_id, "lap-1")).item_id == item.item_id
    other = await create_world("other")
    assert (await make_item(other, "LAP-1")).item_id != item.item_id


async def test_an_item_of_another_tenant_is_not_there(world: World) -> None:
    theirs = await make_item(await create_world("other"), "LAP-1")

    with pytest.raises(NotFoundError):
        await equipment.get_item(world.tenant.tenant_id, theirs.item_id)
    with pytest.raises(NotFoundError):
        await equipment.edit_item(theirs.item_id, theirs.details, by=world.system, now=world.tick())
    with pytest.raises(NotFoundError):
        await equipment.get_tagged(world.tenant.tenant_id, "LAP-1")


async def test_a_change_says_what_changed_and_none_says_nothing(world: World) -> None:
    item = await make_item(world, "LAP-1")
    renamed = Details(tag="LAP-1", name="MacBook", value=Money(minor=129_900, currency="EUR"))

    for _ in range(2):
        await equipment.edit_item(item.item_id, renamed, "lost", by=world.system, now=world.tick())

    told = await events.list_events(world.tenant.tenant_id, subject_id=item.item_id, limit=10)
    assert [event.action for event in told] == ["equipment:changed", "equipment:created"]
    assert {change.name: (change.old, change.new) for change in told[0].changes} == {
        "name": ("Laptop", "MacBook"),
        "state": ("stock", "lost"),
    }


async def test_a_change_of_what_is_no_longer_so_is_refused(world: World) -> None:
    item = await make_item(world, "LAP-1")
    await equipment.edit_item(item.item_id, item.details, "retired", by=world.system, now=world.tick())

    with pytest.raises(StaleError):
        await equipment.edit_item(
            item.item_id, item.details, "stock", expect=lambda version: version == 1, by=world.system, now=world.tick()
        )


async def test_putting_the_same_twice_makes_one_item_and_one_event(world: World) -> None:
    details = Details(tag="LAP-1", name="Laptop")

    answers = [await equipment.put_item(details, by=world.system, now=world.tick()) for _ in range(2)]

    assert [created for _, created in answers] == [True, False]
    assert [item.version for item, _ in answers] == [1, 1]


@pytest.mark.parametrize(
    "details",
    [
        Details(tag=" ", name="x"),
        Details(tag="a/b", name="x"),
        Details(tag="..", name="x"),
        Details(tag="a", name=""),
        Details(tag="a" * 65, name="x"),
        Details(tag="a", name="x\ny"),
        Details(tag="a", name="x", value=Money(minor=-1, currency="EUR")),
        Details(tag="a", name="x", value=Money(minor=1, currency="€")),
    ],
)
async def test_what_cannot_be_kept_is_refused_in_words(world: World, details: Details) -> None:
    with pytest.raises(InvalidError):
        await equipment.create_item(details, by=world.system, now=world.tick())
    assert await tags(world) == []


async def test_who_may_only_look_changes_nothing(world: World) -> None:
    item = await make_item(world, "LAP-1")

    with pytest.raises(ForbiddenError):
        await equipment.create_item(Details(tag="x", name="x"), by=viewer(world), now=world.tick())
    with pytest.raises(ForbiddenError):
        await equipment.edit_item(item.item_id, item.details, by=viewer(world), now=world.tick())
    with pytest.raises(ForbiddenError):
        await equipment.put_item(item.details, by=viewer(world), now=world.tick())


async def test_the_list_is_paged_by_tag(world: World) -> None:
    for number in (3, 1, 2):
        await make_item(world, f"LAP-{number}")

    first = await equipment.list_items(world.tenant.tenant_id, ItemFilter(), after=None, limit=2)
    second = await equipment.list_items(world.tenant.tenant_id, ItemFilter(), after=first.next_after, limit=2)

    assert [line.item.details.tag for line in (*first.lines, *second.lines)] == ["LAP-1", "LAP-2", "LAP-3"]
    assert second.next_after is None
    with pytest.raises(InvalidError):
        await equipment.list_items(world.tenant.tenant_id, ItemFilter(), after="x", limit=2)


async def test_filters_narrow_the_list(world: World) -> None:
    ann, ben = await world.push_user("ann"), await world.push_user("ben")
    near, far = world.now + timedelta(days=3), world.now + timedelta(days=300)
    for tag, category, user, due_at in (
        ("A", "Laptop", ann, near), ("B", "Phone", ben, far), ("C", "phone", ann, None), ("D", "Laptop", None, None),
    ):  # fmt: skip
        item = await make_item(world, tag, f"{category} of {tag}", category=category, serial=f"S-{tag}99")
        if user is not None:
            await lend(world, item, user, Terms(due_at=due_at))
    await disable(world, ben)
    now, soon = world.now, world.now + equipment.SOON

    assert await tags(world, ItemFilter(text="lap d")) == ["D"]
    assert await tags(world, ItemFilter(text="b99")) == ["B"]
    assert await tags(world, ItemFilter(state="stock")) == ["D"]
    assert await tags(world, ItemFilter(category="PHONE")) == ["B", "C"]
    assert await tags(world, ItemFilter(holder="active")) == ["A", "C"]
    assert await tags(world, ItemFilter(holder="disabled")) == ["B"]
    assert await tags(world, ItemFilter(holder="nobody")) == ["D"]
    assert await tags(world, ItemFilter(user_id=ann.user_id)) == ["A", "C"]
    assert await tags(world, ItemFilter(due="soon", now=now, soon_at=soon)) == ["A"]
    assert await tags(world, ItemFilter(due="overdue", now=far + timedelta(days=1))) == ["A", "B"]
    assert await tags(world, ItemFilter(due="none")) == ["C"]
    assert await equipment.list_categories(world.tenant.tenant_id) in (["Laptop", "Phone"], ["Laptop", "phone"])
    assert await equipment.count_states(world.tenant.tenant_id) == {"out": 3, "stock": 1}
