from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from piccolo import columns
from piccolo.table import Table

from directory.store.compiled import CompiledQuery, Statement
from directory.store.insert import Insert
from directory.store.unit import Engine, bind, execute, fetch, fetch_one
from tests.directory.store.things import NOON, TYPES, create_things

pytestmark = [pytest.mark.anyio, pytest.mark.trap("13")]


class Thing(Table):
    id = columns.UUID(primary_key=True, default=None)
    at = columns.Timestamptz(null=True, default=None)
    ok = columns.Boolean(null=True, default=None)
    name = columns.Text()
    n = columns.BigInt()
    doc = columns.JSON(null=True, default=None)


ADD = CompiledQuery(
    lambda thing_id, at, ok, name, n, doc: Thing.insert(Thing(id=thing_id, at=at, ok=ok, name=name, n=n, doc=doc))
)
GET = CompiledQuery(lambda thing_id: Thing.select().where(Thing.id == thing_id))
BUMP = CompiledQuery(
    lambda thing_id, expected, n: (
        Thing.update({Thing.n: n}).where((Thing.id == thing_id) & (Thing.n == expected)).returning(Thing.n, Thing.at)
    )
)


@pytest.fixture(autouse=True)
async def _things(store: Engine) -> None:
    await create_things(store)
    bind(store)


async def test_compiled_queries_give_back_what_they_were_given() -> None:
    values = (uuid4(), NOON, True, "a", 2**62, '{"a":[1,"x"]}')
    await fetch(ADD, *values)
    row = await fetch_one(GET, values[0])
    assert row is not None
    assert tuple(row[name] for name in TYPES) == values


async def test_compiled_query_runs_with_fresh_arguments_each_time() -> None:
    for at in range(3):
        await fetch(ADD, UUID(int=at), NOON, None, f"n{at}", at, None)
    found = [await fetch_one(GET, UUID(int=at)) for at in range(3)]
    assert [row["name"] for row in found if row] == ["n0", "n1", "n2"]


async def test_compare_and_swap_returns_no_row_when_the_version_moved() -> None:
    thing_id = uuid4()
    await fetch(ADD, thing_id, NOON, None, "a", 1, None)
    assert [dict(row) for row in await fetch(BUMP, thing_id, 1, 2)] == [{"n": 2, "at": NOON}]
    assert await fetch(BUMP, thing_id, 1, 3) == []


async def test_placeholder_that_became_a_constant_is_refused() -> None:
    """Piccolo dumps a value that is no string to JSON: the placeholder inside would be written into every row."""
    broken = CompiledQuery(lambda part: Thing.update({Thing.doc: {"part": part}}, force=True))
    with pytest.raises(TypeError, match="constant"):
        await fetch(broken, "x")


async def test_wrong_number_of_arguments_is_refused() -> None:
    with pytest.raises(TypeError, match="1 arguments, not 2"):
        await fetch(GET, uuid4(), uuid4())


@pytest.mark.trap("12")
async def test_lists_of_each_type_find_their_rows() -> None:
    rows = [(UUID(int=at), NOON + timedelta(hours=at), at > 1, f"n{at}", at, "{}") for at in range(4)]
    await Insert("thing", TYPES)(rows)
    wanted: dict[str, list[Any]] = {
        "id = ANY($1::uuid[])": [UUID(int=1), UUID(int=3)],
        "at = ANY($1::timestamptz[])": [NOON + timedelta(hours=1), NOON + timedelta(hours=3)],
        "name = ANY($1::text[])": ["n1", "n3"],
        "n = ANY($1::bigint[])": [1, 3],
    }
    for condition, values in wanted.items():
        found = await fetch(Statement(f"SELECT n FROM thing WHERE {condition} ORDER BY n"), values)  # noqa: S608  # as above
        assert [row["n"] for row in found] == [1, 3]
    none = await fetch(Statement("SELECT n FROM thing WHERE id = ANY($1::uuid[])"), [])
    others = await fetch(Statement("SELECT n FROM thing WHERE id <> ALL($1::uuid[]) ORDER BY n"), [UUID(int=0)])
    joined = await fetch(
        Statement("SELECT t.n FROM unnest($1::uuid[]) AS w (id) JOIN thing t ON t.id = w.id ORDER BY t.n"),
        [UUID(int=2), UUID(int=9)],
    )
    assert (none, [row["n"] for row in others], [row["n"] for row in joined]) == ([], [1, 2, 3], [2])


async def test_expressions_keep_the_type_they_are_cast_to() -> None:
    await Insert("thing", TYPES)([(UUID(int=1), NOON, True, "a", 1, None)])
    row = await fetch_one(
        Statement(
            "SELECT max(at)::timestamptz AS last_at, coalesce(owner_id, id)::uuid AS owner, (n = 1)::boolean AS one,"
            " count(*)::int AS count FROM thing GROUP BY owner_id, id, n"
        )
    )
    assert row is not None
    assert dict(row) == {"last_at": NOON, "owner": UUID(int=1), "one": True, "count": 1}


async def test_separate_text_for_sqlite_is_used_there_alone(store: Engine) -> None:
    named = Statement(
        "SELECT 'postgres' AS name, $1::text AS given", sqlite="SELECT 'sqlite' AS name, $1::text AS given"
    )
    row = await fetch_one(named, "x")
    assert row is not None
    assert dict(row) == {"name": store.engine_type, "given": "x"}


async def test_row_locks_are_asked_for_on_postgresql_only() -> None:
    await Insert("thing", TYPES)([(UUID(int=1), NOON, True, "a", 1, None)])
    assert await execute(Statement("SELECT id FROM thing FOR UPDATE")) in {0, 1}
