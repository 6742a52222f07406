"""Reads of items: one, by tag, and as a list with who has each, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Literal

from directory.equipment_model import Details, Item, ItemId, ItemState, Money
from directory.model import TenantId, UserId
from directory.names import begins_within, name_key, words_in
from directory.store.compiled import Statement
from directory.store.conditions import NEVER, Values
from directory.store.holding import HeldRead
from directory.store.unit import Row, fetch, fetch_one

_ITEM = (
    "i.id, i.tenant_id, i.tag, i.name, i.category, i.serial, i.value_minor, i.currency, i.state, i.note, i.version,"
    " i.created_at, i.modified_at"
)
_ONE = f"SELECT {_ITEM} FROM equipment_row i WHERE i.tenant_id = $1::uuid"
_GET = Statement(f"{_ONE} AND i.id = $2::uuid")
_BY_TAG = Statement(f"{_ONE} AND i.tag_key = $2::text")
_TO_CHANGE = HeldRead(f"{_ONE} AND i.id = ANY($2::uuid[]) ORDER BY i.id", of="i")
_BY_TAGS = Statement(f"{_ONE} AND i.tag_key = ANY($2::text[])")
_BY_TAGS_TO_CHANGE = HeldRead(f"{_ONE} AND i.tag_key = ANY($2::text[]) ORDER BY i.id", of="i")
_LINE = (
    f"SELECT {_ITEM}, l.user_id, l.out_at, l.due_at, u.display_name, u.user_name, u.email,"
    " (u.active AND u.deleted_at IS NULL)::boolean AS here FROM {found}equipment_row i"
    " LEFT JOIN loan_row l ON l.tenant_id = i.tenant_id AND l.item_id = i.id AND l.returned_at IS NULL"
    " LEFT JOIN user_row u ON u.tenant_id = l.tenant_id AND u.id = l.user_id WHERE i.tenant_id = $1::uuid"
)
_LINES = f"{_LINE.replace('{found}', 'found CROSS JOIN ')} AND i.id = found.id ORDER BY i.tag_key"
_GET_LINE = Statement(f"{_LINE.replace('{found}', '')} AND i.id = $2::uuid")
# From one category to the next by the index: there are far fewer of them than items.
_NEXT = "SELECT min(i.category_key) FROM equipment_row i WHERE i.tenant_id = $1::uuid AND i.category_key > "
_CATEGORIES = Statement(
    f"WITH RECURSIVE keys AS (SELECT ({_NEXT}'') AS key UNION ALL SELECT ({_NEXT}keys.key) FROM keys"
    " WHERE keys.key IS NOT NULL) SELECT (SELECT min(i.category) FROM equipment_row i WHERE i.tenant_id = $1::uuid"
    " AND i.category_key = keys.key) AS category FROM keys WHERE keys.key IS NOT NULL LIMIT $2::bigint"
)
_STATES = Statement("SELECT state, count(*) AS things FROM equipment_row WHERE tenant_id = $1::uuid GROUP BY state")

Holding = Literal["active", "disabled", "nobody"]
Due = Literal["overdue", "soon", "none"]
COUNTED_MAX = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFilter:
    """Which items are wanted; None and empty text want all."""

    text: str = ""
    """Beginnings of words of tag, name, category or serial number; all of them must be there."""
    state: ItemState | None = None
    category: str | None = None
    holder: Holding | None = None
    """Who has it: somebody active, somebody disabled or deleted, or nobody."""
    user_id: UserId | None = None
    due: Due | None = None
    """On loan and over its day; due within ``soon_at``; on loan without a day."""
    now: datetime | None = None
    soon_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemLine:
    """An item with who has it."""

    item: Item
    user_id: UserId | None
    holder: str
    """Display name or user name; empty where the person was purged, or nobody has the item."""
    user_name: str
    email: str | None
    holder_here: bool
    """Whether the holder is active."""
    out_at: datetime | None
    due_at: datetime | None


def item_from(row: Row) -> Item:
    """Return an item from its row."""
    minor = row["value_minor"]
    return Item(
        item_id=ItemId(row["id"]),
        tenant_id=TenantId(row["tenant_id"]),
        details=Details(
            tag=row["tag"],
            name=row["name"],
            category=row["category"],
            serial=row["serial"],
            value=None if minor is None else Money(minor=minor, currency=row["currency"]),
            note=row["note"],
        ),
        state=row["state"],
        version=row["version"],
        created_at=row["created_at"],
        modified_at=row["modified_at"],
    )


async def find_item(tenant_id: TenantId, item_id: ItemId) -> Item | None:
    """Return an item, or None."""
    row = await fetch_one(_GET, tenant_id, item_id)
    return None if row is None else item_from(row)


async def find_line(tenant_id: TenantId, item_id: ItemId) -> ItemLine | None:
    """Return an item with who has it, or None."""
    row = await fetch_one(_GET_LINE, tenant_id, item_id)
    return None if row is None else _line_from(row)


async def find_by_tag(tenant_id: TenantId, tag: str) -> Item | None:
    """Return the item of that tag, or None."""
    row = await fetch_one(_BY_TAG, tenant_id, name_key(tag))
    return None if row is None else item_from(row)


async def hold_items(tenant_id: TenantId, item_ids: Sequence[ItemId]) -> list[Item]:
    """Return the items that are there and hold them until the unit ends, in the order of their ids."""
    return [item_from(row) for row in await _TO_CHANGE(tenant_id, list(item_ids))]


async def find_tagged(tenant_id: TenantId, tag_keys: Sequence[str], *, hold: bool = False) -> dict[str, Item]:
    """Return the items that have these tag keys, by the key; with ``hold`` they stay so until the unit ends."""
    if hold:
        rows = await _BY_TAGS_TO_CHANGE(tenant_id, list(tag_keys))
    else:
        rows = await fetch(_BY_TAGS, tenant_id, list(tag_keys), unbounded=True)
    return {name_key(item.details.tag): item for item in map(item_from, rows)}


async def page_of_items(tenant_id: TenantId, wanted: ItemFilter, *, after: str | None, limit: int) -> list[ItemLine]:
    """Return at most ``limit`` items behind the tag key ``after``, by tag."""
    values = Values(tenant_id)
    where = _conditions(wanted, values)
    if after is not None:
        where += f" AND i.tag_key > {values.place(after, 'text')}"
    limited = f"WHERE {where} ORDER BY i.tag_key LIMIT {values.place(limit, 'bigint')}"
    text = f"WITH found AS (SELECT i.id FROM equipment_row i{{index}} {limited}) {_LINES}"
    return [_line_from(row) for row in await fetch(_statement(text), *values.values, unbounded=True)]


async def count_items(tenant_id: TenantId, wanted: ItemFilter) -> int:
    """Return how many items are wanted; ``COUNTED_MAX`` stands for so many or more."""
    values = Values(tenant_id)
    found = f"SELECT 1 AS one FROM equipment_row i{{index}} WHERE {_conditions(wanted, values)} LIMIT {COUNTED_MAX}"
    (row,) = await fetch(
        _statement(f"SELECT count(*) AS total FROM ({found}) AS found"), *values.values, unbounded=True
    )
    return int(row["total"])


async def list_categories(tenant_id: TenantId, *, limit: int) -> list[str]:
    """Return the categories in use, each in one spelling."""
    return [row["category"] for row in await fetch(_CATEGORIES, tenant_id, limit, unbounded=True)]


async def count_states(tenant_id: TenantId) -> dict[ItemState, int]:
    """Return how many items are in which state."""
    return {row["state"]: int(row["things"]) for row in await fetch(_STATES, tenant_id, unbounded=True)}


def _conditions(wanted: ItemFilter, values: Values) -> str:
    tests = ["i.tenant_id = $1::uuid"]
    if wanted.state is not None:
        tests.append(f"i.state = {values.place(wanted.state, 'text')}")
    if wanted.category is not None:
        tests.append(f"i.category_key = {values.place(name_key(wanted.category), 'text')}")
    if wanted.text.strip():
        sought = (word if begins_within(word) else f" {word}" for word in words_in(wanted.text))
        tests += [f"strpos(i.words, {values.place(word, 'text')}) > 0" for word in sought] or [NEVER]
    return " AND ".join([*tests, *_loans(wanted, values)])


def _loans(wanted: ItemFilter, values: Values) -> list[str]:
    """Return the conditions on who has the item, as sets that are made once."""
    on_loan = "SELECT l.item_id FROM loan_row l WHERE l.tenant_id = $1::uuid AND l.returned_at IS NULL"
    # Whoever is disabled and has something has an open return task.
    leavers = (
        "SELECT l.item_id FROM return_task_row r CROSS JOIN loan_row l WHERE r.tenant_id = $1::uuid"
        " AND r.closed_at IS NULL AND l.tenant_id = r.tenant_id AND l.user_id = r.user_id AND l.returned_at IS NULL"
    )
    tests = []
    if wanted.user_id is not None:
        tests.append(f"i.id IN ({on_loan} AND l.user_id = {values.place(wanted.user_id, 'uuid')})")
    match wanted.holder:
        case "nobody":
            tests.append("i.state <> 'out'")
        case "disabled":
            tests.append(f"i.id IN ({leavers})")
        case "active":
            tests.append(f"i.state = 'out' AND i.id NOT IN ({leavers})")
        case None:
            pass
    if wanted.due is not None:
        tests.append(f"i.id IN ({on_loan} AND {_due(wanted, values)})")
    return tests


def _due(wanted: ItemFilter, values: Values) -> str:
    match wanted.due:
        case "overdue":
            return f"l.due_at < {values.place(wanted.now, 'timestamptz')}"
        case "soon":
            now, soon = values.place(wanted.now, "timestamptz"), values.place(wanted.soon_at, "timestamptz")
            return f"l.due_at >= {now} AND l.due_at < {soon}"
        case _:
            return "l.due_at IS NULL"


def _line_from(row: Row) -> ItemLine:
    user_id = row["user_id"]
    return ItemLine(
        item=item_from(row),
        user_id=None if user_id is None else UserId(user_id),
        holder=row["display_name"] or row["user_name"] or "",
        user_name=row["user_name"] or "",
        email=row["email"],
        holder_here=bool(row["here"]),
        out_at=row["out_at"],
        due_at=row["due_at"],
    )


@lru_cache(maxsize=256)
def _statement(text: str) -> Statement:
    """Return a statement, put together once per shape of filter; SQLite is told which index serves."""
    sqlite = text.format(index=" INDEXED BY equipment_listed").replace("strpos(", "instr(")
    return Statement(text.format(index=""), sqlite=sqlite)
