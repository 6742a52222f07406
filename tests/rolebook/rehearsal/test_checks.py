"""What an answer must be like."""

import json
from collections.abc import Mapping

import pytest

from rolebook.rehearsal import checks
from rolebook.rehearsal.checks import Check
from rolebook.rehearsal.exchange import MEDIA_TYPE, Reply

USER: Mapping[str, object] = {
    "schemas": [checks.USER],
    "id": "u1",
    "userName": "ann",
    "meta": {"resourceType": "User", "location": "https://x/scim/Users/u1", "version": 'W/"1"'},
}
ERROR: Mapping[str, object] = {
    "schemas": [checks.ERROR], "status": "409", "scimType": "uniqueness", "detail": "There is one already.",
}  # fmt: skip
PAGE: Mapping[str, object] = {
    "schemas": [checks.LIST], "totalResults": 1, "startIndex": 1, "itemsPerPage": 1, "Resources": [{"id": "u1"}],
}  # fmt: skip
NOBODY: Mapping[str, object] = {"schemas": [checks.LIST], "totalResults": 0}


def reply(body: Mapping[str, object], *, status: int = 200, media_type: str = MEDIA_TYPE) -> Reply:
    location = "https://x/scim/Users/u1" if status == 201 else None
    return Reply(status=status, text=json.dumps(body), media_type=media_type, location=location, etag='W/"1"')


def first_wrong(check: Check, answer: Reply) -> str | None:
    return next((f"{wrong.expected} | {wrong.got}" for wrong in check(answer)), None)


@pytest.mark.parametrize(
    ("check", "answer"),
    [
        (checks.created("User", {"userName": "ann"}), reply(USER, status=201)),
        (checks.shows("User"), reply(USER, media_type="application/scim+json; charset=utf-8")),
        (checks.changed("User", {"userName": "ann"}), reply(USER)),
        (checks.changed("User", {"userName": "ben"}), Reply(status=204, text="")),
        (checks.removed(), Reply(status=204, text="")),
        (checks.removed(405), reply(ERROR, status=405)),
        (checks.refuses(409, "uniqueness"), reply(ERROR, status=409)),
        (checks.finds("u1", start=1), reply(PAGE)),
        (checks.finds(None), reply(NOBODY)),
        (checks.lists(), reply(PAGE)),
        (checks.lacks("password"), reply(PAGE)),
        (checks.any_of(checks.removed(), checks.shows("User")), reply(USER)),
    ],
)
def test_a_right_answer_has_nothing_wrong(check: Check, answer: Reply) -> None:
    assert first_wrong(check, answer) is None


@pytest.mark.parametrize(
    ("check", "answer", "wrong"),
    [
        (checks.created("User"), reply(USER), "status 201 | 200 "),
        (checks.created("User"), Reply(status=500, text="Traceback"), "status 201 | 500 Traceback"),
        (checks.shows("User"), Reply(status=200, text="", media_type=MEDIA_TYPE), "an object of JSON | null"),
        (checks.shows("User"), Reply(status=200, text="<html>"), "an object of JSON | 200 <html>"),
        (checks.shows("User"), reply(USER, media_type="application/json"), f"Content-Type {MEDIA_TYPE} | application/"),
        (checks.shows("User"), reply({**USER, "schemas": []}), f"schemas with {checks.USER} | []"),
        (checks.shows("User"), reply({**USER, "id": 7}), "an id | 7"),
        (checks.shows("User"), reply({**USER, "meta": None}), "meta | null"),
        (checks.shows("Group"), reply({**USER, "schemas": [checks.GROUP]}), "meta.resourceType Group | User"),
        (checks.shows("User"), reply({**USER, "id": "u2"}), "meta.location that ends with /Users/u2 | https://x/"),
        (checks.shows("User", {"title": "Dr"}), reply(USER), "title Dr | no value"),
        (checks.changed("User", {"userName": "ben"}), reply(USER), "userName ben | ann"),
        (checks.changed("User"), Reply(status=204, text="{}"), "no body with 204 | 204 {}"),
        (checks.removed(), Reply(status=404, text=""), "status 204 | 404 "),
        (checks.refuses(409), reply({**ERROR, "status": 409}, status=409), 'status as the text "409" | 409'),
        (checks.refuses(409), reply({**ERROR, "detail": " "}, status=409), "a detail that says what is wrong |  "),
        (checks.refuses(409, "tooMany"), reply(ERROR, status=409), "scimType tooMany | uniqueness"),
        (checks.finds(None), reply(PAGE), "totalResults 0 | 1"),
        (checks.finds("u2"), reply(PAGE), 'Resources with ["u2"] | ["u1"]'),
        (checks.finds("u1", start=2), reply(PAGE), "startIndex 2 | 1"),
        (checks.lists(), reply({**PAGE, "totalResults": "1"}), "totalResults as a number | 1"),
        (checks.lists(), reply({**PAGE, "itemsPerPage": 100}), "itemsPerPage 1, as many as there are | 100"),
        (checks.lists(), reply({**PAGE, "Resources": None}), "Resources as a list | null"),
        (checks.lacks("password"), reply({**USER, "password": "x"}), "no password | password in the answer"),
        (checks.any_of(checks.removed(), checks.shows("Group")), reply(USER), f"schemas with {checks.GROUP} | "),
    ],
)
def test_a_wrong_answer_is_told_in_a_few_words(check: Check, answer: Reply, wrong: str) -> None:
    assert (first_wrong(check, answer) or "").startswith(wrong)


@pytest.mark.parametrize(
    ("location", "wrong"),
    [(None, "a header Location | none"), ("/Users/u1", "Location and meta.location alike | /Users/u1 and https://x/")],
)
def test_location_is_there_and_says_what_meta_says(location: str | None, wrong: str) -> None:
    answer = Reply(status=201, text=json.dumps(USER), media_type=MEDIA_TYPE, location=location)

    assert (first_wrong(checks.created("User"), answer) or "").startswith(wrong)


def test_an_etag_is_the_version_of_the_body() -> None:
    answer = Reply(status=200, text=json.dumps(USER), media_type=MEDIA_TYPE, etag='W/"2"')

    assert first_wrong(checks.shows("User"), answer) == 'meta.version W/"2", as the header ETag | W/"1"'
