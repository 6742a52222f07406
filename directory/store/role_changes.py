"""Reads of roles that changed hands, out of events: the newest first, and never through more than was said."""

from typing import Literal, NamedTuple
from uuid import UUID

from directory.model import TenantId
from directory.store.compiled import Statement
from directory.store.unit import Row, fetch, fetch_one

ChangesWanted = Literal["moves", "first", "all"]

SCANNED_MAX = 2_000
"""Events looked through for one page: about 10 ms."""

COUNTED_MAX = 5_000
"""The newest events of a period that are counted: about 30 ms."""

_OLD = "v.document::json -> 'changes' -> 0 ->> 1"
_NEW = "v.document::json -> 'changes' -> 0 ->> 2"
_OLD_SQLITE, _NEW_SQLITE = "json_extract(v.document, '$.changes[0][1]')", "json_extract(v.document, '$.changes[0][2]')"
_WITHIN = "e.tenant_id = $1::uuid AND e.action = 'user:role:granted' AND e.id < $2::uuid AND e.id >= $3::uuid"
_VALUES = "LEFT JOIN event_value_row v ON v.tenant_id = e.tenant_id AND v.event_id = e.id"
_FLOOR = f"SELECT e.id FROM {{table}} WHERE {_WITHIN} ORDER BY e.id DESC LIMIT 1 OFFSET $4::bigint"
# The role is the first value of these events, and new to whoever had none. Erased values tell nothing: they are kept.
_TESTS = {
    "moves": "(v.document IS NULL OR {old} IS NOT NULL)",
    "first": "(v.document IS NOT NULL AND {old} IS NULL)",
    "all": "1 = 1",
}
_PAGE = (
    "SELECT e.id, e.at, e.actor_kind, e.actor_id, e.action, e.subject_kind, e.subject_id, e.request_id, e.run_id,"
    f" e.seq, v.document FROM {{table}} {_VALUES} WHERE {_WITHIN} AND {{test}} ORDER BY e.id DESC LIMIT $4::bigint"
)
_PAIRS = (
    "SELECT before, after, count(*) AS things FROM (SELECT {old} AS before, {new} AS after"
    f" FROM (SELECT e.id, e.tenant_id FROM {{table}} WHERE {_WITHIN} ORDER BY e.id DESC LIMIT $4::bigint) AS e"
    " JOIN event_value_row v ON v.tenant_id = e.tenant_id AND v.event_id = e.id WHERE {test}) AS moved"
    " GROUP BY before, after ORDER BY count(*) DESC, before, after"
)


class ChangePage(NamedTuple):
    """Some events, and where the search stopped although there may be more behind."""

    rows: list[Row]
    floor: UUID | None


def _statement(text: str, wanted: ChangesWanted = "all") -> Statement:
    test = _TESTS[wanted]
    return Statement(
        text.format(table="event_row e", old=_OLD, new=_NEW, test=test.format(old=f"({_OLD})")),
        sqlite=text.format(
            table="event_row e INDEXED BY event_of_roles",
            old=_OLD_SQLITE,
            new=_NEW_SQLITE,
            test=test.format(old=_OLD_SQLITE),
        ),
    )


_KINDS: tuple[ChangesWanted, ...] = ("moves", "first", "all")
_FIND_FLOOR = _statement(_FLOOR)
_PAGES = {wanted: _statement(_PAGE, wanted) for wanted in _KINDS}
_COUNTS = {wanted: _statement(_PAIRS, wanted) for wanted in _KINDS}


async def list_role_changes(
    tenant_id: TenantId, wanted: ChangesWanted, *, below: UUID, since: UUID, limit: int
) -> ChangePage:
    """Return events of roles with ids below one and from another on, the newest first."""
    floor: UUID | None = None
    if wanted != "all":
        found = await fetch_one(_FIND_FLOOR, tenant_id, below, since, SCANNED_MAX)
        floor = None if found is None else found["id"]
    rows = await fetch(_PAGES[wanted], tenant_id, below, floor or since, limit, unbounded=True)
    return ChangePage(rows, floor if len(rows) < limit else None)


async def count_role_changes(
    tenant_id: TenantId, wanted: ChangesWanted, *, since: UUID, below: UUID
) -> list[tuple[str | None, str | None, int]]:
    """Return how many of the newest ``COUNTED_MAX`` went from one role to another: (old id, new id, count)."""
    rows = await fetch(_COUNTS[wanted], tenant_id, below, since, COUNTED_MAX, unbounded=True)
    return [(row["before"], row["after"], int(row["things"])) for row in rows]


async def has_more_changes(tenant_id: TenantId, *, since: UUID, below: UUID) -> bool:
    """Whether more roles changed hands in a period than are counted."""
    return await fetch_one(_FIND_FLOOR, tenant_id, below, since, COUNTED_MAX) is not None
