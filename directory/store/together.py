"""Writes that are sent at once: on PostgreSQL one round trip, however many tables they go to."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain, islice
from typing import NamedTuple

from directory.errors import DirectoryError
from directory.store.compiled import Statement
from directory.store.errors import StoreError, UniqueViolationError
from directory.store.insert import Insert, Values
from directory.store.tenancy import HOUSE, Named, Scope, scope_for
from directory.store.unit import current_engine, execute, fetch_one

FEW_ROWS = 4
"""Up to here SQLite is faster row by row than by way of JSON."""

TOGETHER_ROWS = 50
"""More rows than this are sent table by table, each in portions of its own."""

_PARAMETER = re.compile(r"\$(\d+)")


class _Update(NamedTuple):
    statement: Statement
    args: Sequence[object]
    otherwise: StoreError


class _Part(NamedTuple):
    """Rows for one table: the first of them, and, if those are too many for one statement, the rest as it comes."""

    insert: Insert
    rows: list[Values]
    rest: Iterator[Values] = iter(())


class Together:
    """An update and rows for several tables, kept until ``send``; for inserts that return nothing.

    The order in which they were added is that of the references between them. PostgreSQL checks those at the end of the
    one statement.
    """

    def __init__(self) -> None:
        self._update: _Update | None = None
        self._others: list[tuple[Statement, Sequence[object]]] = []
        self._parts: list[_Part] = []
        self._refusals: dict[str, DirectoryError] = {}

    @property
    def empty(self) -> bool:
        """Whether nothing is kept."""
        return self._update is None and not self._others and not self._parts

    def require(self, statement: Statement, *args: object, otherwise: StoreError) -> None:
        """Keep an update that comes before all inserts; ``otherwise`` is raised unless it changes one row."""
        assert self.empty  # noqa: S101 - the writer sends what was there before
        self._update = _Update(statement, args, otherwise)

    def also(self, statement: Statement, *args: object) -> None:
        """Keep a change that touches none of the rows of the others; it comes behind the update."""
        self._others.append((statement, args))

    def refuse(self, index: str, refusal: DirectoryError) -> None:
        """Say what to raise when a value is taken, by the unique index."""
        self._refusals[index] = refusal

    def add(self, insert: Insert, rows: Iterable[Values], *, beside: bool = False) -> None:
        """Keep rows to insert; of many, all but the first are made when they are sent, a slice at a time.

        ``beside`` puts these few with the rows that were kept for the same table before, so that many things that each
        have rows in several tables take one statement for each table.
        """
        kept = next((part for part in self._parts if part.insert is insert), None) if beside else None
        if kept is not None:
            kept.rows.extend(rows)
            return
        rest = iter(rows)
        if some := list(islice(rest, TOGETHER_ROWS + 1)):
            self._parts.append(_Part(insert, some, rest))

    async def send(self) -> None:
        """Write what was kept; a second call has nothing to do.

        Raises:
            DirectoryError: a value is taken, in the words given with it.
            UniqueViolationError: likewise, where no words were given.
            StoreError: the update changed no row, or several.
        """
        if self.empty:
            return
        kept = _Kept(self._update, self._others, self._parts)
        self._update, self._others, self._parts = None, [], []
        try:
            await (_send_apart if current_engine().engine_type == "sqlite" or kept.apart else _send_joined)(kept)
        except UniqueViolationError as error:
            refusal = self._refusals.get(error.index)
            if refusal is None:
                raise
            raise refusal from error


class _Kept(NamedTuple):
    update: _Update | None
    others: Sequence[tuple[Statement, Sequence[object]]]
    parts: Sequence[_Part]

    @property
    def apart(self) -> bool:
        """Whether it is one thing, or too many rows for one statement."""
        count = (self.update is not None) + len(self.others) + len(self.parts)
        return count == 1 or sum(len(part.rows) for part in self.parts) > TOGETHER_ROWS


async def _send_joined(kept: _Kept) -> None:
    statement = _joined(
        None if kept.update is None else kept.update.statement,
        tuple(statement for statement, _ in kept.others),
        tuple((insert, len(rows) > 1) for insert, rows, _ in kept.parts),
    )
    args: list[object] = [] if kept.update is None else [*kept.update.args]
    for _, given in kept.others:
        args += given
    for _, rows, _ in kept.parts:
        args += rows[0] if len(rows) == 1 else zip(*rows, strict=True)
    row = await fetch_one(statement, *args)
    if kept.update is not None and row is not None and row["updated"] != 1:
        raise kept.update.otherwise


async def _send_apart(kept: _Kept) -> None:
    if kept.update is not None and await execute(kept.update.statement, *kept.update.args) != 1:
        raise kept.update.otherwise
    for statement, given in kept.others:
        await execute(statement, *given)
    for insert, rows, rest in kept.parts:
        if len(rows) <= FEW_ROWS and current_engine().engine_type == "sqlite":
            for row in rows:
                await insert.one(row)
        else:
            await insert(chain(rows, rest))


class PostgresText:
    """A statement that only PostgreSQL is given."""

    def __init__(self, sql: str, named: Named, lists: Sequence[int]) -> None:
        """``lists`` are the arguments that are a tenant for each row."""
        self._sql = sql
        self._named = named
        self._lists = lists

    def scope(self, args: Sequence[object]) -> Scope:
        """Return whose rows it may touch with these arguments."""
        return scope_for(self._named, args, self._lists)

    def bind(self, engine_type: str, args: Sequence[object]) -> tuple[str, Sequence[object]]:
        """Return the text and the arguments as they are."""
        del engine_type
        return self._sql, args


@lru_cache(maxsize=128)
def _joined(
    update: Statement | None, others: tuple[Statement, ...], inserts: tuple[tuple[Insert, bool], ...]
) -> PostgresText:
    """Return one statement that does an update, other changes and several inserts."""
    parts: list[str] = []
    tenants: list[int] = []
    lists: list[int] = []
    taken = 0
    if update is not None:
        parts.append(f"changed AS ({update.postgres} RETURNING 1)")
        tenants += update.named.at
        taken = _width(update)
    for other in others:
        parts.append(f"part_{len(parts)} AS ({_shifted(other.postgres, taken)})")
        tenants += [at + taken for at in other.named.at]
        taken += _width(other)
    for insert, many in inserts:
        parts.append(f"part_{len(parts)} AS ({_shifted(insert.text(many=many), taken)})")
        at = [at + taken for at in insert.named.at]
        tenants += at
        lists += at if many else []
        taken += insert.width
    count = "0" if update is None else "(SELECT count(*) FROM changed)"
    scopes = [one.named.scope for one in (update, *others, *(insert for insert, _ in inserts)) if one is not None]
    named = Named(HOUSE if HOUSE in scopes else None, tuple(tenants))
    return PostgresText(f"WITH {', '.join(parts)} SELECT {count} AS updated", named, lists)


def _width(statement: Statement) -> int:
    """Return how many arguments a statement takes."""
    return max(int(number) for number in _PARAMETER.findall(statement.postgres))


def _shifted(text: str, by: int) -> str:
    return _PARAMETER.sub(lambda found: f"${int(found[1]) + by}", text)
