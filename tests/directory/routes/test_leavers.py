"""Whoever leaves above has no access below, whatever else is so there; and roles by rule go with their rules."""

from datetime import timedelta

import pytest

from directory import adoptions, closing, graves, guard_limits, local_users, users
from directory.adoptions import EntryFilter
from directory.commit import in_joined_followed_unit
from directory.errors import NotFoundError
from directory.guard import Limits
from directory.locks import create_local_user
from directory.model import User
from directory.store.unit import Engine
from directory.sub_tenants.states import rename_tenant
from directory.tenants import system_actor
from tests.directory.routes.family import Family
from tests.directory.routes.looking import copy_in, edit, found_in, mark_tenant, states_of, titled, titled_family

pytestmark = pytest.mark.anyio

KEPT = "held The tenant's guard keeps the user until somebody there decides."
NAME_TAKEN = "refused Somebody else there has this user name."
GRACE = timedelta(days=31)


@pytest.fixture
async def family(store: Engine) -> Family:
    del store
    return await titled_family("bristol", "cardiff")


async def delete(family: Family, user: User) -> None:
    await users.delete_user(user.user_id, by=family.above.client, now=family.above.tick())


async def erase(family: Family, user: User) -> None:
    """Let the days of a deleted user be over."""
    family.above.now += GRACE
    assert await graves.purge_grave(family.tenant_id, user.user_id, now=family.above.tick())


async def is_there(copy: User) -> bool:
    try:
        return (await found_in(copy.tenant_id, copy.user_id)).active
    except NotFoundError:
        return False


async def administer(family: Family, name: str) -> tuple[User, User]:
    """Push somebody who is the only administrator of Bristol; returns the user and the copy there."""
    staff = await family.above.push_group("Staff", [f"ext-{name}"])
    user = await family.above.push_user(name, title="bristol")
    await family.map_copy("bristol", staff, "administrator")
    return user, await copy_in(family, "bristol", user)


async def taken_in(family: Family, name: str) -> User:
    """Create a local user of Bristol."""
    bristol = await family.world_of("bristol")
    role_id = bristol.roles["viewer"].role_id
    return await create_local_user(name, role_id=role_id, by=bristol.system, now=family.above.tick())


async def test_who_left_while_the_tenant_was_deleted_is_gone_there_though_erased_above(family: Family) -> None:
    ann = await family.above.push_user("ann", title="bristol")
    copy = await copy_in(family, "bristol", ann)
    await mark_tenant(family, "bristol", deleted_at=family.above.tick())
    await family.work_off()
    await delete(family, ann)
    await erase(family, ann)
    await mark_tenant(family, "bristol", deleted_at=None)
    await family.work_off()
    assert not await is_there(copy)


async def test_many_who_left_and_waited_when_the_tenant_was_deleted_are_gone_there(family: Family) -> None:
    people = [await family.above.push_user(f"p{at}", title="bristol") for at in range(22)]
    copies = [await copy_in(family, "bristol", user) for user in people]
    await family.switch_guard_off("bristol")
    await guard_limits.set_limits(Limits(on=False), by=family.above.system, now=family.above.tick())

    async def all_of_them() -> None:
        for user in people:
            await delete(family, user)

    await in_joined_followed_unit(family.tenant_id, all_of_them)
    await mark_tenant(family, "bristol", deleted_at=family.above.tick())
    await family.work_off()
    await mark_tenant(family, "bristol", deleted_at=None)
    await family.work_off()
    assert [await is_there(copy) for copy in copies] == [False] * 22


async def test_the_last_administrator_there_who_left_goes_though_erased_above(family: Family) -> None:
    ann, copy = await administer(family, "ann")
    await delete(family, ann)
    assert await is_there(copy)
    await erase(family, ann)
    await family.put_administrator("bristol")
    await family.work_off()
    assert not await is_there(copy)


async def test_the_last_administrator_there_goes_soon_after_routing_brings_another(family: Family) -> None:
    ann, copy = await administer(family, "ann")
    await delete(family, ann)
    await family.work_off()
    await family.above.push_user("bob", title="bristol")
    await family.above.edit_members(await family.group_named("Staff"), add=["ext-bob"])
    await family.work_off()
    assert await is_there(copy)
    family.above.now += timedelta(minutes=16)
    await family.work_off()
    assert not await is_there(copy)


async def test_who_is_kept_as_the_last_administrator_is_tried_again_and_again(family: Family) -> None:
    ann, copy = await administer(family, "ann")
    await delete(family, ann)
    await family.work_off()
    for _ in range(3):
        family.above.now += timedelta(minutes=16)
        assert (await family.work_off(), await is_there(copy)) == (1, True)


async def test_who_is_disabled_above_is_disabled_there_though_the_name_is_taken(family: Family) -> None:
    await taken_in(family, "bob@example.org")
    ann = await family.above.push_user("ann", title="bristol")
    copy = await copy_in(family, "bristol", ann)
    await edit(family, ann, userName="bob@example.org")
    assert await is_there(copy)
    await edit(family, ann, active=False)
    assert (await states_of(family, ann), await is_there(copy)) == ({"bristol": NAME_TAKEN}, False)
    await edit(family, ann, active=True, userName="ann@example.org")
    assert (await states_of(family, ann), await is_there(copy)) == ({"bristol": "there"}, True)


async def test_who_left_and_is_brought_back_there_leaves_again(family: Family) -> None:
    ann = await family.above.push_user("ann", title="bristol")
    copy = await copy_in(family, "bristol", ann)
    await delete(family, ann)
    await graves.restore_user(copy.user_id, by=system_actor(family.below["bristol"]), now=family.above.tick())
    assert await is_there(copy)
    await family.work_off()
    assert not await is_there(copy)


async def test_who_was_erased_above_and_is_brought_back_there_leaves_again(family: Family) -> None:
    ann = await family.above.push_user("ann", title="bristol")
    copy = await copy_in(family, "bristol", ann)
    await delete(family, ann)
    await erase(family, ann)
    await graves.restore_user(copy.user_id, by=system_actor(family.below["bristol"]), now=family.above.tick())
    await family.work_off()
    assert not await is_there(copy)


async def test_who_left_before_somebody_there_decided_is_not_kept_by_the_decision(family: Family) -> None:
    await taken_in(family, "ann@example.org")
    ann = await family.above.push_user("ann", title="bristol")
    await delete(family, ann)
    by = system_actor(family.below["bristol"])
    (entry,) = (await adoptions.list_entries(by.tenant_id, EntryFilter(), limit=10)).entries
    case = await adoptions.get_case(by.tenant_id, entry.entry_id)
    await adoptions.decide(entry.entry_id, "adopt", seen=case.seen, by=by, now=family.above.tick())
    await family.work_off()
    assert await family.names_in("bristol") == set()


async def test_whom_only_a_guard_keeps_does_not_come_back_by_becoming_local_above(family: Family) -> None:
    people = [await family.above.push_user(f"p{at}", title="bristol") for at in range(2)]
    by = system_actor(family.below["bristol"])
    await guard_limits.set_limits(Limits(at_least=1, percent=1), by=by, now=family.above.tick())
    for user in people:
        await edit(family, user, title="cardiff")
    await family.release(people[1])
    assert await states_of(family, people[1]) == {"bristol": KEPT, "cardiff": "there"}


@pytest.mark.parametrize("deed", ["disable", "local"])
async def test_users_of_a_connection_that_was_turned_off_leave_as_others_do(family: Family, deed: closing.Deed) -> None:
    people = [await family.above.push_user(f"p{at}", title="bristol") for at in range(3)]
    copies = [await copy_in(family, "bristol", user) for user in people]
    by, root = family.above.system, family.above.roles["administrator"]
    await create_local_user("root", role_id=root.role_id, by=by, now=family.above.tick())
    await closing.turn_off(family.above.source.source_id, deed, by=by, now=family.above.tick())
    while await closing.advance_closings(now=family.above.tick()):
        pass
    assert [await is_there(copy) for copy in copies] == [deed == "local"] * 3
    for user in people if deed == "local" else []:
        await local_users.delete_local_user(user.user_id, by=by, now=family.above.tick())
    assert [await is_there(copy) for copy in copies] == [False] * 3


async def test_a_role_by_rule_is_taken_back_though_the_super_tenant_has_another_name(family: Family) -> None:
    rule = await family.lead("user", titled("both"), "bristol", role_key="editor")
    ann = await family.above.push_user("ann", title="both")
    assert (await copy_in(family, "bristol", ann)).lock is not None
    await rename_tenant(family.tenant_id, "Acme Group", by=family.above.system, now=family.above.tick())
    await family.drop_rule(rule)
    await family.lead("user", titled("both"), "bristol")
    await family.work_off()
    assert (await copy_in(family, "bristol", ann)).lock is None


async def test_a_role_by_rule_is_taken_back_though_the_next_one_is_missing(family: Family) -> None:
    rule = await family.lead("user", titled("both"), "bristol", role_key="editor")
    ann = await family.above.push_user("ann", title="both")
    await family.drop_rule(rule)
    await family.lead("user", titled("both"), "bristol", role_key="captain")
    await family.work_off()
    assert await states_of(family, ann) == {"bristol": "refused The tenant has no role captain."}
    assert (await copy_in(family, "bristol", ann)).lock is None


async def test_a_role_by_rule_is_taken_back_though_the_name_is_taken(family: Family) -> None:
    await taken_in(family, "bob@example.org")
    rule = await family.lead("user", titled("both"), "bristol", role_key="editor")
    ann = await family.above.push_user("ann", title="both")
    await edit(family, ann, userName="bob@example.org")
    await family.drop_rule(rule)
    await family.lead("user", titled("both"), "bristol")
    await family.work_off()
    assert await states_of(family, ann) == {"bristol": NAME_TAKEN}
    assert (await copy_in(family, "bristol", ann)).lock is None
