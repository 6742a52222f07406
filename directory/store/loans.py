"""Reads of loans: who has what, and who had it before."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from directory.equipment_model import Item, ItemId, Loan, LoanId
from directory.model import TenantId, UserId
from directory.names import name_key
from directory.store.circles import parsed_id
from directory.store.compiled import Statement
from directory.store.equipment import item_from
from directory.store.unit import Row, fetch, fetch_one

_LOAN = (
    "l.id AS loan_id, l.item_id, l.user_id, l.out_at, l.out_by, l.due_at, l.condition_out, l.note AS loan_note,"
    " l.returned_at, l.returned_by, l.condition_in"
)
_ITEM = (
    "i.id, i.tenant_id, i.tag, i.name, i.category, i.serial, i.value_minor, i.currency, i.state, i.note, i.version,"
    " i.created_at, i.modified_at"
)
_OPEN = Statement(
    f"SELECT {_LOAN} FROM loan_row l WHERE l.tenant_id = $1::uuid AND l.item_id = ANY($2::uuid[])"
    " AND l.returned_at IS NULL"
)
_OF_ITEM = Statement(
    f"SELECT {_LOAN}, u.display_name, u.user_name, u.deleted_at FROM loan_row l"
    " LEFT JOIN user_row u ON u.tenant_id = l.tenant_id AND u.id = l.user_id"
    " WHERE l.tenant_id = $1::uuid AND l.item_id = $2::uuid AND ($3::uuid IS NULL OR l.id < $3::uuid)"
    " ORDER BY l.id DESC LIMIT $4::bigint"
)
# CROSS JOIN keeps SQLite from beginning with all items.
_HELD = Statement(
    f"SELECT {_ITEM}, {_LOAN} FROM loan_row l CROSS JOIN equipment_row i"
    " WHERE l.tenant_id = $1::uuid AND l.user_id = ANY($2::uuid[]) AND l.returned_at IS NULL"
    " AND i.tenant_id = l.tenant_id AND i.id = l.item_id ORDER BY l.user_id, i.tag_key"
)
_FORMER = Statement(
    f"SELECT {_ITEM}, {_LOAN} FROM loan_row l CROSS JOIN equipment_row i"
    " WHERE l.tenant_id = $1::uuid AND l.user_id = $2::uuid AND l.returned_at IS NOT NULL"
    " AND i.tenant_id = l.tenant_id AND i.id = l.item_id ORDER BY l.id DESC LIMIT $3::bigint"
)
_COUNTS = Statement(
    "SELECT l.user_id, count(*) AS things FROM loan_row l WHERE l.tenant_id = $1::uuid"
    " AND l.user_id = ANY($2::uuid[]) AND l.returned_at IS NULL GROUP BY l.user_id"
)
_PERSON = "u.id, u.user_name, u.display_name, u.email, u.active"
_BY_ID = Statement(
    f"SELECT {_PERSON} FROM user_row u WHERE u.tenant_id = $1::uuid AND u.id = $2::uuid AND u.deleted_at IS NULL"
)
_BY_NAME = Statement(
    f"SELECT {_PERSON} FROM user_row u"
    " WHERE u.tenant_id = $1::uuid AND u.user_name_key = $2::text AND u.deleted_at IS NULL"
)
_BY_EXTERNAL_ID = Statement(
    f"SELECT DISTINCT {_PERSON} FROM source_row s CROSS JOIN user_link_row k CROSS JOIN user_row u"
    " WHERE s.tenant_id = $1::uuid AND k.tenant_id = s.tenant_id AND k.source_id = s.id AND k.external_id = $2::text"
    " AND u.tenant_id = k.tenant_id AND u.id = k.user_id AND u.deleted_at IS NULL LIMIT 2"
)
_BY_EMAIL = Statement(
    f"SELECT DISTINCT {_PERSON} FROM email_row e CROSS JOIN user_row u"
    " WHERE e.tenant_id = $1::uuid AND e.value_key = $2::text"
    " AND u.tenant_id = e.tenant_id AND u.id = e.user_id AND u.deleted_at IS NULL LIMIT 2"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A user as somebody who may have equipment."""

    user_id: UserId
    user_name: str
    name: str
    email: str | None
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PastLoan:
    """A loan of an item, with the name of the person; empty for one who was purged."""

    loan: Loan
    holder: str
    holder_gone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldItem:
    """An item with its loan."""

    item: Item
    loan: Loan

    def is_overdue(self, now: datetime) -> bool:
        """Whether it should be back by now."""
        return self.loan.returned_at is None and self.loan.due_at is not None and self.loan.due_at < now


def loan_from(row: Row) -> Loan:
    """Return a loan from its row."""
    return Loan(
        loan_id=LoanId(row["loan_id"]),
        item_id=ItemId(row["item_id"]),
        user_id=UserId(row["user_id"]),
        out_at=row["out_at"],
        out_by=row["out_by"],
        due_at=row["due_at"],
        condition_out=row["condition_out"],
        note=row["loan_note"],
        returned_at=row["returned_at"],
        returned_by=row["returned_by"],
        condition_in=row["condition_in"],
    )


async def open_loans(tenant_id: TenantId, item_ids: Sequence[ItemId]) -> dict[ItemId, Loan]:
    """Return the open loan of each of these items that has one; the caller holds the items."""
    found = [loan_from(row) for row in await fetch(_OPEN, tenant_id, list(item_ids))]
    return {loan.item_id: loan for loan in found}


async def loans_of_item(tenant_id: TenantId, item_id: ItemId, *, before: LoanId | None, limit: int) -> list[PastLoan]:
    """Return who had an item, the newest first."""
    rows = await fetch(_OF_ITEM, tenant_id, item_id, before, limit)
    return [
        PastLoan(
            loan=loan_from(row),
            holder=row["display_name"] or row["user_name"] or "",
            holder_gone=row["user_name"] is None or row["deleted_at"] is not None,
        )
        for row in rows
    ]


async def held_by(tenant_id: TenantId, user_ids: Sequence[UserId]) -> dict[UserId, list[HeldItem]]:
    """Return what these users have, by tag; who has nothing is left out."""
    found: dict[UserId, list[HeldItem]] = {}
    for row in await fetch(_HELD, tenant_id, list(user_ids)):
        found.setdefault(UserId(row["user_id"]), []).append(HeldItem(item=item_from(row), loan=loan_from(row)))
    return found


async def formerly_held_by(tenant_id: TenantId, user_id: UserId, *, limit: int) -> list[HeldItem]:
    """Return what a user had and gave back, the newest first."""
    rows = await fetch(_FORMER, tenant_id, user_id, limit)
    return [HeldItem(item=item_from(row), loan=loan_from(row)) for row in rows]


async def counts_of(tenant_id: TenantId, user_ids: Sequence[UserId]) -> dict[UserId, int]:
    """Return how many items these users have; who has none is left out."""
    rows = await fetch(_COUNTS, tenant_id, list(user_ids))
    return {UserId(row["user_id"]): int(row["things"]) for row in rows}


async def find_by_id(tenant_id: TenantId, text: str) -> list[Holder]:
    """Return the live user of that id, if there is one."""
    user_id = parsed_id(text)
    return [] if user_id is None else _holders([await fetch_one(_BY_ID, tenant_id, user_id)])


async def find_by_user_name(tenant_id: TenantId, text: str) -> list[Holder]:
    """Return the live user of that name, if there is one."""
    return _holders([await fetch_one(_BY_NAME, tenant_id, name_key(text))])


async def find_by_external_id(tenant_id: TenantId, text: str) -> list[Holder]:
    """Return live users whom a source knows by that id, two at most."""
    return _holders(await fetch(_BY_EXTERNAL_ID, tenant_id, text))


async def find_by_email(tenant_id: TenantId, text: str) -> list[Holder]:
    """Return live users who have that address, two at most."""
    return _holders(await fetch(_BY_EMAIL, tenant_id, name_key(text)))


Finder = Callable[[TenantId, str], Awaitable[list[Holder]]]
FINDERS: dict[str, Finder] = {
    "id": find_by_id,
    "user_name": find_by_user_name,
    "external_id": find_by_external_id,
    "email": find_by_email,
}
"""How a person is named, in the order in which a bare text is tried."""


async def find_holders(tenant_id: TenantId, text: str, *, by_what: str | None = None) -> list[Holder]:
    """Return the active and disabled users whom a text names: by id, user name, externalId or e-mail, or one of these.

    More than one means that the text does not say who is meant.
    """
    text = text.strip()
    if not text or len(text) > 500 or "\0" in text:
        return []
    for find in (FINDERS[by_what],) if by_what else FINDERS.values():
        if found := await find(tenant_id, text):
            return found
    return []


def _holders(rows: Sequence[Row | None]) -> list[Holder]:
    return [
        Holder(
            user_id=UserId(row["id"]),
            user_name=row["user_name"],
            name=row["display_name"] or row["user_name"],
            email=row["email"],
            active=row["active"],
        )
        for row in rows
        if row is not None
    ]
