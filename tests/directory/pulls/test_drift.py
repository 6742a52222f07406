"""Audit: where a push and its directory differ, and nothing else."""

from datetime import timedelta

import pytest

from directory import users
from directory.model import JsonValue, User, UserAttributes
from directory.person import ENTERPRISE
from directory.pulls.drift_lists import list_auditors
from directory.pulls.model import Drift
from directory.store.compiled import Statement
from directory.store.unit import fetch
from tests.directory.pulls.auditing import Auditor, create_auditor, pushed_alike
from tests.directory.world import World

pytestmark = pytest.mark.anyio

MANAGER = f"{ENTERPRISE}:manager"
DEPARTMENT = f"{ENTERPRISE}:department"
TABLES = ("user_row", "user_link_row", "group_row", "member_row", "held_change_row")
HASHED = {table: Statement(f"SELECT * FROM {table} ORDER BY 1, 2, 3", house=True) for table in TABLES}  # noqa: S608  # constants
EVENTS = Statement("SELECT action FROM event_row WHERE subject_kind <> 'source' ORDER BY id", house=True)


@pytest.fixture
async def auditor(world: World) -> Auditor:
    return await create_auditor(world)


async def edit(world: World, user: User, **values: JsonValue) -> None:
    def change(attributes: UserAttributes) -> UserAttributes:
        return UserAttributes({**attributes.document, **values})

    await users.edit_user(user.user_id, change, by=world.client, now=world.tick())


async def one(auditor: Auditor) -> Drift:
    (found,) = await auditor.drifts()
    return found


async def test_the_same_people_on_both_sides_are_no_difference(world: World, auditor: Auditor) -> None:
    for name in ("ann", "ben", "cid", "dan"):
        await pushed_alike(world, auditor, name, displayName=name.title())

    await auditor.pull()

    assert await auditor.drifts() == []
    (audited,) = await list_auditors(world.tenant.tenant_id)
    assert (audited.confirmed_at, audited.drift_count) == (world.now, 0)


async def test_whoever_was_not_pushed_is_missing(world: World, auditor: Auditor) -> None:
    await pushed_alike(world, auditor, "ann")
    auditor.says("ben", displayName="Ben Bo")

    await auditor.pull()

    found = await one(auditor)
    assert (found.kind, found.label, found.here, found.there) == ("missing", "Ben Bo", None, "ben@example.org")


async def test_whoever_is_not_there_any_more_is_extra(world: World, auditor: Auditor) -> None:
    await pushed_alike(world, auditor, "ann")
    ben = await world.push_user("ben", displayName="Ben")

    await auditor.pull()

    found = await one(auditor)
    assert (found.kind, found.user_id, found.label) == ("extra", ben.user_id, "Ben")
    assert (found.here, found.there) == ("ben@example.org", "not found by a whole pull")


async def test_a_status_and_an_attribute_are_told_with_both_values(world: World, auditor: Auditor) -> None:
    extension: dict[str, JsonValue] = {ENTERPRISE: {"department": "Arms"}}
    await pushed_alike(world, auditor, "ann", title="Smith", **extension)
    auditor.says("ann", active=False, title="Baker", **{DEPARTMENT: "Arms"})

    await auditor.pull()

    told = {(found.kind, found.target): (found.here, found.there) for found in await auditor.drifts()}
    assert told == {("status", ""): ("active", "disabled"), ("attribute", "title"): ("Smith", "Baker")}


async def test_disabled_people_need_not_be_on_the_other_side(world: World, auditor: Auditor) -> None:
    await world.push_user("ann", active=False)
    auditor.says("ben", active=False)
    auditor.says("cid")

    await auditor.pull()

    assert await auditor.told() == {("missing", "cid", "")}


async def test_a_pull_that_gave_nobody_proves_nothing(world: World, auditor: Auditor) -> None:
    await world.push_user("ann")

    await auditor.pull()

    assert await auditor.drifts() == []
    (audited,) = await list_auditors(world.tenant.tenant_id)
    assert audited.confirmed_at is None


async def test_a_delta_finds_nobody_extra_but_those_it_says_are_gone(world: World, auditor: Auditor) -> None:
    for name in ("ann", "ben"):
        await pushed_alike(world, auditor, name)
    await auditor.pull()
    await world.push_user("cid")
    del auditor.people["ext-ben"]

    await auditor.pull("delta", only=["ext-ben"])

    assert await auditor.told() == {("extra", "ben", "")}


async def test_where_only_assigned_people_are_meant_the_others_are_not_there(world: World, auditor: Auditor) -> None:
    for name in ("ann", "ben"):
        await pushed_alike(world, auditor, name)
    auditor.says("cid")
    auditor.says("dan")
    auditor.assigned = {"ext-ann", "ext-cid"}
    await auditor.pull()
    first = await auditor.told()
    auditor.says("eve")

    await auditor.pull("delta", only=["ext-eve"])

    assert first == {("extra", "ben", ""), ("missing", "cid", "")}
    assert await auditor.told() == first


async def test_one_of_an_unknown_id_is_found_by_user_name_in_whatever_spelling(world: World, auditor: Auditor) -> None:
    await pushed_alike(world, auditor, "ann")
    auditor.people = {"other-id": {"userName": "ANN@example.org", "active": True, "title": "Smith"}}

    await auditor.pull()

    assert await auditor.told() == {("attribute", "ann", "title")}


async def test_an_id_is_surer_than_a_name(world: World, auditor: Auditor) -> None:
    ann, ben = await world.push_user("ann"), await world.push_user("ben")
    # By their ids the two have swapped names; who comes first must not be taken by name.
    auditor.says("ann", "ext-ben")
    auditor.says("ben", "ext-ann")

    await auditor.pull()

    found = {(one.user_id, one.target, one.there) for one in await auditor.drifts()}
    assert found == {(ann.user_id, "userName", "ben@example.org"), (ben.user_id, "userName", "ann@example.org")}


async def test_who_was_made_anew_there_takes_the_place_of_who_is_gone(world: World, auditor: Auditor) -> None:
    await pushed_alike(world, auditor, "ann")
    await auditor.pull()
    auditor.people = {"aaa-new": auditor.people["ext-ann"], "zed": {"userName": "zed@example.org", "active": False}}

    await auditor.pull()

    assert await auditor.drifts() == []


@pytest.mark.parametrize("target", [f"{ENTERPRISE}:employeeNumber", "emails[work]"])
async def test_those_left_are_found_by_an_attribute_that_one_person_has(world: World, target: str) -> None:
    auditor = await create_auditor(world, match_target=target)
    for number, name in enumerate(("ann", "ben", "bob")):
        value = f"n{min(number, 1)}@example.org"
        extra: dict[str, JsonValue] = (
            {"emails": [{"type": "work", "value": value}]}
            if "emails" in target
            else {ENTERPRISE: {"employeeNumber": value}}
        )
        await world.push_user(name, **extra)
    auditor.people = {
        "x-1": {"userName": "ann.married@example.org", "active": True, target: "N0@example.org"},
        "x-2": {"userName": "ben.married@example.org", "active": True, target: "n1@example.org"},
    }

    await auditor.pull()

    assert await auditor.told() >= {("attribute", "ann", "userName"), ("missing", "ben.married", "")}
    assert {one.label for one in await auditor.drifts() if one.kind == "extra"} == {
        "ben@example.org",
        "bob@example.org",
    }


async def test_managers_are_compared_by_whom_they_mean(world: World, auditor: Auditor) -> None:
    boss = await pushed_alike(world, auditor, "boss")
    await pushed_alike(world, auditor, "chief")
    for name, ref in (("ann", str(boss.user_id)), ("ben", "ext-boss"), ("cid", "ext-chief"), ("dan", None)):
        extension: dict[str, JsonValue] = {ENTERPRISE: {"manager": {"value": ref}}} if ref else {}
        await world.push_user(name, **extension)
        auditor.says(name, **{MANAGER: "ext-boss"})
    auditor.says("eve", **{MANAGER: "nobody-here"})
    await world.push_user("eve")

    await auditor.pull()

    found = {(one.label.partition("@")[0], one.here, one.there) for one in await auditor.drifts()}
    assert found == {("cid", "chief@example.org", "boss@example.org"), ("dan", None, "boss@example.org")}


async def test_the_newer_side_is_the_one_that_moved_since_the_last_audit(world: World, auditor: Auditor) -> None:
    ann, _ = (
        await pushed_alike(world, auditor, "ann", title="Smith"),
        await pushed_alike(world, auditor, "ben", title="Smith"),
    )
    await auditor.pull()
    await edit(world, ann, title="Baker")
    auditor.says("ben", title="Clerk")

    await auditor.pull()
    first = {found.label[:3]: (found.newer, found.since) for found in await auditor.drifts()}
    await auditor.pull()

    assert {name: newer for name, (newer, _) in first.items()} == {"ann": "here", "ben": "there"}
    assert {found.label[:3]: (found.newer, found.since) for found in await auditor.drifts()} == first


async def test_times_of_the_directory_tell_which_side_is_newer(world: World, auditor: Auditor) -> None:
    stamps = {"ann": timedelta(days=1), "ben": timedelta(days=-1)}
    for name, later in stamps.items():
        user = await world.push_user(name, title="Smith")
        auditor.says(name, title="Baker")
        auditor.given[f"ext-{name}"] = {"lastUpdated": (user.modified_at + later).isoformat()}

    await auditor.pull()

    assert {found.label[:3]: found.newer for found in await auditor.drifts()} == {"ann": "there", "ben": "here"}


async def test_a_difference_that_is_over_is_forgotten(world: World, auditor: Auditor) -> None:
    ann, ben = await pushed_alike(world, auditor, "ann", title="Smith"), await world.push_user("ben")
    auditor.says("ann", title="Baker")
    auditor.says("cid")
    await auditor.pull()
    before = await auditor.told()
    await edit(world, ann, title="Baker")
    await edit(world, ben, active=False)
    await world.push_user("cid")

    await auditor.pull("delta", only=[])

    assert before == {("attribute", "ann", "title"), ("extra", "ben", ""), ("missing", "cid", "")}
    assert await auditor.drifts() == []


async def test_whoever_is_pushed_while_the_directory_is_read_is_judged_by_the_next_pull(
    world: World, auditor: Auditor
) -> None:
    ann = await pushed_alike(world, auditor, "ann", title="Smith")
    began = world.tick()
    await edit(world, ann, title="Baker")
    await world.push_user("ben")

    await auditor.pull(began=began)
    first = await auditor.told()
    await auditor.pull()

    assert first == set()
    assert await auditor.told() == {("attribute", "ann", "title"), ("extra", "ben", "")}


async def test_only_what_is_mapped_is_compared(world: World, auditor: Auditor) -> None:
    await pushed_alike(world, auditor, "ann", nickName="Annie", title="Smith")
    auditor.says("ann", nickName="Nan", title="Smith")

    await auditor.pull()

    assert await auditor.drifts() == []


async def test_an_audit_writes_nothing_of_the_directory_here(world: World, auditor: Auditor) -> None:
    await pushed_alike(world, auditor, "ann", title="Smith")
    await world.push_user("ben")
    auditor.says("ann", active=False, title="Baker")
    auditor.says("cid")
    before = {table: [dict(row) for row in await fetch(read)] for table, read in HASHED.items()}
    told = await fetch(EVENTS)

    await auditor.pull()
    await auditor.pull()

    assert {table: [dict(row) for row in await fetch(read)] for table, read in HASHED.items()} == before
    assert await fetch(EVENTS) == told
    assert len(await auditor.drifts()) == 4


async def test_an_audit_of_what_did_not_move_writes_no_difference_again(world: World, auditor: Auditor) -> None:
    for name in ("ann", "ben"):
        await pushed_alike(world, auditor, name)
    auditor.says("cid")
    await auditor.pull()
    read = Statement("SELECT * FROM drift_row UNION ALL SELECT * FROM drift_row", house=True)
    before = [dict(row) for row in await fetch(read)]

    await auditor.pull()

    assert [dict(row) for row in await fetch(read)] == before
