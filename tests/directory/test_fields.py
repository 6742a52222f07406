"""Attributes under names of a tenant's own: shown, listed, and found by."""

import asyncio

import pytest

from directory import accounts, events, fields, users
from directory.accounts import AccountFilter, FieldTest
from directory.commit import commit_plan
from directory.errors import AlreadyExistsError, ForbiddenError, InvalidError, NotFoundError
from directory.facts import Arrival, Moment
from directory.ids import new_id
from directory.model import Actor, JsonValue, User, UserAttributes, UserId
from directory.person import ENTERPRISE
from directory.plan_users import plan_new_user
from directory.store.compiled import Statement
from directory.store.policy import read_policy
from directory.store.unit import fetch, in_unit
from tests.directory.converting import operator
from tests.directory.world import World, create_world

pytestmark = pytest.mark.anyio

BADGE = "urn:example:params:scim:schemas:extension:site:2.0:User"
LEFT = Statement("SELECT field_key FROM field_value_row WHERE tenant_id = $1::uuid")


def badge(text: str) -> dict[str, JsonValue]:
    """Return the attributes of somebody with a badge."""
    return {BADGE: {"badge": text}}


async def push(world: World, name: str, **enterprise: JsonValue) -> User:
    return await world.push_user(name, **{ENTERPRISE: enterprise})


async def names_with(world: World, *tests: FieldTest) -> list[str]:
    found = await accounts.list_accounts(world.tenant.tenant_id, AccountFilter(fields=tests), limit=100)
    assert found.count is not None
    assert found.count.found == len(found.accounts)
    return [one.user_name.partition("@")[0] for one in found.accounts]


async def filled(world: World) -> None:
    while await fields.advance_fields(now=world.tick()):
        pass


async def edit(world: World, user: User, **changed: JsonValue) -> None:
    await users.edit_user(
        user.user_id, lambda a: UserAttributes({**a.document, **changed}), by=world.client, now=world.tick()
    )


async def test_a_tenant_begins_with_five_fields(world: World) -> None:
    known = await fields.list_fields(world.tenant.tenant_id)
    assert [field.key for field in known] == [
        "department",
        "cost-centre",
        "employee-number",
        "division",
        "organization",
    ]
    assert not await fields.has_open_fields(world.now)


async def test_users_are_found_by_value_and_by_its_beginning_whatever_the_case(world: World) -> None:
    await push(world, "ann", costCenter="CC-100")
    await push(world, "ben", costCenter="cc-1000")
    await push(world, "cid", costCenter="CD-1", department="Sales")
    await push(world, "dan")

    assert await names_with(world, FieldTest(key="cost-centre", text="cc-100")) == ["ann"]
    assert await names_with(world, FieldTest(key="cost-centre", text="Cc-1", begins=True)) == ["ann", "ben"]
    assert await names_with(world, FieldTest(key="cost-centre", text="C", begins=True)) == ["ann", "ben", "cid"]
    both = (FieldTest(key="cost-centre", text="cd", begins=True), FieldTest(key="department", text="SALES"))
    assert await names_with(world, *both) == ["cid"]
    assert await names_with(world, FieldTest(key="department", text="100%", begins=True)) == []
    assert await names_with(world, FieldTest(key="none", text="x")) == []


async def test_values_follow_every_change_of_the_user(world: World) -> None:
    ann = await push(world, "ann", costCenter="one", division="North")
    changed: dict[str, JsonValue] = {ENTERPRISE: {"costCenter": "two"}}
    await edit(world, ann, **changed)
    tenant_id = world.tenant.tenant_id
    assert await fields.values_of(tenant_id, [ann.user_id]) == {ann.user_id: {"cost-centre": "two"}}
    assert await names_with(world, FieldTest(key="cost-centre", text="one")) == []

    await users.delete_user(ann.user_id, by=world.client, now=world.tick())
    assert await fields.values_of(tenant_id, [ann.user_id]) == {}

    await push(world, "ann", costCenter="two")
    assert await names_with(world, FieldTest(key="cost-centre", text="two")) == ["ann"]


@pytest.mark.parametrize("value", [["a"], {"value": "a"}, True, None, ""])
async def test_what_is_no_single_value_is_none(world: World, value: JsonValue) -> None:
    ann = await push(world, "ann", costCenter=value)
    assert await fields.values_of(world.tenant.tenant_id, [ann.user_id]) == {}


async def test_numbers_and_long_values_are_values(world: World) -> None:
    ann = await push(world, "ann", employeeNumber=4711, division="x" * 1000)
    values = (await fields.values_of(world.tenant.tenant_id, [ann.user_id]))[ann.user_id]
    assert values == {"employee-number": "4711", "division": "x" * 400}
    assert await names_with(world, FieldTest(key="division", text="x" * 900)) == ["ann"]


async def test_shown_and_kept_values_are_the_same(world: World) -> None:
    ann = await push(world, "ann", employeeNumber=4711, division="North", department="")
    known = await fields.list_fields(world.tenant.tenant_id)
    shown = {field.key: value for field, value in fields.values_in(ann, known)}
    assert {ann.user_id: shown} == await fields.values_of(world.tenant.tenant_id, [ann.user_id])


async def test_a_new_field_reads_who_is_there_in_batches_and_who_comes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fields, "FILLED_USERS", 2)
    by = await operator(world)
    for number in range(5):
        await world.push_user(f"p{number}", **badge(f"B{number}"))

    field = await fields.add_field("Badge", f"{BADGE}:badge", listed=True, by=by, now=world.tick())
    await fields.advance_fields(now=world.tick())
    begun = await fields.get_field(world.tenant.tenant_id, field.key)
    await world.push_user("late", **badge("B9"))
    await filled(world)

    assert (begun.looked_count, begun.filled_at) == (2, None)
    assert await names_with(world, FieldTest(key="badge", text="b", begins=True)) == [
        "late", "p0", "p1", "p2", "p3", "p4",
    ]  # fmt: skip
    assert await fields.count_seen(world.tenant.tenant_id, "badge") == (6, False)


async def test_a_walk_overwrites_nothing_newer(world: World) -> None:
    by = await operator(world)
    ann = await world.push_user("ann", **badge("old"))
    await fields.add_field("Badge", f"{BADGE}:badge", listed=False, by=by, now=world.tick())
    await edit(world, ann, **badge("new"))
    await filled(world)
    assert await names_with(world, FieldTest(key="badge", text="new")) == ["ann"]


async def test_a_removed_field_is_gone_at_once_and_its_key_may_come_again(world: World) -> None:
    by = await operator(world)
    await push(world, "ann", division="North")
    await fields.remove_field("division", by=by, now=world.tick())
    with pytest.raises(NotFoundError):
        await fields.get_field(world.tenant.tenant_id, "division")
    again = await fields.add_field("Division", f"{ENTERPRISE}:division", listed=False, by=by, now=world.tick())
    assert again.key == "division-2"
    await filled(world)
    assert {row["field_key"] for row in await fetch(LEFT, world.tenant.tenant_id)} == {"division-2"}
    later = await fields.add_field("Division?", "title", listed=False, by=by, now=world.tick())
    assert later.key == "division"


async def test_a_label_and_the_column_can_change(world: World) -> None:
    by = await operator(world)
    await fields.edit_field("division", "Unit", listed=True, by=by, now=world.tick())
    field = await fields.get_field(world.tenant.tenant_id, "division")
    assert (field.label, field.listed) == ("Unit", True)
    (told, *_) = await events.list_events(world.tenant.tenant_id, limit=1)
    assert [(one.name, one.old, one.new) for one in told.changes] == [
        ("label", "Division", "Unit"),
        ("listed", False, True),
    ]


async def test_ten_fields_are_the_most(world: World) -> None:
    by = await operator(world)
    for number in range(5):
        await fields.add_field(f"Field {number}", f"{BADGE}:f{number}", listed=False, by=by, now=world.tick())
    with pytest.raises(InvalidError):
        await fields.add_field("One more", f"{BADGE}:more", listed=False, by=by, now=world.tick())


async def test_ten_fields_are_the_most_also_if_they_are_added_at_once(world: World) -> None:
    by = await operator(world)
    added = (
        fields.add_field(f"Field {number}", f"{BADGE}:f{number}", listed=False, by=by, now=world.tick())
        for number in range(8)
    )
    results = await asyncio.gather(*added, return_exceptions=True)
    assert sum(isinstance(one, InvalidError) for one in results) == 3
    assert len(await fields.list_fields(world.tenant.tenant_id)) == 10


async def test_a_new_field_has_users_who_are_being_added_while_it_is(world: World) -> None:
    by = await operator(world)
    made, may_commit = asyncio.Event(), asyncio.Event()

    async def create() -> None:
        async def body() -> None:  # what adding a user is, held before its end
            policy = await read_policy(world.tenant.tenant_id, hold="to decide")
            moment = Moment(at=world.now, by=world.client)
            late = UserAttributes({"userName": "late", "displayName": "late", "active": True, **badge("B9")})
            user_id = UserId(new_id(world.now))
            plan = plan_new_user(user_id, late, policy=policy, arrival=Arrival(), moment=moment)
            await commit_plan(plan, by=world.client, now=world.now)
            made.set()
            await may_commit.wait()

        await in_unit(world.tenant.tenant_id, body)

    async def add() -> None:
        await fields.add_field("Badge", f"{BADGE}:badge", listed=True, by=by, now=world.now)
        await filled(world)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(create())
        await made.wait()
        adding = tasks.create_task(add())
        await asyncio.wait({adding}, timeout=0.5)
        may_commit.set()
    await filled(world)

    assert await names_with(world, FieldTest(key="badge", text="b9")) == ["late"]


@pytest.mark.parametrize(
    "path", ["", "a b", "password", "id", "meta.created", "a.b.c", "urn:x", "x:y", 'a"b', "emails["]
)
async def test_what_is_no_path_is_refused(world: World, path: str) -> None:
    by = await operator(world)
    with pytest.raises(InvalidError):
        await fields.add_field("X", path, listed=False, by=by, now=world.tick())


async def test_a_path_or_a_label_is_of_one_field(world: World) -> None:
    by = await operator(world)
    with pytest.raises(AlreadyExistsError):
        await fields.add_field("X", f"{ENTERPRISE}:division", listed=False, by=by, now=world.tick())
    with pytest.raises(InvalidError):
        await fields.add_field("DIVISION", "title", listed=False, by=by, now=world.tick())


async def test_a_preview_tells_what_a_path_gives(world: World) -> None:
    by = await operator(world)
    await push(world, "ann", costCenter="CC-1")
    await world.push_user("ben", name={"givenName": "Ben"}, displayName="Ben B.")
    preview = await fields.preview_path("name.givenName", by=by)
    assert (preview.seen_count, preview.looked_count, preview.examples) == (1, 3, (("Ben B.", "Ben"),))
    unused = dict(await fields.list_unused_paths(by=by))
    assert unused["name.givenName"] == 1
    assert f"{ENTERPRISE}:costCenter" not in unused


async def test_only_who_manages_settings_changes_fields(world: World) -> None:
    by: Actor = await operator(world, "user_manager", "vera")
    with pytest.raises(ForbiddenError):
        await fields.add_field("X", "title", listed=False, by=by, now=world.tick())
    with pytest.raises(ForbiddenError):
        await fields.preview_path("title", by=by)


async def test_fields_are_of_one_tenant(world: World) -> None:
    by = await operator(world)
    await fields.add_field("Badge", f"{BADGE}:badge", listed=False, by=by, now=world.tick())
    other = await create_world("other")
    with pytest.raises(NotFoundError):
        await fields.get_field(other.tenant.tenant_id, "badge")
    await other.push_user("ann", **badge("B1"))
    assert await names_with(world, FieldTest(key="badge", text="b1")) == []
