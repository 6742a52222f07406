import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory.query import Term
from scim.attributes import GROUP_NAMES, USER_NAMES
from scim.errors import InvalidPathError
from scim.paths import Path, WholeExtension, parse_path
from tests.scim.readings import lenient, strict

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
CUSTOM = "urn:ietf:params:scim:schemas:extension:CustomExtensionName:2.0:User"


def named(text: str) -> tuple[str | None, str, str | None]:
    path = parse_path(text, USER_NAMES, lenient())
    assert isinstance(path, Path)
    return path.place.urn, path.place.attribute.name, None if path.part is None else path.part.name


@pytest.mark.rfc("7644#3.5.2")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("userName", (None, "userName", None)),
        ("USERNAME", (None, "userName", None)),
        ("name.givenname", (None, "name", "givenName")),
        (f"{CORE}:name.familyName", (None, "name", "familyName")),
        (f"{ENTERPRISE}:department", (ENTERPRISE, "department", None)),
        (f"{ENTERPRISE.upper()}:Manager.Value", (ENTERPRISE, "manager", "value")),
        ("manager", (ENTERPRISE, "manager", None)),
        ('emails[type eq "work"].Value', (None, "emails", "value")),
        ('emails[type eq "work"]', (None, "emails", None)),
        (f"{CUSTOM}:CustomAttribute", (CUSTOM, "CustomAttribute", None)),
    ],
)
def test_path_names_the_attribute_it_means(text: str, expected: tuple[str | None, str, str | None]) -> None:
    assert named(text) == expected


def test_bracket_selects_by_parts_of_the_attribute() -> None:
    path = parse_path('roles[primary eq "True"].display', USER_NAMES, lenient())
    assert isinstance(path, Path)
    assert path.where == Term("primary", None, "eq", operand=True)


@pytest.mark.parametrize("urn", [ENTERPRISE, CUSTOM, ENTERPRISE.replace(":User", "User")])
def test_urn_alone_is_the_whole_extension(urn: str) -> None:
    path = parse_path(urn, USER_NAMES, lenient())
    expected = ENTERPRISE if "enterprise" in urn else urn
    assert path == WholeExtension(expected)


def test_unknown_attribute_is_noted() -> None:
    reading = lenient()
    assert parse_path("description", GROUP_NAMES, reading) is None
    assert reading.notes == ["description is no attribute of a Group and was not stored"]


@pytest.mark.parametrize(
    "text",
    [
        "description",
        "manager",
        f"{ENTERPRISE}:userName.userName",
        f"{CORE}:userName.userName",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:Group:employeeNumber",
        f"{ENTERPRISE}:employeNumber",
        f"{CUSTOM}:CustomAttribute",
        "name.nobody",
    ],
)
def test_strict_reading_refuses_what_the_schema_does_not_have(text: str) -> None:
    with pytest.raises(InvalidPathError):
        parse_path(text, USER_NAMES, strict())


@pytest.mark.parametrize(
    "text",
    [
        'emails[type eq "work"',
        'emails[type eq "work"]value',
        'emails[type eq "work"].',
        "emails[type eq]",
        "emails[nobody eq 1]",
        'manager[value eq "m"]',
        "emails]",
        'user name "x"',
        "a" * 9000,
    ],
)
def test_path_that_does_not_parse_is_refused(text: str) -> None:
    with pytest.raises(InvalidPathError):
        parse_path(text, USER_NAMES, lenient())


pieces = st.sampled_from(["emails", "[", "]", 'type eq "work"', ".value", ".", "urn:", CUSTOM, ":", "name", " ", '"'])


@given(st.one_of(st.text(max_size=40), st.lists(pieces, max_size=8).map("".join)))
def test_parser_raises_nothing_but_its_own_error(text: str) -> None:
    try:
        parse_path(text, USER_NAMES, lenient())
    except InvalidPathError as error:
        assert error.detail  # noqa: PT017 no other error is the point
