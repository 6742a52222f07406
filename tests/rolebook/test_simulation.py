"""A request tried out: the answer is the real one, and nothing of it stays."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from directory import tenants, traffic, upkeep, users
from directory.errors import InvalidError, NotFoundError
from directory.model import Tenant, TenantId
from directory.noted import noted
from directory.simulations import Simulated, SimulatedRequest
from directory.store.compiled import Statement
from directory.store.unit import current_engine, fetch
from rolebook.simulation import Simulator
from tests.directory.world import World, create_world

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("store")]

TABLES = Statement(
    "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'",
    sqlite="SELECT name FROM sqlite_master WHERE type = 'table'",
)
USER = "urn:ietf:params:scim:schemas:core:2.0:User"


@pytest.fixture
async def world(store: object) -> World:
    assert store is not None
    noted.clear()
    return await create_world()


async def everything() -> Mapping[str, list[str]]:
    """Return every row of every table, and what waits in memory to be written."""
    names = [row["name"] for row in await fetch(TABLES) if not row["name"].startswith("sqlite_")]
    rows = {name: sorted([repr(dict(row)) for row in await fetch(all_of(name))]) for name in names}
    return {**rows, "memory": [repr(noted.requests), repr(noted.uses), repr(noted.changes)]}


def all_of(table: str) -> Statement:
    return Statement(f'SELECT * FROM "{table}"', house=True)  # noqa: S608  # the name of a table of ours


async def tried(world: World, method: str, path: str, body: object = None) -> Simulated:
    text = "" if body is None else body if isinstance(body, str) else msgspec.json.encode(body).decode()
    return await Simulator("https://rolebook.example")(asked_of(world, method, path, text))


def asked_of(world: World, method: str, path: str, text: str = "") -> SimulatedRequest:
    return SimulatedRequest(
        tenant_id=world.tenant.tenant_id,
        source_id=world.source.source_id,
        method=method,
        path=path,
        body=text,
        at=datetime.now(UTC),
    )


async def test_a_new_user_is_answered_as_if_created_and_is_not_there(world: World) -> None:
    before = await everything()

    found = await tried(world, "POST", "/Users", {"schemas": [USER], "userName": "ann@example.org"})

    assert found.status == 201
    answer = msgspec.json.decode(found.answer)
    assert answer["userName"] == "ann@example.org"
    assert [event.action for plan in found.plans for event in plan.events] == ["user:created", "user:role:granted"]
    assert await everything() == before


async def test_a_change_shows_old_and_new_with_its_leniencies(world: World) -> None:
    ann = await world.push_user("ann", title="Engineer")
    before = await everything()
    body = {"Operations": [{"op": "Replace", "path": "active", "value": "False"}]}

    found = await tried(world, "PATCH", f"/Users/{ann.user_id}", body)

    assert found.status == 204
    assert 'active arrived as the text "False" and was read as false' in found.leniencies
    (event,) = [event for plan in found.plans for event in plan.events]
    assert (event.action, [(change.old, change.new) for change in event.changes]) == ("user:disabled", [(True, False)])
    assert found.user == ann
    assert await everything() == before


async def test_a_membership_shows_whose_role_changes(world: World) -> None:
    ann = await world.push_user("ann")
    staff = await world.push_group("Staff")
    await world.map_group(staff, "editor")
    before = await everything()
    body = {"Operations": [{"op": "add", "path": "members", "value": [{"value": str(ann.user_id)}]}]}

    found = await tried(world, "PATCH", f"/Groups/{staff.group_id}", body)

    assert found.status == 204
    granted = [event for plan in found.plans for event in plan.events if event.action == "user:role:granted"]
    assert [event.subject_id for event in granted] == [ann.user_id]
    assert await everything() == before


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/Users", {"userName": "ANN@example.org"}, 409),
        ("POST", "/Users", {}, 400),
        ("POST", "/Users", "{", 400),
        (
            "PATCH",
            "/Users/01890a5d-ac96-774b-bcce-b302099a8057",
            {"Operations": [{"op": "remove", "path": "title"}]},
            404,
        ),
        ("DELETE", "/Users/nobody", None, 404),
        ("GET", "/Nothing", None, 404),
        ("PUT", "/Users", {}, 405),
        ("GET", '/Users?filter=userName eq "ann@example.org"', None, 200),
        ("GET", "https://rolebook.example/scim/v2/Users?count=1", None, 200),
        ("GET", "/scim/Schemas", None, 200),
        ("GET", "/Users?cursor=", None, 200),
        ("GET", "/Me", None, 404),
    ],
)
async def test_whatever_is_pasted_is_answered_and_leaves_nothing(
    world: World, method: str, path: str, body: object, status: int
) -> None:
    await world.push_user("ann")
    before = await everything()

    found = await tried(world, method, path, body)

    assert found.status == status
    if status >= 400:
        assert found.plans == ()
        assert found.detail
    assert await everything() == before


async def test_a_deletion_deletes_nobody(world: World) -> None:
    ann = await world.push_user("ann")
    await world.push_group("Staff", ["ext-ann"])
    before = await everything()
    assert (await tried(world, "DELETE", f"/Users/{ann.user_id}")).status == 204
    assert await everything() == before
    assert await users.get_user(world.tenant.tenant_id, ann.user_id) == ann


@pytest.mark.parametrize(("method", "path"), [("GET", '/Users?filter=title co "x"'), ("POST", "/Users/.search")])
async def test_a_read_takes_no_unit_of_work(
    world: World, monkeypatch: pytest.MonkeyPatch, method: str, path: str
) -> None:
    await world.push_user("ann")
    monkeypatch.setattr(current_engine(), "unit_of_work", None)  # whoever opened one would be refused

    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "count": 1}
    found = await tried(world, method, path, None if method == "GET" else body)

    assert found.status == 200


async def test_a_tenant_tries_out_one_request_at_a_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    simulator, other = Simulator("https://rolebook.example"), await create_world("bristol")
    again: list[object] = []
    read = tenants.get_tenant

    async def read_meanwhile(tenant_id: TenantId) -> Tenant:
        if not again:
            again.append(None)
            with pytest.raises(InvalidError, match="has to wait"):
                await simulator(asked_of(world, "GET", "/Users"))
            again.append((await simulator(asked_of(other, "GET", "/Users"))).status)
        return await read(tenant_id)

    monkeypatch.setattr(tenants, "get_tenant", read_meanwhile)

    assert (await simulator(asked_of(world, "GET", "/Users"))).status == 200
    assert again == [None, 200]
    assert (await simulator(asked_of(world, "GET", "/Users"))).status == 200


async def test_real_requests_go_on_afterwards(world: World) -> None:
    await tried(world, "POST", "/Users", {"userName": "ann@example.org"})
    await world.push_user("ann")
    assert (await tried(world, "POST", "/Users", {"userName": "ann@example.org"})).status == 409
    await world.assert_consistent()
    await traffic.flush(now=world.tick())
    assert await traffic.list_requests(world.tenant.tenant_id, limit=10) == []


async def test_a_cursor_given_out_in_a_simulation_leaves_no_key_behind(world: World) -> None:
    for number in range(3):
        await world.push_user(f"person{number}")
    before = await everything()
    first = await tried(world, "GET", "/Users?count=1&cursor=")
    assert first.status == 200
    assert await everything() == before
    assert current_engine().engine_type in {"sqlite", "postgres"}


async def test_only_one_operation_at_a_time_and_only_of_this_tenant(world: World) -> None:
    other = await create_world("bristol")
    with pytest.raises(InvalidError):
        await tried(world, "POST", "/Bulk", {"Operations": []})
    with pytest.raises(InvalidError):
        await tried(world, "TRACE", "/Users")
    with pytest.raises(NotFoundError):
        await tried(World(tenant=world.tenant, source=other.source, system=world.system, roles={}), "GET", "/Users")


KEYS = ["userName", "active", "Operations", "op", "path", "value", "members"]
JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(["POST", "PUT", "PATCH", "DELETE", "GET"]),
    kind=st.sampled_from(["Users", "Groups"]),
    body=JSON,
)
async def test_no_payload_leaves_a_trace(world: World, method: str, kind: str, body: object) -> None:
    before = await everything()
    found = await tried(world, method, f"/{kind}", body)
    assert found.status < 500
    assert await everything() == before
    assert await upkeep.list_mistallied_sources(world.tenant.tenant_id) == []
