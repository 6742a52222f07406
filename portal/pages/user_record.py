"""What is kept of one user: its link to the source put right, its role decided anew, everything given out."""

from collections.abc import AsyncIterator

from litestar import Response
from litestar.response import Stream

from directory import person_export, reevaluation, relinks, sources, users
from directory.errors import AlreadyExistsError, InvalidError, NotFoundError
from directory.model import User, UserId
from portal.auth import does, shows
from portal.csv_export import export_headers
from portal.forms import Form, path_uuid, read_form
from portal.rendering import DIALOG_ID, go, page
from portal.visit import PortalRequest

ID_CHARS_MAX = 500
USER = "/t/{slug:str}/sub-accounts/{user_id:str}"
WAYS = ("relink", "unlink")


@shows(f"{USER}/link", access="sources:manage")
async def show_link(request: PortalRequest) -> Response[bytes]:
    """Ask by which id the source should know the user, and say what that does."""
    user = await _provisioned(request)
    return await _link_page(request, user, Form({"external_id": user.attributes.external_id or "", "way": "relink"}))


@does(f"{USER}/link", access="sources:manage", fresh=True)
async def link(request: PortalRequest) -> Response[bytes]:
    """Have the source know the user by another id, or by none."""
    form, visit, user = await read_form(request), request.auth, await _provisioned(request)
    unlinks = form.choice("way", WAYS) == "unlink"
    external_id = None if unlinks else form.text("external_id", chars_max=ID_CHARS_MAX)
    if form.errors:
        return await _link_page(request, user, form)
    try:
        await relinks.relink_user(user.user_id, external_id, by=visit.by, now=visit.now)
    except AlreadyExistsError:
        form.errors["external_id"] = "This connection knows somebody else by that id."
        return await _link_page(request, user, form)
    except InvalidError as error:
        form.errors["external_id"] = f"The external id {error.reason}."
        return await _link_page(request, user, form)
    return go(request, visit.path("sub-accounts", user.user_id), done="user-unlinked" if unlinks else "user-relinked")


@does(f"{USER}/resync", access="users:manage")
async def resync(request: PortalRequest) -> Response[bytes]:
    """Decide the role anew from groups, mappings and lock as they are."""
    visit, user_id = request.auth, UserId(path_uuid(request, "user_id"))
    moved = await reevaluation.reevaluate_role(user_id, by=visit.by, now=visit.now)
    return go(request, visit.path("sub-accounts", user_id), done="role-decided" if moved else "role-stands")


@does(f"{USER}/export", access="users:manage", fresh=True)
async def export(request: PortalRequest) -> Stream:
    """Send all that is kept of the person as JSON, and record that it was given out."""
    visit, user_id = request.auth, UserId(path_uuid(request, "user_id"))
    await person_export.record_export(user_id, by=visit.by, now=visit.now)
    pieces = person_export.each_piece(user_id, by=visit.by, now=visit.now)
    first = await anext(pieces)
    headers = export_headers(request, f"{user_id}.json")
    return Stream(_rest(first, pieces), headers=headers, media_type="application/json")


async def _rest(first: bytes, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in pieces:
        yield piece


async def _provisioned(request: PortalRequest) -> User:
    """Return the user of the address; a local one has no link."""
    user = await users.get_user(request.auth.operator.tenant.tenant_id, UserId(path_uuid(request, "user_id")))
    if user.source_id is None:
        raise NotFoundError("link", user.user_id)
    return user


async def _link_page(request: PortalRequest, user: User, form: Form) -> Response[bytes]:
    assert user.source_id is not None  # noqa: S101 - _provisioned saw to it
    return page(
        request,
        "user_record/link_page.html",
        fragments={DIALOG_ID: "user_record/_link.html"},
        status_code=422 if form.errors else 200,
        user=user,
        source=await sources.get_source(user.tenant_id, user.source_id),
        form=form,
    )


HANDLERS = (show_link, link, resync, export)
