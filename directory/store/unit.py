"""What the rest of the directory uses of the database: one unit of work, and statements inside or outside of it."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from contextvars import ContextVar
from typing import Any, Protocol, TypeAlias, TypeVar, cast
from uuid import UUID

import piccolo.apps.migrations.tables  # noqa: F401  # so that bind() reaches Piccolo's ledger too
from piccolo.table import TABLE_REGISTRY

from directory.store.errors import ConcurrencyError, StoreError
from directory.store.postgres import PooledPostgresEngine
from directory.store.sqlite import OneWriterEngine
from directory.store.tenancy import HOUSE, Scope, scoped, unit_scope

Engine: TypeAlias = OneWriterEngine | PooledPostgresEngine
Row: TypeAlias = Mapping[str, Any]
"""A row by column name: a dict on SQLite, asyncpg's Record on PostgreSQL."""

Result = TypeVar("Result")

TRIES = 3


class UndoneError(StoreError):
    """A trial is over: nothing of it stays. Nobody outside of it sees this."""


class Runnable(Protocol):
    """A statement that knows its text and arguments for each database, and whose rows it touches."""

    def bind(self, engine_type: str, args: Sequence[object]) -> tuple[str, Sequence[object]]:
        """Return the text and the arguments as the driver takes them."""

    def scope(self, args: Sequence[object]) -> Scope:
        """Return whose rows it may touch with these arguments."""


_bound: list[Engine] = []
_fence: ContextVar[Callable[[], Awaitable[None]] | None] = ContextVar("fence", default=None)
_deeds: ContextVar[list[Callable[[], None]] | None] = ContextVar("deeds", default=None)
_trial: ContextVar[list[object] | None] = ContextVar("trial", default=None)
_joined: ContextVar[bool] = ContextVar("joined", default=False)


def connect(database_url: str, *, pool_max: int = 10) -> Engine:
    """Return the engine for ``sqlite:///path`` or ``postgresql://…``; nothing is opened yet.

    Raises:
        StoreError: the address is of no known kind. The address is never part of the message: it may hold a password.
    """
    if database_url.startswith("sqlite:///"):
        return OneWriterEngine(sqlite_path(database_url))
    if database_url.startswith(("postgresql://", "postgres://")):
        return PooledPostgresEngine(database_url, pool_max=pool_max)
    raise StoreError("the database address must start with sqlite:/// or postgresql://")


def sqlite_path(database_url: str) -> str:
    """Return the file of ``sqlite:///relative`` or ``sqlite:////absolute``."""
    path = database_url.removeprefix("sqlite:///")
    if not path or path.startswith(":memory:"):
        raise StoreError("SQLite needs a file: sqlite:///rolebook.sqlite")
    return path


def bind(engine: Engine) -> None:
    """Make ``engine`` the one of this process, for our statements and for Piccolo's tables."""
    _bound[:] = [engine]
    for table in TABLE_REGISTRY:
        table._meta.db = engine  # noqa: SLF001  # Piccolo offers no other way without reading the environment


def current_engine() -> Engine:
    """Return the engine of this process."""
    if not _bound:
        raise StoreError("no database is bound: bind(connect(…)) first")
    return _bound[0]


@asynccontextmanager
async def open_store(database_url: str, *, pool_max: int = 10) -> AsyncIterator[Engine]:
    """Connect, bind and open in the running event loop; close at the end."""
    engine = connect(database_url, pool_max=pool_max)
    bind(engine)
    await engine.start_connection_pool()
    try:
        yield engine
    finally:
        await engine.close_connection_pool()


@asynccontextmanager
async def unit_of_work(tenant_id: UUID | None) -> AsyncIterator[None]:
    """Run the body in one transaction, for one tenant or, with None, for the whole installation.

    The body awaits nothing but its own statements. On SQLite it shares its COMMIT with its neighbours.

    Raises:
        DatabaseUnavailableError: nothing of the body was kept; answer 503.
        NestedUnitError: there is a unit already.
        IsolationError: it is another tenant's turn.
    """
    with scoped(unit_scope(tenant_id)):
        async with current_engine().unit_of_work(tenant_id):
            yield


async def in_unit(tenant_id: UUID | None, body: Callable[[], Awaitable[Result]]) -> Result:
    """Run ``body`` in a unit of work, and again from its start if another transaction came first: three times at most.

    ``body`` must have no effect but its statements.
    """
    if _trial.get() is not None or _joined.get():
        with scoped(unit_scope(tenant_id)):
            async with savepoint():
                return await body()
    for tried in range(1, TRIES + 1):
        try:
            return await _once_in_unit(tenant_id, body)
        except ConcurrencyError:
            if tried == TRIES:
                raise
        await asyncio.sleep(0.01 * tried * (1 + random.random()))  # noqa: S311  # spreads tries; no secret
    raise AssertionError("unreachable")


async def in_joined_unit(tenant_id: UUID, body: Callable[[], Awaitable[Result]]) -> Result:
    """Run ``body`` as ``in_unit`` does; every ``in_unit`` inside is a part of it, in a savepoint of its own.

    So verbs that each make a unit become one transaction, of which one that raises leaves nothing behind. Few of them:
    SQLite's writer waits for all.
    """

    async def joined() -> Result:
        with joining():
            return await body()

    return await in_unit(tenant_id, joined)


@contextmanager
def joining() -> Iterator[None]:
    """Have every ``in_unit`` of the body be a part of the open unit, in a savepoint of its own."""
    token = _joined.set(True)
    try:
        yield
    finally:
        _joined.reset(token)


async def _once_in_unit(tenant_id: UUID | None, body: Callable[[], Awaitable[Result]]) -> Result:
    deeds: list[Callable[[], None]] = []
    token = _deeds.set(deeds)
    try:
        async with unit_of_work(tenant_id):
            if (fence := _fence.get()) is not None:
                await fence()
            result = await body()
    finally:
        _deeds.reset(token)
    for deed in deeds:
        deed()
    return result


@asynccontextmanager
async def as_tenant(tenant_id: UUID) -> AsyncIterator[None]:
    """Let the body's statements be those of ``tenant_id``: another one than the open unit's, or outside of any unit."""
    with scoped(tenant_id):
        yield


@asynccontextmanager
async def in_house() -> AsyncIterator[None]:
    """Let the body's statements reach all tenants: duties, and what a super tenant reads of those below it."""
    with scoped(HOUSE):
        yield


def once_committed(deed: Callable[[], None]) -> None:
    """Do ``deed`` after the COMMIT of this ``in_unit``; not at all in a savepoint or a trial, which may be undone."""
    deeds = _deeds.get()
    if deeds is not None:
        deeds.append(deed)


@asynccontextmanager
async def trial(tenant_id: UUID) -> AsyncIterator[list[object]]:
    """Run the body in one unit of work that is undone at its end, however it ends; units inside are parts of it.

    Gives the list that ``note_tried`` fills: what the body would have done. Short, since SQLite's writer waits for it.

    Raises:
        DatabaseUnavailableError: it could not be tried now.
    """
    tried: list[object] = []
    token = _trial.set(tried)
    try:
        async with unit_of_work(tenant_id):
            yield tried
            raise UndoneError  # noqa: TRY301  # an exception is what undoes a unit
    except UndoneError:
        pass
    finally:
        _trial.reset(token)


@contextmanager
def reading_trial() -> Iterator[None]:
    """Run the body as a trial that only reads: no unit is opened, so that no writer waits for it."""
    token = _trial.set([])
    try:
        yield
    finally:
        _trial.reset(token)


def is_trial() -> bool:
    """Tell whether nothing of what is written now will stay."""
    return _trial.get() is not None


def note_tried(thing: object) -> None:
    """Remember ``thing`` where this is a trial; otherwise do nothing."""
    tried = _trial.get()
    if tried is not None:
        tried.append(thing)


@contextmanager
def fenced(fence: Callable[[], Awaitable[None]]) -> Iterator[None]:
    """Run ``fence`` as the first statement of every ``in_unit`` of the body: if it raises, the unit writes nothing."""
    token = _fence.set(fence)
    try:
        yield
    finally:
        _fence.reset(token)


def is_in_unit() -> bool:
    """Tell whether a unit of work is open in this task."""
    return current_engine().open_unit() is not None


@asynccontextmanager
async def savepoint() -> AsyncIterator[None]:
    """Undo the body alone if it raises; the unit of work around it stays usable. Savepoints may nest."""
    unit = current_engine().open_unit()
    if unit is None:
        raise StoreError("a savepoint needs a unit of work")
    name = await unit.savepoint()
    token = _deeds.set(None)
    try:
        yield
    except BaseException:
        with suppress(StoreError):  # a unit that cannot go back is lost as a whole; the body's error says why
            await unit.rollback_to(name)
        raise
    finally:
        _deeds.reset(token)
    await unit.release(name)


async def fetch(statement: Runnable, *args: object, unbounded: bool = False) -> list[Row]:
    """Run a statement and return its rows: in the open unit, or alone.

    ``unbounded`` keeps a statement that may touch many rows off the event loop's thread.

    Raises:
        UniqueViolationError, ForeignKeyViolationError, InvalidValueError, DatabaseUnavailableError
        IsolationError: it is about another tenant than the one whose turn it is, or does not say which.
    """
    engine = current_engine()
    scope = statement.scope(args)
    sql, values = statement.bind(engine.engine_type, args)
    return cast("list[Row]", await engine.fetch(sql, values, unbounded=unbounded, scope=scope))


async def fetch_one(statement: Runnable, *args: object) -> Row | None:
    """Run a statement and return its first row, or None."""
    rows = await fetch(statement, *args)
    return rows[0] if rows else None


async def execute(statement: Runnable, *args: object, unbounded: bool = False) -> int:
    """Run a statement, as ``fetch``, and return how many rows it changed."""
    engine = current_engine()
    scope = statement.scope(args)
    sql, values = statement.bind(engine.engine_type, args)
    return await engine.execute(sql, values, unbounded=unbounded, scope=scope)
