"""Who somebody is: ids by source, values with their origin, managers and reports."""

import pytest

from directory import profiles, users
from directory.model import JsonValue, User, UserAttributes
from directory.person import ENTERPRISE
from directory.profiles import Profile
from directory.provenance import flattened
from tests.directory.world import World, create_world

pytestmark = pytest.mark.anyio


def under(ref: str) -> dict[str, JsonValue]:
    return {ENTERPRISE: {"manager": {"value": ref}}}


async def edit(world: World, user: User, **attributes: JsonValue) -> User:
    return await users.edit_user(
        user.user_id, lambda old: UserAttributes({**old.document, **attributes}), by=world.client, now=world.tick()
    )


async def profile_of(world: World, user: User) -> Profile:
    current = await users.get_user(world.tenant.tenant_id, user.user_id)
    return await profiles.read_profile(world.tenant.tenant_id, current)


async def test_each_value_names_the_change_that_brought_it(world: World) -> None:
    user = await world.push_user("ann", title="Intern", name={"givenName": "Ann", "familyName": "A"})
    created_at = world.now
    await edit(world, user, title="Engineer")
    await edit(world, user, name={"givenName": "Ann", "familyName": "B"})
    married_at = world.now

    lines = {line.path: line for line in (await profile_of(world, user)).attributes}

    def origin(path: str) -> tuple[object, object]:
        told = lines[path].brought_by
        assert told is not None
        return lines[path].value, told.at

    assert origin("name.givenName") == ("Ann", created_at)
    assert origin("name.familyName") == ("B", married_at)
    assert origin("title")[0] == "Engineer"
    assert lines["title"].brought_by is not None
    assert lines["title"].brought_by.actor_label == "Entra"


def test_values_of_one_kind_are_all_kept() -> None:
    emails: JsonValue = [{"type": "work", "value": "a"}, {"type": "work", "value": "b"}]

    assert flattened({"emails": emails}) == {
        "emails[work].type": "work",
        "emails[work].value": "a",
        "emails[work].type (2)": "work",
        "emails[work].value (2)": "b",
    }


async def test_links_say_which_source_knows_the_user_and_when_it_last_changed_it(world: World) -> None:
    user = await world.push_user("ann")

    (link,) = (await profile_of(world, user)).links

    assert (link.source_label, link.external_id, link.owner, link.seen_at) == ("Entra", "ext-ann", True, world.now)


@pytest.mark.parametrize("ref", ["ext-boss", "boss@example.org", "BOSS@example.org", "id"])
async def test_a_manager_is_found_by_any_id_the_source_may_use(world: World, ref: str) -> None:
    boss = await world.push_user("boss")
    ann = await world.push_user("ann", **under(str(boss.user_id) if ref == "id" else ref))

    assert [one.user_id for one in (await profile_of(world, ann)).managers] == [boss.user_id]


async def test_the_chain_goes_up_and_the_reports_come_down(world: World) -> None:
    top = await world.push_user("top")
    boss = await world.push_user("boss", **under("ext-top"))
    ann = await world.push_user("ann", **under(str(boss.user_id)))
    bob = await world.push_user("bob", **under("boss@example.org"))

    assert [one.user_id for one in (await profile_of(world, ann)).managers] == [boss.user_id, top.user_id]
    assert {one.user_id for one in (await profile_of(world, boss)).reports} == {ann.user_id, bob.user_id}


async def test_a_reference_to_nobody_says_since_when(world: World) -> None:
    ann = await world.push_user("ann")
    await edit(world, ann, **under("ext-later"))
    since = world.now
    await edit(world, ann, title="Engineer")

    found = await profile_of(world, ann)

    assert (found.managers, found.waiting_ref, found.waiting_since) == ([], "ext-later", since)


async def test_a_circle_of_managers_ends(world: World) -> None:
    ann = await world.push_user("ann", **under("ext-bob"))
    bob = await world.push_user("bob", **under("ext-ann"))

    found = await profile_of(world, ann)

    assert ([one.user_id for one in found.managers], found.circular, found.waiting_ref) == ([bob.user_id], True, None)


async def test_whoever_is_their_own_manager_is_no_report_of_theirs(world: World) -> None:
    ann = await world.push_user("ann", **under("ext-ann"))

    found = await profile_of(world, ann)

    assert (found.managers, found.circular, found.reports) == ([], True, [])


async def test_a_long_reference_that_begins_alike_means_somebody_else(world: World) -> None:
    boss = await world.push_user("b" * 300)
    await world.push_user("ann", **under("ext-" + "b" * 299 + "x"))
    bob = await world.push_user("bob", **under("ext-" + "b" * 300))

    assert [one.user_id for one in (await profile_of(world, boss)).reports] == [bob.user_id]


async def test_managers_and_reports_are_of_one_tenant(world: World) -> None:
    other = await create_world("bristol")
    theirs = await other.push_user("boss")
    ann = await world.push_user("ann", **under(str(theirs.user_id)))
    bob = await world.push_user("bob", **under("boss@example.org"))

    for user in (ann, bob):
        assert (await profile_of(world, user)).managers == []
    assert (await profile_of(other, theirs)).reports == []
