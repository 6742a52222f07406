"""Reads for people: users as the portal lists and counts them, page by page in the order of their names."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Literal
from uuid import UUID

from directory.model import GroupId, Origin, RoleId, SourceId, TenantId, UserId
from directory.names import name_key
from directory.store.compiled import Statement
from directory.store.conditions import Values
from directory.store.unit import Row, fetch

_COLUMNS = (
    "t.id, t.user_name, t.display_name, t.display_name_key, t.email, t.department, t.active, t.role_id, t.origin,"
    " t.modified_at, r.name AS role_name, s.label AS source_label"
    " FROM user_row t JOIN role_row r ON r.tenant_id = t.tenant_id AND r.id = t.role_id"
    " LEFT JOIN source_row s ON s.tenant_id = t.tenant_id AND s.id = t.source_id"
)
_CONSIDERED = Statement(
    "SELECT p.position, p.group_id, g.display_name, r.id AS role_id, r.name AS role_name FROM member_row m"
    " JOIN mapping_row p ON p.tenant_id = m.tenant_id AND p.group_id = m.group_id"
    " JOIN group_row g ON g.tenant_id = p.tenant_id AND g.id = p.group_id"
    " JOIN role_row r ON r.tenant_id = p.tenant_id AND r.id = p.role_id"
    " WHERE m.tenant_id = $1::uuid AND m.user_id = $2::uuid ORDER BY p.position"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFilter:
    """Which users are wanted; None and empty text want everybody."""

    text: str = ""
    """Part of the display name, the user name or the e-mail."""
    status: Literal["active", "disabled"] | None = None
    role_id: RoleId | None = None
    origin: Origin | None = None
    source_id: SourceId | None = None
    local: bool = False
    """Only users of no source."""
    group_id: GroupId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user as a line of a list."""

    user_id: UserId
    user_name: str
    display_name: str
    email: str | None
    department: str | None
    active: bool
    role_id: RoleId
    role_name: str
    origin: Origin
    source_label: str | None
    """None for a local user."""
    modified_at: datetime

    @property
    def locked(self) -> bool:
        """Whether a lock keeps the role."""
        return self.origin == "lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Considered:
    """A mapping that the user's groups make eligible."""

    position: int
    group_id: GroupId
    group_name: str
    role_id: RoleId
    role_name: str


def _conditions(wanted: AccountFilter, values: Values) -> str:
    tests = ["t.tenant_id = $1::uuid", "t.deleted_at IS NULL"]
    if wanted.text.strip():
        place = values.place(name_key(wanted.text), "text")
        tests.append(f"replace(t.search_key, {place}, '') <> t.search_key")
    if wanted.status is not None:
        tests.append("t.active" if wanted.status == "active" else "NOT t.active")
    for column, value in (("role_id", wanted.role_id), ("source_id", wanted.source_id)):
        if value is not None:
            tests.append(f"t.{column} = {values.place(value, 'uuid')}")
    if wanted.local:
        tests.append("t.source_id IS NULL")
    if wanted.origin is not None:
        tests.append(f"t.origin = {values.place(wanted.origin, 'text')}")
    if wanted.group_id is not None:
        place = values.place(wanted.group_id, "uuid")
        tests.append(
            f"t.id IN (SELECT m.user_id FROM member_row m WHERE m.tenant_id = $1::uuid AND m.group_id = {place})"
        )
    return " AND ".join(tests)


async def page_of_accounts(
    tenant_id: TenantId, wanted: AccountFilter, *, after: tuple[str, UUID] | None, limit: int
) -> list[tuple[str, Account]]:
    """Return (name key, user) of at most ``limit`` users behind ``after``, a name key with an id."""
    values = Values(tenant_id)
    where = _conditions(wanted, values)
    if after is not None:
        name, user_id = values.place(after[0], "text"), values.place(after[1], "uuid")
        where += f" AND (t.display_name_key, t.id) > ({name}, {user_id})"
    text = f"SELECT {_COLUMNS} WHERE {where} ORDER BY t.display_name_key, t.id LIMIT {values.place(limit, 'bigint')}"
    rows = await fetch(_statement(text), *values.values, unbounded=True)
    return [(row["display_name_key"], account_from(row)) for row in rows]


async def count_accounts(tenant_id: TenantId, wanted: AccountFilter) -> int:
    """Return how many users are wanted."""
    values = Values(tenant_id)
    text = f"SELECT count(*) AS total FROM user_row t WHERE {_conditions(wanted, values)}"
    (row,) = await fetch(_statement(text), *values.values, unbounded=True)
    return int(row["total"])


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
        active=row["active"],
        role_id=RoleId(row["role_id"]),
        role_name=row["role_name"],
        origin=row["origin"],
        source_label=row["source_label"],
        modified_at=row["modified_at"],
    )


@lru_cache(maxsize=256)
def _statement(text: str) -> Statement:
    """Return a statement, put together once per shape of filter."""
    return Statement(text)
