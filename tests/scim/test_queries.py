import pytest

from directory.model import JsonObject
from directory.query import Order
from scim.attributes import USER_NAMES
from scim.errors import InvalidFilterError, InvalidSyntaxError, InvalidValueError
from scim.queries import SEARCH_URN, PageAsked, order_from, page_from, parameters_in, parameters_of
from scim.schemas import ENTERPRISE_URN as ENTERPRISE
from tests.scim.readings import lenient, strict


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


@pytest.mark.rfc("7644#3.4.2.3")
@pytest.mark.parametrize(
    ("sort_by", "sort_order", "order"),
    [
        ("", "", None),
        ("", "descending", None),
        ("userName", "", Order(attribute="userName")),
        ("NAME.familyname", "Descending", Order(attribute="name", part="familyName", descending=True)),
        ("emails", "ascending", Order(attribute="emails", part="value", multi=True)),
        ("emails.type", "", Order(attribute="emails", part="type", multi=True)),
        ("externalId", "", Order(attribute="externalId", exact=True)),
        ("meta.lastModified", "", Order(attribute="meta", part="lastModified")),
        (f"{ENTERPRISE}:department", "", Order(attribute=f"{ENTERPRISE}:department")),
        ("manager", "", Order(attribute=f"{ENTERPRISE}:manager", part="value", exact=True)),
    ],
)
def test_sorting_names_an_attribute_in_any_case(sort_by: str, sort_order: str, order: Order | None) -> None:
    assert order_from({"sortby": sort_by, "sortorder": sort_order}, USER_NAMES) == order


@pytest.mark.parametrize("sort_by", ["nobody", "name", "groups", "groups.display", "meta", "meta.version", "schemas"])
def test_what_cannot_be_sorted_by_is_refused(sort_by: str) -> None:
    with pytest.raises(InvalidValueError):
        order_from({"sortby": sort_by}, USER_NAMES)


@pytest.mark.rfc("7644#3.4.3")
def test_search_body_is_read_as_parameters() -> None:
    body: JsonObject = {
        "schemas": [SEARCH_URN],
        "Attributes": ["userName", "meta"],
        "count": 5,
        "filter": "x",
        "cursor": "",
    }
    assert parameters_in(body, strict()) == {"attributes": "userName,meta", "count": "5", "filter": "x", "cursor": ""}
    with pytest.raises(InvalidSyntaxError):
        parameters_in({"filter": "x"}, strict())
    refused: list[JsonObject] = [{"count": True}, {"count": 1.5}, {"filter": {}}, {"attributes": [1]}]
    for wrong in refused:
        with pytest.raises(InvalidValueError):
            parameters_in(wrong, lenient())
