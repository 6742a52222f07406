"""Items that the tenant owns: written down, changed, listed; who has them is a matter of ``directory.loans``."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from directory.commit import check_version, commit_plan, in_unit_of
from directory.edits import Expect
from directory.equipment_model import Details, Item, ItemId, ItemState, KeptState, checked_details
from directory.errors import AlreadyExistsError, InvalidError, NotFoundError
from directory.facts import Moment
from directory.model import Actor, TenantId
from directory.names import name_key
from directory.page_keys import parse_key, render_key
from directory.plan_equipment import new_item, plan_item_edit, plan_new_item, state_for
from directory.store import equipment
from directory.store.equipment import COUNTED_MAX, Due, Holding, ItemFilter, ItemLine

__all__ = [
    "COUNTED_MAX",
    "SOON",
    "Due",
    "Holding",
    "ItemFilter",
    "ItemLine",
    "ItemPage",
    "count_items",
    "count_states",
    "create_item",
    "each_item",
    "edit_item",
    "get_item",
    "get_line",
    "get_tagged",
    "list_categories",
    "list_items",
    "put_item",
    "retire_item",
]

SOON = timedelta(days=14)
"""An item is due soon within this time."""

CATEGORIES_MAX = 200
EACH_PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemPage:
    """Some items by tag; ``next_after`` opens the next page."""

    lines: list[ItemLine]
    next_after: str | None


async def create_item(details: Details, *, by: Actor, now: datetime) -> Item:
    """Write an item down, in stock.

    Raises:
        InvalidError: a text that cannot be kept, or a sum that is none.
        AlreadyExistsError: another item has the tag.
        ForbiddenError: the actor may not manage users and what they hold.
    """
    by.require("users:manage")
    item = new_item(checked_details(details), "stock", moment=Moment(at=now, by=by))

    async def body() -> None:
        await commit_plan(plan_new_item(item), by=by, now=now)

    await in_unit_of(by, body)
    return item


async def edit_item(
    item_id: ItemId,
    details: Details,
    state: KeptState | None = None,
    *,
    expect: Expect = None,
    by: Actor,
    now: datetime,
) -> Item:
    """Change what is written down of an item, and with ``state`` what became of it while nobody has it.

    Raises:
        NotFoundError: the tenant has no such item.
        StaleError: it is not at the expected version.
        InvalidError: as for ``create_item``, or a state for an item that somebody has.
        AlreadyExistsError, ForbiddenError: as for ``create_item``.
    """
    by.require("users:manage")
    details = checked_details(details)

    async def body() -> Item:
        held = await equipment.hold_items(by.tenant_id, [item_id])
        if not held:
            raise NotFoundError("item", item_id)
        check_version("item", item_id, held[0].version, expect)
        await commit_plan(plan_item_edit(held[0], details, state_for(held[0], state), at=now), by=by, now=now)
        return await get_item(by.tenant_id, item_id)

    return await in_unit_of(by, body)


async def put_item(
    details: Details, state: KeptState | None = None, *, expect: Expect = None, by: Actor, now: datetime
) -> tuple[Item, bool]:
    """Bring the item of a tag into being, or make it so; returns it and whether it is new. Again, it does nothing.

    Raises:
        StaleError: it is not at the expected version.
        InvalidError, ForbiddenError: as for ``edit_item``.
    """
    by.require("users:manage")
    details = checked_details(details)
    key = name_key(details.tag)

    async def body() -> tuple[Item, bool]:
        found = (await equipment.find_tagged(by.tenant_id, [key], hold=True)).get(key)
        if found is None:
            check_version("item", details.tag, 0, expect)
            item = new_item(details, state or "stock", moment=Moment(at=now, by=by))
            await commit_plan(plan_new_item(item), by=by, now=now)
            return item, True
        check_version("item", details.tag, found.version, expect)
        await commit_plan(plan_item_edit(found, details, state_for(found, state), at=now), by=by, now=now)
        return await get_item(by.tenant_id, found.item_id), False

    try:
        return await in_unit_of(by, body)
    except AlreadyExistsError:  # somebody else wrote it down at the same moment: so it is there now
        return await in_unit_of(by, body)


async def retire_item(item_id: ItemId, *, expect: Expect = None, by: Actor, now: datetime) -> None:
    """Retire an item, whatever is written down of it; one that is retired stays so.

    Raises:
        NotFoundError, StaleError, ForbiddenError: as for ``edit_item``.
        InvalidError: somebody has it.
    """
    by.require("users:manage")

    async def body() -> None:
        held = await equipment.hold_items(by.tenant_id, [item_id])
        if not held:
            raise NotFoundError("item", item_id)
        item = held[0]
        if item.state == "out":
            raise InvalidError("item", "is with somebody: check it in first")
        check_version("item", item_id, item.version, expect)
        await commit_plan(plan_item_edit(item, item.details, "retired", at=now), by=by, now=now)

    await in_unit_of(by, body)


async def get_item(tenant_id: TenantId, item_id: ItemId) -> Item:
    """Return an item.

    Raises:
        NotFoundError: the tenant has none of that id.
    """
    item = await equipment.find_item(tenant_id, item_id)
    if item is None:
        raise NotFoundError("item", item_id)
    return item


async def get_line(tenant_id: TenantId, item_id: ItemId) -> ItemLine:
    """Return an item with who has it.

    Raises:
        NotFoundError: the tenant has none of that id.
    """
    line = await equipment.find_line(tenant_id, item_id)
    if line is None:
        raise NotFoundError("item", item_id)
    return line


async def get_tagged(tenant_id: TenantId, tag: str) -> Item:
    """Return the item of a tag, whatever its case.

    Raises:
        NotFoundError: the tenant has none.
    """
    item = await equipment.find_by_tag(tenant_id, tag)
    if item is None:
        raise NotFoundError("item", tag)
    return item


async def list_items(tenant_id: TenantId, wanted: ItemFilter, *, after: str | None, limit: int) -> ItemPage:
    """Return a page of items by tag, with who has each.

    Raises:
        InvalidError: ``after`` was not made by an earlier page.
    """
    behind = None if after is None else parse_key(after, "text")[0]
    lines = await equipment.page_of_items(tenant_id, wanted, after=behind, limit=limit + 1)
    more = len(lines) > limit
    lines = lines[:limit]
    key = render_key(name_key(lines[-1].item.details.tag), UUID(int=0)) if more else None
    return ItemPage(lines=lines, next_after=key)


async def each_item(tenant_id: TenantId, wanted: ItemFilter) -> AsyncIterator[ItemLine]:
    """Yield all wanted items by tag, page by page."""
    after: str | None = None
    while True:
        page = await list_items(tenant_id, wanted, after=after, limit=EACH_PAGE)
        for line in page.lines:
            yield line
        if (after := page.next_after) is None:
            return


async def count_items(tenant_id: TenantId, wanted: ItemFilter) -> int:
    """Return how many items are wanted; ``COUNTED_MAX`` stands for so many or more."""
    return await equipment.count_items(tenant_id, wanted)


async def count_states(tenant_id: TenantId) -> dict[ItemState, int]:
    """Return how many items are in which state."""
    return await equipment.count_states(tenant_id)


async def list_categories(tenant_id: TenantId) -> list[str]:
    """Return the categories in use."""
    return await equipment.list_categories(tenant_id, limit=CATEGORIES_MAX)
