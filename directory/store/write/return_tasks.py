"""Writes of return tasks that follow from a change of status, in the transaction of that change."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from directory.ids import new_id
from directory.model import Actor, UserId
from directory.store.compiled import Statement
from directory.store.insert import Insert
from directory.store.loan_people import hold_people
from directory.store.return_tasks import list_moved
from directory.store.tables import columns_of
from directory.store.tables_equipment import ReturnTaskRow
from directory.store.unit import execute, fetch

_OPEN = Insert(
    "return_task_row", columns_of(ReturnTaskRow, "tenant_id", "id", "user_id", "since", "opened_at", "told_count")
)
_CLOSE = Statement(
    "UPDATE return_task_row SET closed_at = $3::timestamptz, outcome = 'here again'"
    " WHERE tenant_id = $1::uuid AND id = ANY($2::uuid[]) AND closed_at IS NULL"
)
_BORROWERS = Statement("SELECT user_id FROM loan_row WHERE tenant_id = $1::uuid AND id = ANY($2::uuid[])")
_CLOSE_IDLE = Statement(
    "UPDATE return_task_row SET closed_at = $3::timestamptz, outcome = 'returned'"
    " WHERE tenant_id = $1::uuid AND user_id = ANY($2::uuid[]) AND closed_at IS NULL AND NOT EXISTS (SELECT 1"
    " FROM loan_row l WHERE l.tenant_id = return_task_row.tenant_id AND l.user_id = return_task_row.user_id"
    " AND l.returned_at IS NULL)"
)


async def settle_return_tasks(
    user_ids: Sequence[UserId], reopened: Sequence[UUID] = (), *, by: Actor, now: datetime
) -> None:
    """Open a task for each of these users who left with equipment, and close those of who is here again.

    The rows of the users are held: a loan that begins meanwhile waits for them. The users of ``reopened`` loans
    are looked at too.
    """
    if reopened:
        rows = await fetch(_BORROWERS, by.tenant_id, list(reopened))
        user_ids = [*user_ids, *await hold_people(by.tenant_id, [row["user_id"] for row in rows], gone=True)]
    moved = await list_moved(by.tenant_id, user_ids)
    left = [one for one in moved if not one.here and one.task_id is None]
    if left:
        await _OPEN([(by.tenant_id, new_id(now), one.user_id, one.left_at or now, now, 0) for one in left])
    if back := [one.task_id for one in moved if one.here and one.task_id is not None]:
        await execute(_CLOSE, by.tenant_id, back, now)
    if by.kind != "source":  # sources lend nothing, so they take no lending back either
        await execute(_CLOSE_IDLE, by.tenant_id, list(user_ids), now)
