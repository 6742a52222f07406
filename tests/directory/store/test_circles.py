"""Reads of groups go by what is asked, in a database of any size."""

import pytest

from directory.store import circles
from directory.store.compiled import Statement
from directory.store.pulls import present
from directory.store.sqlite import OneWriterEngine

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("statement", "first"),
    [
        (circles._USERS_BY_EXTERNAL_ID, "SEARCH k USING INDEX sqlite_autoindex_user_link_row_1"),  # noqa: SLF001
        (present._MEMBERS, "SEARCH m USING INDEX sqlite_autoindex_member_row_1 (tenant_id=? AND group_id=?)"),  # noqa: SLF001
        (present._AMONG, "SEARCH k USING INDEX sqlite_autoindex_user_link_row_1"),  # noqa: SLF001
        (present._CALLED, "SCAN json_each"),  # noqa: SLF001
    ],
    ids=["users by external id", "members", "members among", "names of groups"],
)
async def test_members_are_found_by_what_names_them_and_no_table_is_walked(
    sqlite_store: OneWriterEngine, statement: Statement, first: str
) -> None:
    sql, args = statement.bind("sqlite", ("", "", [], [])[: 4 if "$4" in statement.postgres else 3])
    steps = [row[3] for row in sqlite_store.writer.execute(f"EXPLAIN QUERY PLAN {sql}", args).fetchall()]
    assert steps[0].startswith(first)
    assert not any(step.startswith("SCAN") and "json_each" not in step for step in steps)
