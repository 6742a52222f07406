"""Forms that our own pages did not make for this session are refused, and change nothing."""

import pytest

from portal.visit import TOKEN_FIELD
from tests.directory.world import World
from tests.portal.browsing import ORIGIN, SAME_ORIGIN, Browser
from tests.portal.conftest import SignIn

pytestmark = pytest.mark.anyio

NEW = "configure-scim/new"
WANTED = {"preset": "okta", "label": "Planted"}


async def planted(browser: Browser) -> bool:
    return "Planted" in (await browser.open("configure-scim")).text


async def test_a_form_with_its_token_is_accepted(admin: Browser) -> None:
    answer = await admin.post(NEW, {**WANTED, TOKEN_FIELD: await admin.token()})

    assert answer.status_code == 303
    assert await planted(admin)


@pytest.mark.parametrize(
    "token",
    ["", "x", "0" * 128, "0" * 127, "0" * 129, "é" * 128, "A" * 128, "\x00" * 128, "\u0660" * 128, "0" * 60_000],
    ids=lambda token: repr(token[:6]),
)
@pytest.mark.trap("L4")
async def test_a_made_up_token_is_refused(admin: Browser, token: str) -> None:
    answer = await admin.post(NEW, {**WANTED, TOKEN_FIELD: token})

    assert answer.status_code in {400, 403, 413}
    assert not await planted(admin)


async def test_a_form_without_a_token_is_refused(admin: Browser) -> None:
    assert (await admin.post(NEW, WANTED)).status_code == 403


@pytest.mark.trap("L2")
async def test_the_token_of_another_operator_is_refused(sign_in: SignIn) -> None:
    one, other = await sign_in("administrator", name="one"), await sign_in("administrator", name="other")

    answer = await one.post(NEW, {**WANTED, TOKEN_FIELD: await other.token()})

    assert answer.status_code == 403


@pytest.mark.trap("L2")
async def test_the_token_of_an_earlier_session_of_the_same_operator_is_refused(sign_in: SignIn) -> None:
    first, second = await sign_in("administrator", name="one"), await sign_in("administrator", name="two")
    second.client.cookies, kept = first.client.cookies, await second.token()

    assert (await first.post(NEW, {**WANTED, TOKEN_FIELD: kept})).status_code == 403


async def test_a_token_is_different_on_each_page_and_good_each_time(admin: Browser) -> None:
    tokens = [await admin.token() for _ in range(3)]

    answers = [await admin.post(NEW, {**WANTED, TOKEN_FIELD: token}) for token in tokens]

    assert len(set(tokens)) == 3
    assert [answer.status_code for answer in answers] == [303, 303, 303]


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Origin": ORIGIN},
        {"Sec-Fetch-Site": "same-site", "Origin": ORIGIN},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": f"{ORIGIN}.evil.example"},
        {"Origin": "http://localhost:8001"},
        {},
    ],
)
async def test_a_good_token_from_another_site_is_refused(admin: Browser, headers: dict[str, str]) -> None:
    token = await admin.token()

    answer = await admin.client.post(
        "/t/northwind/configure-scim/new", data={**WANTED, TOKEN_FIELD: token}, headers=headers
    )

    assert answer.status_code == 403
    assert not await planted(admin)


@pytest.mark.parametrize(
    ("media_type", "status"),
    [
        ("text/plain", 415),
        ("application/json", 415),
        ("multipart/form-data; boundary=x", 415),
        ("", 415),
        ("application/x-www-form-urlencoded; charset=utf-8", 303),
    ],
)
async def test_only_ordinary_forms_are_read(admin: Browser, media_type: str, status: int) -> None:
    token = await admin.token()

    answer = await admin.client.post(
        "/t/northwind/configure-scim/new",
        content=f"preset=okta&{TOKEN_FIELD}={token}",
        headers={**SAME_ORIGIN, "Content-Type": media_type},
    )

    assert answer.status_code == status


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"csrf_token=%FF%FE", 400),
        ("label=\u00e9".encode(), 400),
        (b"&".join(b"a%d=1" % number for number in range(300)), 400),
        (b"label=" + b"a" * 70_000, 413),
        (b"", 403),
    ],
)
async def test_a_body_that_is_no_form_is_told_so(admin: Browser, body: bytes, status: int) -> None:
    answer = await admin.client.post(
        "/t/northwind/configure-scim/new",
        content=body,
        headers={**SAME_ORIGIN, "Content-Type": "application/x-www-form-urlencoded"},
    )

    assert answer.status_code == status
    assert "<h1>" in answer.text


async def test_nothing_changes_by_get(admin: Browser, world: World) -> None:
    group = await world.push_group("Employees")
    before = len((await admin.open("activity")).response.text)

    for path in ("up", "down", "remove", "role"):
        answer = await admin.client.get(f"/t/northwind/group-mappings/{group.group_id}/{path}")
        assert answer.status_code == 405

    assert abs(len((await admin.open("activity")).response.text) - before) < 10
