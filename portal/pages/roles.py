"""Access roles: what each may do, who has it, and roles of the tenant's own made, changed and deleted."""

from litestar import Response

from directory import access_roles, mappings, role_ends
from directory.errors import AlreadyExistsError, InvalidError, MovedError, RefusedError
from directory.model import PERMISSIONS, AccessRole, Permission, RoleId, UserId
from portal.auth import does, shows
from portal.forms import Form, parse_uuid, path_uuid, read_form
from portal.rendering import DIALOG_ID, go, page
from portal.visit import PortalRequest

NAME_CHARS_MAX = 100
HOLDERS_MAX = 50
WALKED_BATCHES = 25
ROLES = "/t/{slug:str}/roles"
ROLE = f"{ROLES}/{{role_id:str}}"
PERMISSION_WORDS: dict[Permission, tuple[str, str]] = {
    "portal:view": ("See the portal", "All of this tenant, changing nothing. Comes with every other permission."),
    "users:manage": ("Manage users", "Lock roles, disable sign-in, local users: for those who may do no more."),
    "mappings:manage": ("Manage group mappings", "Decide which group gives which role. Administration."),
    "sources:manage": ("Manage connections", "Connections, their secrets and settings. Administration."),
    "settings:manage": (
        "Manage settings",
        "Roles, policies, consent to mappings that give administration. Administration.",
    ),
}
STALE = "Who has the role, or what gives it, has changed since this was shown. This is what it would do now."


@shows(ROLES, access="portal:view")
async def show_all(request: PortalRequest) -> Response[bytes]:
    """List the roles with what they may do and where they are given."""
    uses = await access_roles.list_role_uses(request.auth.operator.tenant.tenant_id)
    return page(request, "roles/list.html", uses=uses, permission_words=PERMISSION_WORDS)


@shows(f"{ROLES}/new", access="settings:manage")
async def show_new(request: PortalRequest) -> Response[bytes]:
    """Ask for a new role's name and permissions."""
    return _new_page(request, Form({"portal_view": "yes"}))


@does(ROLES, access="settings:manage", fresh=True)
async def create(request: PortalRequest) -> Response[bytes]:
    """Create a role that nobody has yet."""
    form, visit = await read_form(request), request.auth
    name = form.text("name", chars_max=NAME_CHARS_MAX)
    if not form.errors:
        try:
            role = await access_roles.create_role(name, _permissions_in(form), by=visit.by, now=visit.now)
            return go(request, visit.path("roles", role.role_id), done="role-created")
        except (AlreadyExistsError, InvalidError) as error:
            _note(form, error)
    return _new_page(request, form)


@shows(ROLE, access="portal:view")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show a role: permissions, where it is given, and who has it."""
    role = await _role(request)
    fields = {"name": role.name, **{_field(permission): "yes" for permission in role.permissions}}
    return await _role_page(request, role, Form(fields))


@does(ROLE, access="settings:manage", fresh=True)
async def change(request: PortalRequest) -> Response[bytes]:
    """Give the role another name and other permissions."""
    role, form, visit = await _role(request), await read_form(request), request.auth
    name = form.text("name", chars_max=NAME_CHARS_MAX)
    if not form.errors:
        try:
            await access_roles.change_role(
                role.role_id, name, _permissions_in(form), consent=form.flag("consent"), by=visit.by, now=visit.now
            )
            return go(request, visit.path("roles", role.role_id), done="role-changed")
        except (AlreadyExistsError, InvalidError) as error:
            _note(form, error)
    return await _role_page(request, role, form)


@shows(f"{ROLE}/delete", access="settings:manage")
async def show_delete(request: PortalRequest) -> Response[bytes]:
    """Ask which role its holders get, and show what that comes to."""
    return await _end_page(request, parse_uuid(request.query_params.get("moved_to", "")))


@does(f"{ROLE}/delete", access="settings:manage", fresh=True)
async def delete(request: PortalRequest) -> Response[bytes]:
    """Delete the role as it was shown."""
    form, visit = await read_form(request), request.auth
    role_id, moved_to = RoleId(path_uuid(request, "role_id")), RoleId(form.ident("moved_to"))
    consent, plan_hash = form.flag("consent"), form.fields.get("plan_hash", "")
    try:
        await role_ends.delete_role(role_id, moved_to, plan_hash, consent=consent, by=visit.by, now=visit.now)
    except MovedError:
        return await _end_page(request, moved_to, stale=STALE)
    except InvalidError as error:
        return await _end_page(request, moved_to, stale=f"{error.attribute.capitalize()} {error.reason}.")
    # The duty would do it within a second; whoever looks at the list next sees it done.
    await mappings.redecide(visit.operator.tenant.tenant_id, now=visit.now, batches=WALKED_BATCHES)
    return go(request, visit.path("roles"), done="role-deleted")


def _field(permission: Permission) -> str:
    return permission.replace(":", "_")


def _permissions_in(form: Form) -> list[Permission]:
    return [permission for permission in PERMISSIONS if form.flag(_field(permission))]


def _note(form: Form, error: AlreadyExistsError | InvalidError) -> None:
    if isinstance(error, AlreadyExistsError):
        form.errors["name"] = "Another role has this name."
    else:
        form.errors[error.attribute] = f"{error.attribute.capitalize()} {error.reason}."


async def _role(request: PortalRequest) -> AccessRole:
    tenant_id = request.auth.operator.tenant.tenant_id
    return await access_roles.get_role(tenant_id, RoleId(path_uuid(request, "role_id")))


def _new_page(request: PortalRequest, form: Form) -> Response[bytes]:
    return page(
        request,
        "roles/new_page.html",
        status_code=422 if form.errors else 200,
        form=form,
        permission_words=PERMISSION_WORDS,
    )


async def _role_page(request: PortalRequest, role: AccessRole, form: Form) -> Response[bytes]:
    tenant_id = request.auth.operator.tenant.tenant_id
    after = parse_uuid(request.query_params.get("after", ""))
    return page(
        request,
        "roles/page.html",
        status_code=422 if form.errors else 200,
        role=role,
        counts=await access_roles.count_uses_of(tenant_id, role.role_id),
        group_names=await access_roles.names_of_mapped_groups(tenant_id, role.role_id),
        found=await access_roles.list_holders(
            tenant_id, role.role_id, after=None if after is None else UserId(after), limit=HOLDERS_MAX
        ),
        after=after,
        form=form,
        permission_words=PERMISSION_WORDS,
    )


async def _end_page(request: PortalRequest, moved_to: object, *, stale: str = "") -> Response[bytes]:
    visit, role = request.auth, await _role(request)
    if role.shipped is not None:
        raise RefusedError(f"{role.name} is a role that every tenant has: it stays")
    others = await access_roles.list_roles(visit.operator.tenant.tenant_id)
    choices = [other for other in others if other.role_id != role.role_id and visit.covers(other)]
    chosen = next((other for other in choices if other.role_id == moved_to), None)
    shown = None if chosen is None else await role_ends.preview_role_end(role.role_id, chosen.role_id, by=visit.by)
    return page(
        request,
        "roles/delete_page.html",
        fragments={DIALOG_ID: "roles/_delete.html"},
        status_code=409 if stale else 200,
        role=role,
        choices=choices,
        chosen=chosen,
        shown=shown,
        stale=stale,
    )


HANDLERS = (show_all, show_new, create, show, change, show_delete, delete)
