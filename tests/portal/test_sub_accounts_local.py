"""Local users: created, invited by a link that is shown once, changed, deleted."""

import re

import httpx
import pytest

from directory import locks, users
from directory.model import User
from tests.directory.world import World
from tests.portal.browsing import SAME_ORIGIN, Browser, Page
from tests.portal.conftest import SignIn

pytestmark = pytest.mark.anyio

LINK = re.compile(r'value="http://localhost:8000(/sign-in/[^"]+)"')


async def create(browser: Browser, world: World, role: str = "viewer", **fields: str) -> Page:
    page = await browser.open("sub-accounts/new")
    given = {"display_name": "Lena Local", "user_name": "lena", "email": "lena@example.com", **fields}
    return await browser.send(page.form("/sub-accounts/new"), role_id=str(world.roles[role].role_id), **given)


async def local_user(world: World, name: str = "lena", role: str = "viewer") -> User:
    return await locks.create_local_user(name, role_id=world.roles[role].role_id, by=world.system, now=world.tick())


async def test_a_local_user_is_created_and_invited_by_a_link_that_works_once(
    admin: Browser, world: World, portal: httpx.AsyncClient
) -> None:
    invite = await create(admin, world)
    shown = await admin.send(invite.form("/invite"))
    link = LINK.findall(shown.response.text)[0]

    first = await portal.post(link, headers=SAME_ORIGIN)
    second = await portal.post(link, headers=SAME_ORIGIN)
    again = await admin.open(invite.path)

    assert "Local user created" in invite.text
    assert invite.path.endswith("/invite")
    assert first.status_code == 303
    assert second.status_code in {409, 410, 422}
    assert link not in again.response.text
    assert "Used or ended" in again.text


async def test_a_role_without_a_login_is_not_invited(admin: Browser, world: World) -> None:
    page = await create(admin, world, "loanee")

    invite = await admin.open(f"{page.path}/invite")

    assert not page.path.endswith("/invite")
    assert "has no login" in invite.text
    assert not [form for form in invite.forms if form.action.endswith("/invite")]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"user_name": ""}, "user_name"),
        ({"user_name": "x" * 201}, "user_name"),
        ({"user_name": "admin\u0007"}, "user_name"),
        ({"email": "no address"}, "email"),
        ({"role_id": ""}, "role_id"),
        ({"role_id": "00000000-0000-7000-8000-000000000000"}, "role_id"),
        ({"user_name": "ADMINISTRATOR"}, "user_name"),
    ],
)
async def test_what_cannot_be_stands_beside_its_field(
    admin: Browser, world: World, fields: dict[str, str], field: str
) -> None:
    page = await admin.open("sub-accounts/new")
    given = {"user_name": "lena", "role_id": str(world.roles["viewer"].role_id), **fields}

    answer = await admin.send(page.form("/sub-accounts/new"), **given)

    assert answer.status == 422
    assert f'id="{field}-error"' in answer.response.text


async def test_nobody_creates_a_user_with_more_than_they_have(sign_in: SignIn, world: World) -> None:
    browser = await sign_in("user_manager")
    page = await browser.open("sub-accounts/new")

    answer = await create(browser, world, "administrator")

    assert str(world.roles["administrator"].role_id) not in page.response.text
    assert answer.status == 403


async def test_details_are_changed(admin: Browser, world: World) -> None:
    user = await local_user(world)
    page = await admin.open(f"sub-accounts/{user.user_id}/edit")

    done = await admin.send(page.form("/edit"), display_name="Lena L.", user_name="lena.l", email="l@example.com")
    again = await admin.send(page.form("/edit"), display_name="Somebody else")
    now = await users.get_user(world.tenant.tenant_id, user.user_id)

    assert "Details changed" in done.text
    assert (now.promoted.display_name, now.attributes.user_name, now.promoted.email) == (
        "Lena L.",
        "lena.l",
        "l@example.com",
    )
    assert again.status == 409


async def test_details_that_are_taken_or_no_address_are_refused(admin: Browser, world: World) -> None:
    user = await local_user(world)
    page = await admin.open(f"sub-accounts/{user.user_id}/edit")

    taken = await admin.send(page.form("/edit"), user_name="administrator")
    wrong = await admin.send(page.form("/edit"), email="nowhere")

    assert "Another user has this user name already." in taken.text
    assert (taken.status, wrong.status) == (422, 422)
    assert 'id="email-error"' in wrong.response.text


async def test_a_local_user_is_deleted(admin: Browser, world: World) -> None:
    user = await local_user(world)
    page = await admin.open(f"sub-accounts/{user.user_id}/delete")

    done = await admin.send(page.form("/delete"))

    assert "Local user deleted" in done.text
    assert (await admin.open(f"sub-accounts/{user.user_id}")).status == 404


async def test_nobody_deletes_their_own_account(admin: Browser) -> None:
    page = await admin.open("sub-accounts?source=local")
    own = next(link for link in page.links if re.search(r"/sub-accounts/[0-9a-f-]{36}$", link))

    asked = await admin.open(f"{own}/delete")
    answer = await admin.post(f"{own}/delete", {"csrf_token": await admin.token()})

    assert "only somebody else can delete it" in asked.text
    assert answer.status_code == 409


async def test_a_user_manager_neither_deletes_nor_changes_nor_invites_an_administrator(
    sign_in: SignIn, world: World
) -> None:
    user = await local_user(world, "chief", "administrator")
    browser = await sign_in("user_manager")
    token = await browser.token()
    path = f"sub-accounts/{user.user_id}"

    for place, fields in (
        ("edit", {"user_name": "x", "version": str(user.version)}),
        ("delete", {}),
        ("invite", {"purpose": "reset"}),
    ):
        answer = await browser.post(f"{path}/{place}", {"csrf_token": token, **fields})
        assert answer.status_code == 403, place
    assert "carries more than yours" in (await browser.open(f"{path}/invite")).text


async def test_a_user_of_a_source_has_no_local_pages(admin: Browser, world: World) -> None:
    ann = await world.push_user("ann")
    token = await admin.token()

    for place in ("edit", "delete"):
        assert (await admin.open(f"sub-accounts/{ann.user_id}/{place}")).status == 404
        answer = await admin.post(f"sub-accounts/{ann.user_id}/{place}", {"csrf_token": token, "user_name": "x"})
        assert answer.status_code == 404
