import re
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any, Final
from uuid import UUID, uuid4

import pytest

from scim.cursors import TIMEOUT_S, Mark, cursor_for, list_key_for, mark_from
from scim.errors import ExpiredCursorError, InvalidCountError, InvalidCursorError
from tests.scim.clients import Client, client_of

NOW: Final = datetime(2026, 5, 1, 12, tzinfo=UTC)
KEY: Final = b"k" * 32
LIST: Final = list_key_for(["source", "User", "", "", ""])
MARK: Final = Mark(
    list_key=LIST,
    count=2,
    total=5,
    endpoint=0,
    key="Zoë 山田 & co",
    ident=UUID(int=7),
    until_s=int(NOW.timestamp()) + TIMEOUT_S,
)
UNRESERVED: Final = re.compile(r"[A-Za-z0-9._~-]+")


@pytest.mark.rfc("9865#2.1")
def test_cursor_comes_back_as_it_was_in_unreserved_characters() -> None:
    cursor = cursor_for(MARK, KEY)
    assert UNRESERVED.fullmatch(cursor)
    assert mark_from(cursor, KEY, list_key=LIST, count=None, now=NOW) == MARK


@pytest.mark.parametrize("cursor", ["garbage", ".", "a.b", "ü", "=.=", "W10.AAAA", "x" * 10_000])
def test_what_was_never_given_out_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidCursorError):
        mark_from(cursor, KEY, list_key=LIST, count=2, now=NOW)


def test_changed_or_foreign_cursor_is_refused() -> None:
    content, _, mac = cursor_for(MARK, KEY).partition(".")
    other = cursor_for(Mark(**{**{name: getattr(MARK, name) for name in MARK.__struct_fields__}, "total": 6}), KEY)
    for cursor in (f"{other.partition('.')[0]}.{mac}", f"{content}.", cursor_for(MARK, b"x" * 32)):
        with pytest.raises(InvalidCursorError):
            mark_from(cursor, KEY, list_key=LIST, count=2, now=NOW)


def test_cursor_is_good_for_its_list_its_page_size_and_an_hour() -> None:
    cursor = cursor_for(MARK, KEY)
    with pytest.raises(InvalidCursorError):
        mark_from(cursor, KEY, list_key=list_key_for(["another"]), count=2, now=NOW)
    with pytest.raises(InvalidCountError):
        mark_from(cursor, KEY, list_key=LIST, count=3, now=NOW)
    with pytest.raises(ExpiredCursorError):
        mark_from(cursor, KEY, list_key=LIST, count=2, now=NOW + timedelta(seconds=TIMEOUT_S))


async def page(client: Client, path: str, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401 any JSON
    """Return a page of a list by GET."""
    response = await client.http.get(f"/scim/v2{path}", params=parameters)
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


async def walked(client: Client, path: str, **parameters: Any) -> list[list[str]]:  # noqa: ANN401 any JSON
    """Return the ids of every page of a list, as one cursor leads to the next."""
    pages: list[list[str]] = []
    cursor: str | None = ""
    while cursor is not None:
        body = await page(client, path, cursor=cursor, **parameters)
        pages.append([resource["id"] for resource in body["Resources"]])
        assert body["itemsPerPage"] == len(pages[-1])
        assert "startIndex" not in body
        cursor = body.get("nextCursor")
    return pages


@pytest.mark.anyio
@pytest.mark.usefixtures("store")
async def test_cursors_lead_through_every_list_once() -> None:
    async with client_of("okta", f"t-{uuid4().hex[:12]}") as client:
        names = ["delta", "Alpha", "charlie", "Bravo", "echo"]
        made = {name: await client.create("/Users", userName=name, title=name * (name > "b")) for name in names}
        in_order = list(made.values())
        assert await walked(client, "/Users", count=2) == [in_order[:2], in_order[2:4], in_order[4:]]
        assert await walked(client, "/Users", count=5) == [in_order]
        by_name = [made[name] for name in sorted(names, key=str.lower)]
        assert [*chain(*await walked(client, "/Users", count=2, sortBy="userName"))] == by_name
        titled = [made[name] for name in ("charlie", "delta", "echo", "Alpha", "Bravo")]
        assert [*chain(*await walked(client, "/Users", count=2, sortBy="title"))] == titled
        first = await page(client, "/Users", cursor="", count=2, filter='userName co "a"')
        later = await page(client, "/Users", cursor=first["nextCursor"], filter='userName co "a"')
        assert (first["totalResults"], later["totalResults"], len(later["Resources"])) == (4, 4, 2)
        assert await walked(client, "/Users", count=2, filter='userName eq "nobody"') == [[]]


@pytest.mark.anyio
@pytest.mark.usefixtures("store")
async def test_cursors_lead_from_users_to_groups() -> None:
    async with client_of("okta", f"t-{uuid4().hex[:12]}") as client:
        users = [await client.create("/Users", userName=f"u{number}") for number in range(4)]
        groups = [await client.create("/Groups", displayName=f"g{number}") for number in range(3)]
        for count, sizes in ((2, [2, 2, 2, 1]), (3, [3, 3, 1]), (4, [4, 3]), (7, [7])):
            found: list[list[str]] = []
            cursor: str | None = ""
            while cursor is not None:
                answer = await client.send("POST", "/.search", {"cursor": cursor, "count": count})
                body = answer.json()
                assert body["totalResults"] == 7
                found.append([resource["id"] for resource in body["Resources"]])
                cursor = body.get("nextCursor")
            assert [len(some) for some in found] == sizes
            assert [*chain(*found)] == [*users, *groups]
        counted = await client.send("POST", "/.search", {"cursor": "", "count": 0})
        assert counted.json()["totalResults"] == 7
        assert "nextCursor" not in counted.json()


@pytest.mark.anyio
@pytest.mark.usefixtures("store")
async def test_cursor_is_refused_where_it_does_not_belong() -> None:
    async with (
        client_of("okta", f"t-{uuid4().hex[:12]}") as client,
        client_of("okta", f"o-{uuid4().hex[:12]}") as other,
    ):
        for number in range(3):
            await client.create("/Users", userName=f"u{number}")
            await other.create("/Users", userName=f"u{number}")
        cursor = (await page(client, "/Users", cursor="", count=1))["nextCursor"]
        refusals = [
            (client, "/Users", {"cursor": "garbage"}, "invalidCursor"),
            (client, "/Users", {"cursor": cursor, "filter": 'userName eq "u1"'}, "invalidCursor"),
            (client, "/Users", {"cursor": cursor, "sortBy": "userName"}, "invalidCursor"),
            (client, "/Groups", {"cursor": cursor}, "invalidCursor"),
            (other, "/Users", {"cursor": cursor}, "invalidCursor"),
            (client, "/Users", {"cursor": cursor, "count": 2}, "invalidCount"),
            (client, "/Users", {"cursor": "", "count": 251}, "invalidCount"),
            (client, "/Users", {"cursor": "", "count": "many"}, "invalidCount"),
        ]
        for sender, path, parameters, scim_type in refusals:
            answer = await sender.http.get(f"/scim/v2{path}", params=parameters)
            assert (answer.status_code, answer.json()["scimType"]) == (400, scim_type)
