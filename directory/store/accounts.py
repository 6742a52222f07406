"""Reads for people: users as the portal lists and counts them, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from directory.model import GroupId, Origin, RoleId, SourceId, TenantId, UserId
from directory.names import name_key
from directory.store import access
from directory.store.account_filters import (
    AccountFilter,
    AccountOrder,
    FieldTest,
    Ordering,
    conditions_for,
    having_for,
    ordering_for,
    statement_for,
    table_for,
)
from directory.store.compiled import Statement
from directory.store.conditions import Values
from directory.store.manager_refs import asked_by, resolve
from directory.store.unit import Row, fetch, fetch_one

_COLUMNS = (
    "t.id, t.user_name, t.display_name, t.email, t.department, t.manager_ref, t.active, t.role_id, t.origin,"
    " t.source_id, t.modified_at, r.name AS role_name, s.label AS source_label"
)
_FOUND = (
    "FROM found JOIN user_row t ON t.tenant_id = $1::uuid AND t.id = found.id"
    " JOIN role_row r ON r.tenant_id = t.tenant_id AND r.id = t.role_id"
    " LEFT JOIN source_row s ON s.tenant_id = t.tenant_id AND s.id = t.source_id"
)
LARGE_GROUP = 20_000
"""Members of a group, or users with a value, from which on each user is asked, and no list of them is made."""

_GROUP_SIZE = Statement("SELECT member_count FROM group_row WHERE tenant_id = $1::uuid AND id = $2::uuid")
# Users of sources are tallied as they come and go; local ones are few and lie together in an index.
_EVERYBODY = Statement(
    "SELECT (SELECT coalesce(sum(y.things), 0) FROM tally_row y WHERE y.tenant_id = $1::uuid AND y.kind = 'user')"
    " + (SELECT count(*) FROM user_row t WHERE t.tenant_id = $1::uuid AND t.source_id IS NULL"
    " AND t.deleted_at IS NULL) AS total"
)
_MANAGERS_BY_ID = Statement(
    "SELECT id, display_name, user_name FROM user_row"
    " WHERE tenant_id = $1::uuid AND id = ANY($2::uuid[]) AND deleted_at IS NULL"
)
_CONSIDERED = Statement(
    "SELECT p.position, p.group_id, g.display_name, r.id AS role_id, r.name AS role_name FROM member_row m"
    " JOIN mapping_row p ON p.tenant_id = m.tenant_id AND p.group_id = m.group_id"
    " JOIN group_row g ON g.tenant_id = p.tenant_id AND g.id = p.group_id"
    " JOIN role_row r ON r.tenant_id = p.tenant_id AND r.id = p.role_id"
    " WHERE m.tenant_id = $1::uuid AND m.user_id = $2::uuid AND NOT m.withheld ORDER BY p.position"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user as a line of a list."""

    user_id: UserId
    user_name: str
    display_name: str
    email: str | None
    department: str | None
    manager_ref: str | None
    """What the source says of the manager; an id or externalId, or whatever else it sent."""
    active: bool
    role_id: RoleId
    role_name: str
    origin: Origin
    source_id: SourceId | None
    source_label: str | None
    """None for a local user."""
    modified_at: datetime

    @property
    def locked(self) -> bool:
        """Whether a lock keeps the role."""
        return self.origin == "lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manager:
    """A user as the manager of another one."""

    user_id: UserId
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Considered:
    """A mapping that the user's groups make eligible."""

    position: int
    group_id: GroupId
    group_name: str
    role_id: RoleId
    role_name: str


Placed = list[tuple[tuple[object, ...], Account]]
"""Users with their places in the order of a list."""


async def page_of_accounts(
    tenant_id: TenantId, wanted: AccountFilter, order: AccountOrder, *, after: tuple[object, ...] | None, limit: int
) -> Placed:
    """Return (place, user) of at most ``limit`` users behind the place ``after``.

    Who they are is found in the index of the list alone, where it serves; then their rows are read.
    """
    values = Values(tenant_id)
    ordering = await _ordering(tenant_id, order, values)
    where = await _where(tenant_id, wanted, values, walks=order.walks)
    if after is not None:
        where += f" AND {ordering.behind(after, values)}"
    limited = f"WHERE {where} ORDER BY {ordering.order_by()} LIMIT {values.place(limit, 'bigint')}"
    texts = [
        f"WITH found AS (SELECT t.id, {ordering.selected()} FROM {table} {limited})"
        f" SELECT {_COLUMNS}, {ordering.kept('found')} {_FOUND} ORDER BY {ordering.order_by_kept('found')}"
        for table in table_for(wanted, order)
    ]
    return _placed(await fetch(statement_for(*texts), *values.values, unbounded=True), ordering)


async def first_page_and_count(
    tenant_id: TenantId, wanted: AccountFilter, order: AccountOrder, *, limit: int, at_most: int
) -> tuple[Placed, int]:
    """Return the first page and how many users are wanted, by one pass; counting ends at ``at_most``.

    If it ended there, the page is not to be used: it is of those who were counted.
    """
    values = Values(tenant_id)
    ordering = await _ordering(tenant_id, order, values)
    where = await _where(tenant_id, wanted, values)
    counted, limited = values.place(at_most, "bigint"), values.place(limit, "bigint")
    texts = [
        f"WITH hits AS MATERIALIZED (SELECT t.id, {ordering.selected()} FROM {table} WHERE {where} LIMIT {counted}),"
        f" found AS (SELECT * FROM hits ORDER BY {ordering.order_by_kept('hits')} LIMIT {limited})"
        f" SELECT {_COLUMNS}, {ordering.kept('found')}, (SELECT count(*) FROM hits) AS total {_FOUND}"
        f" ORDER BY {ordering.order_by_kept('found')}"
        for table in table_for(wanted, order)
    ]
    rows = await fetch(statement_for(*texts), *values.values, unbounded=True)
    return _placed(rows, ordering), int(rows[0]["total"]) if rows else 0


async def found_and_near(
    tenant_id: TenantId, wanted: AccountFilter, near: AccountFilter, order: AccountOrder, *, limit: int, at_most: int
) -> tuple[Placed, int, bool]:
    """Return the first page of the wanted, how many they are, and whether that is all; by one pass over the near.

    Whoever is wanted must be near. If nobody is wanted, the page is of the near. The pass ends behind ``at_most`` of
    the near; what it says is not all then.
    """
    values = Values(tenant_id)
    ordering = await _ordering(tenant_id, order, values)
    is_wanted = await _where(tenant_id, wanted, values)
    is_near = await _where(tenant_id, near, values)
    counted, limited = values.place(at_most + 1, "bigint"), values.place(limit, "bigint")
    texts = [
        f"WITH hits AS MATERIALIZED (SELECT t.id, {ordering.selected()}, CASE WHEN {is_wanted} THEN 0 ELSE 1 END AS far"
        f" FROM {table} WHERE {is_near} LIMIT {counted}),"
        f" found AS (SELECT * FROM hits ORDER BY hits.far, {ordering.order_by_kept('hits')} LIMIT {limited})"
        f" SELECT {_COLUMNS}, {ordering.kept('found')}, found.far, (SELECT count(*) FROM hits) AS near_count,"
        f" (SELECT count(*) FROM hits WHERE hits.far = 0) AS total {_FOUND}"
        f" ORDER BY found.far, {ordering.order_by_kept('found')}"
        for table in table_for(wanted, order)
    ]
    rows = await fetch(statement_for(*texts), *values.values, unbounded=True)
    if not rows:
        return [], 0, True
    total = int(rows[0]["total"])
    wanted_rows = [row for row in rows if not row["far"]] if total else rows
    return _placed(wanted_rows, ordering), total, rows[0]["near_count"] <= at_most


def _placed(rows: Sequence[Row], ordering: Ordering) -> Placed:
    places = range(len(ordering.keys))
    return [((*(row[f"key_{place}"] for place in places), row["id"]), account_from(row)) for row in rows]


async def _ordering(tenant_id: TenantId, order: AccountOrder, values: Values) -> Ordering:
    roles = await _roles_by_name(tenant_id) if order.sort == "role" else ()
    return ordering_for(order, roles, values)


async def count_accounts(tenant_id: TenantId, wanted: AccountFilter, *, at_most: int | None = None) -> int:
    """Return how many users are wanted; with ``at_most`` counting ends there."""
    if wanted.wants_everybody:
        (row,) = await fetch(_EVERYBODY, tenant_id)
        return int(row["total"])
    values = Values(tenant_id)
    where = await _where(tenant_id, wanted, values)
    limit = "" if at_most is None else f" LIMIT {values.place(at_most, 'bigint')}"
    texts = [
        f"SELECT count(*) AS total FROM (SELECT 1 AS one FROM {table} WHERE {where}{limit}) AS found"
        for table in table_for(wanted)
    ]
    (row,) = await fetch(statement_for(*texts), *values.values, unbounded=True)
    return int(row["total"])


async def ids_of_accounts(tenant_id: TenantId, wanted: AccountFilter, *, after: UserId, limit: int) -> list[UserId]:
    """Return at most ``limit`` users whom the filter finds, in the order of their ids, behind ``after``."""
    values = Values(tenant_id)
    where = f"{await _where(tenant_id, wanted, values)} AND t.id > {values.place(after, 'uuid')}"
    limited = f"WHERE {where} ORDER BY t.id LIMIT {values.place(limit, 'bigint')}"
    texts = [f"SELECT t.id FROM {table} {limited}" for table in table_for(wanted)]
    return [UserId(row["id"]) for row in await fetch(statement_for(*texts), *values.values, unbounded=True)]


async def _where(tenant_id: TenantId, wanted: AccountFilter, values: Values, *, walks: bool = False) -> str:
    group = None if wanted.group_id is None else await fetch_one(_GROUP_SIZE, tenant_id, wanted.group_id)
    large = group is not None and group["member_count"] > LARGE_GROUP
    many = frozenset(wanted.fields) if walks else await _held_by_many(tenant_id, wanted)
    return conditions_for(wanted, values, large_group=large or walks, large=many)


async def _held_by_many(tenant_id: TenantId, wanted: AccountFilter) -> frozenset[FieldTest]:
    """Return what so many users satisfy that no list of them is made; no more of them are counted than that takes."""
    many = set()
    for test in wanted.fields:
        values = Values(tenant_id)
        some = f"SELECT 1 AS one FROM ({having_for(test, values)} LIMIT {LARGE_GROUP + 1}) AS found"
        text = f"SELECT count(*) AS total FROM ({some}) AS counted"
        (row,) = await fetch(statement_for(text, text), *values.values)
        if row["total"] > LARGE_GROUP:
            many.add(test)
    return frozenset(many)


async def _roles_by_name(tenant_id: TenantId) -> tuple[RoleId, ...]:
    roles = await access.list_roles(tenant_id, gone=True)
    return tuple(role.role_id for role in sorted(roles, key=lambda role: (name_key(role.name), role.role_id)))


async def find_managers(tenant_id: TenantId, accounts: Sequence[Account]) -> dict[UserId, Manager]:
    """Return the manager of each of these users who has arrived, by the user."""
    asked = {one.user_id: asked_by(one.source_id, one.manager_ref) for one in accounts if one.manager_ref}
    if not asked:
        return {}
    meant = await resolve(tenant_id, set(asked.values()))
    rows = await fetch(_MANAGERS_BY_ID, tenant_id, sorted({one.user_id for one in meant.values()}))
    managers = {row["id"]: _manager_from(row) for row in rows}
    found = {user_id: managers.get(meant[ref].user_id) for user_id, ref in asked.items() if ref in meant}
    return {user_id: manager for user_id, manager in found.items() if manager is not None}


async def list_considered(tenant_id: TenantId, user_id: UserId) -> Sequence[Considered]:
    """Return the mappings of the groups that have the user, in their order."""
    return [
        Considered(
            position=row["position"],
            group_id=GroupId(row["group_id"]),
            group_name=row["display_name"],
            role_id=RoleId(row["role_id"]),
            role_name=row["role_name"],
        )
        for row in await fetch(_CONSIDERED, tenant_id, user_id)
    ]


def account_from(row: Row) -> Account:
    """Return a line of a list from its row."""
    return Account(
        user_id=UserId(row["id"]),
        user_name=row["user_name"],
        display_name=row["display_name"],
        email=row["email"],
        department=row["department"],
        manager_ref=row["manager_ref"],
        active=row["active"],
        role_id=RoleId(row["role_id"]),
        role_name=row["role_name"],
        origin=row["origin"],
        source_id=None if row["source_id"] is None else SourceId(row["source_id"]),
        source_label=row["source_label"],
        modified_at=row["modified_at"],
    )


def _manager_from(row: Row) -> Manager:
    return Manager(user_id=UserId(row["id"]), name=row["display_name"] or row["user_name"])
