"""PostgreSQL's own wall: for every table, whoever forgets the tenant neither reads nor writes a row of another."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from directory.store.compiled import Statement
from directory.store.errors import IsolationError, StoreError
from directory.store.row_security import SETTING, TABLES, WalledTable, house_role, walls_for
from directory.store.tenancy import HOUSE, NOBODYS
from directory.store.unit import as_tenant, current_engine, fetch, open_store, savepoint, unit_of_work
from tests.databases import APPLICATION
from tests.directory.store.filled import Filled, content, each_insert, fill
from tests.directory.store.forgetting import each_forgetful, run_as

pytestmark = pytest.mark.anyio

OURS, THEIRS = UUID(int=0xA), UUID(int=0xB)
SHARE = 6
"""One in so many statements is tried in the ordinary suite, all in the battery."""
COUNT = Statement("SELECT count(*) AS things FROM user_row WHERE tenant_id = $1::uuid OR true", house=True)
ANYBODY = "SELECT tenant_id FROM user_row"


@pytest.fixture
async def owner(postgres_owner_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection as the owner, over a database with a row of theirs in every table."""
    connection = await asyncpg.connect(postgres_owner_url)
    await fill(connection, THEIRS)
    yield connection
    await connection.close()


@pytest.fixture
async def application(postgres_databases: Any, owner: asyncpg.Connection) -> AsyncIterator[asyncpg.Connection]:  # noqa: ANN401  # of tests
    """A connection as the application, which nobody has told whose turn it is."""
    assert owner is not None
    connection = await asyncpg.connect(postgres_databases.shared_url)
    yield connection
    await connection.close()


async def tell(connection: asyncpg.Connection, tenant_id: UUID | None) -> None:
    await connection.execute(f"SET {SETTING} = '{tenant_id or ''}'")


async def touched(connection: asyncpg.Connection, sql: str, *args: object) -> int | None:
    """Return how many rows a statement touched, or None if it was refused; nothing of it stays."""
    attempt = connection.transaction()
    await attempt.start()
    try:
        return int((await connection.execute(sql, *args)).rpartition(" ")[2])
    except (asyncpg.InsufficientPrivilegeError, asyncpg.IntegrityConstraintViolationError, asyncpg.RaiseError):
        return None
    finally:
        await attempt.rollback()


async def test_every_table_of_tenants_has_its_wall(owner: asyncpg.Connection) -> None:
    tables = [WalledTable(**row) for row in await owner.fetch(TABLES)]
    assert len(tables) >= 91
    assert walls_for(tables, APPLICATION) == []
    unbound = await owner.fetch(
        "SELECT relname FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
        " AND NOT relrowsecurity ORDER BY relname"
    )
    assert [row["relname"] for row in unbound] == ["job_row", "migration", "server_key_row", "throttle_row"]


READS: dict[str, Callable[[Filled], str]] = {
    "read": lambda one: f"SELECT * FROM {one.table}",  # noqa: S608  # names of ours, here and below
    "read by id": lambda one: f"SELECT * FROM {one.table} WHERE {one.tenant_column} = '{THEIRS}'",  # noqa: S608
    "delete": lambda one: f"DELETE FROM {one.table}",  # noqa: S608
    "update": lambda one: f"UPDATE {one.table} SET {one.tenant_column} = {one.tenant_column}",  # noqa: S608
    "take over": lambda one: f"UPDATE {one.table} SET {one.tenant_column} = '{OURS}'",  # noqa: S608
}


@pytest.mark.parametrize("turn", [OURS, None])
@pytest.mark.parametrize("deed", READS)
async def test_nobody_elses_rows_are_touched_in_any_table(
    owner: asyncpg.Connection, application: asyncpg.Connection, deed: str, turn: UUID | None
) -> None:
    await tell(application, turn)
    found = {one.table: await touched(application, READS[deed](one)) for one in await each_insert(owner)}
    assert {table: count for table, count in found.items() if count} == {}


@pytest.mark.parametrize("turn", [OURS, None])
async def test_no_row_is_written_for_somebody_else_in_any_table(
    owner: asyncpg.Connection, application: asyncpg.Connection, turn: UUID | None
) -> None:
    await tell(application, turn)
    for one in await each_insert(owner):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            await application.execute(one.insert, UUID(int=0xC))


async def test_beside_others_each_has_the_own_row_of_every_table_and_cannot_give_it_away(
    owner: asyncpg.Connection, application: asyncpg.Connection
) -> None:
    await fill_beside(owner)
    theirs = await content(owner, THEIRS)
    await tell(application, OURS)
    for one in await each_insert(owner):
        assert await touched(application, f"SELECT * FROM {one.table}") == 1, one.table  # noqa: S608  # ours
        assert await touched(application, READS["delete"](one)) in {1, None}, one.table
        given = f"UPDATE {one.table} SET {one.tenant_column} = '{THEIRS}'"  # noqa: S608  # ours
        assert await touched(application, given) is None, one.table
    assert await content(owner, THEIRS) == theirs


async def fill_beside(owner: asyncpg.Connection) -> None:
    """Put a row of ours beside each of theirs; what is unique in the whole installation is made another one."""
    async with owner.transaction():
        await owner.execute("SET LOCAL session_replication_role = replica")
        for one in await each_insert(owner):
            text = one.insert.replace("'x'::text", "'y'::text").replace(str(UUID(int=7)), str(UUID(int=8)))
            await owner.execute(text, OURS)


async def test_the_house_reaches_everybody_and_only_where_the_application_says_so(
    application: asyncpg.Connection,
) -> None:
    assert await application.fetch(ANYBODY) == []
    async with application.transaction():
        await application.execute(f"SET LOCAL ROLE {house_role(APPLICATION)}")
        assert [row["tenant_id"] for row in await application.fetch(ANYBODY)] == [THEIRS]
    assert await application.fetch(ANYBODY) == []


@pytest.mark.battery
async def test_every_statement_that_forgot_its_tenant_finds_nobody_else(
    owner: asyncpg.Connection, application: asyncpg.Connection
) -> None:
    await check_forgetful(owner, application, each_forgetful())


async def test_a_share_of_the_statements_that_forgot_their_tenant_finds_nobody_else(
    owner: asyncpg.Connection, application: asyncpg.Connection
) -> None:
    await check_forgetful(owner, application, each_forgetful()[::SHARE])


async def check_forgetful(owner: asyncpg.Connection, application: asyncpg.Connection, texts: list[str]) -> None:
    """Run each as another tenant, with rows of theirs and without: what comes of it must be the same."""
    before = await content(owner, THEIRS)
    await tell(application, OURS)
    beside = {text: await run_as(application, text, OURS) for text in texts}
    unstopped = {text: await run_as(owner, text, OURS) for text in texts}
    assert await content(owner, THEIRS) == before
    await owner.execute("SET session_replication_role = replica")
    for one in await each_insert(owner):
        await owner.execute(f"DELETE FROM {one.table}")  # noqa: S608  # ours
    alone = {text: await run_as(application, text, OURS) for text in texts}
    assert {text: beside[text] for text in texts if beside[text] != alone[text]} == {}
    found_by_the_owner = [text for text in texts if unstopped[text] != alone[text]]
    assert len(found_by_the_owner) > len(texts) / 4, "rows of theirs that nobody would find prove nothing"


@pytest.mark.parametrize(
    ("index", "sql"),
    [
        ("user_by_manager_ref", "SELECT id FROM user_row WHERE tenant_id = $1 AND manager_ref = $2"),
        ("request_failed_path", "SELECT id FROM request_row WHERE tenant_id = $1 AND status >= 400 AND path = $2"),
    ],
)
async def test_an_index_answers_behind_the_wall(application: asyncpg.Connection, index: str, sql: str) -> None:
    await application.execute("SET enable_seqscan = off")
    more = " AND deleted_at IS NULL" if "user_row" in sql else ""
    plan = await application.fetch(f"EXPLAIN {sql}{more}", OURS, "x")
    assert index in str(plan)


async def test_a_turn_costs_no_message_of_its_own_in_a_unit_and_one_where_another_read_before(
    postgres_databases: Any,  # noqa: ANN401  # of tests
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[str] = []
    execute = asyncpg.Connection.execute

    async def noted(self: asyncpg.Connection, query: str, *args: Any, **how: Any) -> str:  # noqa: ANN401  # as asyncpg's
        told.append(query)
        return await execute(self, query, *args, **how)

    async with open_store(postgres_databases.shared_url, pool_max=1) as engine:
        monkeypatch.setattr(asyncpg.Connection, "execute", noted)
        for scope in (OURS, OURS, NOBODYS, THEIRS, OURS, OURS):
            await engine.fetch("SELECT 1", scope=scope)
        async with engine.unit_of_work(THEIRS):
            await engine.fetch("SELECT 1", scope=THEIRS)
        await engine.fetch("SELECT 1", scope=HOUSE)
        await engine.fetch("SELECT 1", scope=OURS)
    assert told == [
        *(f"SET {SETTING} = '{tenant_id}'" for tenant_id in (OURS, THEIRS, OURS)),
        f"BEGIN; SET LOCAL {SETTING} = '{THEIRS}'",
        "COMMIT",
    ]


async def test_nothing_leaks_from_one_to_the_next_on_one_connection(
    postgres_databases: Any,  # noqa: ANN401  # of tests
    owner: asyncpg.Connection,
) -> None:
    await fill_beside(owner)
    async with open_store(postgres_databases.shared_url, pool_max=1) as engine:
        for scope, seen in ((OURS, {OURS}), (THEIRS, {THEIRS}), (None, set()), (OURS, {OURS}), (HOUSE, {OURS, THEIRS})):
            rows = await engine.fetch(ANYBODY, scope=scope)
            assert {row["tenant_id"] for row in rows} == seen
        async with engine.unit_of_work(THEIRS):
            assert {row["tenant_id"] for row in await engine.fetch(ANYBODY)} == {THEIRS}
        assert await engine.fetch(ANYBODY) == []
        rows = await engine.fetch("SELECT 1 AS one", scope=NOBODYS)
        assert len(rows) == 1


@pytest.mark.usefixtures("owner")
async def test_a_unit_that_fails_or_is_cut_off_leaves_nothing_behind(postgres_databases: Any) -> None:  # noqa: ANN401  # of tests
    async with open_store(postgres_databases.shared_url, pool_max=1) as engine:
        with suppress(ZeroDivisionError):
            async with engine.unit_of_work(THEIRS):
                raise ZeroDivisionError
        assert await engine.fetch(ANYBODY) == []
        for _ in range(3):
            task = asyncio.create_task(stay_in_a_unit())
            await asyncio.wait({task}, timeout=0.05)
            task.cancel()
            await asyncio.wait({task})
            assert await engine.fetch(ANYBODY) == []
            assert len(await engine.fetch(ANYBODY, scope=THEIRS)) == 1
        assert await engine.fetch(ANYBODY) == []


async def stay_in_a_unit() -> None:
    engine = current_engine()
    async with engine.unit_of_work(THEIRS):
        await engine.fetch("SELECT pg_sleep(30)")


@pytest.mark.usefixtures("owner")
async def test_a_savepoint_that_is_undone_takes_the_turn_back(postgres_databases: Any) -> None:  # noqa: ANN401  # of tests
    async with open_store(postgres_databases.shared_url) as engine, unit_of_work(OURS):
        with suppress(ZeroDivisionError):
            async with savepoint(), as_tenant(THEIRS):
                own = Statement("SELECT id FROM user_row WHERE tenant_id = $1::uuid")
                assert len(await fetch(own, THEIRS)) == 1
                raise ZeroDivisionError
        assert await engine.fetch(ANYBODY) == []
        assert len(await fetch(COUNT, OURS)) == 1
        assert await engine.fetch(ANYBODY, scope=OURS) == []


@pytest.mark.usefixtures("owner")
async def test_a_row_of_another_tenant_is_refused_in_the_words_of_the_store(postgres_databases: Any) -> None:  # noqa: ANN401  # of tests
    add = "INSERT INTO chain_row (tenant_id, seq, hash) VALUES ($1, 1, 'x')"
    async with open_store(postgres_databases.shared_url) as engine:
        with pytest.raises(IsolationError, match="chain_row"):
            async with engine.unit_of_work(OURS):
                await engine.execute(add, [UUID(int=0xC)])
        assert issubclass(IsolationError, StoreError)
