"""Users of a super tenant on the wire: which tenants they are in, and where the source sends them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from directory import sources, traffic
from directory.model import Tenant
from directory.routes import rules
from directory.routes.rules import AddRule, Condition, RuleDraft
from directory.tenants import create_tenant, system_actor
from tests.scim.clients import Client, client_of

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("store")]

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
ROUTING = "urn:rolebook:params:scim:schemas:extension:routing:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
SLUGS = ("bristol", "leeds", "york")


@dataclass
class Above:
    """A client of a super tenant, and the tenants below it."""

    client: Client
    below: dict[str, Tenant] = field(default_factory=dict)

    async def add_tenants(self, *slugs: str) -> None:
        for slug in slugs:
            self.below[slug] = await create_tenant(
                slug.title(), slug=slug, parent_slug=self.client.tenant.slug, now=datetime.now(UTC)
            )
        # Secrets are remembered for a second, and with them what their tenant was.
        await self.settle(accepts_routing="off")

    async def settle(self, **changes: str) -> None:
        by = system_actor(self.client.tenant)
        await sources.edit_settings(self.client.source.source_id, changes, by=by, now=datetime.now(UTC))

    async def lead(self, condition: Condition, *slugs: str) -> None:
        goes_to = tuple(self.below[slug].tenant_id for slug in slugs)
        draft = RuleDraft(condition=condition, goes_to=goes_to)
        await rules.change_rules(AddRule(draft=draft), by=system_actor(self.client.tenant), now=datetime.now(UTC))

    async def follow_route_to(self) -> None:
        await self.lead(Condition(kind="named_tenant", path=f"{ROUTING}:routeTo"))

    async def push(self, name: str, **extension: Any) -> Any:  # noqa: ANN401 any JSON
        body = {"schemas": [CORE, ROUTING], "userName": f"{name}@example.org", "externalId": name, ROUTING: extension}
        sent = await self.client.send("POST", "/Users", body)
        assert sent.status_code == 201, sent.text
        return sent.json()

    async def patch(self, user_id: str, *operations: dict[str, Any]) -> Any:  # noqa: ANN401 any JSON
        sent = await self.client.send("PATCH", f"/Users/{user_id}", {"schemas": [PATCH], "Operations": operations})
        assert sent.status_code in {200, 204}, sent.text
        return await self.read(user_id)

    async def read(self, user_id: str, query: str = "") -> Any:  # noqa: ANN401 any JSON
        return (await self.client.send("GET", f"/Users/{user_id}{query}")).json()

    async def found(self, text: str) -> list[str]:
        page = (await self.client.send("GET", f"/Users?filter={text}&attributes=userName")).json()
        return sorted(one["userName"].partition("@")[0] for one in page["Resources"])

    async def notes(self) -> str:
        records = await traffic.list_requests(self.client.tenant.tenant_id, limit=100)
        return " ".join(note for record in records for note in record.leniencies)


def tenants_of(user: Any) -> list[tuple[str, bool, str]]:  # noqa: ANN401 any JSON
    listed = user.get(ROUTING, {}).get("tenants", [])
    return [(one["value"], one["active"], one["state"]) for one in listed]


@pytest.fixture
async def above() -> AsyncIterator[Above]:
    async with client_of("entra", slug="group") as client:
        found = Above(client)
        await found.add_tenants(*SLUGS)
        yield found


async def test_answers_say_which_tenants_a_user_is_in(above: Above) -> None:
    await above.lead(Condition(kind="domain", values=("example.org",)), "york", "bristol")
    made = await above.push("ann")
    assert made["schemas"] == [CORE, ROUTING]
    assert made[ROUTING] == {
        "tenants": [
            {"value": "bristol", "display": "Bristol", "role": "Loanee", "active": True, "state": "there"},
            {"value": "york", "display": "York", "role": "Loanee", "active": True, "state": "there"},
        ]
    }
    assert await above.read(made["id"]) == made
    listed = (await above.client.send("GET", "/Users")).json()["Resources"]
    assert listed == [made]


async def test_tenants_are_left_out_where_they_are_not_asked_for(above: Above) -> None:
    await above.lead(Condition(kind="domain", values=("example.org",)), "york")
    user_id = (await above.push("ann"))["id"]
    for query in (f"?excludedAttributes={ROUTING}", f"?excludedAttributes={ROUTING}:tenants", "?attributes=userName"):
        shown = await above.read(user_id, query)
        assert (shown["userName"], ROUTING in shown, shown["schemas"]) == ("ann@example.org", False, [CORE])
    for query in (f"?attributes={ROUTING}", f"?attributes={ROUTING}:tenants", f"?attributes={ROUTING}:tenants.value"):
        shown = await above.read(user_id, query)
        assert [one["value"] for one in shown[ROUTING]["tenants"]] == ["york"]
        assert "userName" not in shown


async def test_same_version_is_sent_again_since_tenants_are_of_no_version(above: Above) -> None:
    made = await above.push("ann")
    version = made["meta"]["version"]
    assert ROUTING not in made
    again = await above.client.send("GET", f"/Users/{made['id']}", if_none_match=version)
    assert (again.status_code, again.json()["meta"]["version"]) == (200, version)


async def test_users_are_found_by_tenant(above: Above) -> None:
    await above.settle(accepts_routing="on")
    await above.follow_route_to()
    for name, slugs in {"ann": ["york"], "ben": ["york", "leeds"], "eve": ["bristol"], "una": ["nowhere"]}.items():
        await above.push(name, routeTo=slugs)
    assert await above.found(f'{ROUTING}:tenants.value eq "york"') == ["ann", "ben"]
    assert await above.found(f'{ROUTING}:tenants eq "YORK" and userName sw "b"') == ["ben"]
    assert await above.found(f'{ROUTING}:tenants[value eq "leeds"]') == ["ben"]
    assert await above.found(f'{ROUTING}:tenants.value ne "york"') == ["eve", "una"]
    assert await above.found(f"{ROUTING}:tenants pr") == ["ann", "ben", "eve"]
    assert await above.found(f'{ROUTING}:tenants.value eq "nowhere"') == []
    assert await above.found(f'{ROUTING}:routeTo eq "nowhere"') == ["una"]


@pytest.mark.parametrize("text", ['tenants.role eq "Viewer"', "tenants.active eq true", 'tenants.value co "y"'])
async def test_users_are_found_by_nothing_else_of_their_tenants(above: Above, text: str) -> None:
    refused = await above.client.send("GET", f"/Users?filter={ROUTING}:{text}")
    assert (refused.status_code, refused.json()["scimType"]) == (400, "invalidFilter")


async def test_users_cannot_be_sorted_by_tenant(above: Above) -> None:
    refused = await above.client.send("GET", f"/Users?sortBy={ROUTING}:tenants")
    assert refused.status_code == 400


async def test_schemas_have_the_extension_at_super_tenants_only(above: Above) -> None:
    async with client_of("entra", slug="plain") as plain:
        listed = [one["id"] for one in (await plain.send("GET", "/Schemas")).json()["Resources"]]
        users = (await plain.send("GET", "/ResourceTypes/User")).json()
    assert ROUTING not in listed
    assert [one["schema"] for one in users["schemaExtensions"]] == [ENTERPRISE]

    users = (await above.client.send("GET", "/ResourceTypes/User")).json()
    assert [one["schema"] for one in users["schemaExtensions"]] == [ENTERPRISE, ROUTING]
    schema = (await above.client.send("GET", f"/Schemas/{ROUTING}")).json()
    assert [(one["name"], one["mutability"]) for one in schema["attributes"]] == [("tenants", "readOnly")]

    await above.settle(accepts_routing="on")
    schema = (await above.client.send("GET", f"/Schemas/{ROUTING}")).json()
    assert [(one["name"], one["mutability"], one["multiValued"]) for one in schema["attributes"]] == [
        ("tenants", "readOnly", True),
        ("routeTo", "readWrite", True),
    ]


async def test_route_to_moves_a_user_whichever_way_it_is_changed(above: Above) -> None:
    await above.settle(accepts_routing="on")
    await above.follow_route_to()
    user_id = (await above.push("ann", routeTo=["york"]))["id"]
    path = f"{ROUTING}:routeTo"

    added = await above.patch(user_id, {"op": "add", "path": path, "value": ["leeds", "york"]})
    assert added[ROUTING]["routeTo"] == ["york", "leeds"]
    assert tenants_of(added) == [("leeds", True, "there"), ("york", True, "there")]

    taken = await above.patch(user_id, {"op": "remove", "path": path, "value": ["york"]})
    assert (taken[ROUTING]["routeTo"], tenants_of(taken)) == (["leeds"], [("leeds", True, "there")])

    alone = await above.patch(user_id, {"op": "Replace", "path": path, "value": "bristol"})
    assert (alone[ROUTING]["routeTo"], tenants_of(alone)) == (["bristol"], [("bristol", True, "there")])

    keyed = await above.patch(user_id, {"op": "replace", "value": {ROUTING: {"routeTo": ["york"]}}})
    assert tenants_of(keyed) == [("york", True, "there")]

    put = {**keyed, ROUTING: {**keyed[ROUTING], "routeTo": ["leeds"]}}
    answer = await above.client.send("PUT", f"/Users/{user_id}", put)
    assert tenants_of(answer.json()) == [("leeds", True, "there")]

    gone = await above.patch(user_id, {"op": "remove", "path": ROUTING})
    assert ROUTING not in gone


async def test_more_tenants_than_are_kept_are_refused(above: Above) -> None:
    await above.settle(accepts_routing="on")
    user_id = (await above.push("ann", routeTo=[f"t-{number}" for number in range(100)]))["id"]
    body = {"schemas": [PATCH], "Operations": [{"op": "add", "path": f"{ROUTING}:routeTo", "value": ["one-more"]}]}
    refused = await above.client.send("PATCH", f"/Users/{user_id}", body)
    assert (refused.status_code, refused.json()["scimType"]) == (400, "invalidValue")


async def test_tenants_are_read_only(above: Above) -> None:
    await above.lead(Condition(kind="domain", values=("example.org",)), "york")
    made = await above.push("ann", tenants=[{"value": "leeds"}])
    assert tenants_of(made) == [("york", True, "there")]
    put = {**made, ROUTING: {"tenants": [{"value": "leeds"}]}}
    assert tenants_of((await above.client.send("PUT", f"/Users/{made['id']}", put)).json()) == [("york", True, "there")]
    operation = {"op": "add", "path": f"{ROUTING}:tenants", "value": [{"value": "leeds"}]}
    refused = await above.client.send("PATCH", f"/Users/{made['id']}", {"schemas": [PATCH], "Operations": [operation]})
    assert (refused.status_code, refused.json()["scimType"]) == (400, "mutability")


async def test_route_to_is_kept_out_with_a_note_where_the_connection_does_not_take_it(above: Above) -> None:
    await above.follow_route_to()
    made = await above.push("ann", routeTo=["york"])
    assert ROUTING not in made
    changed = await above.patch(
        made["id"],
        {"op": "replace", "path": f"{ROUTING}:routeTo", "value": ["york"]},
        {"op": "remove", "path": ROUTING},
    )
    assert ROUTING not in changed
    assert f"{ROUTING}:routeTo was left out: this connection does not say where users go." in await above.notes()
    assert "remove the attribute from the mapping in your IdP" in await above.notes()


async def test_what_was_taken_stays_when_the_connection_takes_no_more(above: Above) -> None:
    await above.settle(accepts_routing="on")
    await above.follow_route_to()
    made = await above.push("ann", routeTo=["york"])
    await above.settle(accepts_routing="off")

    put = {**made, "displayName": "Ann", ROUTING: {"routeTo": ["leeds"]}}
    answer = (await above.client.send("PUT", f"/Users/{made['id']}", put)).json()
    assert answer[ROUTING] == {"tenants": made[ROUTING]["tenants"]}
    await above.patch(made["id"], {"op": "remove", "path": ROUTING}, {"op": "remove", "path": f"{ROUTING}:routeTo"})
    await above.settle(accepts_routing="on")
    assert (await above.read(made["id"]))[ROUTING] == made[ROUTING]


async def test_ordinary_tenants_store_nothing_of_the_extension() -> None:
    async with client_of("entra", slug="plain") as plain:
        body = {"schemas": [CORE, ROUTING], "userName": "ann@example.org", ROUTING: {"routeTo": ["york"]}}
        made = (await plain.send("POST", "/Users", body)).json()
        operations = [
            {"op": "add", "path": f"{ROUTING}:routeTo", "value": ["york"]},
            {"op": "add", "value": {ROUTING: {"tenants": [{"value": "york"}]}}},
            {"op": "remove", "path": ROUTING},
        ]
        path = f"/Users/{made['id']}"
        assert (await plain.send("PATCH", path, {"schemas": [PATCH], "Operations": operations})).status_code == 204
        records = await traffic.list_requests(plain.tenant.tenant_id, limit=10)
        shown = (await plain.send("GET", path)).json()
    assert (made["schemas"], shown["schemas"], ROUTING in shown) == ([CORE], [CORE], False)
    assert any("only a tenant with tenants below it has this" in note for note in records[0].leniencies)


async def test_status_of_a_user_is_that_of_each_tenant(above: Above) -> None:
    await above.lead(Condition(kind="domain", values=("example.org",)), "york", "leeds")
    made = await above.push("ann")
    off = await above.patch(made["id"], {"op": "Replace", "path": "active", "value": "False"})
    assert tenants_of(off) == [("leeds", False, "there"), ("york", False, "there")]
    on = await above.patch(made["id"], {"op": "Replace", "path": "active", "value": True})
    assert tenants_of(on) == [("leeds", True, "there"), ("york", True, "there")]


async def test_what_a_guard_keeps_is_said_to_be_held(above: Above) -> None:
    await above.settle(accepts_routing="on")
    await above.follow_route_to()
    ids = [(await above.push(f"user-{number}", routeTo=["york"]))["id"] for number in range(12)]
    move = {"op": "Replace", "path": f"{ROUTING}:routeTo", "value": ["leeds"]}
    moved = [await above.patch(user_id, move) for user_id in ids]
    assert tenants_of(moved[0]) == [("leeds", True, "there")]
    assert tenants_of(moved[-1]) == [("leeds", True, "there"), ("york", True, "held")]


async def test_bulk_and_search_know_the_extension(above: Above) -> None:
    await above.settle(accepts_routing="on")
    await above.follow_route_to()
    body = {"schemas": [CORE, ROUTING], "userName": "ann@example.org", ROUTING: {"routeTo": ["york"]}}
    operation = {"method": "POST", "path": "/Users", "bulkId": "a", "data": body}
    bulk = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [operation]}
    assert (await above.client.send("POST", "/Bulk", bulk)).json()["Operations"][0]["status"] == "201"
    asked = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
        "filter": f'{ROUTING}:tenants.value eq "york"',
    }
    for path in ("/.search", "/Users/.search"):
        (found,) = (await above.client.send("POST", path, asked)).json()["Resources"]
        assert tenants_of(found) == [("york", True, "there")]
