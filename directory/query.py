"""A search, whoever asked: a tree of comparisons that the store turns into conditions.

Attribute names are RFC 7643's canonical ones, resolved and checked by the door: ``userName``, ``emails`` with part
``value``, ``meta`` with part ``lastModified``. What the store cannot search it refuses with InvalidError, and never
widens.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Literal, TypeVar
from uuid import UUID

Thing = TypeVar("Thing")
Comparison = Literal["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr"]
Operand = str | int | float | bool | datetime | None


@dataclass(frozen=True, slots=True)
class Term:
    """One comparison; ``pr`` has the operand None.

    ``exact``: case makes a difference. ``multi``: the attribute has several values, one of which must satisfy it.
    """

    attribute: str
    part: str | None
    comparison: Comparison
    operand: Operand = None
    exact: bool = False
    multi: bool = False


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a multi-valued attribute satisfies the whole of ``inner``, whose terms name parts."""

    attribute: str
    inner: "Query"


@dataclass(frozen=True, slots=True)
class And:
    """All of them."""

    parts: "tuple[Query, ...]"


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of them."""

    parts: "tuple[Query, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    """Not this."""

    part: "Query"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """By which attribute a search is sorted; of several values the primary one counts, else the first.

    Who has no value comes last if ascending, first if descending (RFC 7644 section 3.4.2.3); equals come in the order
    in which they were created.
    """

    attribute: str
    part: str | None = None
    descending: bool = False
    exact: bool = False
    multi: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: the value that was sorted by, if any, and the id."""

    key: str | int | float | None
    ident: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Which part of what a search finds is wanted: by offset, or behind the place where a page ended."""

    limit: int
    """0 wants the total only."""
    offset: int = 0
    order: Order | None = None
    after: Place | None = None
    total: int | None = None
    """How many there are in all, where that is known already: they are not counted again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found(Generic[Thing]):
    """A page of what a search finds, how many there are in all, and where the page ended."""

    things: list[Thing]
    total: int
    ended: Place | None
    """Where the next page starts behind; None on the last one."""


Query = Term | Element | And | Or | Not
