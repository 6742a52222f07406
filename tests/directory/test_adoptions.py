"""Who arrives and meets somebody is told apart and waits; only an operator makes two records one person."""

from dataclasses import replace
from datetime import timedelta

import pytest

from directory import adoptions, events, groups, status, users
from directory.adoptions import EntryFilter, Verdict
from directory.errors import (
    AlreadyExistsError,
    ForbiddenError,
    InvalidError,
    LastLocalAdministratorError,
    MetError,
    MovedError,
    NotFoundError,
)
from directory.model import GroupAttributes, JsonObject, User, UserAttributes
from tests.directory.meeting import decide, local_user, mail, operator, push, queue, second_source
from tests.directory.world import World, create_world

pytestmark = pytest.mark.anyio


async def now_of(world: World, user: User) -> User:
    return await users.get_user(world.tenant.tenant_id, user.user_id)


async def test_a_user_name_of_somebody_else_is_refused_and_queued_once(world: World) -> None:
    ann = await local_user(world, "ann", email="ann@example.org")
    for _ in range(3):
        with pytest.raises(MetError, match="userName"):
            await push(world, world.client, "Ann", displayName="Ann of the feed")
    (entry,) = await queue(world)
    assert (entry.user_id, entry.matched, entry.seen_count, entry.state) == (ann.user_id, "user name", 3, "open")
    assert (entry.source_id, entry.external_id) == (world.source.source_id, "ext-Ann")
    assert entry.incoming_name == "Ann of the feed"
    assert entry.last_seen_at > entry.first_seen_at
    assert await now_of(world, ann) == ann
    told = await events.list_events(world.tenant.tenant_id, subject_id=ann.user_id, limit=10)
    assert [event.action for event in told].count("user:adoption:asked") == 1
    await world.assert_consistent()


@pytest.mark.parametrize(
    "address", ["victim@example.org", "VICTIM@Example.ORG", "\uff56ictim@example.org", " victim@example.org "]
)
async def test_an_address_of_somebody_else_is_no_key_but_waits(world: World, address: str) -> None:
    victim = await local_user(world, "victim", email="victim@example.org")
    with pytest.raises(MetError, match="emails"):
        await push(world, world.client, "mallory", emails=mail(address))
    (entry,) = await queue(world)
    assert (entry.user_id, entry.matched) == (victim.user_id, "e-mail")
    assert await now_of(world, victim) == victim


async def test_a_name_that_is_somebodys_address_and_an_address_that_is_a_name_wait_too(world: World) -> None:
    await local_user(world, "ann@example.org")
    await local_user(world, "bob", email="bob@example.org")
    with pytest.raises(MetError):
        await push(world, world.client, "mallory", emails=mail("ann@example.org"))
    with pytest.raises(MetError):
        await push(world, world.client, "bob@example.org")
    assert {entry.matched for entry in await queue(world)} == {"e-mail"}


async def test_users_of_one_source_may_share_an_address(world: World) -> None:
    await push(world, world.client, "ann", emails=mail("team@example.org"))
    await push(world, world.client, "bob", emails=mail("team@example.org"))
    assert await queue(world) == []


async def test_a_source_that_refuses_matches_leaves_nothing_in_the_queue(world: World) -> None:
    await local_user(world, "ann", email="ann@example.org")
    with pytest.raises(MetError) as refused:
        await push(world, world.client, "other", emails=mail("ann@example.org"), on_match="refuse")
    assert not refused.value.queued
    assert await queue(world) == []


async def test_a_source_may_take_everybody_for_somebody_else(world: World) -> None:
    ann = await local_user(world, "ann", email="ann@example.org")
    other = await push(world, world.client, "other", emails=mail("ann@example.org"), on_match="apart")
    assert other.user_id != ann.user_id
    assert await queue(world) == []


async def test_who_is_told_apart_is_another_person_from_then_on(world: World) -> None:
    ann = await local_user(world, "ann", email="ann@example.org")
    with pytest.raises(MetError):
        await push(world, world.client, "other", emails=mail("ann@example.org"))
    (entry,) = await queue(world)
    await decide(world, entry, "apart")
    other = await push(world, world.client, "other", emails=mail("ann@example.org"))
    assert other.user_id != ann.user_id
    assert await queue(world) == []
    with pytest.raises(MetError):  # somebody else of the source was not decided on
        await push(world, world.client, "third", emails=mail("ann@example.org"))


async def test_who_is_rejected_goes_on_being_refused_and_can_be_looked_at_again(world: World) -> None:
    await local_user(world, "ann", email="ann@example.org")
    verdicts: tuple[Verdict, ...] = ("reject", "reopen")
    for verdict in verdicts:
        with pytest.raises(MetError):
            await push(world, world.client, "other", emails=mail("ann@example.org"))
        (entry,) = await queue(world, EntryFilter(state=None))
        await decide(world, entry, verdict)
    (entry,) = await queue(world)
    assert (entry.seen_count, entry.decided_by) == (2, None)


async def test_an_adopted_user_keeps_name_and_address_and_then_follows_its_source(world: World) -> None:
    ann = await local_user(world, "ann", "editor", email="ann@example.org")
    with pytest.raises(MetError):
        await push(world, world.client, "ann", emails=mail("new@example.org"), title="Boss")
    (entry,) = await queue(world)
    await decide(world, entry, "adopt")
    adopted = await now_of(world, ann)
    assert (adopted.source_id, adopted.attributes.external_id) == (world.source.source_id, "ext-ann")
    assert (adopted.attributes.user_name, adopted.promoted.email, adopted.active) == ("ann", "ann@example.org", True)
    assert adopted.lock is not None
    assert await world.role_of(adopted) == "editor"

    again = await push(world, world.client, "ANN", externalId="ext-ann", emails=mail("new@example.org"), title="Boss")
    assert again.user_id == ann.user_id
    assert (again.attributes.user_name, again.promoted.email, again.promoted.title) == (
        "ann",
        "ann@example.org",
        "Boss",
    )
    (done,) = await queue(world, EntryFilter(state="adopted"))
    assert done.applied_at is not None
    with pytest.raises(AlreadyExistsError):
        await push(world, world.client, "ann")

    def married(attributes: UserAttributes) -> UserAttributes:
        return UserAttributes({**attributes.document, "emails": mail("married@example.org")})

    later = await users.edit_user(ann.user_id, married, by=world.client, now=world.tick())
    assert later.promoted.email == "married@example.org"
    await world.assert_consistent()


async def test_the_first_patch_after_an_adoption_rewrites_no_address(world: World) -> None:
    ann = await local_user(world, "ann", email="ann@example.org")
    with pytest.raises(MetError):
        await push(world, world.client, "ann")
    (entry,) = await queue(world)
    await decide(world, entry, "adopt")

    def taken(attributes: UserAttributes) -> UserAttributes:
        named: JsonObject = {"userName": "mallory", "emails": mail("mallory@example.org"), "title": "New"}
        return UserAttributes({**attributes.document, **named})

    first = await users.edit_user(ann.user_id, taken, by=world.client, now=world.tick())
    assert (first.attributes.user_name, first.promoted.email) == ("ann", "ann@example.org")
    assert first.promoted.title == "New"


async def test_only_the_one_who_was_adopted_may_speak_for_the_user(world: World) -> None:
    ann = await local_user(world, "ann")
    with pytest.raises(MetError):
        await push(world, world.client, "ann")
    (entry,) = await queue(world)
    await decide(world, entry, "adopt")
    with pytest.raises(AlreadyExistsError):
        await push(world, world.client, "ann", externalId="somebody-else", title="Mine now")
    assert (await now_of(world, ann)).promoted.title is None


async def test_a_user_of_another_source_leaves_its_groups_and_joins_those_that_wait(world: World) -> None:
    okta = await second_source(world)
    ann = await push(world, world.client, "ann")
    staff = await world.push_group("staff", ["ext-ann"])
    await world.map_group(staff, "editor")
    circle = await groups.create_group(
        GroupAttributes({"displayName": "circle"}),
        frozenset({"okta-ann"}),
        by=okta,
        now=world.tick(),
        unique_name=False,
        unknown="pending",
    )
    await world.map_group(circle, "user_manager")
    assert await world.role_of(ann) == "editor"
    with pytest.raises(MetError):
        await push(world, okta, "ann", externalId="okta-ann")
    (entry,) = await queue(world)
    case = await adoptions.get_case(world.tenant.tenant_id, entry.entry_id)
    assert (case.role.shipped, case.role_after.shipped) == ("editor", "user_manager")
    assert [group.name for group in case.leaving] == ["staff"]
    await decide(world, entry, "adopt")
    assert await world.role_of(ann) == "user_manager"
    assert await world.members_of(staff) == set()
    assert await world.members_of(circle) == {"ann"}
    with pytest.raises(NotFoundError):
        await users.edit_user(ann.user_id, lambda one: one, by=world.client, now=world.tick())
    with pytest.raises(MetError):  # the former source meets it now
        await push(world, world.client, "ann")
    await world.assert_consistent()


async def test_the_last_local_administrator_is_never_given_to_a_feed(world: World) -> None:
    await local_user(world, "root", "administrator")
    with pytest.raises(MetError):
        await push(world, world.client, "root")
    (entry,) = await queue(world)
    case = await adoptions.get_case(world.tenant.tenant_id, entry.entry_id)
    assert case.privileged
    with pytest.raises(LastLocalAdministratorError):
        await decide(world, entry, "adopt")
    await local_user(world, "second", "administrator")
    await decide(world, entry, "adopt")
    with pytest.raises(MetError):
        await push(world, world.client, "second")
    (entry,) = await queue(world)
    with pytest.raises(LastLocalAdministratorError):
        await decide(world, entry, "adopt")


async def test_nobody_gives_away_more_than_they_have(world: World) -> None:
    await local_user(world, "root", "administrator")
    await local_user(world, "second", "administrator")
    with pytest.raises(MetError):
        await push(world, world.client, "root")
    (entry,) = await queue(world)
    manager = replace(operator(world), permissions=world.roles["user_manager"].permissions)
    with pytest.raises(ForbiddenError):
        await decide(world, entry, "adopt", by=manager)
    with pytest.raises(ForbiddenError):
        await decide(world, entry, "reject", by=world.client)


async def test_what_was_seen_is_what_is_decided(world: World) -> None:
    ann = await local_user(world, "ann")
    with pytest.raises(MetError):
        await push(world, world.client, "ann")
    (entry,) = await queue(world)
    case = await adoptions.get_case(world.tenant.tenant_id, entry.entry_id)
    with pytest.raises(MetError):
        await push(world, world.client, "ann", title="Another story")
    with pytest.raises(MovedError):
        await adoptions.decide(entry.entry_id, "adopt", seen=case.seen, by=operator(world), now=world.tick())
    case = await adoptions.get_case(world.tenant.tenant_id, entry.entry_id)
    await status.set_local_status(ann.user_id, active=False, by=operator(world), now=world.tick())
    with pytest.raises(MovedError):
        await adoptions.decide(entry.entry_id, "adopt", seen=case.seen, by=operator(world), now=world.tick())


async def test_a_user_name_cannot_be_told_apart_and_a_decided_entry_not_again(world: World) -> None:
    await local_user(world, "ann")
    with pytest.raises(MetError):
        await push(world, world.client, "ann")
    (entry,) = await queue(world)
    with pytest.raises(InvalidError, match="one person"):
        await decide(world, entry, "apart")
    await decide(world, entry, "adopt")
    with pytest.raises(InvalidError, match="already"):
        await decide(world, entry, "reject")


async def test_somebody_hired_again_under_another_id_waits_and_comes_back_as_who_it_was(world: World) -> None:
    ann = await push(world, world.client, "ann")
    await users.delete_user(ann.user_id, by=world.client, now=world.tick())
    with pytest.raises(MetError):
        await push(world, world.client, "ann", externalId="hired-again")
    (entry,) = await queue(world)
    assert (entry.matched, entry.user_deleted) == ("returned", True)
    await decide(world, entry, "adopt")
    back = await push(world, world.client, "ann", externalId="hired-again")
    assert back.user_id == ann.user_id
    await world.assert_consistent()


async def test_somebody_hired_again_may_be_somebody_else(world: World) -> None:
    ann = await push(world, world.client, "ann")
    await users.delete_user(ann.user_id, by=world.client, now=world.tick())
    with pytest.raises(MetError):
        await push(world, world.client, "ann", externalId="namesake")
    (entry,) = await queue(world)
    await decide(world, entry, "apart")
    assert (await push(world, world.client, "ann", externalId="namesake")).user_id != ann.user_id


async def test_a_source_that_gives_its_user_somebody_elses_address_changes_nothing_but_is_seen(world: World) -> None:
    victim = await local_user(world, "victim", "administrator", email="victim@example.org")
    mallory = await push(world, world.client, "mallory", emails=mail("mallory@example.org"))

    def address(attributes: UserAttributes) -> UserAttributes:
        return UserAttributes({**attributes.document, "emails": mail("Victim@example.org")})

    after = await users.edit_user(mallory.user_id, address, by=world.client, now=world.tick())
    assert (after.user_id, await world.role_of(after)) == (mallory.user_id, await world.role_of(mallory))
    assert await now_of(world, victim) == victim
    (entry,) = await queue(world)
    assert (entry.user_id, entry.own_user_id, entry.matched) == (victim.user_id, mallory.user_id, "e-mail")
    with pytest.raises(InvalidError, match="already"):
        await decide(world, entry, "adopt")
    await decide(world, entry, "apart")


async def test_a_source_that_gives_its_user_somebody_elses_name_is_refused_and_seen(world: World) -> None:
    victim = await local_user(world, "victim")
    mallory = await push(world, world.client, "mallory")

    def named(attributes: UserAttributes) -> UserAttributes:
        return UserAttributes({**attributes.document, "userName": "VICTIM"})

    with pytest.raises(AlreadyExistsError):
        await users.edit_user(mallory.user_id, named, by=world.client, now=world.tick())
    (entry,) = await queue(world)
    assert (entry.user_id, entry.own_user_id, entry.matched) == (victim.user_id, mallory.user_id, "user name")


async def test_entries_that_no_source_sends_any_more_are_forgotten(world: World) -> None:
    await local_user(world, "ann")
    with pytest.raises(MetError):
        await push(world, world.client, "ann")
    assert await adoptions.forget_entries(now=world.now + timedelta(days=89)) == 0
    assert await adoptions.forget_entries(now=world.now + timedelta(days=91)) == 1


async def test_another_tenants_entries_do_not_exist(world: World) -> None:
    await local_user(world, "ann")
    with pytest.raises(MetError):
        await push(world, world.client, "ann")
    (entry,) = await queue(world)
    other = await create_world("other")
    with pytest.raises(NotFoundError):
        await adoptions.get_case(other.tenant.tenant_id, entry.entry_id)
    assert await queue(other) == []
