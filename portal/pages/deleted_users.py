"""Deleted users: how long each can come back, who deleted it, and restoring one."""

from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

from litestar import Response

from directory import exports, graves, sources
from directory.errors import AlreadyExistsError
from directory.graves import GraveFilter
from directory.model import Source, SourceId, UserId
from portal.auth import does, shows
from portal.csv_export import Cell, send_csv
from portal.export_words import narrowed_by
from portal.forms import Form, path_uuid
from portal.list_search import ListSearch
from portal.rendering import DIALOG_ID, go, page
from portal.visit import PortalRequest, Visit

GRAVES_MAX = 50
CSV_PAGE = 500
GRAVES = "/t/{slug:str}/deleted-users"
LOCAL = "local"
COLUMNS = (
    "user name",
    "name",
    "source",
    "role before",
    "deleted at",
    "deleted by",
    "request",
    "erased after",
    "items out",
)


@shows(GRAVES, access="portal:view")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show one page of deleted users, the last deleted first."""
    visit = request.auth
    tenant_id = visit.operator.tenant.tenant_id
    connections = await sources.list_sources(tenant_id)
    search = ListSearch(request.query_params)
    wanted = filter_from(search, connections)
    after = request.query_params.get("after") or None
    return page(
        request,
        "deleted_users/page.html",
        fragments={"deleted-users-more": "deleted_users/_more.html"},
        found=await graves.list_graves(tenant_id, wanted, after=after, limit=GRAVES_MAX),
        count=await graves.count_graves(tenant_id, wanted),
        counted_max=graves.COUNTED_MAX,
        connections=connections,
        search=search,
        wanted=wanted,
        after=after,
    )


@shows(f"{GRAVES}/export.csv", access="portal:view", fresh=True)
async def export(request: PortalRequest) -> Response[Any]:
    """Send the deleted users of the filter as a file."""
    visit = request.auth
    connections = await sources.list_sources(visit.operator.tenant.tenant_id)
    search = ListSearch(request.query_params)
    wanted = filter_from(search, connections)
    names: dict[UUID, str] = {source.source_id: source.label for source in connections}
    await exports.record_list("Deleted users", narrowed_by(search.params, names), by=visit.by, now=visit.now)
    return await send_csv(request, "deleted-users.csv", COLUMNS, _rows(visit, wanted))


@shows(f"{GRAVES}/{{gone_id:str}}/restore", access="users:manage")
async def show_restore(request: PortalRequest) -> Response[bytes]:
    """Say what restoring the user does."""
    return await _restore_page(request, Form({}))


@does(f"{GRAVES}/{{gone_id:str}}/restore", access="users:manage", fresh=True)
async def restore(request: PortalRequest) -> Response[bytes]:
    """Bring the user back, or say who has its name by now."""
    visit = request.auth
    user_id = UserId(path_uuid(request, "gone_id"))
    try:
        await graves.restore_user(user_id, by=visit.by, now=visit.now)
    except AlreadyExistsError as error:
        form = Form({})
        taken = "user name" if error.attribute == "userName" else "external id"
        form.errors["user"] = f"Somebody else has the {taken} {error.value} by now. Change that first, then restore."
        return await _restore_page(request, form)
    return go(request, visit.path("sub-accounts", user_id), done="user-restored")


def filter_from(search: ListSearch, connections: Sequence[Source]) -> GraveFilter:
    """Return which deleted users are looked for."""
    local = search.params.get("source") == LOCAL
    if local:
        search.narrowed = True
        source_id = None
    else:
        source_id = search.ident("source", {source.source_id for source in connections})
    return GraveFilter(text=search.text("q"), source_id=None if source_id is None else SourceId(source_id), local=local)


async def _rows(visit: Visit, wanted: GraveFilter) -> AsyncIterator[Sequence[Cell]]:
    after: str | None = None
    while True:
        found = await graves.list_graves(visit.operator.tenant.tenant_id, wanted, after=after, limit=CSV_PAGE)
        for grave in found.graves:
            yield (
                grave.user_name,
                grave.display_name,
                grave.source_label or LOCAL,
                grave.role_name,
                grave.deleted_at,
                grave.deleted_by,
                grave.reference,
                grave.erased_after,
                grave.equipment_count,
            )
        if (after := found.next_after) is None:
            return


async def _restore_page(request: PortalRequest, form: Form) -> Response[bytes]:
    tenant_id = request.auth.operator.tenant.tenant_id
    return page(
        request,
        "deleted_users/restore_page.html",
        fragments={DIALOG_ID: "deleted_users/_restore.html"},
        status_code=409 if form.errors else 200,
        grave=await graves.get_grave(tenant_id, UserId(path_uuid(request, "gone_id"))),
        form=form,
    )


HANDLERS = (show, export, show_restore, restore)
