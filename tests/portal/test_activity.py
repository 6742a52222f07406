"""Activity: changes in words, requests, and where a reference leads."""

from dataclasses import replace

import pytest

from directory import users
from directory.model import UserAttributes
from directory.traffic import flush, note_request
from portal.event_words import ACTION_WORDS, words_for
from tests.directory.world import World
from tests.portal.browsing import Browser
from tests.portal.test_overview import request_of
from tests.shape.tree import each_module

pytestmark = pytest.mark.anyio


async def test_changes_are_told_in_words_with_names(admin: Browser, world: World) -> None:
    await world.push_user("ann", displayName="Ann")
    await world.map_group(await world.push_group("Staff", ["ext-ann"]), "editor")

    text = (await admin.open("activity")).text

    assert "Access role granted : Ann" in text
    assert "role Loanee → Editor" in text
    assert "Group mapping added : Staff" in text


async def test_older_changes_are_a_page_away(admin: Browser, world: World) -> None:
    for number in range(30):
        await world.push_user(f"p{number:02}")

    page = await admin.open("activity")
    older = await admin.open(next(link for link in page.links if "before=" in link))

    assert "p00" not in page.text
    assert "p00" in older.text
    assert "Newest" in older.text


async def test_the_reference_of_an_error_leads_to_its_request(admin: Browser, world: World) -> None:
    draft = request_of(
        world,
        status=400,
        scim_type="invalidValue",
        detail="emails[0].value is empty.",
        request_body='{"userName":"ann","password":"[redacted]"}',
        leniencies=["string_booleans"],
        software="AzureAD SCIM/1.0",
    )
    note_request(draft)
    await flush(now=world.tick())

    page = await admin.open(f"activity/requests/{draft.reference}")

    for words in ("emails[0].value is empty.", "invalidValue", "string_booleans", "AzureAD", "3.4 ms", "Nothing."):
        assert words in page.text


async def test_a_request_lists_what_it_changed(admin: Browser, world: World) -> None:
    draft = request_of(world, status=201)
    await users.create_user(
        UserAttributes({"userName": "new@example.org", "displayName": "New Person", "active": True}),
        by=replace(world.client, request=draft),
        now=world.tick(),
        revive_inactive=True,
    )

    page = await admin.open(f"activity/requests/{draft.reference}")
    person = await admin.open(next(link for link in page.links if "/sub-accounts/" in link))

    assert "User created : New Person" in page.text
    assert any(link.endswith(draft.reference) for link in person.links)


async def test_failed_requests_can_be_looked_at_alone(admin: Browser, world: World) -> None:
    note_request(request_of(world, status=200, method="GET", path="/scim/v2/Groups"))
    note_request(request_of(world, status=500, path="/scim/v2/Users"))
    await flush(now=world.tick())

    every, failed = await admin.open("activity/requests"), await admin.open("activity/requests?result=failed")

    assert "GET /scim/v2/Groups" in every.text
    assert "GET /scim/v2/Groups" not in failed.text
    assert "POST /scim/v2/Users" in failed.text


async def test_older_requests_are_a_page_away(admin: Browser, world: World) -> None:
    for number in range(51):
        note_request(request_of(world, path=f"/scim/v2/Users/{number:02}"))
    await flush(now=world.tick())

    page = await admin.open("activity/requests")
    older = await admin.open(next(link for link in page.links if "before=" in link))

    assert "/Users/00" not in page.text
    assert "/Users/00" in older.text


@pytest.mark.parametrize("body", ["not json", "", "[", '{"a":'])
async def test_a_body_that_is_not_json_is_shown_as_it_is(admin: Browser, world: World, body: str) -> None:
    draft = request_of(world, status=400, request_body=body)
    note_request(draft)
    await flush(now=world.tick())

    page = await admin.open(f"activity/requests/{draft.reference}")

    assert page.status == 200
    assert body in page.text


async def test_nothing_yet_says_when_the_first_request_comes(admin: Browser) -> None:
    assert "No requests yet" in (await admin.open("activity/requests")).text


def test_an_action_without_words_keeps_its_own() -> None:
    assert words_for("user:frozen:solid") == "User frozen solid"


def test_every_action_the_directory_names_has_words() -> None:
    source = "".join(path.read_text() for path in each_module("directory"))

    assert [action for action in ACTION_WORDS if action.split(":")[-1] not in source] == []
