"""Cells of exported files: what a spreadsheet reads is text, whatever was sent."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.csv_export import csv_line, safe_cell

FORMULA_STARTS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "\uff1dcmd",
        " =1",
        "\u00a0=1",
        "\u200b@x",
        '=cmd|"/C calc"!A0',
        "\u2003=1",
        "\u200a+1",
        "\u2060=1",
        "\v=1",
        "\f@x",
        "\u2028=1",
        "\u202e-1",
        "\u00ad=1",
        "\x07=1",
        " \u2060\ufeff \uff1d1",
        "\tplain",
    ],
)
def test_what_looks_like_a_formula_gets_an_apostrophe(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "\u2003", "\u2060Ann", "Ann", "O'Hara", "a=b", "1-2", "\u00e9", "'=1", " "])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert safe_cell(text) == text


@given(st.lists(st.text(), min_size=1, max_size=5))
def test_no_cell_is_a_formula_and_all_are_read_back(texts: list[str]) -> None:
    (cells,) = csv.reader(io.StringIO(csv_line(texts), newline=""))

    assert len(cells) == len(texts)
    for cell, text in zip(cells, texts, strict=True):
        assert cell.lstrip()[:1] not in set(FORMULA_STARTS) - {""}
        assert cell in {text.replace("\0", ""), "'" + text.replace("\0", "")}


def test_numbers_flags_and_nothing_are_written_plainly() -> None:
    assert csv_line([-3, True, False, None, 'say "hi"']) == '"-3","yes","no","","say ""hi"""\r\n'
