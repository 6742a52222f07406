import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json

from scim.bodies import DEPTH_MAX, KEYS_MAX, TEXT_MAX, parse_json
from scim.errors import InvalidSyntaxError


@pytest.mark.trap("L5")
@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b'{"userName": ',
        b"{} {}",
        b"NaN",
        b"\xef\xbb\xbf{}",
        b'{"a": "\xff"}',
        b'{"a": 1, "a": 2}',
        b'{"x": {"a": 1, "\\u0061": 2}}',
        b'{"a": "\\u0000"}',
        b'{"\\u0000": 1}',
        b'{"a": ["\\u001b"]}',
        b'{"a": "\\ud800"}',
        b'{"a": "\\udc00"}',
        b'{"a": 123456789012345678901234567890}',
        b'{"a": 1e400}',
        b"[" * (DEPTH_MAX + 1) + b"]" * (DEPTH_MAX + 1),
        b"[" * 100_000,
        b'{"a":' * 1000 + b"1" + b"}" * 1000,
        json.encode({str(n): n for n in range(KEYS_MAX + 1)}),
        json.encode("x" * (TEXT_MAX + 1)),
    ],
    ids=lambda raw: raw[:24].decode("latin-1"),
)
def test_body_that_parsers_disagree_about_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidSyntaxError):
        parse_json(raw)


def test_line_breaks_and_colons_in_texts_are_no_harm() -> None:
    value = {"a": 'x:y\\":{"z":1}\n\t', "b:c": [{"d": ":"}], "e": {}}
    assert parse_json(json.encode(value)) == value


texts = st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**62), 2**62), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=12,
)


@given(values)
def test_json_without_peculiarities_is_read_as_it_is(value: object) -> None:
    assert parse_json(json.encode(value)) == value


@given(st.one_of(st.binary(max_size=40), st.text('{}[]":,\\u01 ab', max_size=40).map(str.encode)))
def test_reader_raises_nothing_but_its_own_error(raw: bytes) -> None:
    try:
        parse_json(raw)
    except InvalidSyntaxError as error:
        assert error.detail  # noqa: PT017 no other error is the point
