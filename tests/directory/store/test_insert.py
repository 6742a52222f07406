import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from directory.store.compiled import Statement
from directory.store.errors import InvalidValueError, UniqueViolationError
from directory.store.insert import Insert, SpreadInsert
from directory.store.named_insert import insert_rows
from directory.store.sqlite import OneWriterEngine
from directory.store.unit import Engine, fetch, unit_of_work
from tests.directory.store.things import NOON, TYPES, create_things

pytestmark = pytest.mark.anyio

ADD = Insert("thing", TYPES)
ALL = Statement("SELECT id, at, ok, name, n, doc FROM thing ORDER BY id")

ROWS: list[tuple[object, ...]] = [
    (UUID(int=1), NOON, True, "plain", 1, '{"a":1}'),
    (UUID(int=2), NOON + timedelta(microseconds=7), False, "quotes ' \" and é 漢 😀", -(2**63), '{"é":"\\u00e9"}'),
    (UUID(int=3), NOON.astimezone(timezone(timedelta(hours=5))), None, "123", 2**63 - 1, "{}"),
    (UUID(int=4), None, None, "", 0, None),
    (UUID(int=5), datetime(1, 1, 2, tzinfo=UTC), True, "true", 5, '{"b":[null,true,"\\n"]}'),
    (UUID(int=6), datetime(9999, 12, 30, tzinfo=UTC), True, "null", 6, '{"c":1.5}'),
]


@pytest.fixture(autouse=True)
async def _things(store: Engine) -> None:
    await create_things(store)


class Statements:
    """Counts what reaches the database."""

    def __init__(self, engine: Engine) -> None:
        self.seen: list[str] = []
        if isinstance(engine, OneWriterEngine):
            engine.writer.set_trace_callback(self.seen.append)

    @property
    def inserts(self) -> int:
        return sum(sql.startswith("INSERT") for sql in self.seen)


def raw_rows(engine: OneWriterEngine) -> list[tuple[object, ...]]:
    """Read what is stored, before any converter sees it."""
    plain = sqlite3.connect(engine.path)
    try:
        columns = ", ".join(f"{name}, typeof({name})" for name in TYPES)
        return plain.execute(f"SELECT {columns} FROM thing ORDER BY id").fetchall()  # noqa: S608  # names of this file
    finally:
        plain.close()


async def insert_one_by_one(rows: Sequence[Sequence[object]]) -> None:
    for row in rows:
        await ADD([row])


async def test_rows_come_back_as_they_went_in_by_both_paths(store: Engine) -> None:
    await ADD(ROWS)
    together = [tuple(row.values()) for row in await fetch(ALL)]
    await store.execute("DELETE FROM thing")
    await insert_one_by_one(ROWS)
    singly = [tuple(row.values()) for row in await fetch(ALL)]
    assert together == singly == ROWS


@pytest.mark.trap("2.4")
async def test_stored_form_on_sqlite_is_the_same_by_both_paths(store: Engine) -> None:
    if isinstance(store, OneWriterEngine):
        await ADD(ROWS)
        together = raw_rows(store)
        await store.execute("DELETE FROM thing")
        await insert_one_by_one(ROWS)
        assert raw_rows(store) == together
        assert together[0][2:4] == ("2026-03-01 12:00:00.000000+00:00", "text")
        assert together[2][2] == "2026-03-01 12:00:00.000000+00:00"
    found = await fetch(Statement("SELECT n FROM thing WHERE at = $1::timestamptz ORDER BY n"), NOON)
    assert len(found) == (2 if isinstance(store, OneWriterEngine) else 0)


async def test_times_sort_like_their_texts() -> None:
    rows = [(UUID(int=at), NOON + timedelta(microseconds=at * 500_000), None, str(at), at, None) for at in range(9)]
    await ADD(rows)
    order = await fetch(Statement("SELECT n FROM thing ORDER BY at DESC"))
    later = await fetch(Statement("SELECT n FROM thing WHERE at > $1::timestamptz ORDER BY n"), rows[5][1])
    assert [row["n"] for row in order] == list(range(8, -1, -1))
    assert [row["n"] for row in later] == [6, 7, 8]


@pytest.mark.parametrize("count", [1, 2, 500])
async def test_any_number_of_rows_is_one_statement(store: Engine, count: int) -> None:
    statements = Statements(store)
    async with unit_of_work(None):
        await ADD([(UUID(int=at), NOON, True, str(at), at, "{}") for at in range(count)])
    assert statements.inserts == (1 if isinstance(store, OneWriterEngine) else 0)
    assert len(await fetch(ALL)) == count


async def test_no_rows_is_no_statement(store: Engine) -> None:
    statements = Statements(store)
    assert await ADD([]) == []
    assert await ADD.count([]) == 0
    assert statements.inserts == 0


async def test_conflicts_can_be_passed_over_and_rows_returned() -> None:
    lenient = Insert("thing", TYPES, "ON CONFLICT DO NOTHING RETURNING id, at, ok")
    assert [dict(row) for row in await lenient(ROWS[:1])] == [{"id": UUID(int=1), "at": NOON, "ok": True}]
    returned = await lenient(ROWS[:3])
    assert {row["id"] for row in returned} == {UUID(int=2), UUID(int=3)}
    assert {row["at"] for row in returned} == {row[1] for row in ROWS[1:3]}
    assert await lenient(ROWS[:1]) == []
    counting = Insert("thing", TYPES, "ON CONFLICT DO NOTHING")
    assert (await counting.count(ROWS), await counting.count(ROWS[:1])) == (3, 0)


async def test_conflict_is_an_error_unless_it_is_passed_over() -> None:
    with pytest.raises(UniqueViolationError):
        await insert_rows("thing", TYPES, [ROWS[0], ROWS[1], ROWS[0]])
    assert await fetch(ALL) == []


async def test_existing_rows_can_be_replaced() -> None:
    put = Insert("thing", TYPES, "ON CONFLICT (id) DO UPDATE SET name = excluded.name")
    await put(iter(ROWS))
    await put((*row[:3], f"new {row[3]}", *row[4:]) for row in ROWS)
    assert [row["name"] for row in await fetch(ALL)] == [f"new {row[3]}" for row in ROWS]


@pytest.mark.trap("D8")
@pytest.mark.parametrize(
    "row",
    [
        (UUID(int=8), None, None, "NUL \0", 0, None),
        (UUID(int=8), None, None, "\ud800", 0, None),
        (UUID(int=8), None, None, "n", 2**63, None),
    ],
    ids=["NUL", "surrogate", "integer"],
)
async def test_value_that_cannot_be_stored_is_refused_by_both_paths(row: tuple[object, ...]) -> None:
    with pytest.raises(InvalidValueError):
        await ADD([row])
    with pytest.raises(InvalidValueError):
        await ADD([ROWS[0], row])
    assert await fetch(ALL) == []


@pytest.mark.parametrize("count", [1, 2, 1_001])
async def test_rows_that_differ_in_one_column_are_stored_like_any_others(store: Engine, count: int) -> None:
    await store.run_ddl("DROP INDEX thing_by_name")
    rows: list[tuple[object, ...]] = [(UUID(int=at), NOON, True, "same", 7, '{"a":1}') for at in range(count)]
    await SpreadInsert("thing", TYPES, "ON CONFLICT DO NOTHING", varies="id")(iter(rows))
    spread = await fetch(ALL)
    await fetch(Statement("DELETE FROM thing"))
    await ADD(rows)
    assert [tuple(row.values()) for row in spread] == [tuple(row.values()) for row in await fetch(ALL)]
    assert len(spread) == count


async def test_rows_that_differ_in_more_columns_than_was_said_are_all_stored_as_they_are() -> None:
    await SpreadInsert("thing", TYPES, varies="id")(ROWS)
    assert [row["name"] for row in await fetch(ALL)] == [row[3] for row in ROWS]
