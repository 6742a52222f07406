import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory.store.dialect import sqlite_text


@pytest.mark.parametrize(
    ("postgres", "sqlite"),
    [
        ("SELECT $1::uuid, $2", "SELECT ?1, ?2"),
        ("SELECT $12::timestamptz", "SELECT ?12"),
        ("SELECT count(*)::int AS n", "SELECT count(*) AS n"),
        ("SELECT x::varchar(20), y :: jsonb", "SELECT x, y "),
        ("SELECT max(at)::timestamptz AS last_at", 'SELECT max(at) AS "last_at [TIMESTAMPTZ]"'),
        ("SELECT coalesce(a, b)::UUID AS c, 1 AS d", 'SELECT coalesce(a, b) AS "c [UUID]", 1 AS d'),
        ("SELECT 'it''s $1::uuid' AS a", "SELECT 'it''s $1::uuid' AS a"),
        ('SELECT "a::b" FROM t', 'SELECT "a::b" FROM t'),
        ("SELECT 1 -- $1 FOR UPDATE", "SELECT 1 -- $1 FOR UPDATE"),
        ("SELECT 1 FROM t FOR UPDATE", "SELECT 1 FROM t"),
        ("SELECT 1 FROM t ORDER BY id FOR NO KEY UPDATE OF t, u SKIP LOCKED", "SELECT 1 FROM t ORDER BY id"),
        ("SELECT 1 FROM t FOR SHARE NOWAIT", "SELECT 1 FROM t"),
        ("WITH a AS (SELECT 1 FROM t FOR KEY SHARE) SELECT 2", "WITH a AS (SELECT 1 FROM t) SELECT 2"),
    ],
)
def test_parameters_casts_and_locks_are_translated(postgres: str, sqlite: str) -> None:
    assert sqlite_text(postgres) == (sqlite.strip(), {})


@pytest.mark.parametrize(
    ("postgres", "sqlite"),
    [
        ("a = ANY($2::uuid[])", "a IN (SELECT value FROM json_each(?2))"),
        ("a = any ( $2::uuid[] )", "a IN (SELECT value FROM json_each(?2))"),
        ("a <> ALL($2::uuid[])", "a NOT IN (SELECT value FROM json_each(?2))"),
        ("FROM unnest($2::uuid[]) AS u (user_id)", "FROM (SELECT value AS user_id FROM json_each(?2)) AS u"),
    ],
)
def test_lists_become_json(postgres: str, sqlite: str) -> None:
    assert sqlite_text(postgres) == (sqlite, {1: "uuid"})


def test_list_that_cannot_be_translated_is_refused() -> None:
    with pytest.raises(ValueError, match="write = ANY"):
        sqlite_text("SELECT array_length($1::uuid[], 1)")


@given(st.text())
def test_quoted_text_is_never_touched(text: str) -> None:
    quoted = "'" + text.replace("'", "''") + "'"
    assert sqlite_text(f"SELECT {quoted}") == (f"SELECT {quoted}", {})
