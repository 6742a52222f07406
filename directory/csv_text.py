"""Rows as CSV text, and no cell that a spreadsheet would take for a formula."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeAlias
from unicodedata import category

Cell: TypeAlias = str | int | bool | datetime | None

BYTE_ORDER_MARK = "\ufeff"
"""By it Excel knows that a file is UTF-8; programs that read CSV may take it for a part of the first heading."""

# What spreadsheets read as a formula at the start of a cell (OWASP, "CSV Injection"), the full-width forms included.
_FORMULA_STARTS = frozenset("=+-@\uff1d\uff0b\uff0d\uff20")
_CONTROLS = ("\t", "\r", "\n")
"""These too when they stand first, or behind spaces."""

_INVISIBLE = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})
"""Unicode categories of what a spreadsheet may skip before it looks: spaces, and signs that nobody sees."""


def safe_cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: one that could be gets an apostrophe in front."""
    seen = next((sign for sign in text if not _is_invisible(sign)), "")
    return f"'{text}" if seen in _FORMULA_STARTS or text.lstrip(" ")[:1] in _CONTROLS else text


def _is_invisible(sign: str) -> bool:
    return sign.isspace() or category(sign) in _INVISIBLE


def csv_line(cells: Sequence[Cell]) -> str:
    """Return one line: every cell quoted, times in UTC, nothing for None."""
    return ",".join(_quoted(cell) for cell in cells) + "\r\n"


def _quoted(cell: Cell) -> str:
    match cell:
        case None:
            return '""'
        case bool():
            return '"yes"' if cell else '"no"'
        case int():
            return f'"{cell}"'
        case datetime():
            return f'"{_moment(cell)}"'
        case _:
            doubled = safe_cell(cell.replace("\0", "")).replace('"', '""')
            return f'"{doubled}"'


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
