"""What goes in and out of the door as JSON: the same shapes that the OpenAPI document tells of."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from directory.equipment import ItemLine
from directory.equipment_model import (
    NOTE_CHARS_MAX,
    TAG_CHARS_MAX,
    TEXT_CHARS_MAX,
    Details,
    ItemState,
    KeptState,
    Loan,
    Money,
    parse_money,
)
from directory.loans import PastLoan

Text = Annotated[str, Meta(max_length=TEXT_CHARS_MAX)]
Note = Annotated[str, Meta(max_length=NOTE_CHARS_MAX)]
Amount = Annotated[str, Meta(pattern=r"^[0-9]{1,13}(\.[0-9]{1,3})?$", examples=["1299.00"])]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$", examples=["EUR"], description="ISO 4217")]


class MoneyShape(Struct, frozen=True, forbid_unknown_fields=True):
    """A sum, written with a point."""

    amount: Amount
    currency: Currency

    @classmethod
    def of(cls, money: Money | None) -> "MoneyShape | None":
        """Return a sum as it goes out."""
        return None if money is None else cls(amount=money.amount, currency=money.currency)


class ItemBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What PUT says of an item; what is left out is emptied, but for the state, which stays."""

    name: Annotated[str, Meta(min_length=1, max_length=TEXT_CHARS_MAX)]
    category: Annotated[str, Meta(max_length=80)] = ""
    serial: Text = ""
    value: MoneyShape | None = None
    note: Note = ""
    state: KeptState | None = None

    def details(self, tag: str) -> Details:
        """Return what is to be written down under a tag.

        Raises:
            InvalidError: the value is no sum of its currency.
        """
        value = None if self.value is None else parse_money(self.value.amount, self.value.currency)
        return Details(tag=tag, name=self.name, category=self.category, serial=self.serial, value=value, note=self.note)


class HolderBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who gets an item, by exactly one of these."""

    id: Text | None = None
    user_name: Text | None = None
    email: Text | None = None
    external_id: Text | None = None

    def named(self) -> list[tuple[str, str]]:
        """Return by what the person is named."""
        return [(name, value) for name in self.__struct_fields__ if (value := getattr(self, name)) is not None]


class CheckOutBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """To whom an item goes, and on which terms."""

    holder: HolderBody
    due: date | None = None
    condition: Text = ""
    note: Note = ""


class CheckInBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How an item comes back."""

    condition: Text = ""
    state: KeptState = "stock"


class HolderShape(Struct, frozen=True, kw_only=True):
    """Who has an item."""

    id: UUID
    user_name: str
    name: str
    active: bool


class LoanShape(Struct, frozen=True, kw_only=True):
    """That somebody has an item."""

    holder: HolderShape
    out_at: datetime
    due: date | None


class PastLoanShape(Struct, frozen=True, kw_only=True):
    """That somebody has, or had, an item."""

    user_id: UUID
    name: str
    out_at: datetime
    out_by: str
    due: date | None
    condition_out: str
    note: str
    returned_at: datetime | None
    returned_by: str | None
    condition_in: str | None


class ItemShape(Struct, frozen=True, kw_only=True):
    """An item with who has it."""

    id: UUID
    tag: Annotated[str, Meta(max_length=TAG_CHARS_MAX)]
    name: str
    category: str
    serial: str
    value: MoneyShape | None
    note: str
    state: ItemState
    loan: LoanShape | None
    version: int
    created_at: datetime
    modified_at: datetime


class ItemsShape(Struct, frozen=True, kw_only=True):
    """A page of items by tag; ``next_cursor`` opens the next one, and is null on the last."""

    items: list[ItemShape]
    next_cursor: str | None


class LoansShape(Struct, frozen=True, kw_only=True):
    """Who has and had an item, the newest first; ``next_cursor`` as for items."""

    loans: list[PastLoanShape]
    next_cursor: str | None


def item_shape(line: ItemLine) -> ItemShape:
    """Return an item as it goes out."""
    item, details = line.item, line.item.details
    return ItemShape(
        id=item.item_id,
        tag=details.tag,
        name=details.name,
        category=details.category,
        serial=details.serial,
        value=MoneyShape.of(details.value),
        note=details.note,
        state=item.state,
        loan=_loan_shape(line),
        version=item.version,
        created_at=item.created_at,
        modified_at=item.modified_at,
    )


def _loan_shape(line: ItemLine) -> LoanShape | None:
    if line.user_id is None or line.out_at is None:
        return None
    holder = HolderShape(id=line.user_id, user_name=line.user_name, name=line.holder, active=line.holder_here)
    return LoanShape(holder=holder, out_at=line.out_at, due=_day(line.due_at))


def past_loan_shape(past: PastLoan) -> PastLoanShape:
    """Return a loan of the history as it goes out."""
    loan: Loan = past.loan
    return PastLoanShape(
        user_id=loan.user_id,
        name=past.holder,
        out_at=loan.out_at,
        out_by=loan.out_by,
        due=_day(loan.due_at),
        condition_out=loan.condition_out,
        note=loan.note,
        returned_at=loan.returned_at,
        returned_by=loan.returned_by,
        condition_in=loan.condition_in,
    )


def _day(at: datetime | None) -> date | None:
    return None if at is None else at.date()


SHAPES = (ItemBody, CheckOutBody, CheckInBody, ItemShape, ItemsShape, LoansShape)
"""What the document describes, beside problems."""
