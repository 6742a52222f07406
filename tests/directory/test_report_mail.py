"""Reports as mails: complete, in the recipient's time, and nothing in them that runs or is fetched."""

import csv
import io
import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from directory import report_mail as mails
from directory.report_mail import SHOWN_MAX, ReportFacts, cell_words, report_file, report_mail
from directory.report_shapes import Asked, Column, Figure, Move, Report, ReportPage, ReportRow, Subject, Summary

NOW = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
USER = UUID(int=7)


async def no_page(_asked: Asked, _after: str | None, _limit: int) -> ReportPage:
    return ReportPage(rows=[], next_after=None)


async def no_summary(_asked: Asked) -> Summary:
    return Summary()


REPORT = Report(
    key="disabled-with-equipment",
    sign="box",
    title="Disabled users with equipment",
    sentence="Who has what.",
    nothing="Nobody disabled holds equipment",
    columns=(Column(name="Person", detail="User name"), Column(name="Since"), Column(name="Days", counts=True)),
    read_page=no_page,
    summarise=no_summary,
)


def person(name: str, detail: str = "ann@example.org") -> Subject:
    return Subject(kind="user", ident=USER, name=name, detail=detail)


def facts(*rows: ReportRow) -> ReportFacts:
    return ReportFacts(
        report=REPORT,
        options="Last 7 days",
        tenant_name="Northwind",
        rows=rows,
        more=False,
        summary=Summary(
            figures=[Figure(label="people", value=1_200, more=True)],
            compared=[("Local users", 3)],
            moves=[Move(before="Loanee", after="Editor", count=2, privileged=False)],
        ),
        checked_at=NOW,
        zone=BERLIN,
        link="{portal}/reports/disabled-with-equipment",
        why="You get this every day at 07:00 (Europe/Berlin).",
    )


class Tags(HTMLParser):
    """Collects what a document has: elements, attributes and words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {(name, value or "") for name, value in attrs}

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_a_mail_says_how_many_there_are_totals_and_rows_in_the_time_of_its_zone() -> None:
    mail = report_mail(facts((person("Ann"), NOW, 12)))

    assert mail.subject == "Disabled users with equipment: 1 (Northwind)"
    for words in (
        "Northwind · Last 7 days · as of 2 Nov 2026, 07:00 CET",
        "1,200+ people",
        "Local users: 3",
        "Loanee → Editor: 2",
        "Ann (ann@example.org)",
        "2 Nov 2026, 07:00 CET",
        "You get this every day at 07:00 (Europe/Berlin).",
    ):
        assert words in mail.text
        assert words in "".join(Tags(mail.html).words)
    assert "Open the report: {portal}/reports/disabled-with-equipment" in mail.text
    assert ("href", "{portal}/reports/disabled-with-equipment") in Tags(mail.html).attributes


def test_an_empty_report_says_that_nothing_is_the_matter() -> None:
    mail = report_mail(facts())

    assert mail.subject == "Disabled users with equipment: nothing to report (Northwind)"
    assert "Nobody disabled holds equipment." in mail.text
    assert "1,200+ people" not in mail.text
    assert "table" not in Tags(mail.html).tags


def test_a_test_and_missed_times_are_said() -> None:
    mail = report_mail(replace(facts(), is_test=True, missed_count=3))

    assert mail.subject.startswith("[Test] ")
    assert "This is a test" in mail.text
    assert "3 times before this one passed while the server was down" in mail.html


def test_long_reports_are_cut_in_the_mail_and_complete_in_the_file() -> None:
    rows = [(person(f"P{number}"), NOW, number) for number in range(SHOWN_MAX + 5)]

    mail = report_mail(replace(facts(*rows), more=True))

    assert f"The first {SHOWN_MAX} rows are shown; the attached file has {SHOWN_MAX + 5}." in mail.text
    assert "There are more rows than a mail takes" in mail.text
    assert mail.html.count("<tr>") == SHOWN_MAX + 1
    assert len(lines_of(mail.file)) == SHOWN_MAX + 6


def lines_of(file: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(file.decode().removeprefix("\ufeff"))))


def test_the_file_has_a_column_for_details_and_no_formulas() -> None:
    head, line = lines_of(report_file(REPORT, [(person("=cmd()", "+1"), None, 3)]))

    assert head == ["Person", "User name", "Since", "Days"]
    assert line == ["'=cmd()", "'+1", "", "3"]


def test_a_file_that_grows_too_large_says_where_it_was_cut() -> None:
    row = (person("x" * 100_000), NOW, 1)

    lines = lines_of(report_file(REPORT, [row] * 80))

    assert len(lines) < 80
    assert lines[-1] == ["There is more: see the report in the portal"]
    assert mails.FILE_CHARS_MAX > 5 * 1_000_000


def test_cells_read_as_words() -> None:
    assert [cell_words(cell, BERLIN) for cell in (None, True, False, 1_200, "a\n b", person("Ann", ""))] == [
        "-",
        "yes",
        "no",
        "1,200",
        "a b",
        "Ann",
    ]
    assert len(cell_words("x" * 1_000, BERLIN)) == 200


@given(st.text(), st.text(), st.text())
def test_whatever_people_are_called_nothing_runs_and_nothing_is_fetched(name: str, detail: str, option: str) -> None:
    mail = report_mail(replace(facts((person(name, detail), NOW, 1)), tenant_name=name, options=option))

    found = Tags(mail.html)
    assert found.tags <= {
        "html", "head", "meta", "title", "body", "h1", "p", "ul", "li", "table", "thead", "tbody", "tr", "th", "td",
        "a", "small", "strong",
    }  # fmt: skip
    assert {attribute for attribute, _ in found.attributes} <= {
        "lang", "charset", "style", "border", "cellpadding", "cellspacing", "scope", "align", "href",
    }  # fmt: skip
    assert re.search(r"url\(|@import|https?:", mail.html.replace(name, "").replace(option, "")) is None
