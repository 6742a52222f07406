"""A file of items as it comes from people: headings and cells to lines, whatever the columns are called."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

from directory.errors import InvalidError
from directory.names import name_key

BYTES_MAX = 5 * 1024 * 1024
LINES_MAX = 20_000
CELL_CHARS_MAX = 2_000
_DELIMITERS = (",", ";", "\t")

Column = Literal["tag", "name", "category", "serial", "value", "currency", "state", "note", "holder", "due"]
COLUMNS: tuple[Column, ...] = get_args(Column)
_CALLED: Mapping[Column, tuple[str, ...]] = MappingProxyType(
    {
        "tag": ("asset tag", "inventory number", "asset number", "asset id"),
        "name": ("asset name", "item", "item name", "description", "model"),
        "category": ("type", "asset type"),
        "serial": ("serial number", "serial no", "serial no.", "s/n"),
        "value": ("purchase cost", "cost", "price"),
        "currency": (),
        "state": ("status",),
        "note": ("notes", "comment", "remark"),
        "holder": ("checked out to", "assigned to", "user name", "username", "e-mail", "email"),
        "due": ("due date", "expected checkin", "expected check-in", "expected checkin date"),
    }
)
_BY_NAME = {name: column for column in COLUMNS for name in (column, *_CALLED[column])}
READ_ONLY = frozenset({"holder name", "holder status", "out since", "changed"})
"""Columns of our own files that tell something and change nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a file: where it stands, and what it says of the columns that the file has."""

    number: int
    """As a spreadsheet or an editor counts it; the headings are on line 1."""
    cells: Mapping[Column, str]
    problem: str = ""
    """Why it cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFile:
    """A file that was read."""

    columns: tuple[Column, ...]
    unknown: tuple[str, ...]
    """Headings that mean nothing here; their cells are left out."""
    lines: tuple[Line, ...]


def parse_items(content: bytes) -> ItemFile:
    """Return what a file of comma, semicolon or tab separated values says.

    Raises:
        InvalidError: it is too large, no text in UTF-8, no such file, or lacks a column that is needed.
    """
    if len(content) > BYTES_MAX:
        raise InvalidError("file", f"is larger than {BYTES_MAX >> 20} MiB: split it")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidError("file", "is not text in UTF-8: save it as “CSV UTF-8”") from error
    rows = _rows(text)
    _, headings = next(rows, (0, []))
    columns, unknown = _columns(headings)
    lines: list[Line] = []
    for number, cells in rows:
        if len(lines) == LINES_MAX:
            raise InvalidError("file", f"has more than {LINES_MAX:,} lines: split it")
        lines.append(_line(number, cells, columns))
    if not lines:
        raise InvalidError("file", "has headings and no line below them")
    known = tuple(column for column in columns if column is not None)
    return ItemFile(columns=known, unknown=unknown, lines=tuple(lines))


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not empty, with the line on which each begins."""
    first = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield number, cells
            number = reader.line_num + 1
    except csv.Error as error:
        raise InvalidError("file", f"cannot be read on line {reader.line_num}: {error}") from error


def _columns(headings: Sequence[str]) -> tuple[list[Column | None], tuple[str, ...]]:
    columns: list[Column | None] = []
    unknown: list[str] = []
    for heading in headings:
        key = " ".join(name_key(heading).split())
        column = _BY_NAME.get(key)
        if column is not None and column in columns:
            raise InvalidError("file", f"has two columns for the {column}, the second called “{heading.strip()[:40]}”")
        if column is None and key and key not in READ_ONLY:
            unknown.append(heading.strip()[:80])
        columns.append(column)
    for needed in ("tag", "name"):
        if needed not in columns:
            raise InvalidError("file", f"has no column “{needed.capitalize()}”: the first line holds the headings")
    return columns, tuple(unknown)


def _line(number: int, cells: Sequence[str], columns: Sequence[Column | None]) -> Line:
    if len(cells) > len(columns) and any(cell.strip() for cell in cells[len(columns) :]):
        return Line(number=number, cells={}, problem="has more cells than there are headings")
    said = {column: cell.strip() for column, cell in zip(columns, cells, strict=False) if column is not None}
    if any(len(cell) > CELL_CHARS_MAX for cell in said.values()):
        return Line(number=number, cells={}, problem=f"has a cell with more than {CELL_CHARS_MAX:,} characters")
    missing: dict[Column, str] = {column: "" for column in columns if column is not None and column not in said}
    return Line(number=number, cells={**said, **missing})
