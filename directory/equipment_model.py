"""Equipment as values: items, loans, sums of money, and what each may be called."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal
from types import MappingProxyType
from typing import Literal, NewType, get_args
from uuid import UUID

from directory.errors import InvalidError
from directory.model import TenantId, UserId
from directory.names import words_in

ItemId = NewType("ItemId", UUID)
LoanId = NewType("LoanId", UUID)

ItemState = Literal["stock", "out", "retired", "lost"]
KeptState = Literal["stock", "retired", "lost"]
"""What an item can be without being with anybody."""

STATES: tuple[ItemState, ...] = get_args(ItemState)
KEPT_STATES: tuple[KeptState, ...] = get_args(KeptState)

TAG_CHARS_MAX = 64
TEXT_CHARS_MAX = 200
NOTE_CHARS_MAX = 500
WORDS_CHARS_MAX = 400
VALUE_MINOR_MAX = 10**15
_CURRENCY = re.compile(r"[A-Z]{3}")
_AMOUNT = re.compile(r"([0-9]{1,13})(?:\.([0-9]{1,3}))?")
_DIGITS = MappingProxyType(
    {**dict.fromkeys(("CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF", "XPF"), 0),
     **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3)}
)  # fmt: skip
"""Digits after the point, where they are not two (ISO 4217)."""

# A spreadsheet takes a cell that begins so for a formula; files that we give out have an apostrophe in front of it.
_ESCAPED = re.compile(r"'+(?=[\s=+\-@\uff1d\uff0b\uff0d\uff20])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """A sum in the smallest unit of its currency (ISO 4217): 129900 EUR are 1299.00."""

    minor: int
    currency: str

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"

    @property
    def amount(self) -> str:
        """The sum as people write it, with a point and all digits after it."""
        digits = _DIGITS.get(self.currency, 2)
        return f"{Decimal(self.minor).scaleb(-digits):.{digits}f}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What is written down of an item; ``tag`` tells it from all others of the tenant, whatever its case."""

    tag: str
    name: str
    category: str = ""
    serial: str = ""
    value: Money | None = None
    note: str = ""

    @property
    def words(self) -> str:
        """What a search looks through: a blank before each word of tag, name, category and serial number."""
        said = f"{self.tag} {self.name} {self.category} {self.serial}"
        return "".join(f" {word}" for word in words_in(said))[:WORDS_CHARS_MAX]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that the tenant owns and lends."""

    item_id: ItemId
    tenant_id: TenantId
    details: Details
    state: ItemState
    version: int
    created_at: datetime
    modified_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Loan:
    """That a user has, or had, an item."""

    loan_id: LoanId
    item_id: ItemId
    user_id: UserId
    out_at: datetime
    out_by: str
    due_at: datetime | None
    condition_out: str
    note: str
    returned_at: datetime | None = None
    returned_by: str | None = None
    condition_in: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How something goes out: until when, in which condition, and what else is to be remembered."""

    due_at: datetime | None = None
    condition: str = ""
    note: str = ""


def checked_details(given: Details) -> Details:
    """Return details as they are kept: without blanks around them, and nothing that cannot be shown.

    Raises:
        InvalidError: a text that is missing, too long or not printable, or a sum that is none.
    """
    tag = plain_text("tag", given.tag, chars_max=TAG_CHARS_MAX, required=True)
    if "/" in tag or "\\" in tag or not tag.strip("."):
        raise InvalidError("tag", "may not hold slashes, since it stands in addresses, and is more than points")
    return Details(
        tag=tag,
        name=plain_text("name", given.name, required=True),
        category=plain_text("category", given.category, chars_max=80),
        serial=plain_text("serial", given.serial),
        value=None if given.value is None else checked_money(given.value),
        note=plain_text("note", given.note, chars_max=NOTE_CHARS_MAX),
    )


def checked_terms(given: Terms) -> Terms:
    """Return terms as they are kept.

    Raises:
        InvalidError: a text that is too long or not printable.
    """
    return Terms(
        due_at=given.due_at,
        condition=plain_text("condition", given.condition),
        note=plain_text("note", given.note, chars_max=NOTE_CHARS_MAX),
    )


def plain_text(name: str, text: str, *, chars_max: int = TEXT_CHARS_MAX, required: bool = False) -> str:
    """Return one line of text; the apostrophe that keeps a spreadsheet from reading a formula is taken off.

    Raises:
        InvalidError: it is missing, too long, or cannot be printed.
    """
    text = _ESCAPED.sub("", text.strip(), count=1) if text.lstrip().startswith("'") else text.strip()
    text = text.strip()
    if required and not text:
        raise InvalidError(name, "is needed")
    if len(text) > chars_max:
        raise InvalidError(name, f"may have {chars_max} characters, and has {len(text)}")
    if not text.isprintable():
        raise InvalidError(name, "holds characters that cannot be printed")
    return text


def parse_money(amount: str, currency: str) -> Money | None:
    """Return a sum written with a point, such as ``1299.00`` and ``EUR``; None where nothing is written.

    Raises:
        InvalidError: no sum, or no currency.
    """
    amount, currency = amount.strip(), currency.strip().upper()
    if not amount:
        return None
    if _CURRENCY.fullmatch(currency) is None:
        raise InvalidError("currency", "is needed with a value, as three letters such as EUR")
    found = _AMOUNT.fullmatch(amount)
    digits = _DIGITS.get(currency, 2)
    if found is None or len(found[2] or "") > digits:
        raise InvalidError("value", f"is not a sum such as {Money(minor=129900, currency=currency).amount}")
    minor = int(found[1]) * 10**digits + int((found[2] or "").ljust(digits, "0") or "0")
    return checked_money(Money(minor=minor, currency=currency))


def checked_money(money: Money) -> Money:
    """Return a sum that can be kept.

    Raises:
        InvalidError: it is negative or beyond all value, or the currency is not three letters.
    """
    if _CURRENCY.fullmatch(money.currency) is None:
        raise InvalidError("currency", "must be three capital letters such as EUR")
    if not 0 <= money.minor <= VALUE_MINOR_MAX:
        raise InvalidError("value", "must be zero or more, and is too large")
    return money


def parse_day(name: str, text: str) -> datetime | None:
    """Return the last moment (UTC) of a day written as year-month-day; None where nothing is written.

    Raises:
        InvalidError: it is no such day.
    """
    text = text.strip()
    if not text:
        return None
    try:
        day = datetime.strptime(text[:10], "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise InvalidError(name, "is not a day such as 2026-01-31") from error
    return datetime.combine(day, time.max, tzinfo=UTC)
