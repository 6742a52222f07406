"""Preview of a change of the mappings: what it shows, and that applying does that or nothing."""

import csv
import io

import pytest

from directory import locks, mappings
from directory.access_roles import create_role
from directory.model import PERMISSIONS, Group, User
from tests.directory.world import World, create_world
from tests.portal.browsing import Browser, Page
from tests.portal.conftest import SignIn, make_stale

pytestmark = pytest.mark.anyio

STAFF = ("ann", "bob", "carl")


def role_id(world: World, key: str) -> str:
    return str(world.roles[key].role_id)


async def staffed(world: World) -> tuple[Group, dict[str, User]]:
    """Push three people in a group that nothing maps yet."""
    people = {name: await world.push_user(name, displayName=name.title()) for name in STAFF}
    return await world.push_group("Staff", [f"ext-{name}" for name in STAFF]), people


async def lock(world: World, user: User, role: str) -> None:
    await locks.lock_role(
        user.user_id, world.roles[role].role_id, reason="audit", until=None, by=world.system, now=world.tick()
    )


async def proposed(browser: Browser, world: World, group: Group, role: str) -> Page:
    """Propose to map a group, as the form on the list does."""
    form = (await browser.open("group-mappings")).form("/group-mappings")
    return await browser.send(form, group_id=str(group.group_id), role_id=role_id(world, role))


async def roles_of(world: World, people: dict[str, User]) -> list[str]:
    return [await world.role_of(people[name]) for name in STAFF]


async def test_it_counts_by_pair_and_names_people_before_anything_is_saved(admin: Browser, world: World) -> None:
    group, people = await staffed(world)
    await lock(world, people["carl"], "viewer")

    page = await proposed(admin, world, group, "editor")

    assert "Map Staff to Editor" in page.text
    assert "2 change role" in page.text
    assert "1 locked, unaffected" in page.text
    assert "Loanee Editor 2" in page.text
    assert "Ann" in page.text
    assert "Carl" not in page.text
    assert await roles_of(world, people) == ["loanee", "loanee", "viewer"]
    assert (await mappings.get_policy(world.tenant.tenant_id)).lines == []


async def test_applying_does_what_was_shown(admin: Browser, world: World) -> None:
    group, people = await staffed(world)
    page = await proposed(admin, world, group, "editor")

    done = await admin.send(page.form("/preview"))

    assert "Mapping added" in done.text
    assert await roles_of(world, people) == ["editor", "editor", "editor"]
    await world.assert_consistent()


async def test_a_world_that_moved_is_answered_with_a_fresh_preview(admin: Browser, world: World) -> None:
    group, people = await staffed(world)
    page = await proposed(admin, world, group, "editor")
    await world.edit_members(group, remove=["ext-bob"])

    moved = await admin.send(page.form("/preview"))

    assert moved.status == 409
    assert "The directory has changed since you looked" in moved.text
    assert "2 change role" in moved.text
    assert await roles_of(world, people) == ["loanee", "loanee", "loanee"]

    done = await admin.send(moved.form("/preview"))

    assert "Mapping added" in done.text
    assert await roles_of(world, people) == ["editor", "loanee", "editor"]


async def test_what_moves_nobody_in_the_set_does_not_stand_in_the_way(admin: Browser, world: World) -> None:
    group, _ = await staffed(world)
    page = await proposed(admin, world, group, "editor")
    await world.push_user("dora")
    await world.push_group("Others", ["ext-dora"])

    done = await admin.send(page.form("/preview"))

    assert "Mapping added" in done.text


async def test_a_hash_from_nowhere_applies_nothing(admin: Browser, world: World) -> None:
    group, people = await staffed(world)
    page = await proposed(admin, world, group, "editor")

    refused = await admin.send(page.form("/preview"), plan_hash="0" * 64)

    assert refused.status == 409
    assert await roles_of(world, people) == ["loanee", "loanee", "loanee"]


async def test_giving_administration_is_marked_and_needs_consent(admin: Browser, world: World) -> None:
    group, people = await staffed(world)

    page = await proposed(admin, world, group, "administrator")
    refused = await admin.send(page.form("/preview/privileged"))
    done = await admin.send(refused.form("/preview/privileged"), consent="yes")

    assert "3 given administration" in page.text
    assert "Privileged" in page.text
    assert refused.status == 422
    assert 'id="consent-error"' in refused.response.text
    assert "Mapping added" in done.text
    assert await roles_of(world, people) == ["administrator"] * 3
    assert "consent by Administrator" in done.text


async def test_giving_administration_asks_who_it_is_if_that_was_long_ago(admin: Browser, world: World) -> None:
    group, people = await staffed(world)
    page = await proposed(admin, world, group, "administrator")
    await make_stale()

    asked = await admin.send(page.form("/preview/privileged"), consent="yes")

    assert asked.status == 403
    assert await roles_of(world, people) == ["loanee"] * 3


async def test_the_ordinary_way_gives_no_administration(admin: Browser, world: World) -> None:
    group, people = await staffed(world)
    form = (await proposed(admin, world, group, "administrator")).form("/preview/privileged")
    form.action = form.action.removesuffix("/privileged")

    refused = await admin.send(form, consent="yes")

    assert refused.status == 422
    assert await roles_of(world, people) == ["loanee"] * 3


async def test_moving_a_line_that_gives_administration_needs_consent_too(admin: Browser, world: World) -> None:
    group, _ = await staffed(world)
    await world.map_group(await world.push_group("All", ["ext-ann"]), "viewer")
    await world.map_group(group, "administrator")

    page = await admin.send((await admin.open("group-mappings")).form(f"{group.group_id}/up"))

    assert "Move Staff up 1 place" in page.text
    assert "1 given administration" in page.text
    assert page.form("/preview/privileged").fields["places"] == "-1"


async def test_nobody_is_left_to_administer_is_a_finding_and_no_failure(sign_in: SignIn, world: World) -> None:
    world.roles["chief"] = await create_role("Chief", PERMISSIONS, by=world.system, now=world.tick())
    boss = await world.push_user("boss")
    admins = await world.push_group("Admins", ["ext-boss"])
    await world.map_group(admins, "administrator")

    seen = await mapping_page(await sign_in("chief"), f"change=remove&group_id={admins.group_id}")

    assert seen.status == 200
    assert "It would leave nobody active who administers this tenant" in seen.text
    assert [form.action for form in seen.forms if "/preview" in form.action] == []
    assert await world.role_of(boss) == "administrator"


async def mapping_page(browser: Browser, query: str) -> Page:
    return await browser.open(f"group-mappings/preview?{query}")


async def test_everybody_is_listed_page_by_page_and_as_a_file(admin: Browser, world: World) -> None:
    members = [f"ext-user{number:03}" for number in range(130)]
    for number in range(130):
        await world.push_user(f"user{number:03}", displayName=f"User {number:03}")
    group = await world.push_group("Everybody", members)
    page = await proposed(admin, world, group, "viewer")

    first = await admin.open(page.link("role_id=" + role_id(world, "viewer")))
    second = await admin.open(next(link for link in first.links if "after=" in link))

    assert "10 of 130 people" in page.text
    assert [number for number in range(130) if f"User {number:03}" in first.text] == list(range(100))
    assert [number for number in range(130) if f"User {number:03}" in second.text] == list(range(100, 130))
    answer = await admin.client.get(next(link for link in page.links if "changes.csv" in link and "bom=no" in link))
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert rows[0][:3] == ["user id", "user name", "name"]
    assert [row[2] for row in rows[1:]] == [f"User {number:03}" for number in range(130)]
    assert {tuple(row[3:]) for row in rows[1:]} == {("active", "Loanee", "Viewer", "no", "changes")}


async def test_the_locked_are_listed_apart_and_in_the_file(admin: Browser, world: World) -> None:
    group, people = await staffed(world)
    await lock(world, people["carl"], "viewer")
    page = await proposed(admin, world, group, "editor")

    locked = await admin.open(page.link("locked=yes"))
    answer = await admin.client.get(next(link for link in page.links if "changes.csv" in link))

    assert "Carl" in locked.text
    assert "Ann" not in locked.text
    assert [row[2:] for row in csv.reader(io.StringIO(answer.text)) if row[2] == "Carl"] == [
        ["Carl", "active", "Viewer", "Viewer", "no", "locked: unaffected"]
    ]


async def test_a_name_that_is_a_formula_is_none_in_the_file(admin: Browser, world: World) -> None:
    await world.push_user("eve", displayName="=HYPERLINK(1)")
    group = await world.push_group("Staff", ["ext-eve"])
    page = await proposed(admin, world, group, "editor")

    answer = await admin.client.get(next(link for link in page.links if "changes.csv" in link))

    assert '"\'=HYPERLINK(1)"' in answer.text


@pytest.mark.parametrize("query", ["", "change=lock", "change=add&group_id=x", "change=nonsense", "change=move"])
async def test_an_address_that_proposes_nothing_leads_back_to_the_list(admin: Browser, query: str) -> None:
    for path in ("preview", "preview/people", "preview/changes.csv"):
        page = await admin.open(f"group-mappings/{path}?{query}")

        assert (page.status, page.path.endswith("/group-mappings")) == (200, True)


async def test_a_group_of_another_tenant_is_not_there(admin: Browser, world: World) -> None:
    other = await create_world("bristol")
    group = await other.push_group("Secret")

    page = await mapping_page(admin, f"change=add&group_id={group.group_id}&role_id={world.roles['viewer'].role_id}")

    assert page.status == 404
    assert "Secret" not in page.text


async def test_who_may_not_change_mappings_previews_none(sign_in: SignIn, world: World) -> None:
    group, _ = await staffed(world)
    browser = await sign_in("user_manager")

    page = await mapping_page(browser, f"change=add&group_id={group.group_id}&role_id={world.roles['viewer'].role_id}")

    assert page.status == 403
