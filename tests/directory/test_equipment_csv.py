"""Files of items: columns by their headings, lines as an editor counts them, and problems in words."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory import equipment_csv
from directory.equipment_csv import parse_items
from directory.equipment_model import Money, parse_day, parse_money, plain_text
from directory.errors import InvalidError
from portal.csv_export import csv_line


def parsed(text: str) -> list[dict[str, str]]:
    return [{str(name): cell for name, cell in line.cells.items()} for line in parse_items(text.encode()).lines]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_headings_decide_what_a_column_is(delimiter: str, mark: str) -> None:
    text = (
        mark + delimiter.join(("Name", "ASSET TAG", "Serial  Number")) + "\r\n" + delimiter.join(("Laptop", "A", "7"))
    )

    assert parsed(text) == [{"name": "Laptop", "tag": "A", "serial": "7"}]


def test_headings_that_mean_nothing_are_named() -> None:
    read = parse_items(b"tag,name,colour,changed,\nA,Laptop,red,today,\n")

    assert (read.unknown, read.columns) == (("colour",), ("tag", "name"))


def test_lines_are_counted_as_an_editor_does() -> None:
    read = parse_items(b'tag,name\n\nA,"two\nlines"\nB,x\n,,\nC,x,y\nD\n')

    assert [(line.number, line.problem) for line in read.lines] == [
        (3, ""),
        (5, ""),
        (7, "has more cells than there are headings"),
        (8, ""),
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no column"),
        (b"tag,name\n", "no line"),
        (b"tag,colour\nA,red\n", "Name"),
        (b"tag,name,asset tag\nA,x,B\n", "two columns for the tag"),
        (b'tag,name\nA,"x\n', "line"),
        (b"tag,name\nA,\xff\n", "UTF-8"),
        (b"x" * (equipment_csv.BYTES_MAX + 1), "5 MiB"),
        (b"tag,name\n" + b"A,x\n" * 20_001, "20,000"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(content: bytes, said: str) -> None:
    with pytest.raises(InvalidError, match=said):
        parse_items(content)


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: f"tag,name\n{text}".encode(errors="replace")))
def test_any_file_is_read_or_refused(content: bytes) -> None:
    try:
        read = parse_items(content)
    except InvalidError:
        return
    assert read.lines


@given(st.text(max_size=60))
def test_a_text_that_went_out_as_a_cell_comes_back_as_it_was(text: str) -> None:
    try:
        kept = plain_text("name", text)
    except InvalidError:
        return

    ((cell,),) = csv.reader(io.StringIO(csv_line((kept,)), newline=""))

    assert plain_text("name", cell) == kept
    assert plain_text("name", kept) == kept


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("1299", "EUR", 129_900),
        ("12.5", "eur", 1250),
        ("12.05", "USD", 1205),
        ("900", "JPY", 900),
        ("1.234", "KWD", 1234),
    ],
)
def test_sums_are_kept_in_the_smallest_unit(amount: str, currency: str, minor: int) -> None:
    money = parse_money(amount, currency)

    assert money == Money(minor=minor, currency=currency.upper())
    assert parse_money(money.amount, money.currency) == money


@pytest.mark.parametrize(
    ("amount", "currency"),
    [("1,299", "EUR"), ("-1", "EUR"), ("1.234", "EUR"), ("1", ""), ("1", "EURO"), ("1.5", "JPY")],
)
def test_what_is_no_sum_is_refused(amount: str, currency: str) -> None:
    with pytest.raises(InvalidError):
        parse_money(amount, currency)


def test_a_day_is_over_at_its_end() -> None:
    day = parse_day("due", "2026-01-31")

    assert day is not None
    assert day.isoformat() == "2026-01-31T23:59:59.999999+00:00"
    assert parse_day("due", " ") is None
    with pytest.raises(InvalidError):
        parse_day("due", "31.1.2026")
