"""Saved views of Sub Accounts: a filter under a name, for oneself or for the tenant."""

from litestar import Response

from directory import saved_views
from directory.errors import AlreadyExistsError, ForbiddenError, InvalidError
from portal.account_search import Search, params_from, search_in, search_of, searches_in
from portal.auth import does, shows
from portal.forms import Form, path_uuid, read_form
from portal.rendering import go, page
from portal.visit import PortalRequest

VIEWS = "/t/{slug:str}/sub-accounts/views"
NEW = {"dialog-body": "sub_accounts_views/_new.html"}
EDIT = {"dialog-body": "sub_accounts_views/_edit.html"}


@shows(VIEWS, access="portal:view")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show the views that the operator sees, and what can be done with them."""
    visit = request.auth
    views = await saved_views.list_views(visit.operator.tenant.tenant_id, visit.operator.user.user_id)
    told = await searches_in(request, {view.view_id: params_from(view.query) for view in views})
    changeable = {view.view_id for view in views if saved_views.may_change(view, by=visit.by)}
    return page(request, "sub_accounts_views/list.html", views=views, told=told, changeable=changeable)


@shows(f"{VIEWS}/new", access="portal:view")
async def ask(request: PortalRequest) -> Response[bytes]:
    """Ask for the name of a view of what the address asks for."""
    search, _ = await search_of(request)
    return _new_page(request, Form({}), search)


@does(VIEWS, access="signed in")
async def save(request: PortalRequest) -> Response[bytes]:
    """Keep a view."""
    form, visit = await read_form(request), request.auth
    search, _ = await search_in(request, params_from(form.fields.get("query", "")))
    name = form.text("name", chars_max=saved_views.NAME_CHARS_MAX)
    if not form.errors:
        shared = form.flag("shared")
        try:
            await saved_views.save_view(name, search.query(), shared=shared, by=visit.by, now=visit.now)
        except (AlreadyExistsError, InvalidError) as error:
            form.errors["name"] = _told(error)
    if form.errors:
        return _new_page(request, form, search)
    return go(request, f"{visit.path('sub-accounts')}?{search.query()}", done="view-saved")


@shows(f"{VIEWS}/{{view_id:str}}/edit", access="portal:view")
async def ask_edit(request: PortalRequest) -> Response[bytes]:
    """Ask for another name of a view, or whether to share it."""
    view = await saved_views.get_view(path_uuid(request, "view_id"), by=request.auth.by)
    if not saved_views.may_change(view, by=request.auth.by):
        raise ForbiddenError("users:manage")
    fields = {"name": view.name, "shared": "yes" if view.shared else ""}
    return page(request, "sub_accounts_views/edit.html", fragments=EDIT, form=Form(fields), view=view)


@does(f"{VIEWS}/{{view_id:str}}/edit", access="signed in")
async def edit(request: PortalRequest) -> Response[bytes]:
    """Rename a view, share it, or no longer."""
    form, visit = await read_form(request), request.auth
    view = await saved_views.get_view(path_uuid(request, "view_id"), by=visit.by)
    name, shared = form.text("name", chars_max=saved_views.NAME_CHARS_MAX), form.flag("shared")
    if not form.errors:
        try:
            await saved_views.edit_view(view.view_id, name=name, shared=shared, by=visit.by)
        except (AlreadyExistsError, InvalidError) as error:
            form.errors["name"] = _told(error)
    if form.errors:
        return page(request, "sub_accounts_views/edit.html", fragments=EDIT, status_code=422, form=form, view=view)
    return go(request, visit.path("sub-accounts", "views"), done="view-changed")


@does(f"{VIEWS}/{{view_id:str}}/delete", access="signed in")
async def delete(request: PortalRequest) -> Response[bytes]:
    """Forget a view; the people it found stay as they are."""
    await saved_views.delete_view(path_uuid(request, "view_id"), by=request.auth.by)
    return go(request, request.auth.path("sub-accounts", "views"), done="view-deleted")


def _new_page(request: PortalRequest, form: Form, search: Search) -> Response[bytes]:
    status_code = 422 if form.errors else 200
    return page(
        request, "sub_accounts_views/new.html", fragments=NEW, status_code=status_code, form=form, search=search
    )


def _told(error: AlreadyExistsError | InvalidError) -> str:
    if isinstance(error, AlreadyExistsError):
        return "You have a view of this name already."
    return f"{error.attribute.capitalize()} {error.reason}."


HANDLERS = (show, ask, save, ask_edit, edit, delete)
