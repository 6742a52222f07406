import pytest

from scim.errors import InvalidFilterError, InvalidValueError
from scim.queries import PageAsked, page_from, parameters_of


@pytest.mark.rfc("7644#3.4.2.4")
@pytest.mark.parametrize(
    ("query_string", "page"),
    [
        (b"", PageAsked(1, 100)),
        (b"startIndex=6&count=5", PageAsked(6, 5)),
        (b"startindex=0&COUNT=-1", PageAsked(1, 0)),
        (b"startIndex=-7", PageAsked(1, 100)),
        (b"count=0", PageAsked(1, 0)),
        (b"count=1000", PageAsked(1, 250)),
        (b"count=&startIndex=", PageAsked(1, 100)),
        (b"startIndex=99999999999999999", PageAsked(2**31 - 1, 100)),
    ],
)
def test_page_is_the_nearest_that_there_is(query_string: bytes, page: PageAsked) -> None:
    assert page_from(parameters_of(query_string)) == page


@pytest.mark.parametrize("value", [b"ten", b"1.5", b"1_000", b"9" * 5000, "٣".encode()])
def test_count_that_is_no_number_is_refused(value: bytes) -> None:
    with pytest.raises(InvalidValueError):
        page_from(parameters_of(b"count=" + value))


def test_plus_is_a_blank_and_unknown_flags_are_nobodys_harm() -> None:
    parameters = parameters_of(b"filter=userName+eq+%22a%2Bb%22&aadOptscim062020")
    assert parameters == {"filter": 'userName eq "a+b"', "aadoptscim062020": ""}


@pytest.mark.parametrize(
    ("query_string", "error"),
    [
        (b"filter=%00", InvalidFilterError),
        (b"attributes=%0a", InvalidValueError),
        (b"filter=%ff", InvalidValueError),
        (b"\xff", InvalidValueError),
        (b"&".join([b"a=1"] * 60), InvalidValueError),
    ],
)
def test_query_string_that_is_no_text_is_refused(query_string: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        parameters_of(query_string)
