import asyncio
from uuid import uuid4

import pytest

from directory.errors import InvalidError, UnavailableError
from directory.store.compiled import Statement
from directory.store.errors import (
    ConcurrencyError,
    ForeignKeyViolationError,
    InvalidValueError,
    NestedUnitError,
    StoreError,
    TransactionLostError,
    UniqueViolationError,
)
from directory.store.unit import (
    Engine,
    connect,
    current_engine,
    execute,
    fetch,
    fetch_one,
    in_unit,
    is_in_unit,
    savepoint,
    unit_of_work,
)
from tests.directory.store.things import ADD, COUNT, NAMES, add, create_things, names

pytestmark = pytest.mark.anyio

ADD_OWNED = Statement("INSERT INTO thing (id, name, owner_id) VALUES ($1::uuid, 'owned', $2::uuid)")


@pytest.fixture(autouse=True)
async def _things(store: Engine) -> None:
    await create_things(store)


async def test_unit_keeps_all_or_nothing() -> None:
    async def half() -> None:
        async with unit_of_work(uuid4()):
            await add("a")
            assert await names() == ["a"]  # a unit sees its own writes
            raise LookupError

    with pytest.raises(LookupError):
        await half()
    assert await names() == []
    async with unit_of_work(uuid4()):
        await add("b")
        await add("c")
    assert await names() == ["b", "c"]


async def test_unit_is_open_in_its_body_only() -> None:
    assert not is_in_unit()
    async with unit_of_work(None):
        assert is_in_unit()
    assert not is_in_unit()


async def test_unit_knows_its_tenant(store: Engine) -> None:
    tenant_id = uuid4()
    async with unit_of_work(tenant_id):
        unit = store.open_unit()
        assert unit is not None
        assert unit.tenant_id == tenant_id


@pytest.mark.trap("D3")
async def test_nesting_is_refused_and_undoes_the_outer_unit() -> None:
    async def nest() -> None:
        async with unit_of_work(None):
            await add("outer")
            async with unit_of_work(None):
                await add("inner")

    with pytest.raises(NestedUnitError):
        await nest()
    assert await names() == []


@pytest.mark.trap("D3")
async def test_savepoint_undoes_its_body_alone() -> None:
    async def fail(name: str) -> None:
        async with savepoint():
            await add(name)
            raise LookupError

    async with unit_of_work(None):
        await add("a")
        with pytest.raises(LookupError):
            await fail("b")
        async with savepoint():
            await add("c")
            with pytest.raises(LookupError):
                await fail("d")
            async with savepoint():
                await add("e")
    assert await names() == ["a", "c", "e"]


async def test_savepoint_needs_a_unit() -> None:
    with pytest.raises(StoreError, match="needs a unit"):
        async with savepoint():
            pass


async def test_statement_that_failed_under_a_savepoint_leaves_the_unit_usable() -> None:
    async with unit_of_work(None):
        await add("a")
        with pytest.raises(UniqueViolationError):
            async with savepoint():
                await add("a")
        await add("b")
    assert await names() == ["a", "b"]


async def test_failed_statement_spoils_the_unit_for_the_next_one() -> None:
    """PostgreSQL refuses; SQLite would go on, so that a test on it alone would never show the mistake."""

    async def go_on() -> None:
        async with unit_of_work(None):
            await add("a")
            with pytest.raises(UniqueViolationError):
                await add("a")
            await add("b")

    with pytest.raises(TransactionLostError):
        await go_on()
    assert await names() == []


async def test_failed_statement_that_was_passed_over_is_no_silent_success() -> None:
    """PostgreSQL answers the COMMIT of a spoilt transaction with a rollback, which its driver does not notice."""

    async def pass_over() -> None:
        async with unit_of_work(None):
            await add("a")
            with pytest.raises(UniqueViolationError):
                await add("a")

    with pytest.raises(TransactionLostError):
        await pass_over()
    assert await names() == []


async def test_unit_runs_again_when_another_came_first() -> None:
    tries = 0

    async def body() -> str:
        nonlocal tries
        tries += 1
        await add(f"try {tries}")
        if tries < 3:
            raise ConcurrencyError("another came first")
        return "kept"

    assert await in_unit(None, body) == "kept"
    assert await names() == ["try 3"]


async def test_unit_runs_three_times_at_most() -> None:
    tries = 0

    async def body() -> None:
        nonlocal tries
        tries += 1
        raise ConcurrencyError("another came first")

    with pytest.raises(UnavailableError):
        await in_unit(None, body)
    assert tries == 3


async def test_unit_runs_once_for_any_other_error() -> None:
    tries = 0

    async def body() -> None:
        nonlocal tries
        tries += 1
        await add("same")
        await add("same")

    with pytest.raises(UniqueViolationError):
        await in_unit(None, body)
    assert tries == 1


@pytest.mark.trap("D5")
async def test_read_modify_write_side_by_side_loses_nothing() -> None:
    await add("counter")

    async def increment() -> None:
        async with unit_of_work(None):
            row = await fetch_one(Statement("SELECT n FROM thing FOR UPDATE"))
            assert row is not None
            await execute(Statement("UPDATE thing SET n = $1::bigint"), row["n"] + 1)

    async with asyncio.TaskGroup() as group:
        for _ in range(50):
            group.create_task(increment())
    assert [row["n"] for row in await fetch(Statement("SELECT n FROM thing"))] == [50]


async def test_unique_violation_says_which_index_in_the_same_words() -> None:
    first = await add("a")
    with pytest.raises(UniqueViolationError) as by_name:
        await add("a")
    with pytest.raises(UniqueViolationError) as by_key:
        await execute(ADD, first, "b")
    found = [(one.value.table, one.value.columns, one.value.index) for one in (by_name, by_key)]
    assert found == [("thing", ("name", "n"), "thing_by_name"), ("thing", ("id",), "thing_pkey")]


async def test_unique_violation_of_an_expression_has_the_index_too(store: Engine) -> None:
    await store.run_ddl("CREATE UNIQUE INDEX thing_by_length ON thing (length(name))")
    await add("a")
    with pytest.raises(UniqueViolationError) as raised:
        await add("b")
    assert (raised.value.table, raised.value.index) == ("thing", "thing_by_length")


async def test_unique_violation_of_a_constraint_is_named_as_postgresql_does(store: Engine) -> None:
    await store.run_ddl("CREATE TABLE twin (a BIGINT, b BIGINT, UNIQUE (a, b))")
    put = Statement("INSERT INTO twin VALUES (1, 1)")
    await execute(put)
    with pytest.raises(UniqueViolationError) as raised:
        await execute(put)
    assert raised.value.index == "twin_a_b_key"


async def test_unknown_reference_is_refused() -> None:
    with pytest.raises(ForeignKeyViolationError):
        await execute(ADD_OWNED, uuid4(), uuid4())


@pytest.mark.trap("D8")
@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("INSERT INTO thing (id, name, n) VALUES ('018f0000-0000-7000-8000-000000000000', 'a', $1::bigint)", 2**70),
        ("SELECT name FROM thing WHERE name = $1::text", "lone \ud800 surrogate"),
        ("SELECT name FROM thing WHERE name = $1::text", "NUL \0 inside"),
        ("SELECT name FROM thing WHERE name = ANY($1::text[])", ["NUL \0 inside"]),
        ("SELECT name FROM thing WHERE name = ANY($1::text[])", ["lone \ud800 surrogate"]),
        ("SELECT name FROM thing WHERE n = ANY($1::bigint[])", [2**70]),
        ("SELECT name FROM thing LIMIT $1::bigint", 2**70),
    ],
    ids=["integer", "surrogate", "NUL", "NUL in a list", "surrogate in a list", "integer in a list", "limit"],
)
async def test_value_that_cannot_be_stored_is_refused_by_both(sql: str, value: object) -> None:
    with pytest.raises(InvalidValueError) as raised:
        await fetch(Statement(sql), value)
    assert isinstance(raised.value, InvalidError)


async def test_mistake_in_a_statement_is_not_taken_for_trouble_of_the_database() -> None:
    with pytest.raises(Exception, match="nowhere") as raised:
        await fetch(Statement("SELECT * FROM nowhere"))
    assert not isinstance(raised.value, StoreError)


async def test_rows_can_be_read_by_name_and_counted() -> None:
    await add("a")
    await add("b")
    row = await fetch_one(NAMES)
    assert row is not None
    assert row["name"] == "a"
    assert await fetch_one(Statement("SELECT name FROM thing WHERE name = 'c'")) is None
    assert await execute(Statement("UPDATE thing SET n = 1 WHERE name <> $1"), "c") == 2
    assert [row["count"] for row in await fetch(COUNT, unbounded=True)] == [2]
    async with unit_of_work(None):
        assert await execute(Statement("DELETE FROM thing"), unbounded=True) == 2
        assert await execute(Statement("DELETE FROM thing")) == 0


async def test_bound_engine_is_the_one_in_use(store: Engine) -> None:
    assert current_engine() is store


@pytest.mark.parametrize("address", ["mysql://root:secret@host/db", "sqlite:///", "sqlite:///:memory:", "rolebook"])
async def test_unusable_address_is_refused_without_being_repeated(address: str) -> None:
    with pytest.raises(StoreError) as raised:
        connect(address)
    assert "secret" not in str(raised.value)
