"""Every place is found by the words of other products' guides, in the navigation, the search and by address."""

import pytest

from directory.model import Permission
from portal.pages import old_names
from portal.places import PLACES, Kin, find_places
from tests.directory.world import create_world
from tests.portal.browsing import Browser
from tests.portal.conftest import SignIn

LISTED = [place for place in PLACES if place.shelf != "hidden"]
OLD_PATHS = [(path, place.segment) for place in PLACES for path in place.old_paths]


def everything(_permission: Permission) -> bool:
    return True


def everywhere(_kin: Kin) -> bool:
    return True


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Settings > SAML Settings > Configure SCIM", "Configure SCIM"),
        ("manage scim", "Configure SCIM"),
        ("Setup SCIM", "Configure SCIM"),
        ("Secret Token", "Configure SCIM"),
        ("base url", "Configure SCIM"),
        ("Default Role (for SCIM users without groups)", "Group Mappings"),
        ("default access role", "Group Mappings"),
        ("users tab", "Sub Accounts"),
        ("User Groups", "Groups"),
        ("log", "Activity"),
        ("settings > sub accounts", "Sub Accounts"),
    ],
)
def test_a_place_is_found_by_what_others_call_it(text: str, label: str) -> None:
    assert label in {place.label for place in find_places(text, may=everything, is_kin=everywhere)}


def test_a_place_of_that_name_comes_first() -> None:
    assert find_places("groups", may=everything, is_kin=everywhere)[0].label == "Groups"


@pytest.mark.parametrize("text", ["", "  ", "nothing of the kind", "\x00"])
def test_nothing_is_found_where_nothing_fits(text: str) -> None:
    assert find_places(text, may=everything, is_kin=everywhere) == []


def test_a_place_that_the_operator_may_not_open_is_not_found() -> None:
    assert find_places("scim", may=lambda _permission: False, is_kin=everywhere) == []


def test_no_old_address_is_given_twice() -> None:
    paths = [path for path, _ in OLD_PATHS]

    assert sorted(set(paths)) == sorted(paths)
    assert len(old_names.HANDLERS) == len([place for place in PLACES if place.old_paths])


@pytest.mark.anyio
@pytest.mark.parametrize(("path", "segment"), OLD_PATHS)
async def test_an_old_address_leads_to_its_place(admin: Browser, path: str, segment: str) -> None:
    answer = await admin.client.get(admin.at(path))

    assert (answer.status_code, answer.headers["location"]) == (303, admin.at(segment))


@pytest.mark.anyio
async def test_every_place_is_there_and_in_the_navigation_of_a_super_tenant(admin: Browser) -> None:
    await create_world("below", parent_slug="northwind")
    overview = await admin.open("overview")

    for place in LISTED:
        assert admin.at(place.segment) in overview.links, place.label
        assert (await admin.open(place.segment)).status == 200, place.label
    assert admin.at("settings") in overview.links


@pytest.mark.anyio
async def test_the_settings_say_what_is_found_where(sign_in: SignIn) -> None:
    for role in ("administrator", "viewer"):
        page = await (await sign_in(role)).open("settings")

        assert "Settings > SAML Settings > Configure SCIM" in page.text
        assert "Default Access Role" in page.text
