"""Deleted users count down, come back by hand, and are forgotten when their days are over."""

from dataclasses import replace
from datetime import timedelta

import pytest

from directory import events, graves, local_users, locks, sources, status, traffic, users
from directory.errors import AlreadyExistsError, ForbiddenError, NotFoundError
from directory.graves import Grave, GraveFilter
from directory.ids import new_id
from directory.model import RequestDraft, RequestId, User, UserAttributes
from directory.store.compiled import Statement
from directory.store.unit import Engine, fetch
from directory.store.write.erased_tables import ERASED
from tests.directory.meeting import local_user, mail, operator, push, queue, second_source
from tests.directory.world import World

pytestmark = pytest.mark.anyio

WITH_USERS = Statement(
    "SELECT table_name FROM information_schema.columns WHERE column_name = 'user_id'"
    " AND table_schema = current_schema() AND table_name LIKE '%\\_row'",
    sqlite="SELECT m.name AS table_name FROM sqlite_master m JOIN pragma_table_info(m.name) c"
    " WHERE m.type = 'table' AND c.name = 'user_id'",
)
NAMELESS = {
    "bulk_item_row": "ids, roles and outcomes of an action, for 90 days",
    "event_member_row": "ids that the chain of events covers",
    "loan_row": "what was lent to an id and came back",
    "return_task_row": "that an id had something to return",
    "route_row": "in which tenants below an id still has copies, so that they go when they can",
}
"""Tables that go on naming an erased user's id, and no word of the person."""


async def deleted(world: World, name: str, **attributes: str) -> User:
    user = await world.push_user(name, **attributes)
    await users.delete_user(user.user_id, by=world.client, now=world.tick())
    return user


async def listed(world: World, wanted: GraveFilter | None = None) -> list[Grave]:
    page = await graves.list_graves(world.tenant.tenant_id, wanted or GraveFilter(), after=None, limit=50)
    return page.graves


async def test_a_deleted_user_is_listed_with_who_did_it_and_how_long_it_stays(world: World) -> None:
    ann = await deleted(world, "ann", displayName="Ann Gone")
    (grave,) = await listed(world)
    assert (grave.user_id, grave.display_name, grave.deleted_by) == (ann.user_id, "Ann Gone", "Entra")
    assert (grave.role_name, grave.source_label, grave.equipment_count) == ("Loanee", "Entra", 0)
    assert grave.erased_after == grave.deleted_at + timedelta(days=30)
    await sources.edit_settings(world.source.source_id, {"grace_days": "7"}, by=operator(world), now=world.tick())
    (grave,) = await listed(world)
    assert grave.erased_after == grave.deleted_at + timedelta(days=7)


async def test_the_list_pages_by_key_and_narrows(world: World) -> None:
    for name in ("ann", "bob", "carl"):
        await deleted(world, name)
    local = await local_user(world, "dora")
    await local_users.delete_local_user(local.user_id, by=world.system, now=world.tick())
    first = await graves.list_graves(world.tenant.tenant_id, GraveFilter(), after=None, limit=3)
    rest = await graves.list_graves(world.tenant.tenant_id, GraveFilter(), after=first.next_after, limit=3)
    names = [grave.user_name for grave in (*first.graves, *rest.graves)]
    assert names == ["dora", "carl@example.org", "bob@example.org", "ann@example.org"]
    assert rest.next_after is None
    assert [grave.user_name for grave in await listed(world, GraveFilter(local=True))] == ["dora"]
    assert [grave.user_name for grave in await listed(world, GraveFilter(text="BOB"))] == ["bob@example.org"]
    found = GraveFilter(source_id=world.source.source_id)
    assert await graves.count_graves(world.tenant.tenant_id, found) == 3


async def test_a_restored_user_is_as_it_was_with_a_role_decided_afresh(world: World) -> None:
    ann = await world.push_user("ann", displayName="Ann", title="Boss")
    staff = await world.push_group("staff", ["ext-ann"])
    await world.map_group(staff, "editor")
    assert await world.role_of(ann) == "editor"
    await users.delete_user(ann.user_id, by=world.client, now=world.tick())
    back = await graves.restore_user(ann.user_id, by=operator(world), now=world.tick())
    assert (back.user_id, back.promoted.title, back.active) == (ann.user_id, "Boss", True)
    assert await world.role_of(back) == "loanee"
    assert await world.members_of(staff) == set()
    assert await listed(world) == []
    told = await events.list_events(world.tenant.tenant_id, subject_id=ann.user_id, limit=2)
    assert {event.action for event in told} == {"user:restored", "user:role:granted"}
    await world.assert_consistent()


async def test_the_source_may_still_send_a_restored_user_again(world: World) -> None:
    ann = await deleted(world, "ann")
    await graves.restore_user(ann.user_id, by=operator(world), now=world.tick())
    again = await world.push_user("ann", title="Back")
    assert (again.user_id, again.promoted.title) == (ann.user_id, "Back")
    with pytest.raises(AlreadyExistsError):
        await world.push_user("ann")
    await world.assert_consistent()


async def test_locks_and_blocks_outlive_it_but_no_administration_comes_back(world: World) -> None:
    ann, bob = await world.push_user("ann"), await world.push_user("bob")
    until = world.now + timedelta(days=365)
    for user, role in ((ann, "administrator"), (bob, "viewer")):
        await locks.lock_role(
            user.user_id, world.roles[role].role_id, reason="x", until=until, by=world.system, now=world.tick()
        )
    await local_user(world, "root", "administrator")
    await status.block_signin(bob.user_id, reason="left in anger", by=world.system, now=world.tick())
    for user in (ann, bob):
        await users.delete_user(user.user_id, by=world.client, now=world.tick())
        await graves.restore_user(user.user_id, by=operator(world), now=world.tick())
    assert await world.role_of(ann) == "loanee"
    assert await world.role_of(bob) == "viewer"
    found = await users.get_user(world.tenant.tenant_id, bob.user_id)
    assert (found.active, found.attributes.active) == (False, True)
    await world.assert_consistent()


async def test_a_name_that_is_taken_meanwhile_is_a_clear_refusal(world: World) -> None:
    ann = await deleted(world, "ann")
    await local_user(world, "ann@example.org")
    with pytest.raises(AlreadyExistsError, match="userName"):
        await graves.restore_user(ann.user_id, by=operator(world), now=world.tick())
    bob = await deleted(world, "bob")
    okta = await second_source(world)
    await push(world, okta, "bert", externalId="ext-bob")  # another source's id of the same name is another id
    back = await graves.restore_user(bob.user_id, by=operator(world), now=world.tick())
    assert back.user_id == bob.user_id


async def test_only_who_may_manage_users_restores_and_nobody_restores_more_than_they_have(world: World) -> None:
    ann = await deleted(world, "ann")
    viewer = replace(operator(world), permissions=world.roles["viewer"].permissions)
    with pytest.raises(ForbiddenError):
        await graves.restore_user(ann.user_id, by=viewer, now=world.tick())
    with pytest.raises(NotFoundError):
        await graves.restore_user(world.tenant.default_role_id, by=operator(world), now=world.tick())  # type: ignore[arg-type]  # any id


async def test_who_is_over_due_is_erased_and_the_chain_still_verifies(world: World) -> None:
    ann = await deleted(world, "ann", displayName="Ann Secret", title="Boss of Secret")
    bob = await world.push_user("bob")
    await users.delete_user(bob.user_id, by=world.client, now=world.tick())
    await world.push_user("carl")
    await events.seal_events(now=world.tick(), limit=1000)
    assert await graves.purge_graves(now=world.now + timedelta(days=29)) == 0
    assert await graves.purge_graves(now=world.now + timedelta(days=31)) == 2
    assert await graves.purge_graves(now=world.now + timedelta(days=31)) == 0
    assert await listed(world) == []
    for table in ("user_row", "email_row", "user_link_row", "event_value_row", "adoption_row", "request_row"):
        rows = await fetch(Statement(f"SELECT * FROM {table}", house=True))  # noqa: S608  # a name of ours
        kept = "\n".join(str(dict(row)) for row in rows)
        assert "Secret" not in kept
        assert "ext-ann" not in kept
    with pytest.raises(NotFoundError):
        await graves.restore_user(ann.user_id, by=operator(world), now=world.tick())
    await events.seal_events(now=world.tick(), limit=1000)
    report = await events.verify_chain(world.tenant.tenant_id)
    assert report.broken_at is None
    told = await events.list_events(world.tenant.tenant_id, subject_id=ann.user_id, limit=10)
    assert {event.subject_label for event in told} <= {"", events.ERASED}
    await world.assert_consistent()


async def test_the_same_external_id_is_a_new_person_after_that(world: World) -> None:
    ann = await deleted(world, "ann")
    await graves.purge_graves(now=world.now + timedelta(days=31))
    again = await world.push_user("ann")
    assert again.user_id != ann.user_id
    await world.assert_consistent()


async def test_who_has_many_events_is_erased_in_parts(world: World) -> None:
    ann = await world.push_user("ann")
    for number in range(graves.EVENTS_BATCH + 10):
        named = UserAttributes({**ann.attributes.document, "title": f"title {number}"})
        ann = await users.edit_user(ann.user_id, lambda _, named=named: named, by=world.client, now=world.tick())  # type: ignore[misc]  # bound per round
    await users.delete_user(ann.user_id, by=world.client, now=world.tick())
    assert await graves.purge_graves(now=world.now + timedelta(days=31)) == 1
    told = await events.list_events(world.tenant.tenant_id, subject_id=ann.user_id, limit=1000)
    assert {event.subject_label for event in told} <= {"", events.ERASED}


async def test_bodies_of_requests_go_with_the_person(world: World) -> None:
    request_id = RequestId(new_id(world.tick()))
    draft = RequestDraft(
        request_id=request_id,
        tenant_id=world.tenant.tenant_id,
        source_id=world.source.source_id,
        secret_id=None,
        reference="AAAA-AAAA",
        method="POST",
        path="/scim/v2/Users",
        started_at=world.now,
        elapsed_us=lambda: 5,
        request_body='{"userName":"ann"}',
    )
    document = UserAttributes({"userName": "ann", "externalId": "ext-ann"})
    by = replace(world.client, request=draft)
    ann, _ = await users.create_user(document, by=by, now=world.tick(), revive_inactive=True)
    assert (await traffic.get_request(world.tenant.tenant_id, request_id)).request_body is not None
    await users.delete_user(ann.user_id, by=world.client, now=world.tick())
    await graves.purge_graves(now=world.now + timedelta(days=31))
    assert (await traffic.get_request(world.tenant.tenant_id, request_id)).request_body is None


async def test_who_came_back_and_was_deleted_again_has_all_days_of_grace_anew(world: World) -> None:
    ann = await deleted(world, "ann")
    world.now += timedelta(days=31)
    await world.push_user("ann")
    await users.delete_user(ann.user_id, by=world.client, now=world.tick())
    assert not await graves.purge_grave(world.tenant.tenant_id, ann.user_id, now=world.now)
    assert [grave.user_id for grave in await listed(world)] == [ann.user_id]
    assert await graves.purge_graves(now=world.now + timedelta(days=31)) == 1


async def test_what_was_said_of_the_erased_when_it_met_somebody_goes_too(world: World) -> None:
    await local_user(world, "root", email="root@example.org")
    ann = await world.push_user("ann", displayName="Ann Secret")
    shared = UserAttributes({**ann.attributes.document, "emails": mail("root@example.org")})
    await users.edit_user(ann.user_id, lambda _: shared, by=world.client, now=world.tick())
    assert [entry.own_user_id for entry in await queue(world)] == [ann.user_id]
    await users.delete_user(ann.user_id, by=world.client, now=world.tick())
    assert await graves.purge_graves(now=world.now + timedelta(days=31)) == 1
    assert await queue(world) == []


async def test_every_table_that_names_users_is_dealt_with(store: Engine) -> None:
    assert store is not None
    named = {row["table_name"] for row in await fetch(WITH_USERS)}
    assert named - ERASED.keys() == NAMELESS.keys()
