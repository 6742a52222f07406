"""The door of asset systems: items by tag, loans by person, and refusals that a program can act on."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from directory import equipment, equipment_keys, loans
from directory.equipment_model import Details
from portal.api import gate
from tests.directory.lending import leavers, lend
from tests.directory.world import World, create_world
from tests.portal.api.calling import ITEMS, AssetSystem, connect
from tests.portal.browsing import SAME_ORIGIN, Browser
from tests.portal.conftest import SignIn

pytestmark = pytest.mark.anyio
LAPTOP = {"name": "Laptop", "category": "Computers", "serial": "S1", "value": {"amount": "1299.00", "currency": "EUR"}}


@pytest.fixture
async def snipe(world: World) -> AssetSystem:
    gate._left.clear()  # noqa: SLF001  # what earlier tests used up
    return await connect(world)


async def test_an_item_is_put_read_and_put_again(snipe: AssetSystem) -> None:
    made = await snipe.ask("PUT", "/LAP%201", LAPTOP)
    again = await snipe.ask("PUT", "/lap%201", {**LAPTOP})
    read = await snipe.ask("GET", "/LAP%201")

    assert (made.status_code, made.headers["location"], made.headers["etag"]) == (201, f"{ITEMS}/LAP%201", '"1"')
    assert (again.status_code, again.json()["tag"]) == (200, "lap 1")
    assert read.json() == again.json()
    assert read.json()["value"] == {"amount": "1299.00", "currency": "EUR"}
    assert (read.headers["etag"], read.headers["cache-control"]) == ('"2"', "no-store")
    assert (await snipe.ask("PUT", "/lap%201", LAPTOP)).headers["etag"] == '"2"'


async def test_versions_guard_a_change(snipe: AssetSystem) -> None:
    assert (await snipe.ask("PUT", "/A", LAPTOP, If_Match="*")).status_code == 412
    assert (await snipe.ask("PUT", "/A", LAPTOP, If_None_Match="*")).status_code == 201
    assert (await snipe.ask("PUT", "/A", LAPTOP, If_None_Match="*")).status_code == 412
    assert (await snipe.ask("PUT", "/A", {"name": "Mac"}, If_Match='"1"')).status_code == 200
    assert (await snipe.ask("PUT", "/A", LAPTOP, If_Match='"1"')).status_code == 412
    assert (await snipe.ask("DELETE", "/A", If_Match='"1"')).status_code == 412
    assert (await snipe.ask("PUT", "/A", LAPTOP, If_Match="1")).status_code == 400


async def test_the_list_goes_page_by_page(snipe: AssetSystem) -> None:
    for number in range(5):
        await snipe.ask("PUT", f"/T-{number}", {"name": "Phone" if number else "Laptop"})

    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await snipe.ask("GET", f"?limit=2&cursor={cursor}")).json()
        seen += [item["tag"] for item in page["items"]]
        cursor = page["next_cursor"]

    assert seen == [f"T-{number}" for number in range(5)]
    assert [item["tag"] for item in (await snipe.ask("GET", "?q=lap&state=stock&holder=nobody")).json()["items"]] == [
        "T-0"
    ]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=x", "limit=201", "state=x", "holder=x", "colour=red", "limit=1&limit=2"]
)
async def test_a_parameter_that_cannot_be_read_is_named(snipe: AssetSystem, query: str) -> None:
    answer = await snipe.ask("GET", f"?{query}")

    assert (answer.status_code, answer.json()["field"]) == (400, query.partition("=")[0])


async def test_a_cursor_of_nobody_is_refused(snipe: AssetSystem) -> None:
    await snipe.ask("PUT", "/A", LAPTOP)

    assert (await snipe.ask("GET", "?cursor=x")).status_code == 422
    assert (await snipe.ask("GET", "/A/loans?cursor=x")).status_code == 400


@pytest.mark.parametrize(
    "by", [{"user_name": "ANN@example.org"}, {"email": "a.x@example.org"}, {"external_id": "ext-ann"}, {"id": None}]
)
async def test_an_item_goes_to_a_person_however_named_and_comes_back(
    snipe: AssetSystem, world: World, by: dict[str, Any]
) -> None:
    ann = await world.push_user("ann", emails=[{"value": "a.x@example.org"}])
    await snipe.ask("PUT", "/A", LAPTOP)
    body = {"holder": {"id": str(ann.user_id)} if "id" in by else by, "due": "2027-01-31", "condition": "new"}

    out = await snipe.ask("POST", "/A/check-out", body)
    again = await snipe.ask("POST", "/A/check-out", body)
    back = await snipe.ask("POST", "/A/check-in")
    back_again = await snipe.ask("POST", "/A/check-in", {"condition": "fine"})
    past = await snipe.ask("GET", "/A/loans")

    assert (out.json()["state"], out.json()["loan"]["due"]) == ("out", "2027-01-31")
    assert out.json()["loan"]["holder"]["user_name"] == "ann@example.org"
    assert again.json() == out.json()
    assert (back.json()["state"], back.json()["loan"]) == ("stock", None)
    assert back_again.json() == back.json()
    assert [loan["out_by"] for loan in past.json()["loans"]] == ["Equipment API (Snipe)"]


async def test_what_somebody_else_has_stays_with_them(snipe: AssetSystem, world: World) -> None:
    await world.push_user("ann")
    await world.push_user("ben")
    await snipe.ask("PUT", "/A", LAPTOP)
    await snipe.ask("POST", "/A/check-out", {"holder": {"external_id": "ext-ann"}})

    for method, path, body in (
        ("POST", "/A/check-out", {"holder": {"external_id": "ext-ben"}}),
        ("DELETE", "/A", None),
    ):
        answer = await snipe.ask(method, path, body)
        assert (answer.status_code, answer.headers["content-type"]) == (409, "application/problem+json")
    assert (await snipe.ask("PUT", "/A", {"name": "x", "state": "lost"})).status_code == 422
    assert (await snipe.ask("PUT", "/A", {"name": "MacBook"})).json()["state"] == "out"


async def test_a_deleted_item_is_retired_and_keeps_its_history(snipe: AssetSystem, world: World) -> None:
    await world.push_user("ann")
    await snipe.ask("PUT", "/A", LAPTOP)
    await snipe.ask("POST", "/A/check-out", {"holder": {"external_id": "ext-ann"}})
    await snipe.ask("POST", "/A/check-in", {"state": "lost"})

    assert [(await snipe.ask("DELETE", "/A")).status_code for _ in range(2)] == [204, 204]

    assert (await snipe.ask("GET", "/A")).json()["state"] == "retired"
    assert len((await snipe.ask("GET", "/A/loans")).json()["loans"]) == 1
    assert (await snipe.ask("POST", "/A/check-out", {"holder": {"external_id": "ext-ann"}})).status_code == 409


async def test_what_is_written_while_an_item_is_retired_stays(
    snipe: AssetSystem, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await snipe.ask("PUT", "/A", LAPTOP)
    retire = equipment.retire_item

    async def late(*given: Any, **named: Any) -> None:  # noqa: ANN401  # whatever it takes
        await equipment.put_item(Details(tag="A", name="New", serial="S9"), by=world.system, now=world.tick())
        await retire(*given, **named)

    monkeypatch.setattr(equipment, "retire_item", late)
    assert (await snipe.ask("DELETE", "/A")).status_code == 204

    read = (await snipe.ask("GET", "/A")).json()
    assert (read["name"], read["serial"], read["state"]) == ("New", "S9", "retired")


async def test_what_goes_out_while_it_is_retired_stays_out(
    snipe: AssetSystem, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await world.push_user("ann")
    await snipe.ask("PUT", "/A", LAPTOP)
    retire = equipment.retire_item

    async def late(*given: Any, **named: Any) -> None:  # noqa: ANN401  # whatever it takes
        await lend(world, await equipment.get_tagged(world.tenant.tenant_id, "A"), ann)
        await retire(*given, **named)

    monkeypatch.setattr(equipment, "retire_item", late)

    assert (await snipe.ask("DELETE", "/A")).status_code == 409
    assert (await snipe.ask("GET", "/A")).json()["state"] == "out"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"name": "x", "colour": "red"}, 400),
        ({"name": 7}, 400),
        ({"name": "x", "state": "out"}, 400),
        ({"name": "x" * 201}, 400),
        ({"name": "x\ny"}, 422),
        ({"name": "x", "value": {"amount": "1.234", "currency": "EUR"}}, 422),
        ({"name": "x", "note": "y" * 70_000}, 413),
    ],
)
async def test_what_cannot_be_kept_is_refused_in_words(snipe: AssetSystem, body: dict[str, Any], status: int) -> None:
    answer = await snipe.ask("PUT", "/A", body)

    assert (answer.status_code, bool(answer.json()["detail"])) == (status, True)


async def test_a_body_that_is_no_json_is_refused(snipe: AssetSystem) -> None:
    headers = {"Authorization": f"Bearer {snipe.token}"}
    form = await snipe.client.put(f"{ITEMS}/A", data={"name": "x"}, headers=headers)
    broken = await snipe.client.put(
        f"{ITEMS}/A", content=b'{"name": \xff', headers={**headers, "Content-Type": "application/json"}
    )

    assert (form.status_code, broken.status_code) == (415, 400)


@pytest.mark.parametrize(
    ("holder", "field"),
    [
        ({"user_name": "nobody"}, "holder.user_name"),
        ({"email": "team@example.org"}, "holder.email"),
        ({}, "holder"),
        ({"id": "x", "email": "y"}, "holder"),
    ],
)
async def test_a_holder_that_is_not_one_person_is_named(
    snipe: AssetSystem, world: World, holder: dict[str, str], field: str
) -> None:
    for name in ("ann", "ben"):
        await world.push_user(name, emails=[{"value": "team@example.org"}])
    await snipe.ask("PUT", "/A", LAPTOP)

    answer = await snipe.ask("POST", "/A/check-out", {"holder": holder})

    assert (answer.status_code, answer.json()["field"]) == (422, field)


async def test_what_is_not_there_is_a_problem_too(snipe: AssetSystem, world: World) -> None:
    other = await connect(await create_world("other"))
    await other.ask("PUT", "/A", LAPTOP)

    for method, path in (("GET", "/A"), ("DELETE", "/A"), ("POST", "/A/check-in"), ("GET", "/A/loans")):
        assert (await snipe.ask(method, path)).status_code == 404
    unknown = await snipe.client.get("/api/v2/x")
    wrong = await snipe.client.patch(f"{ITEMS}/A", headers={"Authorization": f"Bearer {snipe.token}"})
    assert [(one.status_code, one.headers["content-type"]) for one in (unknown, wrong)] == [
        (404, "application/problem+json"),
        (405, "application/problem+json"),
    ]
    assert (await snipe.ask("GET")).json() == {"items": [], "next_cursor": None}
    assert world.tenant.slug == "northwind"


async def test_only_a_key_opens_the_door(snipe: AssetSystem, world: World, admin: Browser) -> None:
    revoked = await equipment_keys.create_key("old", by=world.system, now=world.now)
    await equipment_keys.revoke_key(revoked.key.key_id, by=world.system, now=world.now)
    session = {"Cookie": f"rolebook={admin.client.cookies['rolebook']}"}

    answers = [
        await snipe.client.get(ITEMS),
        await snipe.client.get(ITEMS, headers=session),
        await snipe.client.get(ITEMS, headers={"Authorization": "Basic eDp5"}),
        await snipe.client.get(ITEMS, headers={"Authorization": f"Bearer {revoked.token}"}),
        await snipe.client.get(ITEMS, headers={"Authorization": "Bearer rbk_e_x"}),
    ]

    assert {(one.status_code, one.content, one.headers["www-authenticate"]) for one in answers} == {
        (401, answers[0].content, 'Bearer realm="equipment"')
    }
    portal = await admin.client.get("/t/northwind/overview", headers={"Authorization": f"Bearer {snipe.token}"})
    assert portal.status_code == 200


async def test_a_key_does_not_open_the_portal(snipe: AssetSystem, sign_in: SignIn) -> None:
    browser = await sign_in("viewer")
    browser.client.cookies.clear()

    answer = await browser.client.get(
        "/t/northwind/overview", headers={"Authorization": f"Bearer {snipe.token}", **SAME_ORIGIN}
    )

    assert answer.status_code == 303


async def test_too_many_requests_are_told_when_to_come_again(
    snipe: AssetSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "BURST", 2)

    answers = [await snipe.ask("GET") for _ in range(3)]

    assert [one.status_code for one in answers] == [200, 200, 429]
    assert answers[2].headers["retry-after"] == "1"


def test_the_rate_lets_so_many_in_and_no_more() -> None:
    tenant_id = uuid4()

    taken = sum(gate.wait_for(tenant_id, now_s=step / 100) == 0 for step in range(3_000))

    assert taken == pytest.approx(gate.BURST + 30 * gate.RATE_PER_S, abs=2)


async def test_lending_through_the_door_opens_a_return_task_like_any(snipe: AssetSystem, world: World) -> None:
    ann = await world.push_user("ann", active=False)
    await snipe.ask("PUT", "/A", LAPTOP)

    await snipe.ask("POST", "/A/check-out", {"holder": {"id": str(ann.user_id)}})

    assert [holder.user_id for holder in await leavers(world)] == [ann.user_id]
    assert await loans.holds_equipment(world.tenant.tenant_id, [ann.user_id]) == {ann.user_id}


async def test_the_key_is_stamped_once_a_minute(snipe: AssetSystem, world: World) -> None:
    for _ in range(3):
        await snipe.ask("GET")

    (key,) = await equipment_keys.list_keys(world.tenant.tenant_id, now=world.now)
    assert key.last_used_at is not None
    assert key.last_used_at - world.now < timedelta(minutes=1)
