import pytest

from directory.model import JsonObject
from scim.attributes import GROUP_NAMES, USER_NAMES
from scim.errors import InvalidPathError
from scim.projection import Projection, projection_from
from tests.scim.readings import lenient

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
WORK: JsonObject = {"type": "work", "value": "w"}
HOME: JsonObject = {"type": "home", "value": "h"}
ADA: JsonObject = {
    "schemas": [CORE, ENTERPRISE],
    "id": "1",
    "userName": "ada",
    "name": {"givenName": "A", "familyName": "B"},
    "emails": [WORK, HOME],
    ENTERPRISE: {"department": "D", "division": "V", "manager": {"value": "m"}},
    "meta": {"version": "1"},
}


def schemas_of(shown: JsonObject) -> JsonObject:
    """Return the schemas of what is shown: only those that it has attributes of (RFC 7643 section 3)."""
    return {"schemas": [CORE, ENTERPRISE] if ENTERPRISE in shown else [CORE]}


def projection(wanted: str = "", unwanted: str = "") -> Projection:
    return projection_from({"attributes": wanted, "excludedattributes": unwanted}, USER_NAMES, lenient())


@pytest.mark.rfc("7644#3.9")
@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        ("userName", {"userName": "ada"}),
        ("USERNAME,id", {"userName": "ada"}),
        ("name.givenName", {"name": {"givenName": "A"}}),
        ("name.givenName,name.familyName", {"name": ADA["name"]}),
        ('emails[type eq "work"]', {"emails": [WORK]}),
        ('emails[type eq "a,b"],userName', {"userName": "ada"}),
        ("emails.value", {"emails": [{"value": "w"}, {"value": "h"}]}),
        ("emails.value,emails.type", {"emails": [WORK, HOME]}),
        (f"{ENTERPRISE}:department", {ENTERPRISE: {"department": "D"}}),
        (f"{ENTERPRISE}:department,division", {ENTERPRISE: {"department": "D", "division": "V"}}),
        (f"{ENTERPRISE}:manager.value", {ENTERPRISE: {"manager": {"value": "m"}}}),
        (ENTERPRISE, {ENTERPRISE: ADA[ENTERPRISE]}),
        (f"{CORE}:userName", {"userName": "ada"}),
        ("meta.version", {"meta": {"version": "1"}}),
        ("title,nobody", {}),
    ],
)
def test_only_what_is_asked_for_is_shown(wanted: str, shown: JsonObject) -> None:
    assert projection(wanted).apply(ADA) == {"id": "1"} | schemas_of(shown) | shown


@pytest.mark.parametrize(
    ("unwanted", "gone"),
    [
        ("userName", ["userName"]),
        ("emails,meta", ["emails", "meta"]),
        (ENTERPRISE, [ENTERPRISE]),
        ("id,schemas", []),
        ("nobody", []),
    ],
)
def test_what_is_excluded_is_not_shown(unwanted: str, gone: list[str]) -> None:
    left: JsonObject = {key: part for key, part in ADA.items() if key not in gone}
    assert projection(unwanted=unwanted).apply(ADA) == left | schemas_of(left)


def test_parts_and_elements_can_be_excluded() -> None:
    shown = projection(unwanted=f'name.givenName,emails[type eq "work"],{ENTERPRISE}:division').apply(ADA)
    assert shown["name"] == {"familyName": "B"}
    assert shown["emails"] == [HOME]
    assert shown[ENTERPRISE] == {"department": "D", "manager": {"value": "m"}}


def test_members_are_read_only_where_they_are_asked_for() -> None:
    def asks(wanted: str, unwanted: str) -> bool:
        parameters = {"attributes": wanted, "excludedattributes": unwanted}
        return projection_from(parameters, GROUP_NAMES, lenient()).asks_for("members")

    assert asks("", "")
    assert asks("members", "")
    assert asks("members.value", "")
    assert asks("", "members.display")
    assert not asks("displayName", "")
    assert not asks("", "members")
    assert not asks("", "displayName,MEMBERS")


def test_a_list_of_attributes_that_is_too_long_is_refused() -> None:
    with pytest.raises(InvalidPathError, match="at most 8192"):
        projection("[" * 8193)
