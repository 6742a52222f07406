"""Reads and writes of single users of a conversion: what was found, what was chosen, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from directory.model import UserId
from directory.plan_conversions import Kind, Outcome, Reason
from directory.renames import Alias
from directory.store.compiled import Statement
from directory.store.conversions import Conversion
from directory.store.unit import Row, fetch, fetch_one

_JOB = "i.tenant_id = $1::uuid AND i.job_id = $2::uuid"
_SHOWN = (
    "SELECT i.*, u.display_name, o.display_name AS other_name, o.user_name AS other_user_name,"
    " o.active AS other_active"
    " FROM conversion_item_row i"
    " LEFT JOIN user_row u ON u.tenant_id = i.tenant_id AND u.id = i.user_id"
    " LEFT JOIN user_row o ON o.tenant_id = i.tenant_id AND o.id = i.other_id"
)
_BY_KIND = f"{_SHOWN} WHERE {_JOB} AND i.kind = $3::text"
_LIST = Statement(f"{_BY_KIND} AND i.user_id > $4::uuid ORDER BY i.user_id LIMIT $5::bigint")
_LIST_REASON = Statement(
    f"{_BY_KIND} AND i.reason = $6::text AND i.user_id > $4::uuid ORDER BY i.user_id LIMIT $5::bigint"
)
_LIST_OUTCOME = Statement(
    f"{_SHOWN} WHERE {_JOB} AND i.outcome = ANY($3::text[]) AND i.user_id > $4::uuid"
    " ORDER BY i.user_id LIMIT $5::bigint"
)
_LIST_ALL = Statement(f"{_SHOWN} WHERE {_JOB} AND i.user_id > $3::uuid ORDER BY i.user_id LIMIT $4::bigint")
_ITEM = Statement(f"{_SHOWN} WHERE {_JOB} AND i.user_id = $3::uuid")
_COUNTS = Statement(
    f"SELECT i.kind, i.reason, count(*) AS people FROM conversion_item_row i WHERE {_JOB} GROUP BY i.kind, i.reason"
)
_OUTCOMES = Statement(
    f"SELECT i.outcome, count(*) AS people FROM conversion_item_row i WHERE {_JOB} AND i.outcome IS NOT NULL"
    " GROUP BY i.outcome"
)
_IS_OPEN = f"{_JOB} AND i.new_key IS NOT NULL AND i.outcome IS NULL"
_COUNT_OPEN = Statement(f"SELECT count(*) AS people FROM conversion_item_row i WHERE {_IS_OPEN}")
_OPEN = Statement(f"{_SHOWN} WHERE {_IS_OPEN} ORDER BY i.user_id LIMIT $3::bigint")
_DONE = Statement(f"{_SHOWN} WHERE {_JOB} AND i.outcome = 'done' ORDER BY i.user_id LIMIT $3::bigint")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversionItem:
    """One user of a conversion."""

    user_id: UserId
    display_name: str
    old_name: str
    email: str | None
    kind: Kind
    reason: Reason
    other_id: UserId | None
    other_name: str | None
    """Whom the conflict is with, as people know them."""
    new_name: str | None
    """The user name to be; None leaves it as it is."""
    chosen: bool
    """Whether an operator decided it."""
    outcome: Outcome | None
    other_active: bool = True
    """Whether whom the conflict is with is active."""
    former: Alias | None = None
    """The own former name that became the user name again, as it was."""


async def list_items(
    job: Conversion, kind: Kind | None, reason: Reason | None, *, after: UUID, limit: int
) -> list[ConversionItem]:
    """Return users of one kind, or of one reason, or all of them, in the order of their ids, behind ``after``."""
    if kind is None:
        rows = await fetch(_LIST_ALL, job.tenant_id, job.job_id, after, limit, unbounded=True)
    elif reason is None:
        rows = await fetch(_LIST, job.tenant_id, job.job_id, kind, after, limit, unbounded=True)
    else:
        rows = await fetch(_LIST_REASON, job.tenant_id, job.job_id, kind, after, limit, reason, unbounded=True)
    return [_item_from(row) for row in rows]


async def list_outcomes(
    job: Conversion, outcomes: Sequence[Outcome], *, after: UUID, limit: int
) -> list[ConversionItem]:
    """Return users of whom that came, in the order of their ids, behind ``after``."""
    rows = await fetch(_LIST_OUTCOME, job.tenant_id, job.job_id, list(outcomes), after, limit, unbounded=True)
    return [_item_from(row) for row in rows]


async def find_item(job: Conversion, user_id: UserId) -> ConversionItem | None:
    """Return one user of a conversion."""
    row = await fetch_one(_ITEM, job.tenant_id, job.job_id, user_id)
    return None if row is None else _item_from(row)


async def count_kinds(job: Conversion) -> dict[tuple[Kind, Reason], int]:
    """Return how many users the scan found, by kind and reason."""
    rows = await fetch(_COUNTS, job.tenant_id, job.job_id, unbounded=True)
    return {(row["kind"], row["reason"]): int(row["people"]) for row in rows}


async def count_outcomes(job: Conversion) -> dict[Outcome, int]:
    """Return what came of how many users."""
    rows = await fetch(_OUTCOMES, job.tenant_id, job.job_id, unbounded=True)
    return {row["outcome"]: int(row["people"]) for row in rows}


async def count_open(job: Conversion) -> int:
    """Return how many users are to be converted."""
    rows = await fetch(_COUNT_OPEN, job.tenant_id, job.job_id, unbounded=True)
    return int(rows[0]["people"])


async def list_open(job: Conversion, *, limit: int) -> list[ConversionItem]:
    """Return the next users to be converted."""
    return [_item_from(row) for row in await fetch(_OPEN, job.tenant_id, job.job_id, limit, unbounded=True)]


async def list_done(job: Conversion, *, limit: int) -> list[ConversionItem]:
    """Return the next users who were converted, and not restored."""
    return [_item_from(row) for row in await fetch(_DONE, job.tenant_id, job.job_id, limit, unbounded=True)]


def _item_from(row: Row) -> ConversionItem:
    other_id, user_id, former_name = row["other_id"], UserId(row["user_id"]), row["former_name"]
    return ConversionItem(
        user_id=user_id,
        display_name=row["display_name"] or "",
        old_name=row["old_name"],
        email=row["email"],
        kind=row["kind"],
        reason=row["reason"],
        other_id=None if other_id is None else UserId(other_id),
        other_name=row["other_name"] or row["other_user_name"],
        new_name=row["new_name"],
        chosen=bool(row["chosen"]),
        outcome=row["outcome"],
        other_active=row["other_active"] is None or bool(row["other_active"]),
        former=former_name and Alias(user_id=user_id, user_name=former_name, until=row["former_until"]),
    )
