"""Reads of the people of a loan, whose rows stay as they are until the unit ends."""

from collections.abc import Sequence

from directory.model import TenantId, UserId
from directory.plan_equipment import Keeper
from directory.store.compiled import Statement
from directory.store.holding import HeldRead
from directory.store.unit import Row, fetch

_PEOPLE = (
    "SELECT u.id, u.display_name, u.user_name, u.deleted_at FROM user_row u"
    " WHERE u.tenant_id = $1::uuid AND u.id = ANY($2::uuid[]) ORDER BY u.id"
)
_HOLD = HeldRead(_PEOPLE, of="u")
_FIND = Statement(_PEOPLE)


async def hold_people(tenant_id: TenantId, user_ids: Sequence[UserId], *, gone: bool = False) -> dict[UserId, Keeper]:
    """Return those of these users who are there, with ``gone`` deleted ones too, and hold their rows.

    Whoever disables one of them waits, and then sees what they have.
    """
    rows = await _HOLD(tenant_id, sorted(set(user_ids))) if user_ids else []
    return {UserId(row["id"]): _keeper(row) for row in rows if gone or row["deleted_at"] is None}


async def find_people(tenant_id: TenantId, user_ids: Sequence[UserId]) -> dict[UserId, Keeper]:
    """Return the same, deleted ones too, without holding them."""
    return {UserId(row["id"]): _keeper(row) for row in await fetch(_FIND, tenant_id, list(user_ids))}


def _keeper(row: Row) -> Keeper:
    return Keeper(user_id=UserId(row["id"]), label=row["display_name"] or row["user_name"], user_name=row["user_name"])
