"""Cells of reports as pages show them: what kind they are, their words, and where they lead."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from directory.report_shapes import Cell, ReportRow, Subject
from portal.visit import Visit

_PLACES = {"user": "sub-accounts", "group": "groups", "source": "configure-scim"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCell:
    """One cell as a template needs it."""

    kind: Literal["none", "text", "number", "time", "link"]
    value: str | int | datetime = ""
    href: str = ""
    detail: str = ""


def shown_rows(rows: Sequence[ReportRow], visit: Visit) -> list[list[ShownCell]]:
    """Return rows for a template."""
    return [[shown_cell(cell, visit) for cell in row] for row in rows]


def shown_cell(cell: Cell, visit: Visit) -> ShownCell:
    """Return one cell for a template."""
    match cell:
        case None | "":
            return ShownCell(kind="none")
        case bool():
            return ShownCell(kind="text", value="Yes" if cell else "No")
        case int():
            return ShownCell(kind="number", value=cell)
        case datetime():
            return ShownCell(kind="time", value=cell)
        case Subject():
            detail = cell.detail if cell.detail != cell.name else ""
            return ShownCell(kind="link", value=cell.name, href=_path_of(cell, visit), detail=detail)
        case _:
            return ShownCell(kind="text", value=cell)


def _path_of(cell: Subject, visit: Visit) -> str:
    if cell.kind == "request":
        return visit.path("activity", "requests", cell.name)
    return visit.path(_PLACES[cell.kind], cell.ident)
