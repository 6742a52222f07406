"""Whose status a plan may change, so that what they have on loan is looked at."""

from uuid import UUID

from directory.model import UserId
from directory.plan import Change, DeleteRows, EndUser, InsertRow, Plan, PutUser, UpdateRows

_BACK = frozenset({"user:enabled", "user:returned", "user:restored"})


def moved_users(plan: Plan) -> tuple[UserId, ...]:
    """Return the users who leave, come back, or are lent something by a plan; others may be among them.

    By the changes themselves for those who leave. Who comes back is told by an event: an edit of an active user, which
    is most of what there is, must not cost a look.
    """
    found = {user_id for change in plan.changes if (user_id := _whose(change)) is not None}
    found |= {UserId(event.subject_id) for event in plan.events if event.action in _BACK}
    return tuple(sorted(found))


def reopened_loans(plan: Plan) -> tuple[UUID, ...]:
    """Return the loans that are open again by a plan, as when taking back is undone: their users may have left."""
    return tuple(
        loan_id
        for change in plan.changes
        if isinstance(change, UpdateRows)
        and change.table == "loan_row"
        and change.values.get("returned_at", 1) is None
        and isinstance(loan_id := change.where.get("id"), UUID)
    )


def _whose(change: Change) -> UserId | None:
    match change:
        case EndUser(user_id=user_id):
            return user_id
        case PutUser(user=user, expected_version=int()) if not user.active:
            return user.user_id
        case InsertRow(table="loan_row", values={"user_id": user_id}):
            return user_id  # type: ignore[return-value]  # ids of users, as the table says
        case DeleteRows(table="loan_row", where={"user_id": user_id}):  # an undo of lending
            return user_id  # type: ignore[return-value]  # as above
        case UpdateRows(table="user_row", values=values, where={"id": user_id}) if "active" in values:
            return user_id  # type: ignore[return-value]  # ids of users, as the table says
        case _:
            return None
