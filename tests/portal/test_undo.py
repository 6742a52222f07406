"""Taking something back in the portal: shown first, then applied, and taken back again."""

import pytest

from directory import events, mappings
from directory.events import EventView
from tests.directory.world import World
from tests.portal.browsing import Browser
from tests.portal.conftest import SignIn, make_stale

pytestmark = pytest.mark.anyio


async def event_of(world: World, action: str) -> EventView:
    """Return the newest event of an action."""
    found = await events.list_events(world.tenant.tenant_id, limit=100)
    return next(event for event in found if event.action == action)


async def locked(admin: Browser, world: World) -> str:
    """Lock a user's role in the portal; returns the path of the entry."""
    user = await world.push_user("ann", displayName="Ann")
    page = await admin.open(f"sub-accounts/{user.user_id}/lock")
    shown = await admin.send(
        page.form("/lock/preview"), role_id=str(world.roles["editor"].role_id), reason="Covers for Bob"
    )
    await admin.send(shown.form("/lock"))
    return f"activity/changes/{(await event_of(world, 'user:role:locked')).event_id}"


async def test_an_entry_leads_to_what_comes_back_and_the_undo_to_its_own_entry(admin: Browser, world: World) -> None:
    entry = await admin.open(await locked(admin, world))
    shown = await admin.open(entry.link("/undo"))
    assert "What comes back" in shown.text
    assert "Covers for Bob" in shown.text
    assert "1 changes role" in shown.text
    done = await admin.send(shown.form("/undo/confirmed"))
    assert "Undone. This entry tells what came back." in done.text
    assert "Change undone" in done.text
    assert "Role locked" in done.text
    again = await admin.open(done.link("/undo"))
    assert "Do again" in again.text
    redone = await admin.send(again.form("/undo/confirmed"))
    assert "Undone." in redone.text
    assert (
        "Covers for Bob"
        in (await admin.open(f"sub-accounts/{(await event_of(world, 'user:role:locked')).subject_id}")).text
    )


async def test_the_timeline_of_a_user_offers_it(admin: Browser, world: World) -> None:
    entry = await locked(admin, world)
    user_id = (await event_of(world, "user:role:locked")).subject_id
    page = await admin.open(f"sub-accounts/{user_id}")
    assert page.link("/undo").endswith(f"{entry}/undo")


async def test_what_was_touched_since_is_listed_and_cannot_be_sent(admin: Browser, world: World) -> None:
    path = await locked(admin, world)
    user_id = (await event_of(world, "user:role:locked")).subject_id
    page = await admin.open(f"sub-accounts/{user_id}/lock")
    shown = await admin.send(page.form("/lock/preview"), reason="Another reason")
    await admin.send(shown.form("/lock"))
    refused = await admin.open(f"{path}/undo")
    assert "What stands against it" in refused.text
    assert "The reason of the role lock has changed since." in refused.text
    assert "It was left as “Covers for Bob” and is “Another reason” now." in refused.text
    assert [form for form in refused.forms if form.action.endswith("/confirmed")] == []


async def test_a_world_that_moved_is_shown_anew(admin: Browser, world: World) -> None:
    await world.push_user("ann")
    group = await world.push_group("Editors", ["ext-ann"])
    await world.map_group(group, "editor")
    page = await admin.open("group-mappings")
    preview = await admin.send(page.form("/remove"))
    await admin.send(preview.form("/preview"))
    event = await event_of(world, "mapping:removed")
    shown = await admin.open(f"activity/changes/{event.event_id}/undo")
    assert "Editors" in shown.text
    await world.push_user("bob")
    await world.edit_members(group, add=["ext-bob"])
    moved = await admin.send(shown.form("/undo"))
    assert moved.status == 409
    assert "Something has changed since you looked." in moved.text
    done = await admin.send(moved.form("/undo"))
    assert done.status == 200
    lines = (await mappings.get_policy(world.tenant.tenant_id)).lines
    assert [line.group_name for line in lines] == ["Editors"]


async def test_a_weighty_undo_asks_who_is_there_whichever_address_is_used(admin: Browser, world: World) -> None:
    path = await locked(admin, world)
    shown = await admin.open(f"{path}/undo")
    await make_stale()
    asked = await admin.send(shown.form("/undo/confirmed"))
    assert "Confirm it is you" in asked.text
    form = shown.form("/undo/confirmed")
    form.action = form.action.removesuffix("/confirmed")
    refused = await admin.send(form)
    assert refused.status == 422
    assert "Confirmation of who you are is needed for this." in refused.text


async def test_what_cannot_be_undone_says_why(admin: Browser, world: World) -> None:
    await world.push_user("ann")
    event = await event_of(world, "user:created")
    page = await admin.open(f"activity/changes/{event.event_id}")
    assert "It was reported by an identity provider" in page.text
    shown = await admin.open(f"activity/changes/{event.event_id}/undo")
    assert "This cannot be undone." in shown.text
    opened = await event_of(world, "session:opened")
    assert "its owner signs in or out again" in (await admin.open(f"activity/changes/{opened.event_id}")).text


async def test_whoever_may_not_do_it_may_not_undo_it(sign_in: SignIn, admin: Browser, world: World) -> None:
    path = await locked(admin, world)
    viewer = await sign_in("viewer")
    assert (await viewer.open(path)).status == 200
    assert (await viewer.open(f"{path}/undo")).status == 403
    answer = await viewer.post(f"{path}/undo", {"csrf_token": await viewer.token(), "plan_hash": "x"})
    assert answer.status_code == 403


async def test_a_whole_action_goes_back_but_for_what_was_touched(admin: Browser, world: World) -> None:
    people = [await world.push_user(name) for name in ("ann", "bob", "eve")]
    picked = "&".join(f"user_id={user.user_id}" for user in people)
    page = await admin.open(f"sub-accounts/bulk/new?deed=disable&{picked}")
    draft = await admin.send(page.form("/bulk"), reason="Sold the office")
    done = await admin.send(draft.form("/apply"))
    allow = await admin.open(f"sub-accounts/{people[0].user_id}/allow-sign-in")
    await admin.send(allow.form("/allow-sign-in"))
    shown = await admin.open(next(link for link in done.links if "/undo/" in link))
    assert "2 would go back" in shown.text
    assert "1 would be left" in shown.text
    run = await admin.send(next(form for form in shown.forms if "/undo/" in form.action))
    assert "2 went back" in run.text
    assert "1 left as they are" in run.text
    assert "There is another" in run.text or "no longer there" in run.text
    listed = await admin.open("sub-accounts?status=disabled")
    assert "bob@example.org" not in listed.text
    back = await admin.open(next(link for link in run.links if "/undo/" in link and "/runs/" not in link))
    again = await admin.send(next(form for form in back.forms if "/undo/" in form.action))
    assert "2 went back" in again.text
