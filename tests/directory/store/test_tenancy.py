"""Whose rows a statement may touch, on both databases: what it names must be whose turn it is."""

from uuid import UUID

import pytest

from directory.model import TenantId
from directory.store.compiled import CompiledQuery, Statement
from directory.store.errors import IsolationError
from directory.store.insert import Insert
from directory.store.tables import GroupRow
from directory.store.tenancy import HOUSE, NOBODYS, current_scope, enter, named_in, scope_for, scoped
from directory.store.unit import Engine, as_tenant, execute, fetch, in_house, in_unit, trial, unit_of_work
from directory.tenancy import new_turn, take_turn
from tests.directory.store.forgetting import each_statement
from tests.directory.world import World, create_world

pytestmark = pytest.mark.anyio

ONE, OTHER = UUID(int=1), UUID(int=2)
NAMES = Statement("SELECT user_name FROM user_row WHERE tenant_id = $1::uuid ORDER BY user_name")
EVERYBODY = Statement("SELECT user_name FROM user_row ORDER BY user_name", house=True)
FORGOTTEN = Statement("SELECT user_name FROM user_row ORDER BY user_name")
ADD_TALLY = Insert("tally_row", {"tenant_id": "uuid", "source_id": "uuid", "kind": "text", "things": "bigint"})
ADD_ANYWHERE = Insert("refusal_row", {"id": "uuid", "tenant_id": "uuid"}, house=True)


@pytest.mark.parametrize(
    ("sql", "at"),
    [
        ("SELECT 1 FROM user_row WHERE tenant_id = $1::uuid AND id = $2::uuid", (0,)),
        ("SELECT 1 FROM user_row u JOIN role_row r ON r.tenant_id = u.tenant_id WHERE u.tenant_id = $3", (2,)),
        ("SELECT name FROM tenant_row WHERE id = $1::uuid", (0,)),
        ("SELECT name FROM tenant_row t WHERE t.id = $2::uuid", (1,)),
        ("UPDATE tenant_row SET name = $2::text WHERE id = $1::uuid", (0,)),
        ("INSERT INTO user_row (id, tenant_id) VALUES ($1::uuid, $2::uuid)", (1,)),
        ("INSERT INTO user_row (id, tenant_id) SELECT gen(1, $3), $2::uuid FROM x", (1,)),
        ("INSERT INTO tenant_row (slug, id) VALUES ($1, $2) ON CONFLICT DO NOTHING", (1,)),
        ("SELECT 1 FROM route_row WHERE to_tenant_id = $1::uuid", ()),
        ("SELECT 1 FROM source_row WHERE tenant_id = ANY($1::uuid[])", ()),
        ("SELECT 1 FROM tenant_row t JOIN user_row u ON u.tenant_id = t.id WHERE u.id = $1::uuid", ()),
        ("INSERT INTO user_row (id, tenant_id) SELECT id, tenant_id FROM source_row", ()),
    ],
)
def test_the_tenant_of_a_statement_is_found_in_its_text(sql: str, at: tuple[int, ...]) -> None:
    assert (named_in(sql).scope, named_in(sql).at) == (None, at)


def test_every_statement_of_the_directory_says_whose_rows_it_touches() -> None:
    said = [one.named for one in each_statement()]
    assert len(said) > 1_000
    assert [one.postgres for one in each_statement() if one.named.scope is None and not one.named.at] == []


@pytest.mark.parametrize(
    "sql", ["SELECT 1", "SELECT * FROM job_row", "UPDATE throttle_row SET tries = 1", "SELECT pg_sleep(1)"]
)
def test_what_belongs_to_nobody_needs_no_tenant(sql: str) -> None:
    assert scope_for(named_in(sql), ()) is NOBODYS


async def test_a_query_of_piccolo_names_its_tenant_too(store: Engine) -> None:
    del store
    query = CompiledQuery(
        lambda name, tenant_id: GroupRow.select().where(
            (GroupRow.display_name == name) & (GroupRow.tenant_id == tenant_id)
        )
    )
    assert query.named.at == (1,)


def test_a_statement_is_of_the_tenant_that_it_names() -> None:
    assert NAMES.scope((ONE,)) == ONE


def test_a_statement_about_another_tenant_than_the_one_whose_turn_it_is_is_refused() -> None:
    with scoped(ONE):
        assert NAMES.scope((ONE,)) == ONE
        with pytest.raises(IsolationError):
            NAMES.scope((OTHER,))


def test_the_house_may_name_anybody() -> None:
    with scoped(HOUSE):
        assert (NAMES.scope((OTHER,)), FORGOTTEN.scope(())) == (HOUSE, HOUSE)


@pytest.mark.parametrize("turn", [None, ONE])
def test_a_statement_that_forgot_its_tenant_is_refused_whosever_turn_it_is(turn: UUID | None) -> None:
    with scoped(turn), pytest.raises(IsolationError):
        FORGOTTEN.scope(())


@pytest.mark.parametrize("value", [None, "", str(ONE), 1])
def test_what_is_no_id_is_no_tenant(value: object) -> None:
    with scoped(None), pytest.raises(IsolationError):
        NAMES.scope((value,))


def test_rows_of_two_tenants_go_into_one_statement_only_where_that_is_said() -> None:
    many = ADD_TALLY._many  # noqa: SLF001  # what several rows are sent with
    assert many.scope(((ONE, ONE, "user", 1), (ONE, OTHER, "user", 1))) == ONE
    with pytest.raises(IsolationError):
        many.scope(((ONE, ONE, "user", 1), (OTHER, ONE, "user", 1)))
    assert ADD_ANYWHERE._many.scope(((ONE, ONE), (ONE, None))) is HOUSE  # noqa: SLF001  # as above


def test_a_turn_ends_where_it_began() -> None:
    with new_turn():
        take_turn(TenantId(ONE))
        take_turn(TenantId(ONE))
        with pytest.raises(IsolationError):
            take_turn(TenantId(OTHER))
        with new_turn():
            assert current_scope() is None
        assert current_scope() == ONE
    assert current_scope() is None


async def test_a_unit_of_work_is_of_its_tenant_and_of_no_other(store: Engine) -> None:
    del store
    async with unit_of_work(ONE):
        assert await fetch(NAMES, ONE) == []
        with pytest.raises(IsolationError):
            await fetch(NAMES, OTHER)
        with pytest.raises(IsolationError):
            await fetch(FORGOTTEN)


async def test_a_unit_of_another_tenant_is_refused_in_a_turn_in_a_unit_and_in_a_trial(store: Engine) -> None:
    del store

    async def nothing() -> None:
        """Do nothing."""

    with scoped(ONE), pytest.raises(IsolationError):
        await in_unit(OTHER, nothing)
    async with trial(ONE):
        with pytest.raises(IsolationError):
            await in_unit(OTHER, nothing)
        async with as_tenant(OTHER):
            await in_unit(OTHER, nothing)


async def test_inside_a_unit_it_becomes_anothers_turn_where_that_is_said(store: Engine) -> None:
    del store
    ours, theirs = await create_world("ours"), await create_world("theirs")
    await ours.push_user("ann")
    await theirs.push_user("bob")
    one, other = ours.tenant.tenant_id, theirs.tenant.tenant_id
    async with unit_of_work(one):
        assert await names_of(one) == ["ann@example.org"]
        async with as_tenant(other):
            assert await names_of(other) == ["bob@example.org"]
        assert await names_of(one) == ["ann@example.org"]
        async with in_house():
            assert [row["user_name"] for row in await fetch(FORGOTTEN)] == ["ann@example.org", "bob@example.org"]
        assert len(await fetch(EVERYBODY)) == 2
        assert await names_of(one) == ["ann@example.org"]


async def test_what_is_written_as_another_tenant_is_of_the_same_transaction(world: World) -> None:
    theirs = await create_world("theirs")
    user = await theirs.push_user("bob")
    rename = Statement("UPDATE user_row SET display_name = $3::text WHERE tenant_id = $1::uuid AND id = $2::uuid")
    args = (theirs.tenant.tenant_id, user.user_id, "Robert")

    async def rename_and_fail() -> None:
        async with unit_of_work(world.tenant.tenant_id):
            async with as_tenant(theirs.tenant.tenant_id):
                assert await execute(rename, *args) == 1
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await rename_and_fail()
    shown = Statement("SELECT display_name FROM user_row WHERE tenant_id = $1::uuid AND id = $2::uuid")
    (row,) = await fetch(shown, *args[:2])
    assert row["display_name"] != "Robert"


def test_whose_turn_it_is_is_told_once() -> None:
    with scoped(None):
        enter(ONE)
        assert current_scope() == ONE


async def names_of(tenant_id: UUID) -> list[str]:
    return [row["user_name"] for row in await fetch(NAMES, tenant_id)]
