"""The page of what the guard held: told in words, decided one by one or all at once, and its limits."""

import pytest

from directory import guard_limits, held, held_effects, users
from directory.held import HeldFilter
from directory.model import User
from directory.store import held as held_rows
from tests.directory.guarding import disable, effective, empty, push_people, set_active, waiting
from tests.directory.world import World
from tests.portal.browsing import Browser
from tests.portal.conftest import SignIn

pytestmark = pytest.mark.anyio


async def push_leavers(world: World, count: int) -> list[User]:
    """Push so many users, and that all of them are disabled; ten are the limit."""
    people = await push_people(world, count)
    for user in people:
        await disable(world, user)
    return people


async def test_page_says_what_the_guard_did_and_why(admin: Browser, world: World) -> None:
    people = await push_people(world, 12)
    group = await world.push_group("Staff", [f"ext-p{at}" for at in range(12)])
    await world.map_group(group, "editor")
    await empty(world, group)

    text = (await admin.open("held")).text

    assert "Nothing of this has taken effect" in text
    assert "12 users out of Staff by Entra" in text
    assert "The group would have lost 12 of its 12 members." in text
    assert "Without a decision by" in text
    assert "12 changes" in text
    assert f"{people[0].promoted.display_name}" in text
    assert "Editor Loanee" in text


async def test_picked_changes_are_approved_and_no_others(admin: Browser, world: World) -> None:
    people = await push_leavers(world, 15)
    ids = [line.held.held_id for line in (await waiting(world))[:3]]

    shown = await admin.open("held/decide?decision=approved&" + "&".join(f"held={one}" for one in ids))
    assert "3 held changes will take effect" in shown.text
    done = await admin.send(shown.form("/decide"))

    assert "Approved. They have taken effect." in done.text
    assert len(await effective(world, people)) == 2
    assert len(await waiting(world)) == 2


async def test_all_that_match_are_rejected(admin: Browser, world: World) -> None:
    people = await push_leavers(world, 13)

    shown = await admin.open("held/decide?decision=rejected&all=yes&kind=disable")
    done = await admin.send(shown.form("/decide"))

    assert "Rejected. Access stays as it is." in done.text
    assert "Nothing is held" in done.text
    assert len(await effective(world, people)) == 3
    assert "3 changes" in (await admin.open("held?state=rejected")).text


async def test_what_was_decided_meanwhile_is_shown_anew(admin: Browser, world: World) -> None:
    await push_leavers(world, 13)
    shown = await admin.open("held/decide?decision=approved&all=yes")
    first = (await waiting(world))[0]
    tenant_id = world.tenant.tenant_id
    selection = held.Selection(held_ids=(first.held.held_id,))
    seen = await held.show(selection, by=world.system, limit=1)
    await held.decide(selection, "rejected", seen.plan_hash, by=world.system, now=world.tick())

    answer = await admin.send(shown.form("/decide"))

    assert answer.status == 409
    assert "Nothing was done" in answer.text
    assert "2 held changes will take effect" in answer.text
    assert await held.count_held(tenant_id, HeldFilter()) == 2


async def test_nothing_picked_is_said(admin: Browser, world: World) -> None:
    assert world is not None
    assert "Nothing is picked" in (await admin.open("held/decide?decision=approved")).text
    assert (await admin.open("held/decide?decision=perhaps")).status == 200


async def test_change_of_another_tenant_is_not_there(admin: Browser, world: World) -> None:
    assert world is not None
    missing = "01a19be9-fac8-7d57-a07b-6b1965dd8d73"
    assert (await admin.open(f"held/decide?decision=approved&held={missing}")).status == 404


async def test_user_and_group_pages_tell_of_it(admin: Browser, world: World) -> None:
    people = await push_people(world, 12)
    group = await world.push_group("Staff", [f"ext-p{at}" for at in range(12)])
    await world.map_group(group, "editor")
    await empty(world, group)

    user_page = (await admin.open(f"sub-accounts/{people[0].user_id}")).text
    group_page = (await admin.open(f"groups/{group.group_id}")).text

    assert "Reported to have left Staff: held by the guard" in user_page
    assert "12 more left as the source reports, and are members in effect" in group_page


async def test_overview_and_navigation_count_what_waits(admin: Browser, world: World) -> None:
    await push_leavers(world, 12)

    text = (await admin.open("overview")).text

    assert "2 changes of a provider wait for approval" in text
    assert "Held changes 2 waiting" in text


async def test_viewer_sees_and_decides_nothing(sign_in: SignIn, world: World) -> None:
    await push_leavers(world, 12)
    viewer = await sign_in("viewer")

    assert "2 changes" in (await viewer.open("held")).text
    assert "/decide" not in str((await viewer.open("held")).links)
    assert (await viewer.open("held/decide?decision=approved&all=yes")).status == 403
    assert (await viewer.open("held/limits")).status == 403


async def test_list_goes_on_by_page_and_as_a_file(admin: Browser, world: World) -> None:
    await push_leavers(world, 65)

    first = await admin.open("held")
    (more,) = [link for link in first.links if "after=" in link]
    second = await admin.client.get(more)
    text = (await admin.client.get(admin.at("held/export.csv"))).text

    assert "55 changes" in first.text
    assert second.text.count("<tr>") >= 5
    assert len(text.strip().splitlines()) == 56
    assert "Disabled at the source" in text


async def test_filter_that_cannot_be_read_is_named(admin: Browser, world: World) -> None:
    assert world is not None
    text = (await admin.open("held?group=x&kind=y&state=z")).text
    assert "Not understood, and left out: group, kind, state" in text.replace("kind, group", "group, kind")


async def test_limits_are_set_and_checked(admin: Browser, world: World) -> None:
    form = (await admin.open("held/limits")).form("/limits")
    refused = await admin.send(form, at_least="0")
    done = await admin.send(form, at_least="25", percent="5", hold_days="7")

    assert refused.status == 422
    assert "Limits saved" in done.text
    limits = await guard_limits.read_limits(world.tenant.tenant_id)
    assert (limits.on, limits.at_least, limits.percent, limits.hold_days) == (True, 25, 5, 7)


async def test_more_is_let_pass_once(admin: Browser, world: World) -> None:
    form = (await admin.open("held/limits")).form("/let-pass")
    done = await admin.send(form, count="30")

    assert "So many more pass" in done.text
    assert "30 of 30 users left" in done.text
    people = await push_leavers(world, 41)
    assert len(await effective(world, people)) == 1


async def test_purged_user_is_still_listed(admin: Browser, world: World) -> None:
    people = await push_leavers(world, 11)
    assert (await users.get_user(world.tenant.tenant_id, people[10].user_id)).active
    assert "1 change" in (await admin.open("held")).text


async def test_page_says_how_far_an_approval_of_many_is(admin: Browser, world: World) -> None:
    await push_leavers(world, 75)

    shown = await admin.open("held/decide?decision=approved&all=yes")
    done = await admin.send(shown.form("/decide"))

    assert "5 approved changes are on the way" in done.text
    while await held_effects.apply_approved(now=world.tick()):
        pass
    assert "on the way" not in (await admin.open("held")).text


async def test_only_what_can_still_take_effect_is_offered(admin: Browser, world: World) -> None:
    people = await push_leavers(world, 13)
    await admin.send((await admin.open("held/decide?decision=rejected&all=yes")).form("/decide"))
    await set_active(world, people[12], active=True)

    shown = await admin.open("held/decide?decision=approved&all=yes&state=rejected")

    assert "2 held changes will take effect" in shown.text


async def test_more_than_are_summed_up_is_said(admin: Browser, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held_rows, "COUNTED_MAX", 3)
    monkeypatch.setattr(held, "COUNTED_MAX", 3)
    await push_leavers(world, 15)

    text = (await admin.open("held")).text

    assert "3+ users disabled" in text
    assert "more wait below" in text
