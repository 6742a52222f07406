"""PostgreSQL for Piccolo: a pool without a reset query, and a unit of work that cannot leak.

asyncpg's pool adds a round trip to every statement to reset the connection; here that query is a no-op, so nothing
may change the state of a pooled connection: ``SET LOCAL`` instead of ``SET``, no ``LISTEN``, no session-level lock.
"""

import asyncio
import contextvars
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Literal, NoReturn, Self, cast
from uuid import UUID

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from piccolo.engine.postgres import PostgresEngine

from directory.store.driver_errors import POSTGRES_ERRORS, raise_postgres_error
from directory.store.errors import DatabaseUnavailableError, NestedUnitError, StoreError, TransactionLostError

Isolation = Literal["read_committed", "repeatable_read", "serializable"]

SERVER_SETTINGS = {
    "application_name": "rolebook",
    "statement_timeout": "10000",
    "lock_timeout": "5000",
    "idle_in_transaction_session_timeout": "20000",
}


async def keep_state(connection: Any) -> None:  # noqa: ANN401  # asyncpg passes its own kind of connection
    """Take the place of asyncpg's reset query when a connection returns to the pool."""


async def fetch_rows(connection: Any, sql: str, args: Sequence[Any]) -> list[asyncpg.Record]:  # noqa: ANN401  # as above
    """Run one statement and return its rows, with errors in the store's words."""
    try:
        rows: list[asyncpg.Record] = await connection.fetch(sql, *args)
    except POSTGRES_ERRORS as error:
        raise_postgres_error(error)
    return rows


async def count_changes(connection: Any, sql: str, args: Sequence[Any]) -> int:  # noqa: ANN401  # as above
    """Run one statement and return how many rows it changed."""
    try:
        answer: str = await connection.execute(sql, *args)
    except POSTGRES_ERRORS as error:
        raise_postgres_error(error)
    count = answer.rpartition(" ")[2]
    return int(count) if count.isdigit() else 0


class PooledConnections:
    """The pool, and the only way to a connection: whatever happens, it goes back."""

    def __init__(self, pool: asyncpg.Pool, acquire_s: float) -> None:
        self.pool = pool
        self._acquire_s = acquire_s

    async def acquire(self) -> "PoolConnectionProxy[Any]":
        """Take a connection.

        Raises:
            DatabaseUnavailableError: all are taken for ``acquire_s``, or the server cannot be reached.
        """
        try:
            return await self.pool.acquire(timeout=self._acquire_s)
        except (*POSTGRES_ERRORS, TimeoutError) as error:
            raise DatabaseUnavailableError(f"no connection to PostgreSQL: {type(error).__name__}") from error

    @asynccontextmanager
    async def borrow(self) -> AsyncIterator["PoolConnectionProxy[Any]"]:
        """Lend a connection for one statement."""
        connection = await self.acquire()
        try:
            yield connection
        except DatabaseUnavailableError:
            await self.discard(connection)  # it may be dying, and the pool would not know yet
            raise
        finally:
            await self.pool.release(connection)  # a second time has no effect

    async def discard(self, connection: "PoolConnectionProxy[Any]") -> None:
        """Give back a connection that nobody is to use again."""
        with suppress(asyncpg.InterfaceError):  # the pool took it back when it saw its end
            connection.terminate()
        await self.pool.release(connection)


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
        self._savepoints = 0
        self._connection: PoolConnectionProxy[Any] | None = None

    async def __aenter__(self) -> Self:
        if self._current.get() is not None:
            raise NestedUnitError("units of work do not nest")
        connection = await self._connections.acquire()
        begin = "BEGIN" if self._isolation is None else f"BEGIN ISOLATION LEVEL {self._isolation.replace('_', ' ')}"
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

    async def fetch(self, sql: str, args: Sequence[Any] = (), *, unbounded: bool = False) -> list[asyncpg.Record]:  # noqa: ARG002  # as SQLite's
        """Run one statement inside the unit."""
        return await fetch_rows(self._open(), sql, args)

    async def execute(self, sql: str, args: Sequence[Any] = (), *, unbounded: bool = False) -> int:  # noqa: ARG002  # as SQLite's
        """Run one statement inside the unit and return how many rows it changed."""
        return await count_changes(self._open(), sql, args)

    async def savepoint(self) -> str:
        """Set a savepoint and return its name."""
        self._savepoints += 1
        name = f"point_{self._savepoints}"
        await count_changes(self._open(), f"SAVEPOINT {name}", ())
        return name

    async def rollback_to(self, name: str) -> None:
        """Undo what came after the savepoint, and forget the savepoint; the unit is usable again."""
        await count_changes(self._open(), f"ROLLBACK TO {name}; RELEASE {name}", ())

    async def release(self, name: str) -> None:
        """Keep what came after the savepoint, and forget the savepoint."""
        await count_changes(self._open(), f"RELEASE {name}", ())


class PooledPostgresEngine(PostgresEngine):
    """Piccolo engine over one asyncpg pool per process."""

    acquire_s = 5.0
    """How long a request waits for a connection."""

    close_s = 5.0
    """How long the end waits for statements that still run."""

    def __init__(
        self, database_url: str, *, pool_max: int = 10, limits: bool = True, isolation: Isolation | None = None
    ) -> None:
        """Keep the settings; nothing is connected yet.

        ``limits=False`` is for migrations, which may take long. ``isolation`` None is READ COMMITTED.
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
        self._pool_max = pool_max
        self._connections: PooledConnections | None = None

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
        try:
            self.pool = await asyncpg.create_pool(
                **self.config, min_size=1, max_size=self._pool_max, reset=keep_state, timeout=self.acquire_s
            )
        except (*POSTGRES_ERRORS, TimeoutError) as error:
            raise DatabaseUnavailableError(f"no connection to PostgreSQL: {error}") from error
        self._connections = PooledConnections(self.pool, self.acquire_s)

    async def close_connection_pool(self) -> None:
        """Close all connections; whatever still runs after ``close_s`` is cut off."""
        connections, self._connections, self.pool = self._connections, None, None
        if connections is None:
            return
        try:
            async with asyncio.timeout(self.close_s):
                await connections.pool.close()
        except TimeoutError:
            connections.pool.terminate()

    @property
    def connections(self) -> PooledConnections:
        """The pool, or an error that says what is missing."""
        if self._connections is None:
            raise StoreError("the connections are not open: start_connection_pool() first")
        return self._connections

    def unit_of_work(self, tenant_id: UUID | None = None) -> PostgresUnit:
        """``async with engine.unit_of_work(tenant_id):`` for all that is written."""
        return PostgresUnit(self.connections, self.current_transaction, self.isolation, tenant_id)

    def open_unit(self) -> PostgresUnit | None:
        """Return the unit of work of this task, if one is open."""
        return cast("PostgresUnit | None", self.current_transaction.get())

    def transaction(self, *_: Any, **__: Any) -> PostgresUnit:  # type: ignore[override]  # noqa: ANN401  # Piccolo's is banned
        """The same, for Piccolo's migration runner."""
        return self.unit_of_work()

    async def batch(self, *_: Any, **__: Any) -> NoReturn:  # noqa: ANN401  # Piccolo's signature
        """Refuse: Piccolo's swallows exceptions and leaves the unit of work. Page by key instead."""
        raise StoreError("batch() is not used: page by key")

    async def fetch(self, sql: str, args: Sequence[Any] = (), *, unbounded: bool = False) -> list[asyncpg.Record]:  # noqa: ARG002  # as SQLite's
        """Run one statement: in the open unit, else on a pooled connection."""
        unit = self.open_unit()
        if unit is not None:
            return await unit.fetch(sql, args)
        async with self.connections.borrow() as connection:
            return await fetch_rows(connection, sql, args)

    async def execute(self, sql: str, args: Sequence[Any] = (), *, unbounded: bool = False) -> int:  # noqa: ARG002  # as SQLite's
        """Run one statement, in the open unit or alone; return how many rows it changed."""
        unit = self.open_unit()
        if unit is not None:
            return await unit.execute(sql, args)
        async with self.connections.borrow() as connection:
            return await count_changes(connection, sql, args)

    async def run_querystring(self, querystring: Any, in_pool: bool = True) -> Any:  # noqa: ANN401, ARG002, FBT001, FBT002  # Piccolo's signature
        """Piccolo's entry for queries."""
        return await self.fetch(*querystring.compile_string(engine_type="postgres"))

    async def run_ddl(self, ddl: str, in_pool: bool = True) -> Any:  # noqa: ANN401, ARG002, FBT001, FBT002  # Piccolo's signature
        """Piccolo's entry for schema statements."""
        return await self.fetch(ddl)
