"""Saved views: a filter under a name, for oneself or for everybody."""

import pytest

from directory.store.unit import Engine
from tests.directory.counting import counted_statements
from tests.directory.world import World, create_world
from tests.portal.browsing import Browser, Page
from tests.portal.conftest import SignIn

pytestmark = pytest.mark.anyio


async def save(browser: Browser, name: str, query: str = "status=disabled", **fields: str) -> Page:
    page = await browser.open(f"sub-accounts/views/new?{query}")
    return await browser.send(page.form("/sub-accounts/views"), name=name, **fields)


async def test_a_view_is_saved_from_the_current_filter_and_leads_back_to_it(admin: Browser, world: World) -> None:
    listed = await admin.open("sub-accounts?status=disabled&sort=changed&dir=down&nonsense=1&after=")

    asked = await admin.open(next(link for link in listed.links if "/views/new" in link))
    saved = await admin.send(asked.form("/sub-accounts/views"), name="Leavers")

    assert "View saved" in saved.text
    assert "Leavers" in saved.text
    assert "/t/northwind/sub-accounts?status=disabled&sort=changed&dir=down" in saved.links
    assert world.tenant.slug in saved.path


async def test_a_view_is_its_owners_unless_it_is_shared(sign_in: SignIn) -> None:
    first, second = await sign_in("administrator"), await sign_in("viewer")
    await save(first, "Mine")
    await save(first, "Ours", shared="yes")

    seen = (await second.open("sub-accounts")).text
    listed = await second.open("sub-accounts/views")

    assert "Ours" in seen
    assert "Mine" not in seen
    assert not [form for form in listed.forms if form.action.endswith("/delete")]


async def test_whoever_does_not_manage_users_shares_nothing(sign_in: SignIn) -> None:
    browser = await sign_in("viewer")

    page = await browser.open("sub-accounts/views/new?status=disabled")
    refused = await browser.send(page.form("/sub-accounts/views"), name="Ours", shared="yes")
    kept = await save(browser, "Mine")

    assert "Share with everybody" not in page.text
    assert refused.status == 403
    assert "View saved" in kept.text


async def test_many_views_read_the_choices_as_often_as_one(admin: Browser, store: Engine, world: World) -> None:
    group = await world.push_group("Staff")

    async def count() -> int:
        with counted_statements(store) as counted:
            page = await admin.open("sub-accounts/views")
        assert "Access role: Editor" in page.text
        assert "Group: Staff" in page.text
        return len(counted.texts)

    query = f"role={world.roles['editor'].role_id}&group={group.group_id}"
    await save(admin, "First", query)
    before = await count()
    for number in range(4):
        await save(admin, f"View {number}", query)

    assert await count() == before


async def test_a_view_is_renamed_and_deleted(admin: Browser) -> None:
    await save(admin, "Leavers")
    listed = await admin.open("sub-accounts/views")

    asked = await admin.open(next(link for link in listed.links if link.endswith("/edit")))
    renamed = await admin.send(asked.form("/edit"), name="People who left", shared="yes")
    deleted = await admin.send(renamed.form("/delete"))

    assert "People who left Status: Disabled" in renamed.text
    assert "Tenant" in renamed.text
    assert "No views yet" in deleted.text


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "a\u0000b", "Leavers", "LEAVERS"])
async def test_a_name_that_cannot_be_is_refused_beside_its_field(admin: Browser, name: str) -> None:
    await save(admin, "Leavers")

    page = await save(admin, name)

    assert page.status == 422
    assert 'id="name-error"' in page.response.text


async def test_somebody_elses_view_cannot_be_reached_by_its_address(sign_in: SignIn) -> None:
    first, second = await sign_in("administrator"), await sign_in("administrator", name="second")
    await save(first, "Mine")
    edit = next(link for link in (await first.open("sub-accounts/views")).links if link.endswith("/edit"))

    page = await second.open(edit)
    answer = await second.post(edit.replace("/edit", "/delete"), {"csrf_token": await second.token()})

    assert (page.status, answer.status_code) == (404, 404)
    assert "Mine" in (await first.open("sub-accounts")).text


async def test_a_view_of_another_tenant_is_a_missing_page(sign_in: SignIn) -> None:
    theirs = await sign_in("administrator", where=await create_world("bristol"))
    await save(theirs, "Theirs", shared="yes")
    edit = next(link for link in (await theirs.open("sub-accounts/views")).links if link.endswith("/edit"))
    browser = await sign_in("administrator")

    page = await browser.open(edit.replace("/bristol/", "/northwind/"))

    assert page.status == 404
    assert "Theirs" not in (await browser.open("sub-accounts")).text


async def test_a_view_whose_role_is_gone_says_so(admin: Browser) -> None:
    await save(admin, "Odd", query="status=disabled")

    page = await admin.open("sub-accounts/views")

    assert "Status: Disabled" in page.text
