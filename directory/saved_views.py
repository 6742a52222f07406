"""Filters of the list of users that operators keep under a name: for themselves, or for the tenant."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

from directory.commit import in_unit_of
from directory.errors import AlreadyExistsError, ForbiddenError, InvalidError, NotFoundError
from directory.ids import new_id
from directory.model import Actor, TenantId, UserId
from directory.store import saved_views
from directory.store.errors import UniqueViolationError
from directory.store.saved_views import SavedView

__all__ = ["SavedView", "delete_view", "edit_view", "get_view", "list_views", "may_change", "save_view"]

NAME_CHARS_MAX = 60
QUERY_CHARS_MAX = 2_000
VIEWS_MAX = 50
"""How many views one operator keeps."""

LISTED_MAX = 200


async def list_views(tenant_id: TenantId, user_id: UserId) -> list[SavedView]:
    """Return the views of an operator and those that others share, by name."""
    return await saved_views.list_views(tenant_id, user_id, limit=LISTED_MAX)


async def get_view(view_id: UUID, *, by: Actor) -> SavedView:
    """Return a view that the operator sees.

    Raises:
        NotFoundError: there is none, or it is somebody else's own.
    """
    view = await saved_views.find_view(by.tenant_id, view_id)
    if view is None or not (view.shared or view.owner_id == by.user_id):
        raise NotFoundError("view", view_id)
    return view


async def save_view(name: str, query: str, *, shared: bool, by: Actor, now: datetime) -> SavedView:
    """Keep a filter under a name; views of the tenant are for those who manage users to make.

    Raises:
        InvalidError: no name, a text that is too long, or more views than one operator keeps.
        AlreadyExistsError: the operator has a view of that name.
        ForbiddenError: the operator may not look, or not share.
    """
    owner_id = _owner_of(by)
    _check_sharing(by, shared=shared)
    if len(query) > QUERY_CHARS_MAX:
        raise InvalidError("view", "holds more than a view can")
    view = SavedView(
        view_id=new_id(now),
        owner_id=owner_id,
        owner=by.label,
        name=_checked_name(name),
        query=query,
        shared=shared,
        created_at=now,
    )

    async def body() -> None:
        if await saved_views.count_views(by.tenant_id, owner_id) >= VIEWS_MAX:
            raise InvalidError("view", f"is one too many: {VIEWS_MAX} can be kept, so delete one first")
        await saved_views.insert_view(by.tenant_id, view)

    await _named(view.name, lambda: in_unit_of(by, body))
    return view


async def edit_view(view_id: UUID, *, name: str, shared: bool, by: Actor) -> None:
    """Give a view another name, or share it, or no longer.

    Raises:
        NotFoundError: no view that the operator sees.
        ForbiddenError: it is another operator's, and this one does not manage users.
        InvalidError, AlreadyExistsError: as for ``save_view``.
    """
    name = _checked_name(name)

    async def body() -> None:
        view = await _view_to_change(view_id, by=by)
        if shared != view.shared:
            _check_sharing(by, shared=True)
        await saved_views.edit_view(by.tenant_id, view_id, name, shared=shared)

    await _named(name, lambda: in_unit_of(by, body))


async def delete_view(view_id: UUID, *, by: Actor) -> None:
    """Forget a view.

    Raises:
        NotFoundError, ForbiddenError: as for ``edit_view``.
    """

    async def body() -> None:
        await _view_to_change(view_id, by=by)
        await saved_views.delete_view(by.tenant_id, view_id)

    await in_unit_of(by, body)


def may_change(view: SavedView, *, by: Actor) -> bool:
    """Whether the operator may rename and delete a view that they see."""
    return view.owner_id == by.user_id or "users:manage" in by.permissions


async def _view_to_change(view_id: UUID, *, by: Actor) -> SavedView:
    view = await get_view(view_id, by=by)
    if not may_change(view, by=by):
        raise ForbiddenError("users:manage")
    return view


async def _named(name: str, deed: Callable[[], Awaitable[None]]) -> None:
    try:
        await deed()
    except UniqueViolationError as error:
        raise AlreadyExistsError("view", "name", name) from error


def _owner_of(by: Actor) -> UserId:
    by.require("portal:view")
    if by.user_id is None:
        raise ForbiddenError("portal:view")
    return by.user_id


def _check_sharing(by: Actor, *, shared: bool) -> None:
    if shared:
        by.require("users:manage")


def _checked_name(name: str) -> str:
    name = name.strip()
    if not name or len(name) > NAME_CHARS_MAX or not name.isprintable():
        raise InvalidError("name", f"is needed, in at most {NAME_CHARS_MAX} characters that can be printed")
    return name
