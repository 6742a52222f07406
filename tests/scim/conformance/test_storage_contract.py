"""What scim2-server asks of a storage (its ``ScimStorageContract``), asked of us through the door."""

from itertools import chain

import pytest

from scim.schemas import GROUP_URN, USER_URN
from tests.scim.clients import Client, client_of
from tests.scim.conformance.grammar import PATCH_URN

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("store")]


async def user_named(client: Client, name: str, **more: str) -> str:
    return await client.create("/Users", schemas=[USER_URN], userName=name, **more)


async def pages_of(client: Client, query: str) -> list[list[str]]:
    """Return the user names on each page of a search by cursor."""
    pages, cursor = [], ""
    while True:
        body = (await client.send("GET", f"/Users?{query}&cursor={cursor}")).json()
        pages.append([one["userName"] for one in body["Resources"]])
        cursor = body.get("nextCursor")
        if cursor is None:
            return pages


async def test_an_outdated_version_changes_and_deletes_nothing() -> None:
    async with client_of("okta") as client:
        ident = await user_named(client, "ann")
        first = (await client.send("GET", f"/Users/{ident}")).headers["etag"]
        rename = {"schemas": [PATCH_URN], "Operations": [{"op": "replace", "path": "title", "value": "Boss"}]}
        assert (await client.send("PATCH", f"/Users/{ident}", rename, if_match=first)).status_code == 200
        for method, body in [("PATCH", rename), ("PUT", {"schemas": [USER_URN], "userName": "x"}), ("DELETE", None)]:
            assert (await client.send(method, f"/Users/{ident}", body, if_match=first)).status_code == 412
        kept = await client.send("GET", f"/Users/{ident}")
        assert (kept.json()["userName"], kept.json()["title"]) == ("ann", "Boss")
        assert (await client.send("DELETE", f"/Users/{ident}", if_match=kept.headers["etag"])).status_code == 204
        assert (await client.send("GET", f"/Users/{ident}")).status_code == 404


async def test_a_unique_value_is_free_once_nobody_has_it() -> None:
    async with client_of("okta") as client:
        ann, bob = await user_named(client, "ann"), await user_named(client, "bob")
        taken = {"schemas": [USER_URN], "userName": "ANN"}
        assert (await client.send("PUT", f"/Users/{bob}", taken)).status_code == 409
        assert (await client.send("GET", f"/Users/{bob}")).json()["userName"] == "bob"
        assert (await client.send("PUT", f"/Users/{ann}", {**taken, "userName": "anna"})).status_code == 200
        assert (await client.send("PUT", f"/Users/{bob}", taken)).status_code == 200
        assert (await client.send("DELETE", f"/Users/{bob}")).status_code == 204
        assert (await client.send("POST", "/Users", taken)).status_code == 201


async def test_an_id_is_of_one_type() -> None:
    async with client_of("okta") as client:
        ann = await user_named(client, "ann")
        staff = await client.create("/Groups", schemas=[GROUP_URN], displayName="Staff")
        assert (await client.send("GET", f"/Groups/{ann}")).status_code == 404
        assert (await client.send("DELETE", f"/Users/{staff}")).status_code == 404


async def test_cursors_come_by_everybody_once_in_order_whatever_is_equal_or_absent() -> None:
    titles = ["b", "a", None, "b", "A", None, "c"]
    async with client_of("okta") as client:
        for number, title in enumerate(titles):
            await user_named(client, f"u{number}", **({} if title is None else {"title": title}))
        pages = await pages_of(client, "sortBy=title&count=2")
        up = list(chain.from_iterable(pages))
        down = list(chain.from_iterable(await pages_of(client, "sortBy=title&sortOrder=descending&count=2")))
    assert [len(page) for page in pages] == [2, 2, 2, 1]
    assert up == ["u1", "u4", "u0", "u3", "u6", "u2", "u5"]
    assert (set(down[:2]), down[2:]) == ({"u2", "u5"}, ["u6", "u0", "u3", "u1", "u4"])


async def test_cursors_go_on_where_they_were_when_somebody_leaves_or_comes() -> None:
    async with client_of("okta") as client:
        idents = {name: await user_named(client, name) for name in "bdfh"}
        first = (await client.send("GET", "/Users?sortBy=userName&count=2&cursor=")).json()
        await client.send("DELETE", f"/Users/{idents['d']}")
        await user_named(client, "a")
        await user_named(client, "e")
        second = await client.send("GET", f"/Users?sortBy=userName&count=2&cursor={first['nextCursor']}")
    assert [one["userName"] for one in first["Resources"]] == ["b", "d"]
    assert [one["userName"] for one in second.json()["Resources"]] == ["e", "f"]


async def test_a_search_of_all_types_finds_nothing_in_types_that_lack_the_attribute() -> None:
    async with client_of("okta") as client:
        await user_named(client, "ann", displayName="Staff")
        await client.create("/Groups", schemas=[GROUP_URN], displayName="Staff")
        search = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]}
        named = await client.send("POST", "/.search", {**search, "filter": 'displayName eq "staff"'})
        only = await client.send("POST", "/.search", {**search, "filter": 'userName eq "ann"'})
    assert named.json()["totalResults"] == 2
    assert [one["meta"]["resourceType"] for one in only.json()["Resources"]] == ["User"]
