"""Connections to PostgreSQL: lent for a statement or a transaction, each knowing whose rows it reaches."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from directory.store.driver_errors import POSTGRES_ERRORS, raise_postgres_error
from directory.store.errors import DatabaseUnavailableError
from directory.store.row_security import SETTING, setting_for
from directory.store.tenancy import NOBODYS, Scope


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


class TurnConnection(asyncpg.Connection):
    """A connection that knows whose rows it reaches outside of transactions."""

    __slots__ = ("turn",)

    def __init__(self, *args: Any, **how: Any) -> None:  # noqa: ANN401  # asyncpg's signature
        super().__init__(*args, **how)
        self.turn: Scope | None = NOBODYS
        """None while it is not known, since a change was cut off."""


class PooledConnections:
    """A pool, and the only way to a connection: whatever happens, it goes back."""

    def __init__(self, pool: asyncpg.Pool, acquire_s: float, house: str | None, *, is_house: bool = False) -> None:
        """``house`` is the role that reaches all tenants; None: there is no wall. ``is_house``: all have that role."""
        self.pool = pool
        self.house = house
        self.is_house = is_house
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
    async def borrow(self, scope: Scope | None = None) -> AsyncIterator["PoolConnectionProxy[Any]"]:
        """Lend a connection for one statement that touches rows of ``scope``; None: it reaches nobody's."""
        connection = await self.acquire()
        try:
            if self.house is not None and not self.is_house and scope is not NOBODYS:
                await tell_turn(connection, NOBODYS if scope is None else scope)
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


async def tell_turn(connection: Any, scope: Scope) -> None:  # noqa: ANN401  # as above
    """Tell a connection whose rows it reaches from now on, unless it knows."""
    own: TurnConnection = connection._con  # noqa: SLF001  # what lies behind the pool's proxy
    if own.turn != scope:
        own.turn = None
        await count_changes(connection, f"SET {SETTING} = '{setting_for(scope)}'", ())
        own.turn = scope
