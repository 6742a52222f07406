"""A search, whoever asked: a tree of comparisons that the store turns into conditions.

Attribute names are RFC 7643's canonical ones, resolved and checked by the door: ``userName``, ``emails`` with part
``value``, ``meta`` with part ``lastModified``. What the store cannot search it refuses with InvalidError, and never
widens.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Comparison = Literal["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr"]
Operand = str | int | float | bool | datetime | None


@dataclass(frozen=True, slots=True)
class Term:
    """One comparison; ``pr`` has the operand None."""

    attribute: str
    part: str | None
    comparison: Comparison
    operand: Operand = None


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


Query = Term | Element | And | Or | Not
