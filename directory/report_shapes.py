"""What every report is: columns, pages of rows, figures, and what it can be narrowed to."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from directory.errors import InvalidError
from directory.model import TenantId


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whom or what a cell is about: something with a page of its own."""

    kind: Literal["user", "group", "source", "request"]
    ident: UUID
    name: str
    """Of a request its reference, by which its page is found."""
    detail: str = ""
    """What tells two of the same name apart; a column of its own in files, if the report names it."""


TEXT_CHARS_MAX = 100
"""What an option without choices may say."""

Cell: TypeAlias = Subject | str | int | bool | datetime | None
ReportRow: TypeAlias = tuple[Cell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column; ``detail`` heads the column that files have for the details of subjects."""

    name: str
    detail: str = ""
    counts: bool = False
    """Whether its cells are numbers to be compared."""


Suggest: TypeAlias = Callable[[TenantId], Awaitable[Sequence[tuple[str, str]]]]
"""Gives (value, words) of a text that a tenant could narrow a report to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One way to narrow a report; of its choices, (value, words), the first holds unless said.

    Without choices it is a text, and an empty one narrows nothing; ``suggest`` gives some that it could be.
    """

    name: str
    label: str
    choices: tuple[tuple[str, str], ...] = ()
    suggest: Suggest | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which report of whom, narrowed to what."""

    tenant_id: TenantId
    options: Mapping[str, str]
    """A value for each option of the report."""
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPage:
    """Some rows; ``next_after`` opens the next page, which may be there although this one is not full."""

    rows: Sequence[ReportRow]
    next_after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number with its unit, such as 12 people; ``more`` if counting ended there."""

    label: str
    value: int | str
    more: bool = False
    single: str = ""
    """The label of exactly one, where that is another word."""

    @property
    def unit(self) -> str:
        """The label that fits the value."""
        return self.single if self.single and self.value == 1 else self.label


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """How many went from one role to another."""

    before: str
    after: str
    count: int
    privileged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A report in numbers: figures, counts that are compared, and how many moved from where to where."""

    figures: Sequence[Figure] = ()
    compared: Sequence[tuple[str, int]] = ()
    moves: Sequence[Move] = ()
    note: str = ""
    """What the numbers do not cover."""


ReadPage: TypeAlias = Callable[[Asked, str | None, int], Awaitable[ReportPage]]
"""Gives a page of at most so many rows behind a place; raises InvalidError if no earlier page named that place."""

Summarise: TypeAlias = Callable[[Asked], Awaitable[Summary]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report, for the screen, files and mail alike."""

    key: str
    """In addresses and schedules; never changes."""
    title: str
    sign: str
    """The icon."""
    sentence: str
    nothing: str
    """What an empty report means, in words: it is the good news."""
    columns: Sequence[Column]
    read_page: ReadPage
    summarise: Summarise
    options: Sequence[Option] = ()
    compared_by: str = ""
    """What the counts are compared by, as the heading of a chart."""
    of_super_tenants: bool = False
    """Whether it is of the tenants below, so that others do not have it."""


def chosen_options(report: Report, given: Mapping[str, str]) -> dict[str, str]:
    """Return a value for each option; what is not said, or empty, is the first choice.

    Raises:
        InvalidError: a value that is none of the choices, or a text of more than one short line.
    """
    return {option.name: _chosen(option, given.get(option.name, "")) for option in report.options}


def _chosen(option: Option, given: str) -> str:
    if not option.choices:
        text = given.strip()
        if not text.isprintable() or len(text) > TEXT_CHARS_MAX:
            raise InvalidError(option.name, f"must be one line of at most {TEXT_CHARS_MAX} characters")
        return text
    value = given or option.choices[0][0]
    if value not in dict(option.choices):
        raise InvalidError(option.name, "is none of the choices of this report")
    return value


def option_words(report: Report, chosen: Mapping[str, str]) -> str:
    """Return what a report is narrowed to, in words; empty where it has no options."""
    return " · ".join(words for option in report.options if (words := _words(option, chosen.get(option.name, ""))))


def _words(option: Option, value: str) -> str:
    if not option.choices:
        return f"{option.label}: {value}" if value else ""
    return dict(option.choices).get(value or option.choices[0][0], value)


def file_heads(columns: Sequence[Column]) -> list[str]:
    """Return the headings of a file."""
    return [head for column in columns for head in (column.name, column.detail) if head]


def file_cells(columns: Sequence[Column], row: ReportRow) -> Iterator[str | int | bool | datetime | None]:
    """Yield the cells of a file's line: a subject is its name and, where the column has one, its detail."""
    for column, cell in zip(columns, row, strict=True):
        yield cell.name if isinstance(cell, Subject) else cell
        if column.detail:
            yield cell.detail if isinstance(cell, Subject) else None
