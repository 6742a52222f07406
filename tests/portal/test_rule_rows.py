"""Rules as rows of a form: there and back again, and the buttons that move them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory.errors import InvalidError
from directory.model import JsonObject
from directory.person import ENTERPRISE
from portal.rule_rows import (
    EMPTY_ROW,
    ROWS_MAX,
    TARGETS,
    RuleRow,
    edited_rows,
    hash_of,
    long_target,
    row_from,
    rule_from,
)

TEXTS = st.text("abcXYZ.$0_ ", min_size=1, max_size=12).filter(lambda text: text == text.strip())
TARGET = st.sampled_from(["userName", "emails[work]", f"{ENTERPRISE}:department", "name.givenName"])
RULES: st.SearchStrategy[JsonObject] = st.one_of(
    st.builds(lambda target, source: {"rule": "direct", "target": target, "source": source}, TARGET, TEXTS),
    st.builds(
        lambda target, sources: {"rule": "first_of", "target": target, "sources": sources},
        TARGET,
        st.lists(TEXTS, min_size=1, max_size=4),
    ),
    st.builds(
        lambda target, value: {"rule": "constant", "target": target, "value": value},
        TARGET,
        st.one_of(TEXTS, st.booleans(), st.integers(-(10**14), 10**14)),
    ),
    st.builds(lambda target, text: {"rule": "expression", "target": target, "expression": text}, TARGET, TEXTS),
)


@given(RULES)
def test_a_rule_becomes_a_row_and_the_same_rule_again(rule: JsonObject) -> None:
    assert rule_from(row_from(rule)) == rule


def test_the_enterprise_extension_has_a_short_name() -> None:
    row = row_from({"rule": "direct", "target": f"{ENTERPRISE}:department", "source": "department"})

    assert row.target == "enterprise:department"
    assert rule_from(row)["target"] == f"{ENTERPRISE}:department"
    assert all(long_target(target) for target in TARGETS)


@pytest.mark.parametrize("row", [RuleRow("", "direct", "mail"), RuleRow("title", "direct", ""), EMPTY_ROW])
def test_a_half_empty_row_is_no_rule(row: RuleRow) -> None:
    with pytest.raises(InvalidError, match="half empty"):
        rule_from(row)


@given(
    st.lists(st.builds(RuleRow, TARGET, st.just("direct"), TEXTS), max_size=6),
    st.one_of(st.text(max_size=8), st.builds("{}:{}".format, st.sampled_from(["up", "down"]), st.integers(0, 99))),
)
def test_moving_loses_and_doubles_nothing(rows: list[RuleRow], deed: str) -> None:
    made = edited_rows(rows, deed)

    assert sorted(map(repr, made)) == sorted(map(repr, [*rows, EMPTY_ROW] if deed == "add" else rows))


def test_up_and_down_end_at_the_ends() -> None:
    rows = [RuleRow(name, "direct", "x") for name in "abc"]

    assert [row.target for row in edited_rows(rows, "up:2")] == ["a", "c", "b"]
    assert edited_rows(rows, "up:0") == rows
    assert edited_rows(rows, "down:2") == rows
    assert [row.target for row in edited_rows(rows, "remove:1")] == ["a", "c"]


def test_there_are_no_more_rows_than_a_form_can_send() -> None:
    rows = [EMPTY_ROW] * ROWS_MAX

    assert len(edited_rows(rows, "add")) == ROWS_MAX


def test_the_hash_tells_rules_apart_by_value_and_order() -> None:
    first: JsonObject = {"rule": "direct", "target": "title", "source": "jobTitle"}
    second: JsonObject = {"source": "mail", "rule": "direct", "target": "userName"}

    assert hash_of([second]) == hash_of([{"rule": "direct", "target": "userName", "source": "mail"}])
    assert len({hash_of([first, second]), hash_of([second, first]), hash_of([first])}) == 3
