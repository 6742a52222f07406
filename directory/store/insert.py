"""Rows into a table: one statement however many they are, with the same stored form as a single one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeVar, cast

from directory.store.compiled import Statement
from directory.store.tenancy import BY_THE_FIRST, Named, Scope, same_tenant, scope_for, settled_scope
from directory.store.unit import Row, execute, fetch
from directory.store.values import json_text, stored

Thing = TypeVar("Thing")
Values = Sequence[object]
"""One row, in the order of the columns."""

ON_A_THREAD_ROWS = 200
"""From here on SQLite works on a thread: about 2 ms."""

SLICE_ROWS = 1000
"""So many values go into one statement: binding and reading them keeps the event loop for about 5 ms."""


def slices(values: Iterable[Thing]) -> Iterator[list[Thing]]:
    """Yield the values, so many at a time as one statement takes."""
    rest = iter(values)
    while some := list(islice(rest, SLICE_ROWS)):
        yield some


class Insert:
    """``INSERT INTO table``, put together once.

    ``columns`` maps names to declared types (``uuid``, ``timestamptz``, ``boolean``, ``text``, ``bigint``, ``json``,
    ``jsonb``). ``tail`` is what follows the rows: ``ON CONFLICT …``, ``RETURNING …``, the same on both databases.
    """

    def __init__(self, table: str, columns: Mapping[str, str], tail: str = "", *, house: bool = False) -> None:
        """``house``: the rows may be of several tenants, or of none."""
        self._types = tuple(columns.values())
        names = ", ".join(columns)
        single = ", ".join(f"${at}" for at in range(1, len(columns) + 1))
        lists = ", ".join(f"${at}::{declared_type}[]" for at, declared_type in enumerate(self._types, 1))
        cells = ", ".join(f"value ->> {at}" for at in range(len(columns)))
        self._texts = (
            f"INSERT INTO {table} ({names}) VALUES ({single}) {tail}",
            f"INSERT INTO {table} ({names}) SELECT * FROM unnest({lists}) {tail}",
        )
        self._one = Statement(self._texts[0], house=house)
        self._many = ManyRows(
            self._types,
            named=self._one.named,
            postgres=self._texts[1],
            # WHERE true: without it SQLite takes ON CONFLICT for the condition of a join.
            sqlite=f"INSERT INTO {table} ({names}) SELECT {cells} FROM json_each($1) WHERE true {tail}",
        )

    @property
    def named(self) -> Named:
        """Where one row names its tenant."""
        return self._one.named

    @property
    def width(self) -> int:
        """How many columns a row has."""
        return len(self._types)

    def text(self, *, many: bool) -> str:
        """Return PostgreSQL's text for one row, or for a list per column."""
        return self._texts[many]

    async def one(self, row: Values) -> None:
        """Insert one row."""
        await fetch(self._one, *row)

    async def __call__(self, rows: Iterable[Values]) -> list[Row]:
        """Insert the rows and return what ``RETURNING`` asks for, in no particular order."""
        found: list[Row] = []
        for some in slices(rows):
            if len(some) == 1:
                found += await fetch(self._one, *some[0])
            else:
                found += await fetch(self._many, *some, unbounded=len(some) >= ON_A_THREAD_ROWS)
        return found

    async def count(self, rows: Iterable[Values]) -> int:
        """Insert the rows and return how many there are now that were not there before."""
        rows = rows if isinstance(rows, list | tuple) else list(rows)
        if not rows:
            return 0
        if len(rows) == 1:
            return await execute(self._one, *rows[0])
        return sum([await execute(self._many, *some, unbounded=len(some) >= ON_A_THREAD_ROWS) for some in slices(rows)])


class SpreadInsert(Insert):
    """Rows that are alike but for one column: of many, what is alike is sent once.

    Making the rows of 1,000 members costs a third of that (measured).
    """

    def __init__(self, table: str, columns: Mapping[str, str], tail: str = "", *, varies: str) -> None:
        super().__init__(table, columns, tail)
        self._at = list(columns).index(varies)
        cells = [f"${at}::{declared_type}" for at, declared_type in enumerate(columns.values(), 1)]
        cells[self._at] = "v.value"
        self._spread = Statement(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(cells)}"
            f" FROM unnest(${self._at + 1}::{columns[varies]}[]) AS v (value) WHERE true {tail}"
        )

    async def __call__(self, rows: Iterable[Values]) -> list[Row]:
        """Insert the rows and return what ``RETURNING`` asks for, in no particular order."""
        found: list[Row] = []
        for some in slices(rows):
            args = list(some[0])
            if len(some) == 1 or not self._are_alike(some, args):
                found += await super().__call__(some)
                continue
            args[self._at] = [row[self._at] for row in some]
            found += await fetch(self._spread, *args, unbounded=len(some) >= ON_A_THREAD_ROWS)
        return found

    def _are_alike(self, rows: Iterable[Values], first: list[object]) -> bool:
        before, behind = tuple(first[: self._at]), tuple(first[self._at + 1 :])
        return all(row[: self._at] == before and row[self._at + 1 :] == behind for row in rows)


class ManyRows:
    """The statement for several rows: a list per column on PostgreSQL, one JSON text on SQLite."""

    def __init__(self, types: tuple[str, ...], *, named: Named, postgres: str, sqlite: str) -> None:
        """``named``: where each row names its tenant."""
        self._types = types
        self._named = named
        self._postgres = postgres.strip()
        self._sqlite = Statement(sqlite)

    def scope(self, args: Sequence[object]) -> Scope:
        """Return whose rows it may touch; ``args`` are rows, all of one tenant unless it is of the house."""
        if (scope := settled_scope(self._named)) is not None:
            return scope
        (at,) = self._named.at
        return scope_for(BY_THE_FIRST, [same_tenant([row[at] for row in cast("Sequence[Values]", args)])])

    def bind(self, engine_type: str, args: Sequence[object]) -> tuple[str, Sequence[object]]:
        """Return the text and the arguments as the driver takes them; ``args`` are rows."""
        columns = list(zip(*args, strict=True))
        if engine_type != "sqlite":
            return self._postgres, columns
        cells = [stored(column, declared_type) for column, declared_type in zip(columns, self._types, strict=True)]
        return self._sqlite.bind(engine_type, (json_text(list(zip(*cells, strict=True))),))
