import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.okta.answers import links_from

NEXT = "https://example.okta.com/api/v1/users?after=1,2&fields=id,status"
SELF = "https://example.okta.com/api/v1/users"


@pytest.mark.parametrize(
    "lines",
    [
        [f'<{SELF}>; rel="self"', f'<{NEXT}>; rel="next"'],
        [f'<{NEXT}>; rel="next"', f'<{SELF}>; rel="self"'],
        [f'<{SELF}>; rel="self", <{NEXT}>; rel="next"'],
        [f"<{NEXT}>;rel=next,<{SELF}>;rel=self"],
        [f'<{NEXT}>; title="a, b"; rel="next"', f'<{SELF}>; rel="self"'],
    ],
)
def test_links_are_found_in_any_order_and_on_any_line(lines: list[str]) -> None:
    assert links_from(lines) == {"next": NEXT, "self": SELF}


@given(st.lists(st.text('<>;,="relnxt ', max_size=40), max_size=4))
def test_odd_lines_give_no_error(lines: list[str]) -> None:
    assert isinstance(links_from(lines), dict)
