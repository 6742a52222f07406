"""Roles by rule, several tenants, tenants that go away, and users who are nobody's but the super tenant's."""

import pytest

from directory import locks, users
from directory.errors import NotFoundError
from directory.local_users import Details, edit_local_user
from directory.model import RoleLock, User
from directory.routing import Condition
from directory.store.unit import Engine, as_tenant
from tests.directory.routes.family import Family, create_family
from tests.directory.routes.looking import (
    consent_to,
    copy_in,
    edit,
    finish_decisions,
    mark_tenant,
    nothing_following,
    queued_of,
    states_of,
    titled,
    titled_family,
)

pytestmark = pytest.mark.anyio

ANYBODY = Condition(kind="domain", values=("example.org",))


@pytest.fixture
async def family(store: Engine) -> Family:
    del store
    return await create_family("bristol", "cardiff")


async def role_below(family: Family, slug: str, user: User) -> str:
    copy = await copy_in(family, slug, user)
    return await (await family.world_of(slug)).role_of(copy)


async def lock_below(family: Family, slug: str, user: User) -> RoleLock | None:
    return (await copy_in(family, slug, user)).lock


async def test_a_rule_gives_a_role_by_a_lock_that_says_why(family: Family) -> None:
    await family.lead("user", ANYBODY, "bristol", label="Everybody", role_key="viewer")
    ann = await family.above.push_user("ann")
    lock = await lock_below(family, "bristol", ann)
    assert lock is not None
    assert (lock.owner, lock.reason) == ("Above (routing)", "Routing rule Everybody")
    assert await role_below(family, "bristol", ann) == "viewer"


async def test_a_role_goes_with_the_rule_that_gave_it(family: Family) -> None:
    rule = await family.lead("user", ANYBODY, "bristol", role_key="viewer")
    ann = await family.above.push_user("ann")
    await family.drop_rule(rule)
    await family.lead("user", ANYBODY, "bristol", role_key="editor")
    await family.work_off()
    assert await role_below(family, "bristol", ann) == "editor"
    await family.drop_rule(family.rules["rule 2"])
    await family.lead("user", ANYBODY, "bristol")
    await family.work_off()
    assert (await lock_below(family, "bristol", ann), await role_below(family, "bristol", ann)) == (None, "loanee")


async def test_a_lock_of_the_tenant_itself_stays(family: Family) -> None:
    rule = await family.lead("user", ANYBODY, "bristol")
    ann = await family.above.push_user("ann")
    bristol, copy = await family.world_of("bristol"), await copy_in(family, "bristol", ann)
    await locks.lock_role(
        copy.user_id,
        bristol.roles["user_manager"].role_id,
        reason="theirs",
        until=None,
        by=bristol.system,
        now=family.above.tick(),
    )
    await family.drop_rule(rule)
    await family.lead("user", ANYBODY, "bristol", role_key="viewer")
    await family.work_off()
    assert await role_below(family, "bristol", ann) == "user_manager"


async def test_a_role_that_the_tenant_does_not_have_leads_nobody_there(family: Family) -> None:
    await family.lead("user", ANYBODY, "bristol", role_key="captain")
    ann = await family.above.push_user("ann")
    assert await states_of(family, ann) == {"bristol": "refused The tenant has no role captain."}


async def test_administration_is_given_only_with_consent(family: Family) -> None:
    await family.lead("user", ANYBODY, "bristol", role_key="administrator")
    ann = await family.above.push_user("ann")
    (state,) = (await states_of(family, ann)).values()
    assert state.startswith("refused Nobody consented")
    await consent_to(family, family.rules["rule 1"])
    await family.route(ann)
    assert (await states_of(family, ann), await role_below(family, "bristol", ann)) == (
        {"bristol": "there"},
        "administrator",
    )


async def test_somebody_in_several_tenants_has_a_role_a_lock_and_a_life_in_each(family: Family) -> None:
    await family.lead("user", titled("both"), "bristol", "cardiff")
    ann = await family.above.push_user("ann", title="both")
    staff = await family.above.push_group("Staff", ["ext-ann"])
    await family.map_copy("cardiff", staff, "editor")
    await finish_decisions(family)
    assert [await role_below(family, slug, ann) for slug in family.below] == ["loanee", "editor"]
    await edit(family, ann, displayName="Ann Other")
    names = {(await copy_in(family, slug, ann)).promoted.display_name for slug in family.below}
    assert names == {"Ann Other"}


async def test_who_was_made_local_above_keeps_its_tenants_whatever_the_rules(family: Family) -> None:
    rule = await family.lead("user", ANYBODY, "bristol")
    ann = await family.above.push_user("ann")
    await family.release(ann)
    await family.drop_rule(rule)
    await family.work_off()
    assert (await states_of(family, ann), await queued_of(family, ann)) == ({"bristol": "there"}, None)
    await edit_local_user(
        ann.user_id,
        Details(user_name=ann.attributes.user_name, display_name="Local Ann"),
        by=family.above.system,
        now=family.above.tick(),
    )
    assert (await copy_in(family, "bristol", ann)).promoted.display_name == "Local Ann"


async def test_a_local_user_above_is_led_nowhere_and_waits_for_nothing(family: Family) -> None:
    await family.lead("user", ANYBODY, "bristol")
    role_id = family.above.roles["viewer"].role_id
    ann = await locks.create_local_user(
        "ann@example.org", role_id=role_id, by=family.above.system, now=family.above.tick()
    )
    assert (await states_of(family, ann), await queued_of(family, ann)) == ({}, None)


async def test_a_suspended_tenant_is_filled_all_the_same(family: Family) -> None:
    await family.lead("user", ANYBODY, "bristol")
    await mark_tenant(family, "bristol", suspended_at=family.above.tick())
    ann = await family.above.push_user("ann")
    assert await states_of(family, ann) == {"bristol": "there"}


async def test_a_deleted_tenant_gets_and_loses_nobody_until_it_is_back(family: Family) -> None:
    await family.lead("user", ANYBODY, "bristol")
    ann = await family.above.push_user("ann")
    await mark_tenant(family, "bristol", deleted_at=family.above.tick())
    bob = await family.above.push_user("bob")
    await edit(family, ann, displayName="Ann Other")
    assert [await queued_of(family, one) for one in (ann, bob)] == ["tenant is gone"] * 2
    assert await states_of(family, ann) == {"bristol": "there"}
    await mark_tenant(family, "bristol", deleted_at=None)
    await family.route(ann, bob)
    assert [await states_of(family, one) for one in (ann, bob)] == [{"bristol": "there"}] * 2
    assert (await copy_in(family, "bristol", ann)).promoted.display_name == "Ann Other"


async def test_who_leaves_above_while_the_tenant_is_deleted_is_gone_when_it_is_back(family: Family) -> None:
    await family.lead("user", ANYBODY, "bristol")
    ann = await family.above.push_user("ann")
    copy = await copy_in(family, "bristol", ann)
    await mark_tenant(family, "bristol", deleted_at=family.above.tick())
    await users.delete_user(ann.user_id, by=family.above.client, now=family.above.tick())
    await mark_tenant(family, "bristol", deleted_at=None)
    await family.route(ann)
    assert await states_of(family, ann) == {}
    async with as_tenant(copy.tenant_id):
        with pytest.raises(NotFoundError):
            await users.get_user(copy.tenant_id, copy.user_id)


async def test_two_who_swap_tenants_and_names_at_once_both_arrive(store: Engine) -> None:
    del store
    swapping = await titled_family("derby", "exeter")
    ann = await swapping.above.push_user("ann", title="derby")
    bob = await swapping.above.push_user("bob", title="exeter")
    with nothing_following():
        await edit(swapping, ann, title="exeter", userName="other@example.org")
        await edit(swapping, bob, title="derby", userName="ann@example.org")
    await swapping.route(ann, bob)
    assert [await states_of(swapping, one) for one in (ann, bob)] == [{"exeter": "there"}, {"derby": "there"}]


async def test_names_that_go_round_change_hands_below_too(store: Engine) -> None:
    del store
    family = await titled_family("derby")
    people = [await family.above.push_user(name, title="derby") for name in ("ann", "bob", "carl")]
    with nothing_following():
        await edit(family, people[0], userName="spare@example.org")
        for taker, left in ((1, "ann"), (2, "bob"), (0, "carl")):
            await edit(family, people[taker], userName=f"{left}@example.org")
    await family.route(*people)
    names = [(await copy_in(family, "derby", one)).attributes.user_name for one in people]
    assert names == ["carl@example.org", "ann@example.org", "bob@example.org"]
    assert [await states_of(family, one) for one in people] == [{"derby": "there"}] * 3


async def test_who_waits_for_a_name_comes_when_another_copy_leaves_it(store: Engine) -> None:
    del store
    family = await titled_family("derby")
    ann, bob = [await family.above.push_user(name, title="derby") for name in ("ann", "bob")]
    with nothing_following():
        await edit(family, ann, userName="spare@example.org")
        await edit(family, bob, userName="ann@example.org")
    await family.route(bob)
    assert await states_of(family, bob) == {"derby": "refused Somebody else there has this user name."}
    await family.route(ann)
    await family.work_off()
    assert await states_of(family, bob) == {"derby": "there"}
