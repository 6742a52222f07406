"""Group Mappings: the ordered list from groups to access roles, and the Default Access Role at its end."""

from collections.abc import Awaitable
from uuid import UUID

from litestar import Response

from directory import access_roles, groups, mappings
from directory.errors import InvalidError, NotFoundError
from directory.model import Group, GroupId, RoleId
from portal.auth import does, shows
from portal.forms import Form, parse_uuid, path_uuid, read_form
from portal.rendering import asks_for, go, page
from portal.visit import PortalRequest, Visit

UNMAPPED_MAX = 50
MAPPINGS = "/t/{slug:str}/group-mappings"
FRAGMENTS = {"group-mappings-list": "group_mappings/_list.html"}
NO_FORM = Form({})


@shows(MAPPINGS, access="portal:view")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show the list in its order of priority, and the groups that are not in it."""
    return await _list_page(request, Form({"group_id": request.query_params.get("group", "")}))


@does(MAPPINGS, access="mappings:manage")
async def add(request: PortalRequest) -> Response[bytes]:
    """Add a group at the end of the list."""
    form, visit = await read_form(request), request.auth
    group_id, role_id = GroupId(form.ident("group_id")), RoleId(form.ident("role_id"))
    if form.errors:
        return await _list_page(request, form)
    consent = form.flag("consent")
    deed = mappings.add_mapping(group_id, role_id, consent=consent, by=visit.by, now=visit.now)
    return await _done(request, deed, "mapping-added", form=form)


@does(f"{MAPPINGS}/default-role", access="mappings:manage")
async def change_default_role(request: PortalRequest) -> Response[bytes]:
    """Set the role of users in no mapped group."""
    form, visit = await read_form(request), request.auth
    role_id = RoleId(form.ident("default_role_id"))
    if form.errors:
        return await _list_page(request, form)
    deed = mappings.set_default_role(role_id, by=visit.by, now=visit.now)
    return await _done(request, deed, "default-role", form=form, field="default_role_id")


@does(f"{MAPPINGS}/{{group_id:str}}/role", access="mappings:manage")
async def change_role(request: PortalRequest) -> Response[bytes]:
    """Set the role that a line of the list gives."""
    form, visit, group_id = await read_form(request), request.auth, GroupId(path_uuid(request, "group_id"))
    role_id = RoleId(form.ident("role_id"))
    if form.errors:
        return await _list_page(request, form, row=group_id)
    consent = form.flag("consent")
    deed = mappings.set_mapping_role(group_id, role_id, consent=consent, by=visit.by, now=visit.now)
    return await _done(request, deed, "mapping-role", form=form, row=group_id)


@does(f"{MAPPINGS}/{{group_id:str}}/up", access="mappings:manage")
async def move_up(request: PortalRequest) -> Response[bytes]:
    """Move a line one place up: it wins over the line it passes."""
    return await _move(request, places=-1)


@does(f"{MAPPINGS}/{{group_id:str}}/down", access="mappings:manage")
async def move_down(request: PortalRequest) -> Response[bytes]:
    """Move a line one place down."""
    return await _move(request, places=1)


@does(f"{MAPPINGS}/{{group_id:str}}/remove", access="mappings:manage")
async def remove(request: PortalRequest) -> Response[bytes]:
    """Take a line out of the list."""
    visit = request.auth
    deed = mappings.remove_mapping(GroupId(path_uuid(request, "group_id")), by=visit.by, now=visit.now)
    return await _done(request, deed, "mapping-removed", form=NO_FORM)


async def _move(request: PortalRequest, *, places: int) -> Response[bytes]:
    visit, group_id = request.auth, GroupId(path_uuid(request, "group_id"))
    deed = mappings.move_mapping(group_id, places=places, by=visit.by, now=visit.now)
    return await _done(request, deed, "mapping-moved", form=NO_FORM)


async def _done(
    request: PortalRequest,
    deed: Awaitable[None],
    done: str,
    *,
    form: Form,
    row: UUID | None = None,
    field: str | None = None,
) -> Response[bytes]:
    """Do it; then show the list anew, or the form again with what is wrong."""
    try:
        await deed
    except InvalidError as error:
        form.errors[field or error.attribute] = f"{error.attribute.replace('_', ' ').capitalize()} {error.reason}."
        return await _list_page(request, form, row=row)
    if asks_for(request, FRAGMENTS):
        return await _list_page(request, NO_FORM, done=done)
    return go(request, request.auth.path("group-mappings"), done=done)


async def _list_page(request: PortalRequest, form: Form, *, row: UUID | None = None, done: str = "") -> Response[bytes]:
    visit = request.auth
    tenant_id = visit.operator.tenant.tenant_id
    after = parse_uuid(request.query_params.get("unmapped_after", ""))
    unmapped = await mappings.list_unmapped_groups(
        tenant_id, after=None if after is None else GroupId(after), limit=UNMAPPED_MAX
    )
    return page(
        request,
        "group_mappings/page.html",
        fragments=FRAGMENTS,
        status_code=422 if form.errors else 200,
        policy=await mappings.get_policy(tenant_id),
        roles=await access_roles.list_roles(tenant_id),
        unmapped=unmapped.groups,
        options=await _options(visit, form, unmapped.groups),
        next_after=unmapped.next_after,
        form=form,
        row=row,
        done=done,
    )


async def _options(visit: Visit, form: Form, unmapped: list[Group]) -> list[Group]:
    """Return the groups that the form offers: the first unmapped ones, and the one that was chosen elsewhere."""
    wanted = parse_uuid(form.fields.get("group_id", ""))
    if wanted is None or any(group.group_id == wanted for group in unmapped):
        return unmapped
    try:
        return [await groups.get_group(visit.operator.tenant.tenant_id, GroupId(wanted)), *unmapped]
    except NotFoundError:
        return unmapped


HANDLERS = (show, add, change_default_role, change_role, move_up, move_down, remove)
