"""Group Mappings: the ordered list from groups to access roles, and the Default Access Role at its end."""

from datetime import timedelta
from uuid import UUID

from litestar import Response

from directory import access_roles, groups, mappings, sources
from directory.errors import InvalidError, NotFoundError
from directory.model import Group, GroupId, RoleId
from directory.preview import changes_nobody, preview
from directory.preview_apply import apply
from directory.proposals import AddMapping, MoveMapping, PolicyProposal, RemoveMapping, SetDefaultRole, SetMappingRole
from portal.auth import does, shows
from portal.forms import Form, parse_uuid, path_uuid, read_form
from portal.preview_words import DONE, preview_path
from portal.rendering import go, page
from portal.visit import PortalRequest, Visit

UNMAPPED_MAX = 50
QUIET_AFTER = timedelta(days=30)
"""A group that its source has not changed for so long is marked; it need not be wrong."""

MAPPINGS = "/t/{slug:str}/group-mappings"


@shows(MAPPINGS, access="portal:view")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show the list in its order of priority, and the groups that are not in it."""
    return await _list_page(request, Form({"group_id": request.query_params.get("group", "")}))


@does(MAPPINGS, access="mappings:manage")
async def add(request: PortalRequest) -> Response[bytes]:
    """Propose a group for the end of the list."""
    form = await read_form(request)
    proposal = AddMapping(group_id=GroupId(form.ident("group_id")), role_id=RoleId(form.ident("role_id")))
    return await _propose(request, proposal, form)


@does(f"{MAPPINGS}/default-role", access="mappings:manage")
async def change_default_role(request: PortalRequest) -> Response[bytes]:
    """Propose another role for users in no mapped group."""
    form = await read_form(request)
    return await _propose(request, SetDefaultRole(role_id=RoleId(form.ident("default_role_id"))), form)


@does(f"{MAPPINGS}/{{group_id:str}}/role", access="mappings:manage")
async def change_role(request: PortalRequest) -> Response[bytes]:
    """Propose another role for a line of the list."""
    form, group_id = await read_form(request), GroupId(path_uuid(request, "group_id"))
    proposal = SetMappingRole(group_id=group_id, role_id=RoleId(form.ident("role_id")))
    return await _propose(request, proposal, form, row=group_id)


@does(f"{MAPPINGS}/{{group_id:str}}/up", access="mappings:manage")
async def move_up(request: PortalRequest) -> Response[bytes]:
    """Propose a line one place up: it wins over the line it passes."""
    return await _propose(request, MoveMapping(group_id=GroupId(path_uuid(request, "group_id")), places=-1))


@does(f"{MAPPINGS}/{{group_id:str}}/down", access="mappings:manage")
async def move_down(request: PortalRequest) -> Response[bytes]:
    """Propose a line one place down."""
    return await _propose(request, MoveMapping(group_id=GroupId(path_uuid(request, "group_id")), places=1))


@does(f"{MAPPINGS}/{{group_id:str}}/remove", access="mappings:manage")
async def remove(request: PortalRequest) -> Response[bytes]:
    """Propose to take a line out of the list."""
    return await _propose(request, RemoveMapping(group_id=GroupId(path_uuid(request, "group_id"))))


async def _propose(
    request: PortalRequest, proposal: PolicyProposal, form: Form | None = None, *, row: UUID | None = None
) -> Response[bytes]:
    """Save at once if nobody changes role by it; otherwise go to the preview, where it can be applied."""
    form, visit = form or Form({}), request.auth
    if form.errors:
        return await _list_page(request, form, row=row)
    try:
        saved = await _saved_unseen(visit, proposal)
    except InvalidError as error:
        field = "default_role_id" if isinstance(proposal, SetDefaultRole) else "role_id"
        form.errors[field] = f"{error.attribute.capitalize()} {error.reason}."
        return await _list_page(request, form, row=row)
    if saved:
        return go(request, f"{visit.path('group-mappings')}#{_row_of(proposal)}", done=DONE[type(proposal)])
    return go(request, preview_path(visit, proposal))


def _row_of(proposal: PolicyProposal) -> str:
    """Return the id of the row where the eye was."""
    if isinstance(proposal, SetDefaultRole):
        return "group-mappings-default"
    return "mapped-title" if isinstance(proposal, RemoveMapping) else f"group-mappings-line-{proposal.group_id}"


async def _saved_unseen(visit: Visit, proposal: PolicyProposal) -> bool:
    """Whether it is done already: there was nobody to look at, and nothing to consent to."""
    if not await changes_nobody(proposal, by=visit.by, now=visit.now):
        return False
    seen = await preview(proposal, by=visit.by, now=visit.now)
    if seen.total or seen.refused or seen.needs_consent:
        return False
    await apply(proposal, seen.plan_hash, consent=False, by=visit.by, now=visit.now)
    return True


async def _list_page(request: PortalRequest, form: Form, *, row: UUID | None = None) -> Response[bytes]:
    visit = request.auth
    tenant_id = visit.operator.tenant.tenant_id
    after = parse_uuid(request.query_params.get("unmapped_after", ""))
    unmapped = await mappings.list_unmapped_groups(
        tenant_id, after=None if after is None else GroupId(after), limit=UNMAPPED_MAX
    )
    return page(
        request,
        "group_mappings/page.html",
        status_code=422 if form.errors else 200,
        token=visit.new_token(),  # one for the many forms of this answer: each of its own weighs 130 bytes
        policy=await mappings.get_policy(tenant_id),
        defaulted_count=await mappings.count_defaulted(tenant_id),
        roles=[role for role in await access_roles.list_roles(tenant_id) if visit.covers(role)],
        presets={source.preset for source in await sources.list_sources(tenant_id)},
        unmapped=unmapped,
        quiet_after=QUIET_AFTER,
        options=await _options(visit, form, unmapped.groups),
        form=form,
        row=row,
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
