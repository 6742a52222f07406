from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory.model import JsonObject
from directory.query import And, Element, Not, Or, Query, Term
from scim.attributes import GROUP_NAMES, USER_NAMES
from scim.errors import InvalidFilterError
from scim.filters import parse_filter
from scim.matching import element_for, matches
from tests.scim.readings import lenient, strict

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def parsed(text: str) -> Query:
    return parse_filter(text, USER_NAMES, lenient())


@pytest.mark.rfc("7644#3.4.2.2")
@pytest.mark.parametrize(
    ("text", "query"),
    [
        ('userName eq "ada"', Term("userName", None, "eq", "ada")),
        ('USERNAME  EQ   "Ada"', Term("userName", None, "eq", "Ada")),
        ('urn:ietf:params:scim:schemas:core:2.0:User:userName eq "a"', Term("userName", None, "eq", "a")),
        ('urn:ietf:params:scim:schemas:core:2.0:User:name.familyName eq "a"', Term("name", "familyName", "eq", "a")),
        (f'{ENTERPRISE}:employeeNumber eq "7"', Term(f"{ENTERPRISE}:employeeNumber", None, "eq", "7")),
        (f'{ENTERPRISE.lower()}:manager.value eq "m"', Term("manager", "value", "eq", "m", exact=True)),
        ('name.FamilyName eq "O"', Term("name", "familyName", "eq", "O")),
        ("title pr", Term("title", None, "pr")),
        ("active eq true", Term("active", None, "eq", operand=True)),
        ('active eq "False"', Term("active", None, "eq", operand=False)),
        ("title eq null", Not(Term("title", None, "pr"))),
        ("title ne null", Term("title", None, "pr")),
        (f'{ENTERPRISE}:manager.displayName co "m"', Term(f"{ENTERPRISE}:manager", "displayName", "co", "m")),
        ('emails eq "x@y"', Term("emails", "value", "eq", "x@y", multi=True)),
        ('emails.Value co "example.com"', Term("emails", "value", "co", "example.com", multi=True)),
        ('manager eq "m"', Term("manager", "value", "eq", "m", exact=True)),
        ('emails[type eq "work"]', Element("emails", Term("type", None, "eq", "work"))),
        (
            'emails[type eq "work"].value eq "x"',
            Element("emails", And((Term("type", None, "eq", "work"), Term("value", None, "eq", "x")))),
        ),
        (
            'id eq "g" and manager eq "u"',
            And((Term("id", None, "eq", "g", exact=True), Term("manager", "value", "eq", "u", exact=True))),
        ),
        (
            'title pr and userName eq "a" or active eq true',
            Or(
                (
                    And((Term("title", None, "pr"), Term("userName", None, "eq", "a"))),
                    Term("active", None, "eq", operand=True),
                )
            ),
        ),
        ("not (title pr)", Not(Term("title", None, "pr"))),
        ("NOT(title pr)", Not(Term("title", None, "pr"))),
        (
            'not (title pr) and (active eq false or nickName sw "x")',
            And(
                (
                    Not(Term("title", None, "pr")),
                    Or((Term("active", None, "eq", operand=False), Term("nickName", None, "sw", "x"))),
                )
            ),
        ),
    ],
)
def test_filter_becomes_the_tree_it_means(text: str, query: Query) -> None:
    assert parsed(text) == query


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'userName eq "O\"M\\a"', 'O"M\\a'),
        (r'userName eq "DOMAIN\user"', "DOMAIN\\user"),
        ('userName eq "o\'brién@x.y"', "o'brién@x.y"),
        (r'userName eq "\u00e9"', "é"),
        ('userName eq "a+b@x.y"', "a+b@x.y"),
        ('userName eq "%"', "%"),
        ('userName eq ""', ""),
    ],
)
def test_text_in_a_filter_is_what_its_escapes_mean(text: str, value: str) -> None:
    assert parsed(text) == Term("userName", None, "eq", value)


def test_unquoted_value_is_read_and_noted() -> None:
    reading = lenient()
    query = parse_filter("externalId eq 3f8a-11", USER_NAMES, reading)
    assert query == Term("externalId", None, "eq", "3f8a-11", exact=True)
    assert reading.notes == ["The filter has the value 3f8a-11 without quotation marks"]


def test_unquoted_value_is_refused_where_reading_is_strict() -> None:
    with pytest.raises(InvalidFilterError, match="quotation marks"):
        parse_filter("externalId eq 3f8a", USER_NAMES, strict())


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-31T09:00:00Z", datetime(2026, 1, 31, 9, tzinfo=UTC)),
        ("0001-01-03T00:00:00.0000000Z", datetime(1, 1, 3, tzinfo=UTC)),
        ("2015-10-10T14:38:21.8617979-07:00", datetime(2015, 10, 10, 21, 38, 21, 861797, tzinfo=UTC)),
        ("2026-01-31T09:00:00", datetime(2026, 1, 31, 9, tzinfo=UTC)),
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
    ],
)
def test_time_is_read_with_any_decimals_and_offset(text: str, moment: datetime) -> None:
    assert parsed(f'meta.lastModified ge "{text}"') == Term("meta", "lastModified", "ge", moment)
    assert parsed(f"meta.lastModified ge {text}") == Term("meta", "lastModified", "ge", moment)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "userName",
        "userName eq",
        r'userName eq "a\u0000b"',
        'userName xx "a"',
        '(userName eq "a"',
        'userName eq "a")',
        'userName eq "a" and',
        'userName eq "a" or or title pr',
        'userName eq "a',
        'userName eq "a" "b"',
        'nobody eq "a"',
        'name.nobody eq "a"',
        'name eq "a"',
        "active co true",
        'active eq "yes"',
        "active gt true",
        'meta.created gt "yesterday"',
        'meta.created gt "2026-99-99T00:00:00Z"',
        'meta.created gt "0001-01-01T00:00:00+14:00"',
        'userName[type eq "a"]',
        'name[givenName eq "a"]',
        'emails[type eq "a"',
        'emails[nobody eq "a"]',
        'emails[type eq "a"].nobody eq "b"',
        'emails[emails[type eq "a"]]',
        "userName eq (",
        "and",
        "not",
        "not title pr",
        'urn:x:1.0 eq "a"',
        "(" * 150 + 'userName eq "a"' + ")" * 150,
        " or ".join(['userName eq "a"'] * 201),
        'userName eq "' + "a" * 9000 + '"',
    ],
)
def test_filter_that_does_not_parse_is_refused(text: str) -> None:
    with pytest.raises(InvalidFilterError):
        parsed(text)


def test_a_hundred_and_twenty_comparisons_are_one_flat_list() -> None:
    query = parsed(" or ".join(['userName eq "a"'] * 120))
    assert isinstance(query, Or)
    assert len(query.parts) == 120


def test_group_is_searched_by_its_members() -> None:
    for text in ('members eq "u"', 'members.value eq "u"'):
        assert parse_filter(text, GROUP_NAMES, lenient()) == Term("members", "value", "eq", "u", exact=True, multi=True)


words = st.sampled_from(
    ["userName", "emails", "eq", "and", "or", "not", "(", ")", "[", "]", ".value", '"x"', "null", "true", "pr", "urn:"]
)


@given(st.one_of(st.text(max_size=60), st.lists(words, max_size=14).map(" ".join), st.lists(words).map("".join)))
def test_parser_raises_nothing_but_its_own_error(text: str) -> None:
    try:
        parsed(text)
    except InvalidFilterError as error:
        assert error.detail  # noqa: PT017 no other error is the point


@given(st.text(max_size=40).filter(lambda text: "\x00" not in text))
def test_quoted_text_comes_back_as_it_was(text: str) -> None:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    literal = "".join(f"\\u{ord(character):04x}" if ord(character) < 32 else character for character in escaped)
    assert parsed(f'userName eq "{literal}"') == Term("userName", None, "eq", text)


ADA: JsonObject = {
    "userName": "Ada",
    "active": True,
    "emails": [{"type": "work", "value": "ada@work.example", "primary": True}, {"type": "home", "value": "ada@home"}],
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('userName eq "ada"', True),
        ('userName ne "ada"', False),
        ('userName sw "a" and userName ew "a" and userName co "d"', True),
        ('userName gt "aa" and userName lt "b" and userName ge "ada" and userName le "ada"', True),
        ("title pr", False),
        ('title ne "x"', True),
        ("active eq true", True),
        ("active eq false", False),
        ('emails[type eq "work" and value eq "ada@home"]', False),
        ('emails[type eq "WORK"].value co "work"', True),
        ('emails.value eq "ada@home"', True),
        ('not (emails[primary eq "True"])', False),
        ('title pr or userName eq "ADA"', True),
    ],
)
def test_filter_is_evaluated_on_a_document(text: str, *, expected: bool) -> None:
    assert matches(parsed(text), ADA) is expected


def test_equalities_describe_the_element_to_create() -> None:
    described = parsed('emails[type eq "work" and primary eq "True"]')
    assert isinstance(described, Element)
    assert element_for(described.inner) == {"type": "work", "primary": True}
    for text in ('emails[type co "work"]', 'emails[type eq "a" or type eq "b"]', "emails[type pr]"):
        vague = parsed(text)
        assert isinstance(vague, Element)
        assert element_for(vague.inner) is None
