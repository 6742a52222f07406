"""Local users: created here, in no feed; invited by a link, changed and deleted by operators."""

from typing import Literal

from litestar import Response

from directory import access_roles, local_users, locks, signins, users
from directory.errors import AlreadyExistsError, InvalidError, NotFoundError
from directory.local_users import Details
from directory.model import AccessRole, RoleId, User, UserId
from portal.auth import does, shows
from portal.forms import Form, path_uuid, read_form
from portal.rendering import go, page
from portal.visit import PortalRequest, site_of

SUB_ACCOUNTS = "/t/{slug:str}/sub-accounts"
ONE = f"{SUB_ACCOUNTS}/{{user_id:str}}"
DELETE = {"dialog-body": "sub_accounts_local/_delete.html"}
FIELDS = {"user name": "user_name", "userName": "user_name", "role": "role_id", "emails": "email"}
"""Attributes of errors by the field that they stand beside."""


@shows(f"{SUB_ACCOUNTS}/new", access="users:manage")
async def ask(request: PortalRequest) -> Response[bytes]:
    """Ask who the new user is."""
    return await _new_page(request, Form({}))


@does(f"{SUB_ACCOUNTS}/new", access="users:manage", fresh=True)
async def create(request: PortalRequest) -> Response[bytes]:
    """Create a local user; one who may sign in is invited next."""
    form, visit = await read_form(request), request.auth
    details = _details(form)
    role_id = RoleId(form.ident("role_id"))
    if form.errors:
        return await _new_page(request, form)
    try:
        made = await locks.create_local_user(
            details.user_name,
            display_name=details.display_name,
            email=details.email,
            role_id=role_id,
            by=visit.by,
            now=visit.now,
        )
    except (AlreadyExistsError, InvalidError) as error:
        _note(form, error)
        return await _new_page(request, form)
    role = await access_roles.get_role(visit.operator.tenant.tenant_id, role_id)
    place = ("sub-accounts", made.user_id, *(("invite",) if role.may_sign_in else ()))
    return go(request, visit.path(*place), done="user-created")


@shows(f"{ONE}/edit", access="users:manage")
async def ask_edit(request: PortalRequest) -> Response[bytes]:
    """Ask for other details of a local user."""
    user = await _local(request)
    details = local_users.details_of(user.attributes)
    fields = {"user_name": details.user_name, "display_name": details.display_name, "email": details.email or ""}
    return _edit_page(request, user, Form({**fields, "version": str(user.version)}))


@does(f"{ONE}/edit", access="users:manage")
async def edit(request: PortalRequest) -> Response[bytes]:
    """Change the details of a local user."""
    user, form, visit = await _local(request), await read_form(request), request.auth
    details, shown = _details(form), form.fields.get("version", "")
    if not form.errors:
        try:
            await local_users.edit_local_user(
                user.user_id,
                details,
                expect=lambda version: str(version) == shown,
                by=visit.by,
                now=visit.now,
            )
        except (AlreadyExistsError, InvalidError) as error:
            _note(form, error)
    if form.errors:
        return _edit_page(request, user, form)
    return go(request, visit.path("sub-accounts", user.user_id), done="user-changed")


@shows(f"{ONE}/invite", access="users:manage")
async def ask_invite(request: PortalRequest) -> Response[bytes]:
    """Say what a link does, before one is made."""
    return await _invite_page(request)


@does(f"{ONE}/invite", access="users:manage", fresh=True)
async def invite(request: PortalRequest) -> Response[bytes]:
    """Make a one-time link and show it, once."""
    form, visit = await read_form(request), request.auth
    user = await _any(request)
    purposes: tuple[Literal["invite", "reset"], ...] = ("invite", "reset")
    purpose = form.choice("purpose", purposes)
    if form.errors:
        return await _invite_page(request, status_code=422)
    try:
        token = await signins.create_link(user.user_id, purpose=purpose, by=visit.by, now=visit.now)
    except InvalidError:
        return await _invite_page(request, status_code=422)
    link = f"{site_of(request).public_url}/sign-in/{token}"
    return page(request, "sub_accounts_local/link.html", user=user, link=link, purpose=purpose)


@shows(f"{ONE}/delete", access="users:manage")
async def ask_delete(request: PortalRequest) -> Response[bytes]:
    """Ask whether to delete a local user."""
    user = await _local(request)
    own = user.user_id == request.auth.operator.user.user_id
    return page(request, "sub_accounts_local/delete.html", fragments=DELETE, user=user, own=own)


@does(f"{ONE}/delete", access="users:manage", fresh=True)
async def delete(request: PortalRequest) -> Response[bytes]:
    """Delete a local user."""
    visit = request.auth
    user = await _local(request)
    await local_users.delete_local_user(user.user_id, by=visit.by, now=visit.now)
    return go(request, visit.path("sub-accounts"), done="user-deleted")


def _details(form: Form) -> Details:
    return Details(
        user_name=form.text("user_name", chars_max=local_users.NAME_CHARS_MAX),
        display_name=form.text("display_name", chars_max=local_users.NAME_CHARS_MAX, required=False),
        email=form.text("email", chars_max=254, required=False) or None,
    )


def _note(form: Form, error: AlreadyExistsError | InvalidError) -> None:
    name = FIELDS.get(error.attribute, error.attribute)
    if isinstance(error, AlreadyExistsError):
        form.errors[name] = "Another user has this user name already."
    else:
        form.errors[name] = f"{error.attribute.capitalize()} {error.reason}."


async def _any(request: PortalRequest) -> User:
    return await users.get_user(request.auth.operator.tenant.tenant_id, UserId(path_uuid(request, "user_id")))


async def _local(request: PortalRequest) -> User:
    """Return the local user of the address; one of a source has no such page."""
    user = await _any(request)
    if user.source_id is not None:
        raise NotFoundError("page", user.user_id)
    return user


async def _roles(request: PortalRequest) -> list[AccessRole]:
    roles = await access_roles.list_roles(request.auth.operator.tenant.tenant_id)
    return [role for role in roles if request.auth.covers(role)]


async def _new_page(request: PortalRequest, form: Form) -> Response[bytes]:
    status_code = 422 if form.errors else 200
    roles = await _roles(request)
    return page(request, "sub_accounts_local/new.html", status_code=status_code, form=form, roles=roles)


def _edit_page(request: PortalRequest, user: User, form: Form) -> Response[bytes]:
    status_code = 422 if form.errors else 200
    return page(request, "sub_accounts_local/edit.html", status_code=status_code, form=form, user=user)


async def _invite_page(request: PortalRequest, *, status_code: int = 200) -> Response[bytes]:
    user = await _any(request)
    tenant_id = request.auth.operator.tenant.tenant_id
    role = next((one for one in await access_roles.list_roles(tenant_id) if one.role_id == user.decision.role_id), None)
    within = role is not None and request.auth.covers(role)
    return page(
        request,
        "sub_accounts_local/invite.html",
        status_code=status_code,
        user=user,
        role=role,
        possible=user.active and within and role is not None and role.may_sign_in,
        within=within,
        links=await signins.list_links(tenant_id, user.user_id),
    )


HANDLERS = (ask, create, ask_edit, edit, ask_invite, invite, ask_delete, delete)
