"""The adoption queue: both records side by side, and what each decision does."""

import pytest

from directory.errors import MetError
from tests.directory.meeting import local_user, mail, push
from tests.directory.world import World
from tests.portal.browsing import Browser, Page
from tests.portal.conftest import SignIn

pytestmark = pytest.mark.anyio


async def met(world: World, name: str = "ann", role: str = "editor") -> None:
    """Have a local user, and a connection that sends somebody of that name."""
    await local_user(world, name, role, email=f"{name}@example.org")
    with pytest.raises(MetError):
        await push(
            world, world.client, name, displayName="Ann of the feed", title="Boss", emails=mail("new@example.org")
        )


async def opened(browser: Browser) -> Page:
    return await browser.open(next(link for link in (await browser.open("adoption")).links if "/adoption/0" in link))


async def test_who_met_somebody_waits_on_the_list_and_on_the_overview(admin: Browser, world: World) -> None:
    assert "Nobody waits for a decision" in (await admin.open("adoption")).text
    await met(world)
    page = await admin.open("adoption")
    assert "Waiting (1)" in page.text
    assert "Ann of the feed ann · Entra User name Ann ann · Local Editor" in page.text
    assert "1 person was sent who may be somebody here" in (await admin.open("attention")).text


async def test_both_records_stand_side_by_side_with_what_an_adoption_does(admin: Browser, world: World) -> None:
    await met(world)
    page = await opened(admin)
    assert "userName ann ann Same" in page.text
    assert "ann@example.org" in page.text
    assert "Stays as it is here with the first push" in page.text
    assert "Boss Changes with the next push" in page.text
    assert "Access role: Editor, and that stays, since it is locked" in page.text


async def test_an_adopted_user_takes_the_next_push(admin: Browser, world: World) -> None:
    await met(world)
    page = await opened(admin)
    done = await admin.send(page.form("/decide"), verdict="adopt")
    assert "next push of this person succeeds." in done.text
    assert "Nobody waits" in done.text
    user = await push(world, world.client, "ann", title="Boss")
    assert user.promoted.title == "Boss"
    assert "Given to another source" in (await admin.open(f"sub-accounts/{user.user_id}")).text


async def test_an_account_with_administration_asks_for_more_than_a_click(admin: Browser, world: World) -> None:
    await met(world, role="administrator")
    page = await opened(admin)
    assert "This account carries administration." in page.text
    refused = await admin.send(page.form("/decide"), verdict="adopt")
    assert (refused.status, "Tick this to give" in refused.text) == (422, True)
    done = await admin.send(refused.form("/decide"), verdict="adopt", sure="yes")
    assert "Adopted." in done.text


async def test_the_last_local_administrator_stays_local(sign_in: SignIn, world: World) -> None:
    browser = await sign_in("administrator", name="root")
    with pytest.raises(MetError):
        await push(world, world.client, "root")
    refused = await browser.send((await opened(browser)).form("/decide"), verdict="adopt", sure="yes")
    assert refused.status == 409
    assert "This is the last local administrator" in refused.text


async def test_what_changed_meanwhile_is_shown_anew(admin: Browser, world: World) -> None:
    await met(world)
    page = await opened(admin)
    with pytest.raises(MetError):
        await push(world, world.client, "ann", title="Another")
    moved = await admin.send(page.form("/decide"), verdict="adopt")
    assert (moved.status, "has changed since you looked" in moved.text, "Another" in moved.text) == (409, True, True)
    assert "Adopted." in (await admin.send(moved.form("/decide"), verdict="adopt")).text


async def test_two_people_are_kept_apart_rejected_and_opened_again(admin: Browser, world: World) -> None:
    await local_user(world, "ann", email="ann@example.org")
    with pytest.raises(MetError):
        await push(world, world.client, "other", emails=mail("ann@example.org"))
    rejected = await admin.send((await opened(admin)).form("/decide"), verdict="reject")
    assert "Rejected. The connection goes on being refused" in rejected.text
    page = await admin.open("adoption?state=rejected")
    entry = await admin.open(next(link for link in page.links if "/adoption/0" in link))
    again = await admin.send(entry.form("/decide"), verdict="reopen")
    assert "Open again. It waits for a decision." in again.text
    apart = await admin.send((await opened(admin)).form("/decide"), verdict="apart")
    assert "Kept apart." in apart.text
    assert (await push(world, world.client, "other", emails=mail("ann@example.org"))).attributes.user_name == "other"


async def test_the_lists_filters_are_read_and_named_when_they_cannot_be(admin: Browser, world: World) -> None:
    await met(world)
    assert "1 entry" in (await admin.open("adoption?state=every&matched=user+name")).text
    assert "No entry matches" in (await admin.open("adoption?matched=e-mail")).text
    assert "left out: state" in (await admin.open("adoption?state=x")).text
    answer = await admin.client.get(admin.at("adoption/export.csv?bom=no"))
    assert '"open","Entra","ann","ext-ann","User name","ann","local","active"' in answer.text


async def test_a_user_manager_decides_on_no_administrator_and_a_viewer_on_nobody(sign_in: SignIn, world: World) -> None:
    await met(world, role="administrator")
    manager, viewer = await sign_in("user_manager"), await sign_in("viewer")
    assert "Deciding takes the permission" in (await opened(manager)).text
    page = await opened(viewer)
    assert not [form for form in page.forms if form.action.endswith("/decide")]
