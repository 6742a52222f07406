"""PostgreSQL for Piccolo: pools without a reset query, and a unit of work that cannot leak.

asyncpg's pool adds a round trip to every statement to reset the connection; here that query is a no-op, so nothing
may change the state of a pooled connection: ``SET LOCAL`` instead of ``SET``, no ``LISTEN``, no session-level lock.
But for one thing, whose rows it reaches: each connection knows that of itself, and is told anew only if it differs.
"""

import asyncio
import contextvars
from collections.abc import Sequence
from typing import Any, Literal, NoReturn, Self, cast
from uuid import UUID

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from piccolo.engine.postgres import PostgresEngine

from directory.store.driver_errors import POSTGRES_ERRORS, raise_postgres_error
from directory.store.errors import DatabaseUnavailableError, NestedUnitError, StoreError, TransactionLostError
from directory.store.postgres_connections import (
    PooledConnections,
    TurnConnection,
    count_changes,
    fetch_rows,
    keep_state,
)
from directory.store.row_security import SETTING, STANDING, Standing, house_role, standing_for, turn_in_unit
from directory.store.tenancy import HOUSE, NOBODYS, Scope

Isolation = Literal["read_committed", "repeatable_read", "serializable"]

SERVER_SETTINGS = {
    "application_name": "rolebook",
    "statement_timeout": "10000",
    "lock_timeout": "5000",
    "idle_in_transaction_session_timeout": "20000",
}


class PostgresUnit:
    """``async with`` is one transaction on one connection, which goes back to the pool whatever fails."""

    def __init__(
        self,
        connections: PooledConnections,
        current: contextvars.ContextVar[Any],
        isolation: Isolation | None,
        tenant_id: UUID | None,
    ) -> None:
        self.tenant_id = tenant_id
        self._connections = connections
        self._current = current
        self._isolation = isolation
        self._turn: Scope | None = HOUSE if tenant_id is None else tenant_id
        self._savepoints: list[Scope | None] = []
        self._connection: PoolConnectionProxy[Any] | None = None

    async def __aenter__(self) -> Self:
        if self._current.get() is not None:
            raise NestedUnitError("units of work do not nest")
        connection = await self._connections.acquire()
        begin = "BEGIN" if self._isolation is None else f"BEGIN ISOLATION LEVEL {self._isolation.replace('_', ' ')}"
        if self._connections.house is not None and self.tenant_id is not None:
            begin = f"{begin}; SET LOCAL {SETTING} = '{self.tenant_id}'"  # one message, no further round trip
        try:
            await count_changes(connection, begin, ())
        except BaseException:
            await self._connections.discard(connection)
            raise
        self._connection = connection
        self._token = self._current.set(self)
        return self

    async def __aexit__(self, exception_type: object, exception: BaseException | None, traceback: object) -> None:
        """Reset the context first, then commit or roll back; on any failure the connection is thrown away.

        Raises:
            TransactionLostError: a failed statement was passed over, which PostgreSQL answers with a rollback.
        """
        self._current.reset(self._token)
        connection, self._connection = self._open(), None
        try:
            answer = await connection.execute("COMMIT" if exception is None else "ROLLBACK")
        except BaseException as error:
            await self._connections.discard(connection)
            if exception is None and isinstance(error, POSTGRES_ERRORS):
                raise_postgres_error(error)
            if exception is None or not isinstance(error, Exception):
                raise
            return  # the body's own error says more than that of the rollback, and nothing was committed
        await self._connections.pool.release(connection)
        if exception is None and answer != "COMMIT":
            raise TransactionLostError("a failed statement was passed over; the unit is undone")

    def _open(self) -> "PoolConnectionProxy[Any]":
        if self._connection is None:
            raise TransactionLostError("the unit of work is over")
        return self._connection

    async def fetch(self, sql: str, args: Sequence[Any] = (), *, scope: Scope | None = None) -> list[asyncpg.Record]:
        """Run one statement inside the unit."""
        await self._turn_to(scope)
        return await fetch_rows(self._open(), sql, args)

    async def execute(self, sql: str, args: Sequence[Any] = (), *, scope: Scope | None = None) -> int:
        """Run one statement inside the unit and return how many rows it changed."""
        await self._turn_to(scope)
        return await count_changes(self._open(), sql, args)

    async def _turn_to(self, scope: Scope | None) -> None:
        """Let the next statements reach rows of ``scope``; a savepoint that is undone takes this back too."""
        house = self._connections.house
        if house is None or scope is None or scope is NOBODYS or scope == self._turn:
            return
        self._turn = None
        await count_changes(self._open(), turn_in_unit(scope, house), ())
        self._turn = scope

    async def savepoint(self) -> str:
        """Set a savepoint and return its name."""
        self._savepoints.append(self._turn)
        name = f"point_{len(self._savepoints)}"
        await count_changes(self._open(), f"SAVEPOINT {name}", ())
        return name

    async def rollback_to(self, name: str) -> None:
        """Undo what came after the savepoint, and forget the savepoint; the unit is usable again."""
        await count_changes(self._open(), f"ROLLBACK TO {name}; RELEASE {name}", ())
        self._turn = self._savepoints[int(name.removeprefix("point_")) - 1]

    async def release(self, name: str) -> None:
        """Keep what came after the savepoint, and forget the savepoint."""
        await count_changes(self._open(), f"RELEASE {name}", ())


class PooledPostgresEngine(PostgresEngine):
    """Piccolo engine over one asyncpg pool per process."""

    acquire_s = 5.0
    """How long a request waits for a connection."""

    close_s = 5.0
    """How long the end waits for statements that still run."""

    house_share = 0.3
    """So much of the connections is for statements over all tenants, if the database has walls between them."""

    def __init__(
        self,
        database_url: str,
        *,
        pool_max: int = 10,
        limits: bool = True,
        walls: bool = True,
        isolation: Isolation | None = None,
    ) -> None:
        """Keep the settings; nothing is connected yet.

        ``limits=False`` is for migrations, which may take long. ``walls=False`` is for the owner of the tables, whom
        row-level security lets through. ``isolation`` None is READ COMMITTED.
        """
        settings = SERVER_SETTINGS if limits else {"application_name": "rolebook"}
        super().__init__(
            {
                "dsn": database_url,
                "command_timeout": 30 if limits else None,
                "server_settings": settings,
                "statement_cache_size": 500,
                "max_cached_statement_lifetime": 0,
            }
        )
        self.isolation = isolation
        self.standing: Standing = "off"
        """Whether row-level security holds for this role; known once the connections are open."""
        self._pool_max = pool_max
        self._walls = walls
        self._connections: PooledConnections | None = None
        self._house: PooledConnections | None = None

    async def check_version(self) -> None:
        """Do nothing: the constructor must not touch the database."""

    async def prep_database(self) -> None:
        """Do nothing: extensions are a matter of migrations."""

    async def start_connection_pool(self, **_: Any) -> None:  # noqa: ANN401  # Piccolo's signature
        """Open the pool; to be called in the event loop that will use it.

        Raises:
            DatabaseUnavailableError: the server cannot be reached.
        """
        if self._connections is not None:
            raise StoreError("the connections are open already")
        house = await self._role_of_house()
        if house is None:
            self.pool = await self._open_pool(self._pool_max)
            self._connections = self._house = PooledConnections(self.pool, self.acquire_s, None)
            return
        limit = max(1, int(self._pool_max * self.house_share))
        self.pool = pool = await self._open_pool(max(1, self._pool_max - limit))
        try:
            pool_of_house = await self._open_pool(limit, role=house)
        except BaseException:
            pool.terminate()
            raise
        self._house = PooledConnections(pool_of_house, self.acquire_s, house, is_house=True)
        self._connections = PooledConnections(pool, self.acquire_s, house)

    async def _open_pool(self, limit: int, **settings: str) -> "asyncpg.Pool[asyncpg.Record]":
        config = {**self.config, "server_settings": {**self.config["server_settings"], **settings}}
        try:
            return await asyncpg.create_pool(
                **config,
                min_size=1,
                max_size=limit,
                reset=keep_state,
                timeout=self.acquire_s,
                connection_class=TurnConnection,
            )
        except (*POSTGRES_ERRORS, TimeoutError) as error:
            raise DatabaseUnavailableError(f"no connection to PostgreSQL: {error}") from error

    async def _role_of_house(self) -> str | None:
        """Return the role that reaches all tenants, or None where row-level security lets this role through."""
        if not self._walls:
            return None
        try:
            connection = await asyncpg.connect(self.config["dsn"], timeout=self.acquire_s)
            try:
                (row,) = await connection.fetch(STANDING)
            finally:
                await connection.close()
        except (*POSTGRES_ERRORS, TimeoutError) as error:
            raise DatabaseUnavailableError(f"no connection to PostgreSQL: {error}") from error
        self.standing = standing_for(dict(row))
        return house_role(row["role"]) if self.standing == "in force" else None

    async def close_connection_pool(self) -> None:
        """Close all connections; whatever still runs after ``close_s`` is cut off."""
        pools = {one.pool for one in (self._connections, self._house) if one is not None}
        self._connections = self._house = self.pool = None
        try:
            async with asyncio.timeout(self.close_s):
                for pool in pools:
                    await pool.close()
        except TimeoutError:
            for pool in pools:
                pool.terminate()

    @property
    def connections(self) -> PooledConnections:
        """The pool, or an error that says what is missing."""
        if self._connections is None:
            raise StoreError("the connections are not open: start_connection_pool() first")
        return self._connections

    def connections_for(self, scope: Scope | None) -> PooledConnections:
        """Return the pool whose connections reach rows of ``scope`` with the least ado."""
        if scope is HOUSE and self._house is not None:
            return self._house
        return self.connections

    def unit_of_work(self, tenant_id: UUID | None = None) -> PostgresUnit:
        """``async with engine.unit_of_work(tenant_id):`` for all that is written."""
        connections = self.connections_for(HOUSE if tenant_id is None else tenant_id)
        return PostgresUnit(connections, self.current_transaction, self.isolation, tenant_id)

    def open_unit(self) -> PostgresUnit | None:
        """Return the unit of work of this task, if one is open."""
        return cast("PostgresUnit | None", self.current_transaction.get())

    def transaction(self, *_: Any, **__: Any) -> PostgresUnit:  # type: ignore[override]  # noqa: ANN401  # Piccolo's is banned
        """The same, for Piccolo's migration runner."""
        return self.unit_of_work()

    async def batch(self, *_: Any, **__: Any) -> NoReturn:  # noqa: ANN401  # Piccolo's signature
        """Refuse: Piccolo's swallows exceptions and leaves the unit of work. Page by key instead."""
        raise StoreError("batch() is not used: page by key")

    async def fetch(
        self,
        sql: str,
        args: Sequence[Any] = (),
        *,
        unbounded: bool = False,  # noqa: ARG002  # SQLite's
        scope: Scope | None = None,
    ) -> list[asyncpg.Record]:
        """Run one statement that touches rows of ``scope``: in the open unit, else on a pooled connection."""
        unit = self.open_unit()
        if unit is not None:
            return await unit.fetch(sql, args, scope=scope)
        async with self.connections_for(scope).borrow(scope) as connection:
            return await fetch_rows(connection, sql, args)

    async def execute(
        self,
        sql: str,
        args: Sequence[Any] = (),
        *,
        unbounded: bool = False,  # noqa: ARG002  # SQLite's
        scope: Scope | None = None,
    ) -> int:
        """Run one statement, in the open unit or alone; return how many rows it changed."""
        unit = self.open_unit()
        if unit is not None:
            return await unit.execute(sql, args, scope=scope)
        async with self.connections_for(scope).borrow(scope) as connection:
            return await count_changes(connection, sql, args)

    async def run_querystring(self, querystring: Any, in_pool: bool = True) -> Any:  # noqa: ANN401, ARG002, FBT001, FBT002  # Piccolo's signature
        """Piccolo's entry for queries."""
        return await self.fetch(*querystring.compile_string(engine_type="postgres"))

    async def run_ddl(self, ddl: str, in_pool: bool = True) -> Any:  # noqa: ANN401, ARG002, FBT001, FBT002  # Piccolo's signature
        """Piccolo's entry for schema statements."""
        return await self.fetch(ddl)
