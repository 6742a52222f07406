"""Reads for previews of routing: users as rules see them, and what those who move have where they are or go."""

from collections.abc import AsyncIterator, Collection, Container, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

import msgspec

from directory.model import GroupId, SourceId, TenantId
from directory.route_weighing import Placement, Weighable
from directory.store.compiled import Statement
from directory.store.insert import ON_A_THREAD_ROWS
from directory.store.rows import document_from
from directory.store.unit import Row, fetch, fetch_one, in_house

BATCH_USERS = 5_000
"""Users read at a time."""
ASKED_USERS = 1_000
"""Users whose belongings are looked up at a time."""

_USERS = (
    "SELECT u.id, u.source_id, {document} AS document, {group_ids} AS group_ids, ({routes} FROM route_row r"
    " WHERE r.tenant_id = u.tenant_id AND r.user_id = u.id) AS routes FROM user_row u"
    " WHERE u.tenant_id = $1::uuid AND u.id > $2::uuid AND u.source_id IS NOT NULL AND u.deleted_at IS NULL"
    " ORDER BY u.id LIMIT $3::bigint"
)
_IN_GROUPS = (
    "({joined} FROM member_row m WHERE m.tenant_id = u.tenant_id AND m.user_id = u.id AND NOT m.withheld"
    " AND m.group_id = ANY($4::uuid[]))"
)


def _users(*, documents: bool, groups: bool) -> Statement:
    """Return the statement that gives users of sources as rules see them, page by page."""
    document = "u.document" if documents else "'{}'"
    return Statement(
        _USERS.format(
            document=document,
            group_ids=_IN_GROUPS.format(joined="SELECT string_agg(m.group_id::text, ',')") if groups else "NULL",
            routes="SELECT json_agg(json_build_array(r.to_tenant_id, r.role_key))::text",
        ),
        sqlite=_USERS.format(
            document=document,
            group_ids=_IN_GROUPS.format(joined="SELECT group_concat(m.group_id, ',')") if groups else "NULL",
            routes="SELECT json_group_array(json_array(r.to_tenant_id, r.role_key))",
        ),
    )


_WITH_GROUPS = {known: _users(documents=known, groups=True) for known in (True, False)}
_WITHOUT_GROUPS = {known: _users(documents=known, groups=False) for known in (True, False)}
_NAMES = Statement("SELECT id, display_name FROM group_row WHERE tenant_id = $1::uuid")
_SOME_NAMES = Statement("SELECT id, display_name FROM group_row WHERE tenant_id = $1::uuid AND id = ANY($2::uuid[])")
_PEOPLE = Statement(
    "SELECT id, user_name, display_name, active FROM user_row WHERE tenant_id = $1::uuid AND id = ANY($2::uuid[])"
)
# CROSS JOIN: SQLite begins with the users asked for. A lock that a rule set goes with the rule.
_BELONGINGS = Statement(
    "SELECT r.user_id, r.to_tenant_id, c.active, k.reason AS lock_reason, k.owner AS lock_owner, p.name AS lock_role,"
    " (SELECT count(*) FROM loan_row l WHERE l.tenant_id = r.to_tenant_id AND l.user_id = r.copy_user_id"
    " AND l.returned_at IS NULL) AS item_count FROM route_row r CROSS JOIN user_row c"
    " LEFT JOIN lock_row k ON k.tenant_id = c.tenant_id AND k.user_id = c.id"
    " LEFT JOIN role_row p ON p.tenant_id = k.tenant_id AND p.id = k.role_id"
    " WHERE r.tenant_id = $1::uuid AND r.user_id = ANY($2::uuid[]) AND r.copy_user_id IS NOT NULL"
    " AND c.tenant_id = r.to_tenant_id AND c.id = r.copy_user_id AND c.deleted_at IS NULL",
    house=True,
)
_MEETS = Statement(
    "SELECT u.id AS user_id FROM user_row u CROSS JOIN user_row o"
    " WHERE u.tenant_id = $1::uuid AND u.id = ANY($3::uuid[])"
    " AND o.tenant_id = $2::uuid AND o.user_name_key = u.user_name_key AND o.deleted_at IS NULL"
    " UNION SELECT a.user_id FROM email_row a CROSS JOIN email_row e CROSS JOIN user_row o"
    " WHERE a.tenant_id = $1::uuid AND a.user_id = ANY($3::uuid[]) AND e.tenant_id = $2::uuid"
    " AND e.value_key = a.value_key AND o.tenant_id = e.tenant_id AND o.id = e.user_id AND o.deleted_at IS NULL",
    house=True,
)
_GROUPS = {
    "postgres": "SELECT json_agg(x.to_tenant_id)::text",
    "sqlite": "SELECT json_group_array(x.to_tenant_id)",
}
_LED_GROUPS = (
    "SELECT g.id, g.display_name, g.source_id, ({led} FROM group_route_row x WHERE x.tenant_id = g.tenant_id"
    " AND x.group_id = g.id AND x.rule_id IS NOT NULL) AS routes FROM group_row g"
    " WHERE g.tenant_id = $1::uuid AND g.id > $2::uuid AND g.deleted_at IS NULL ORDER BY g.id LIMIT $3::bigint"
)
_GROUPS_AFTER = Statement(_LED_GROUPS.format(led=_GROUPS["postgres"]), sqlite=_LED_GROUPS.format(led=_GROUPS["sqlite"]))
_NEWEST = Statement("SELECT id FROM event_row WHERE tenant_id = $1::uuid ORDER BY id DESC LIMIT 1")
_places = msgspec.json.Decoder(list[tuple[UUID, str | None]])
_tenants = msgspec.json.Decoder(list[UUID])
FIRST = UUID(int=0)


class Person(NamedTuple):
    """A user as lists show it."""

    user_name: str
    display_name: str
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Belongings:
    """What a user has in a tenant that it is in."""

    user_id: str
    tenant_id: TenantId
    active: bool
    item_count: int
    """Items of equipment that are out."""
    lock_role: str | None
    """The role that a lock keeps there; None without one, or where a rule set it."""
    lock_reason: str


class LedGroup(NamedTuple):
    """A group, and the tenants that rules of its own lead it to."""

    group_id: GroupId
    name: str
    source_id: SourceId
    before: frozenset[TenantId]


async def list_group_names(tenant_id: TenantId, group_ids: Collection[UUID] | None) -> dict[GroupId, str]:
    """Return the names of these groups or, with None, of all, gone ones too: they may still have members in effect."""
    if group_ids is None:
        rows = await fetch(_NAMES, tenant_id, unbounded=True)
    else:
        rows = await fetch(_SOME_NAMES, tenant_id, list(group_ids)) if group_ids else []
    return {GroupId(row["id"]): row["display_name"] for row in rows}


async def each_batch(
    tenant_id: TenantId, group_ids: Collection[GroupId], *, documents: bool, after: UUID = FIRST
) -> AsyncIterator[list[Row]]:
    """Yield the users of sources behind ``after`` as rows for ``weighables``, in batches in the order of their ids."""
    limit = BATCH_USERS
    while True:
        if group_ids:
            given = sorted(group_ids, key=_number)
            rows = await fetch(_WITH_GROUPS[documents], tenant_id, after, limit, given, unbounded=True)
        else:
            rows = await fetch(_WITHOUT_GROUPS[documents], tenant_id, after, limit, unbounded=True)
        if rows:
            yield rows
        if len(rows) < limit:
            return
        after = rows[-1]["id"]


def weighables(rows: Sequence[Row], there: Container[TenantId]) -> list[Weighable]:
    """Return users from their rows; on a thread where they are many, since each document is decoded.

    ``there`` are the tenants that count: whoever is in one that was deleted is left alone.
    """
    return [_weighable_from(row, there) for row in rows]


async def list_people(tenant_id: TenantId, user_ids: Sequence[str]) -> dict[str, Person]:
    """Return the names of users."""
    ids = [UUID(user_id) for user_id in user_ids]
    rows = await fetch(_PEOPLE, tenant_id, ids, unbounded=len(ids) >= ON_A_THREAD_ROWS) if ids else []
    return {str(row["id"]): Person(row["user_name"], row["display_name"], row["active"]) for row in rows}


async def list_belongings(tenant_id: TenantId, user_ids: Sequence[str], *, ours: str) -> list[Belongings]:
    """Return what users of a super tenant have in all tenants that they are in; ``ours`` owns the locks of rules."""
    found: list[Belongings] = []
    for start in range(0, len(user_ids), ASKED_USERS):
        ids = [UUID(user_id) for user_id in user_ids[start : start + ASKED_USERS]]
        async with in_house():
            rows = await fetch(_BELONGINGS, tenant_id, ids, unbounded=len(ids) >= ON_A_THREAD_ROWS)
        found += [_belongings_from(row, ours) for row in rows]
    return found


async def list_meeting(tenant_id: TenantId, to_tenant_id: TenantId, user_ids: Sequence[str]) -> list[str]:
    """Return those of users who come to a tenant where somebody has their user name or e-mail address."""
    found: list[str] = []
    for start in range(0, len(user_ids), ASKED_USERS):
        ids = [UUID(user_id) for user_id in user_ids[start : start + ASKED_USERS]]
        async with in_house():
            rows = await fetch(_MEETS, tenant_id, to_tenant_id, ids, unbounded=len(ids) >= ON_A_THREAD_ROWS)
        found += [str(row["user_id"]) for row in rows]
    return found


async def each_led_group(tenant_id: TenantId) -> AsyncIterator[list[LedGroup]]:
    """Yield all groups with the tenants that rules of their own lead them to, in batches in the order of their ids."""
    after = FIRST
    while True:
        rows = await fetch(_GROUPS_AFTER, tenant_id, after, BATCH_USERS, unbounded=True)
        if rows:
            yield [
                LedGroup(GroupId(row["id"]), row["display_name"], SourceId(row["source_id"]), _led_from(row["routes"]))
                for row in rows
            ]
        if len(rows) < BATCH_USERS:
            return
        after = rows[-1]["id"]


async def newest_event(tenant_id: TenantId) -> UUID | None:
    """Return the newest event of a tenant: as long as it is the same, nobody has changed anything."""
    row = await fetch_one(_NEWEST, tenant_id)
    return None if row is None else UUID(str(row["id"]))


def _weighable_from(row: Row, there: Container[TenantId]) -> Weighable:
    group_ids = row["group_ids"]
    return Weighable(
        str(row["id"]),
        SourceId(row["source_id"]),
        document_from(row["document"]),
        frozenset(GroupId(UUID(group_id)) for group_id in group_ids.split(",")) if group_ids else frozenset(),
        _placement_from(row["routes"], there),
    )


def _placement_from(text: str | None, there: Container[TenantId]) -> Placement:
    if not text or text == "[]":
        return ()
    places = [(TenantId(where), role_key) for where, role_key in _places.decode(text) if where in there]
    return tuple(sorted(places, key=lambda place: place[0].int))


def _led_from(text: str | None) -> frozenset[TenantId]:
    return frozenset(TenantId(one) for one in _tenants.decode(text)) if text else frozenset()


def _belongings_from(row: Row, ours: str) -> Belongings:
    by_rule = row["lock_owner"] == ours
    return Belongings(
        user_id=str(row["user_id"]),
        tenant_id=TenantId(row["to_tenant_id"]),
        active=bool(row["active"]),
        item_count=int(row["item_count"]),
        lock_role=None if by_rule else row["lock_role"],
        lock_reason="" if by_rule else row["lock_reason"] or "",
    )


def _number(group_id: GroupId) -> int:
    return group_id.int
