"""Activity: changes in words, requests, and where a reference leads."""

from csv import reader as csv_reader
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from json import loads
from urllib.parse import quote

import pytest

from directory import users
from directory.model import UserAttributes
from directory.noted import noted
from directory.traffic import flush, note_request
from portal.event_words import ACTION_WORDS, words_for
from tests.directory.world import World
from tests.portal.browsing import Browser
from tests.portal.conftest import SignIn
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


async def test_filters_are_named_where_they_cannot_be_read_and_change_nothing(admin: Browser, world: World) -> None:
    await world.push_user("ann", displayName="Ann Archer")

    page = await admin.open("activity?from=yesterday&by=nobody&to=9999-12-31&last=forever&reference=zz&text=Archer")

    assert page.status == 200
    for words in (
        "From “yesterday” was ignored",
        "By “nobody” was ignored",
        "Reference “zz” was ignored",
        "Time “forever”",
    ):
        assert words in page.text
    assert "User created : Ann Archer" in page.text


async def test_a_person_who_is_not_there_is_named_and_nothing_is_shown(admin: Browser, world: World) -> None:
    await world.push_user("ann", displayName="Ann Archer")

    page = await admin.open("activity?target=Nobody+Like+That")

    assert "Nobody here, and no group, is called “Nobody Like That”" in page.text
    assert "Ann Archer" not in page.text


async def test_filters_stay_in_the_links_of_the_page(admin: Browser, world: World) -> None:
    for number in range(60):
        await world.push_user(f"p{number:02}")

    page = await admin.open("activity?action=user%3Acreated&last=24h")
    older = next(link for link in page.links if "before=" in link)

    assert "action=user%3Acreated" in older
    assert "last=24h" in older
    assert "p00@" in (await admin.open(older)).text
    assert any(link.endswith("/activity/export/changes.csv?last=24h&action=user%3Acreated") for link in page.links)


async def test_requests_are_narrowed_by_status_method_and_person(admin: Browser, world: World) -> None:
    user = await world.push_user("ann", displayName="Ann Archer")
    note_request(request_of(world, status=204, method="PATCH", path=f"/scim/v2/Users/{user.user_id}"))
    note_request(request_of(world, status=409, path="/scim/v2/Groups"))
    await flush(now=world.tick())

    by_status = await admin.open("activity/requests?status=409")
    by_person = await admin.open("activity/requests?target=ann+archer")
    unreadable = await admin.open("activity/requests?status=teapot&method=BREW&result=maybe&source=x")

    assert "/Groups" in by_status.text
    assert "PATCH" not in by_status.text.partition("Newest")[2]
    assert str(user.user_id) in by_person.text
    assert "/scim/v2/Groups" not in by_person.text
    assert unreadable.text.count("was ignored") == 4


async def test_the_live_view_is_there_for_the_newest_and_can_be_stopped(admin: Browser, world: World) -> None:
    await world.push_user("ann")

    live = (await admin.open("activity/requests")).response.text
    stopped = await admin.open("activity/requests?live=off")
    searched = (await admin.open("activity/requests?text=x")).response.text

    assert 'hx-sse:connect="/t/northwind/activity/live/requests?since=' in live
    assert "hx-sse:connect" not in stopped.response.text
    assert "Watch live" in stopped.text
    assert "hx-sse:connect" not in searched


async def test_the_page_of_a_change_says_why_and_what_else_came_of_its_request(admin: Browser, world: World) -> None:
    draft = request_of(world, status=201)
    await world.push_group("Waiting", [])
    await users.create_user(
        UserAttributes({"userName": "new@example.org", "displayName": "New Person", "active": True}),
        by=replace(world.client, request=draft),
        now=world.tick(),
        revive_inactive=True,
    )
    listed = await admin.open("activity?action=user%3Arole%3Agranted&by=sources")

    page = await admin.open(next(link for link in listed.links if "/activity/changes/" in link))

    for words in ("Access role granted: New Person", "No mapped group has this person", "Loanee", "User created"):
        assert words in page.text.replace(" : ", ": ")
    assert any(link.endswith(draft.reference) for link in page.links)


async def test_the_page_of_a_membership_lists_whom_it_moved(admin: Browser, world: World) -> None:
    await world.push_user("ann", displayName="Ann Archer")
    await world.push_group("Staff", ["ext-ann"])
    listed = await admin.open("activity?action=group%3Amembers%3Achanged")

    page = await admin.open(next(link for link in listed.links if "/activity/changes/" in link))

    assert "1 joined, 0 left." in page.text
    assert "Joined Ann Archer" in page.text


async def test_a_gap_in_the_record_is_shown_with_its_bounds(admin: Browser, world: World) -> None:
    world.now -= timedelta(minutes=1)
    noted.lose([request_of(world), request_of(world)])
    await flush(now=world.tick())

    text = (await admin.open("activity/requests")).text

    assert "Gap in the record:" in text
    assert "2 requests between" in text


async def test_why_a_request_failed_is_told_in_steps_with_advice(admin: Browser, world: World) -> None:
    draft = request_of(world, status=409, scim_type="uniqueness", detail="Another user already has the userName ann.")
    note_request(draft)
    await flush(now=world.tick())

    text = (await admin.open(f"activity/requests/{draft.reference}")).text

    for words in ("Two things claim the same name", "Match failed", "Decide not reached", "Effect not reached",
                  "Replay in simulation", '"scimType": "uniqueness"'):  # fmt: skip
        assert words in text


async def test_only_who_may_change_connections_is_offered_the_simulation(sign_in: SignIn, world: World) -> None:
    draft = request_of(world)
    note_request(draft)
    await flush(now=world.tick())

    viewer = await sign_in("viewer")

    assert "Replay in simulation" not in (await viewer.open(f"activity/requests/{draft.reference}")).text


@pytest.mark.parametrize("kind", ["changes", "requests"])
async def test_what_a_filter_finds_can_be_exported(admin: Browser, world: World, kind: str) -> None:
    await world.push_user("ann", displayName='=cmd|"/c calc"!A1')
    note_request(request_of(world, path="/scim/v2/Users/@SUM(1)", status=400, detail="+1"))
    await flush(now=world.tick())

    csv = await admin.open(f"activity/export/{kind}.csv")
    lines = (await admin.open(f"activity/export/{kind}.ndjson")).response.text.splitlines()

    assert csv.response.headers["content-type"].startswith("text/csv")
    assert csv.response.headers["content-disposition"].startswith("attachment")
    assert not any(cell[:1] in "=+-@" for row in reader(csv.response.text) for cell in row if cell)
    told_between = 1 if kind == "changes" else 0  # that the first file was taken is a change in the second
    assert len(lines) == len(reader(csv.response.text)) - 1 + told_between
    assert all(loads(line) for line in lines)


async def test_an_export_that_there_is_not_is_a_missing_page(admin: Browser) -> None:
    assert (await admin.open("activity/export/everything.zip")).status == 404


@pytest.mark.parametrize(
    "attack", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{7*7}}", "' hx-get=/x '"]
)
async def test_text_of_a_provider_stays_text_in_every_field(admin: Browser, world: World, attack: str) -> None:
    user = await world.push_user("ann", displayName=attack, title=attack)
    draft = request_of(
        world,
        status=400,
        path=f"/scim/v2/Users?filter={attack}",
        detail=attack,
        scim_type=attack,
        request_body=f'{{"x": "{attack}"}}',
        software=attack,
        network=attack,
        leniencies=[attack],
    )
    note_request(draft)
    await flush(now=world.tick())
    listed = await admin.open(f"activity?target={user.user_id}")
    change = next(link for link in listed.links if "/activity/changes/" in link)

    lists = ["overview", "activity", "activity/requests", "activity/live", "activity/live/requests"]
    places = [*lists, change, f"activity/requests/{draft.reference}",
              f"activity?text={quote(attack)}", f"search?q={quote(attack)}"]  # fmt: skip
    for place in places:
        answer = (await admin.open(place)).response

        assert answer.status_code == 200, place
        assert "<script>alert" not in answer.text, place
        assert "<img" not in answer.text, place
        assert not [tag for tag in OpenTags(answer.text).attributes if tag in {"img onerror", "p hx-get"}], place


class OpenTags(HTMLParser):
    """The names of all attributes of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.attributes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes.update(f"{tag} {name}" for name, _ in attrs)


def reader(text: str) -> list[list[str]]:
    """Return the rows of a CSV file."""
    return list(csv_reader(text.removeprefix("\ufeff").splitlines()))


async def test_nothing_yet_says_when_the_first_request_comes(admin: Browser) -> None:
    assert "No requests yet" in (await admin.open("activity/requests")).text


def test_an_action_without_words_keeps_its_own() -> None:
    assert words_for("user:frozen:solid") == "User frozen solid"


def test_every_action_the_directory_names_has_words() -> None:
    source = "".join(path.read_text() for path in each_module("directory"))

    assert [action for action in ACTION_WORDS if action.split(":")[-1] not in source] == []
