"""Reads and writes of saved views: rows that decide nothing."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from directory.model import TenantId, UserId
from directory.names import name_key
from directory.store.compiled import Statement
from directory.store.insert import Insert
from directory.store.tables import columns_of
from directory.store.tables_accounts import SavedViewRow
from directory.store.unit import Row, execute, fetch, fetch_one

_COLUMNS = "id, owner_id, owner, name, query, shared, created_at"
_INSERT = Insert("saved_view_row", columns_of(SavedViewRow))
_LIST = Statement(
    f"SELECT {_COLUMNS} FROM saved_view_row WHERE tenant_id = $1::uuid AND (owner_id = $2::uuid OR shared)"
    " ORDER BY name_key, id LIMIT $3::bigint"
)
_FIND = Statement(f"SELECT {_COLUMNS} FROM saved_view_row WHERE tenant_id = $1::uuid AND id = $2::uuid FOR UPDATE")
_COUNT = Statement("SELECT count(*) AS total FROM saved_view_row WHERE tenant_id = $1::uuid AND owner_id = $2::uuid")
_EDIT = Statement(
    "UPDATE saved_view_row SET name = $3::text, name_key = $4::text, shared = $5::boolean"
    " WHERE tenant_id = $1::uuid AND id = $2::uuid"
)
_DELETE = Statement("DELETE FROM saved_view_row WHERE tenant_id = $1::uuid AND id = $2::uuid")


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedView:
    """A filter and an order of the list of users, under a name."""

    view_id: UUID
    owner_id: UserId
    owner: str
    name: str
    query: str
    """As it stands in the address, without a question mark."""
    shared: bool
    """Whether every operator of the tenant sees it, or its owner alone."""
    created_at: datetime


async def insert_view(tenant_id: TenantId, view: SavedView) -> None:
    """Keep a new view.

    Raises:
        UniqueViolationError: its owner has one of that name.
    """
    name = name_key(view.name)
    await _INSERT(
        [
            (
                tenant_id,
                view.view_id,
                view.owner_id,
                view.owner,
                view.name,
                name,
                view.query,
                view.shared,
                view.created_at,
            )
        ]
    )


async def list_views(tenant_id: TenantId, user_id: UserId, *, limit: int) -> list[SavedView]:
    """Return the views that a user sees, by name."""
    return [_view_from(row) for row in await fetch(_LIST, tenant_id, user_id, limit)]


async def find_view(tenant_id: TenantId, view_id: UUID) -> SavedView | None:
    """Return a view, whoever owns it, and hold it until the unit ends."""
    row = await fetch_one(_FIND, tenant_id, view_id)
    return None if row is None else _view_from(row)


async def count_views(tenant_id: TenantId, user_id: UserId) -> int:
    """Return how many views a user owns."""
    (row,) = await fetch(_COUNT, tenant_id, user_id)
    return int(row["total"])


async def edit_view(tenant_id: TenantId, view_id: UUID, name: str, *, shared: bool) -> None:
    """Give a view another name, or show it to others.

    Raises:
        UniqueViolationError: its owner has another one of that name.
    """
    await execute(_EDIT, tenant_id, view_id, name, name_key(name), shared)


async def delete_view(tenant_id: TenantId, view_id: UUID) -> None:
    """Forget a view."""
    await execute(_DELETE, tenant_id, view_id)


def _view_from(row: Row) -> SavedView:
    return SavedView(
        view_id=row["id"],
        owner_id=UserId(row["owner_id"]),
        owner=row["owner"],
        name=row["name"],
        query=row["query"],
        shared=row["shared"],
        created_at=row["created_at"],
    )
