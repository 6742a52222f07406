"""A throw-away table for tests of the store, with a column of each declared type."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from directory.store.compiled import Statement
from directory.store.unit import Engine, execute, fetch

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

TYPES = {"id": "uuid", "at": "timestamptz", "ok": "boolean", "name": "text", "n": "bigint", "doc": "json"}

TABLE = """
CREATE TABLE thing (
  id UUID PRIMARY KEY, at TIMESTAMPTZ, ok BOOLEAN, name TEXT NOT NULL, n BIGINT NOT NULL DEFAULT 0, doc JSON,
  owner_id UUID REFERENCES thing (id)
)
"""
UNIQUE_NAME = "CREATE UNIQUE INDEX thing_by_name ON thing (name, n)"

ADD = Statement("INSERT INTO thing (id, name) VALUES ($1::uuid, $2)")
NAMES = Statement("SELECT name FROM thing ORDER BY name")
COUNT = Statement("SELECT count(*) AS count FROM thing")


async def create_things(engine: Engine) -> None:
    for sql in (TABLE, UNIQUE_NAME):
        await engine.run_ddl(sql)


async def add(name: str) -> UUID:
    thing_id = uuid4()
    await execute(ADD, thing_id, name)
    return thing_id


async def names() -> list[str]:
    return [row["name"] for row in await fetch(NAMES)]
