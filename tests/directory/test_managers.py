"""References to managers mean the right person whatever arrives first, and wait until then."""

from itertools import permutations

import pytest

from directory import accounts, managers, mappings, profiles, users
from directory.accounts import AccountFilter
from directory.errors import InvalidError
from directory.managers import WaitingManager
from directory.model import JsonValue, User, UserAttributes, UserId
from directory.person import ENTERPRISE
from directory.store.unit import Engine
from tests.directory.meeting import local_user, mail, push, second_source
from tests.directory.world import World, create_world

pytestmark = pytest.mark.anyio


def under(ref: str) -> dict[str, JsonValue]:
    return {ENTERPRISE: {"manager": {"value": ref}}}


async def waiting(world: World) -> list[WaitingManager]:
    await world.settle_references()
    page = await managers.list_waiting_managers(world.tenant.tenant_id, after=None, limit=50)
    return page.waiting


async def manager_of(world: World, user: User) -> UserId | None:
    found = await users.get_user(world.tenant.tenant_id, user.user_id)
    profile = await profiles.read_profile(world.tenant.tenant_id, found)
    return profile.managers[0].user_id if profile.managers else None


@pytest.mark.parametrize(
    "ref", ["ext-boss", "boss@example.org", "BOSS@Example.org", "the.boss@example.org", "\uff34he.boss@example.org"]
)
async def test_a_manager_is_found_by_external_id_user_name_and_address(world: World, ref: str) -> None:
    ann = await world.push_user("ann", **under(ref))
    (line,) = await waiting(world)
    assert (line.ref, line.people_count, line.source_label) == (ref, 1, "Entra")
    assert await manager_of(world, ann) is None
    boss = await world.push_user("boss", emails=mail("The.Boss@example.org"))
    assert await manager_of(world, ann) == boss.user_id
    assert await waiting(world) == []


async def test_a_manager_is_found_by_our_id_and_by_the_address_of_a_resource(world: World) -> None:
    boss = await world.push_user("boss")
    ann = await world.push_user("ann", **under(str(boss.user_id)))
    bob = await world.push_user("bob", **under(f"https://rolebook.example/scim/v2/Users/{boss.user_id}"))
    only_address: dict[str, JsonValue] = {ENTERPRISE: {"manager": {"$ref": f"../Users/{boss.user_id}"}}}
    carl = await world.push_user("carl", **only_address)
    for user in (ann, bob, carl):
        assert await manager_of(world, user) == boss.user_id
    assert await waiting(world) == []
    listed = await accounts.list_accounts(world.tenant.tenant_id, AccountFilter(manager_id=boss.user_id), limit=9)
    assert {one.user_id for one in listed.accounts} == {ann.user_id, bob.user_id, carl.user_id}


async def test_an_address_of_two_people_means_neither(world: World) -> None:
    ann = await world.push_user("ann", **under("team@example.org"))
    await world.push_user("one", emails=mail("team@example.org"))
    assert await waiting(world) == []
    await world.push_user("two", emails=mail("team@example.org"))
    assert [line.ref for line in await waiting(world)] == ["team@example.org"]
    assert await manager_of(world, ann) is None


async def test_an_external_id_means_nothing_to_another_source(world: World) -> None:
    okta = await second_source(world)
    ann = await push(world, okta, "ann", on_match="queue", **under("ext-boss"))
    boss = await world.push_user("boss")
    assert await manager_of(world, ann) is None
    (line,) = await waiting(world)
    assert line.source_label == "Okta"
    own = await push(world, okta, "chief", externalId="ext-boss")
    assert await manager_of(world, ann) == own.user_id != boss.user_id
    assert await waiting(world) == []


async def test_a_manager_who_leaves_is_waited_for_again_and_one_who_is_renamed_is_found(world: World) -> None:
    boss = await world.push_user("boss")
    ann = await world.push_user("ann", **under("boss@example.org"))
    assert await waiting(world) == []

    def renamed(attributes: UserAttributes) -> UserAttributes:
        return UserAttributes({**attributes.document, "userName": "chief@example.org"})

    await users.edit_user(boss.user_id, renamed, by=world.client, now=world.tick())
    (line,) = await waiting(world)
    assert line.since == world.now
    bob = await world.push_user("bob", **under("chief@example.org"))
    assert await manager_of(world, bob) == boss.user_id
    await users.delete_user(boss.user_id, by=world.client, now=world.tick())
    assert {line.ref for line in await waiting(world)} == {"boss@example.org", "chief@example.org"}
    assert await manager_of(world, ann) is None


async def test_many_who_name_one_manager_are_one_reference(world: World) -> None:
    for number in range(5):
        await world.push_user(f"u{number}", **under("ext-boss"))
    (line,) = await waiting(world)
    assert line.people_count == 5
    assert (await managers.count_waiting(world.tenant.tenant_id)).managers == 1
    await world.push_user("boss")
    assert await waiting(world) == []


async def test_a_reference_that_nobody_makes_any_more_does_not_wait(world: World) -> None:
    ann = await world.push_user("ann", **under("ext-nobody"))
    assert len(await waiting(world)) == 1
    plain = UserAttributes({"userName": "ann@example.org", "externalId": "ext-ann"})
    await users.edit_user(ann.user_id, lambda _: plain, by=world.client, now=world.tick())
    assert await waiting(world) == []
    assert await managers.forget_references(now=world.now) == 1
    assert await managers.forget_references(now=world.now) == 0


async def test_a_long_reference_and_one_of_a_local_user_wait_like_any_other(world: World) -> None:
    await world.push_user("ann", **under("x" * 3000))
    await world.push_user("bob", **under("x" * 2999 + "y"))
    assert len(await waiting(world)) == 2
    await local_user(world, "carl")
    assert len(await waiting(world)) == 2


async def test_those_who_manage_each_other_are_no_trouble(world: World) -> None:
    ann = await world.push_user("ann", **under("ext-bob"))
    bob = await world.push_user("bob", **under("ext-carl"))
    carl = await world.push_user("carl", **under("ext-ann"))
    alone = await world.push_user("dora", **under("ext-dora"))
    assert [await manager_of(world, one) for one in (ann, bob, carl)] == [bob.user_id, carl.user_id, ann.user_id]
    profile = await profiles.read_profile(world.tenant.tenant_id, ann)
    assert profile.circular
    assert [one.user_id for one in profile.reports] == [carl.user_id]
    assert (await profiles.read_profile(world.tenant.tenant_id, alone)).managers == []
    assert await waiting(world) == []


async def test_what_waits_pages_by_key(world: World) -> None:
    for number in range(5):
        await world.push_user(f"u{number}", **under(f"ext-boss{number}"))
    await world.push_group("staff", [f"ext-m{number}" for number in range(5)])
    await world.settle_references()
    tenant_id = world.tenant.tenant_id
    refs: list[str] = []
    after: str | None = None
    while True:
        page = await managers.list_waiting_managers(tenant_id, after=after, limit=2)
        refs += [line.ref for line in page.waiting]
        if (after := page.next_after) is None:
            break
    assert refs == [f"ext-boss{number}" for number in range(5)]
    values: list[str] = []
    while True:
        members = await managers.list_waiting_members(tenant_id, after=after, limit=2)
        values += [line.value for line in members.waiting]
        if (after := members.next_after) is None:
            break
    assert values == [f"ext-m{number}" for number in range(5)]
    for text in ("x", "W10", "////"):
        with pytest.raises(InvalidError):
            await managers.list_waiting_members(tenant_id, after=text, limit=2)
    assert (await managers.count_waiting(tenant_id)).members == 5


BOSSES = {
    "ann": None,
    "bob": "ext-ann",
    "carl": "bob@example.org",
    "dora": "bob.mail@example.org",
    "eve": "ext-dora",
}
CIRCLES = {"staff": ("bob", "carl", "eve"), "admins": ("ann", "eve")}
ROLES = {"staff": "editor", "admins": "user_manager"}


async def arrive(world: World, name: str) -> None:
    boss = BOSSES[name]
    attributes: dict[str, JsonValue] = {"emails": mail(f"{name}.mail@example.org"), **(under(boss) if boss else {})}
    await world.push_user(name, **attributes)


async def state_of(world: World) -> str:
    """Return all that an organisation comes to, without ids and times."""
    await world.settle_references()
    tenant_id = world.tenant.tenant_id
    listed = await accounts.list_accounts(tenant_id, AccountFilter(), limit=50)
    names = {one.user_id: one.user_name for one in listed.accounts}
    lines = [
        (one.user_name, one.role_name, one.origin, one.active, str(listed.managers.get(one.user_id)) != "None"
         and names[listed.managers[one.user_id].user_id])
        for one in listed.accounts
    ]  # fmt: skip
    waits = [line.ref for line in await waiting(world)]
    members = await managers.list_waiting_members(tenant_id, after=None, limit=50)
    by_manager = {
        names[user_id]: sorted(
            one.user_name
            for one in (await accounts.list_accounts(tenant_id, AccountFilter(manager_id=user_id), limit=50)).accounts
        )
        for user_id in names
    }
    return repr((sorted(lines), waits, members.waiting, sorted(by_manager.items())))


async def organisation(order: tuple[str, ...], number: int) -> str:
    """Play one order of arrival, with the groups pushed before, between or after the people; return the state."""
    world = await create_world(f"org{number}")
    pushed_at = {"staff": number % 6, "admins": (number // 6 + number) % 6}
    for at, name in enumerate((*order, None)):
        for circle in sorted(circle for circle, when in pushed_at.items() if when == at):
            group = await world.push_group(circle, [f"ext-{one}" for one in CIRCLES[circle]])
            await world.map_group(group, ROLES[circle])
            if circle == "admins":  # the order of the list is the operator's, whatever was pushed first
                await mappings.move_mapping(group.group_id, places=-2, by=world.system, now=world.tick())
        if name is not None:
            await arrive(world, name)
    return await state_of(world)


async def test_every_order_of_arrival_ends_in_one_state(store: Engine) -> None:
    assert store is not None
    orders = list(permutations(BOSSES))
    states = {await organisation(order, number) for number, order in enumerate(orders)}
    assert len(orders) == 120
    assert len(states) == 1, states
