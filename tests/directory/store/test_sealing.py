"""What waits to be sealed is found by its own index, whatever SQLite thinks of the table."""

import pytest

from directory.store import sealing
from directory.store.compiled import Statement
from directory.store.sqlite import OneWriterEngine
from tests.directory.world import create_world

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("statement", [sealing._NEXT_TENANT, sealing._UNSEALED], ids=["next tenant", "unsealed"])  # noqa: SLF001
async def test_statistics_of_a_day_without_events_lead_nobody_astray(
    sqlite_store: OneWriterEngine, statement: Statement
) -> None:
    """With every event sealed, ANALYZE writes nothing of the index; the plan was a walk over all events then."""
    world = await create_world()
    await world.push_user("ann")
    await sqlite_store.execute("UPDATE event_row SET seq = rowid")
    await sqlite_store.fetch("ANALYZE")

    sql, _ = statement.bind("sqlite", ())
    plan = sqlite_store.writer.execute(f"EXPLAIN QUERY PLAN {sql}", [None] * (1 + ("?2" in sql))).fetchall()

    assert "event_unsealed" in str(plan)
