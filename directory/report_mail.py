"""A report as a mail: text, HTML with nothing fetched from anywhere, and the whole of it as CSV; pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

from directory.csv_text import BYTE_ORDER_MARK, csv_line
from directory.report_shapes import Cell, Figure, Report, ReportRow, Subject, Summary, file_cells, file_heads
from directory.rhythms import moment_words

SHOWN_MAX = 100
"""Rows that the mail itself shows; the file has them all."""

CELL_CHARS_MAX = 200
FILE_CHARS_MAX = 6_000_000
"""What a file may have: in base 64 and with the rest it stays below what mail servers take."""

_TABLE = 'border="1" cellpadding="6" cellspacing="0" style="border-collapse:collapse;border-color:#ccc"'
_BODY = 'style="font-family:system-ui,sans-serif;font-size:14px;color:#1a1a1a"'


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFacts:
    """Everything that a mail says."""

    report: Report
    options: str
    """What the report is narrowed to, in words."""
    tenant_name: str
    rows: Sequence[ReportRow]
    more: bool
    """Whether there are rows beyond these."""
    summary: Summary
    checked_at: datetime
    zone: ZoneInfo
    """Whose clocks the mail's times are of."""
    link: str
    """The report's page."""
    why: str
    """Why the recipient gets this, in one sentence."""
    missed_count: int = 0
    is_test: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportMail:
    """What goes out."""

    subject: str
    text: str
    html: str
    file: bytes


def report_mail(facts: ReportFacts) -> ReportMail:
    """Return the mail of a report."""
    return ReportMail(
        subject=_subject(facts), text=_text(facts), html=_html(facts), file=report_file(facts.report, facts.rows)
    )


def report_file(report: Report, rows: Sequence[ReportRow]) -> bytes:
    """Return the rows as CSV; a file that would be too large ends with a line that says so."""
    parts = [BYTE_ORDER_MARK, csv_line(file_heads(report.columns))]
    size = 0
    for row in rows:
        line = csv_line(list(file_cells(report.columns, row)))
        if (size := size + len(line)) > FILE_CHARS_MAX:
            parts.append(csv_line(["There is more: see the report in the portal"]))
            break
        parts.append(line)
    return "".join(parts).encode(errors="replace")


def cell_words(cell: Cell, zone: ZoneInfo) -> str:
    """Return a cell as people read it in a mail."""
    match cell:
        case None | "":
            return "-"
        case bool():
            return "yes" if cell else "no"
        case datetime():
            return moment_words(cell, zone)
        case Subject(name=name, detail=detail):
            text = f"{name} ({detail})" if detail and detail != name else name
        case int():
            return f"{cell:,}"
        case _:
            text = cell
    line = " ".join(text.split())
    return line if len(line) <= CELL_CHARS_MAX else f"{line[: CELL_CHARS_MAX - 1]}…"


def figure_words(figure: Figure) -> str:
    """Return a figure as people read it: ``12 people``, ``1,000+ items``."""
    value = f"{figure.value:,}" if isinstance(figure.value, int) else figure.value
    return f"{value}{'+' if figure.more else ''} {figure.unit}"


def _subject(facts: ReportFacts) -> str:
    count = f"{len(facts.rows):,}{'+' if facts.more else ''}" if facts.rows else "nothing to report"
    mark = "[Test] " if facts.is_test else ""
    return f"{mark}{facts.report.title}: {count} ({facts.tenant_name})"


def _notes(facts: ReportFacts) -> Iterator[str]:
    if facts.is_test:
        yield "This is a test: it went to you alone."
    if facts.missed_count:
        times = "time" if facts.missed_count == 1 else "times"
        yield f"{facts.missed_count:,} {times} before this one passed while the server was down; they are not made up."
    if len(facts.rows) > SHOWN_MAX:
        yield f"The first {SHOWN_MAX} rows are shown; the attached file has {len(facts.rows):,}."
    if facts.more:
        yield "There are more rows than a mail takes: see the report in the portal."
    if facts.summary.note:
        yield facts.summary.note


def _totals(facts: ReportFacts) -> Iterator[str]:
    yield from (figure_words(figure) for figure in facts.summary.figures)
    yield from (f"{label}: {count:,}" for label, count in facts.summary.compared)
    yield from (f"{move.before} → {move.after}: {move.count:,}" for move in facts.summary.moves[:10])


def _head(facts: ReportFacts) -> str:
    words = [facts.tenant_name, facts.options, f"as of {moment_words(facts.checked_at, facts.zone)}"]
    return " · ".join(word for word in words if word)


def _text(facts: ReportFacts) -> str:
    lines = [facts.report.title, _head(facts), ""]
    if facts.rows:
        lines += [*_totals(facts), ""]
        for row in facts.rows[:SHOWN_MAX]:
            lines += [*_row_lines(facts, row), ""]
    else:
        lines += [f"{facts.report.nothing}.", ""]
    lines += [*_notes(facts), f"Open the report: {facts.link}", "", facts.why]
    return "\n".join(lines) + "\n"


def _row_lines(facts: ReportFacts, row: ReportRow) -> Iterator[str]:
    cells = [
        (column.name, cell_words(cell, facts.zone)) for column, cell in zip(facts.report.columns, row, strict=True)
    ]
    yield cells[0][1]
    yield from (f"  {name}: {words}" for name, words in cells[1:] if words != "-")


def _html(facts: ReportFacts) -> str:
    body = _table(facts) if facts.rows else f"<p><strong>{escape(facts.report.nothing)}.</strong></p>"
    totals = "".join(f"<li>{escape(line)}</li>" for line in _totals(facts)) if facts.rows else ""
    notes = "".join(f"<p>{escape(note)}</p>" for note in _notes(facts))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(_subject(facts))}</title></head><body {_BODY}>"
        f"<h1>{escape(facts.report.title)}</h1><p>{escape(_head(facts))}</p>"
        f"{f'<ul>{totals}</ul>' if totals else ''}{body}{notes}"
        f'<p><a href="{escape(facts.link)}">Open the report</a></p><p><small>{escape(facts.why)}</small></p>'
        "</body></html>"
    )


def _table(facts: ReportFacts) -> str:
    columns = facts.report.columns
    heads = "".join(f'<th scope="col" align="left">{escape(column.name)}</th>' for column in columns)
    lines = []
    for row in facts.rows[:SHOWN_MAX]:
        cells = "".join(
            f'<td align="{"right" if column.counts else "left"}">{escape(cell_words(cell, facts.zone))}</td>'
            for column, cell in zip(columns, row, strict=True)
        )
        lines.append(f"<tr>{cells}</tr>")
    return f"<table {_TABLE}><thead><tr>{heads}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
