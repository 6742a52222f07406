"""The tenants below a super tenant: listed with their figures, created with their first administrator, renamed."""

from litestar import Response

from directory.errors import AlreadyExistsError, ForbiddenError, InvalidError
from directory.sub_tenants.creating import FirstAdministrator, Wanted, create_sub_tenant
from directory.sub_tenants.lists import count_children, count_troubled, list_children
from directory.sub_tenants.states import rename_tenant
from directory.tenant_states import VIEWS
from portal.auth import does, shows
from portal.forms import Form, read_form
from portal.rendering import go, page
from portal.tenants_shown import STATE_BADGES, TROUBLE_WORDS, VIEW_WORDS, check_top, child_of
from portal.visit import PortalRequest, site_of

TENANTS = "/t/{slug:str}/tenants"
TENANT = f"{TENANTS}/{{tenant_id:str}}"
PAGE = 50
NAME_CHARS_MAX = 200
SLUG_CHARS_MAX = 63
FIELDS = {"user name": "user_name", "userName": "user_name", "email": "email", "slug": "short_name"}
"""Attributes of errors by the field that they stand beside."""


@shows(TENANTS, access="portal:view")
async def show_all(request: PortalRequest) -> Response[bytes]:
    """List the tenants with what is at a glance."""
    check_top(request)
    visit = request.auth
    tenant_id = visit.operator.tenant.tenant_id
    text, after = request.query_params.get("q", "")[:200].strip(), request.query_params.get("after") or None
    return page(
        request,
        "tenants/list.html",
        fragments={"tenants-more": "tenants/_more.html"},
        found=await list_children(tenant_id, text, after=after, limit=PAGE, now=visit.now),
        count=await count_children(tenant_id),
        text=text,
        after=after,
        badges=STATE_BADGES,
    )


@shows(f"{TENANTS}/new", access="settings:manage")
async def ask(request: PortalRequest) -> Response[bytes]:
    """Ask what the new tenant is called, and who administers it."""
    check_top(request)
    return _new_page(request, Form({"scoped_views": "open"}))


@does(f"{TENANTS}/new", access="settings:manage", fresh=True)
async def create(request: PortalRequest) -> Response[bytes]:
    """Create a tenant, and show the link of its first administrator once."""
    check_top(request)
    form, visit = await read_form(request), request.auth
    wanted = _wanted(form)
    if form.errors:
        return _new_page(request, form)
    try:
        made = await create_sub_tenant(wanted, by=visit.by, now=visit.now)
    except (AlreadyExistsError, InvalidError, ForbiddenError) as error:
        _note(form, error)
        return _new_page(request, form)
    if made.link_token is None:
        return go(request, visit.path("tenants", made.tenant.tenant_id), done="tenant-created")
    link = f"{site_of(request).public_url}/sign-in/{made.link_token}"
    return page(request, "tenants/link.html", tenant=made.tenant, link=link, first=wanted.first)


@shows(TENANT, access="portal:view")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show a tenant: how it is, its figures, what comes by routing, and what can be done."""
    return await _page(request, Form({}))


@does(f"{TENANT}/name", access="settings:manage")
async def rename(request: PortalRequest) -> Response[bytes]:
    """Give the tenant another name."""
    form, visit, line = await read_form(request), request.auth, await child_of(request)
    name = form.text("name", chars_max=NAME_CHARS_MAX)
    if not form.errors:
        try:
            await rename_tenant(line.state.tenant.tenant_id, name, by=visit.by, now=visit.now)
        except InvalidError as error:
            form.errors["name"] = f"The name {error.reason}."
    if form.errors:
        return await _page(request, form)
    return go(request, visit.path("tenants", line.state.tenant.tenant_id), done="tenant-renamed")


def _wanted(form: Form) -> Wanted:
    name = form.text("name", chars_max=NAME_CHARS_MAX)
    slug = form.text("short_name", chars_max=SLUG_CHARS_MAX, required=False)
    user_name = form.text("user_name", chars_max=NAME_CHARS_MAX, required=False)
    display_name = form.text("display_name", chars_max=NAME_CHARS_MAX, required=False)
    email = form.text("email", chars_max=254, required=False)
    if not user_name and (display_name or email):
        form.errors["user_name"] = "Enter the user name of the first administrator, or leave all three empty."
    return Wanted(
        name=name,
        slug=slug or None,
        first=FirstAdministrator(user_name=user_name, display_name=display_name, email=email) if user_name else None,
        scoped_views=form.choice("scoped_views", VIEWS),
    )


def _note(form: Form, error: AlreadyExistsError | InvalidError | ForbiddenError) -> None:
    match error:
        case AlreadyExistsError():
            form.errors["short_name"] = "Another tenant has this short name, or had it and can still be restored."
        case ForbiddenError():
            form.errors["user_name"] = "An administrator there could do more than you may. Create the tenant without."
        case InvalidError():
            field = FIELDS.get(error.attribute, error.attribute)
            form.errors[field] = f"{error.attribute.capitalize()} {error.reason}."


def _new_page(request: PortalRequest, form: Form) -> Response[bytes]:
    return page(request, "tenants/new.html", status_code=422 if form.errors else 200, form=form, view_words=VIEW_WORDS)


async def _page(request: PortalRequest, form: Form) -> Response[bytes]:
    line = await child_of(request)
    return page(
        request,
        "tenants/page.html",
        status_code=422 if form.errors else 200,
        line=line,
        form=form if form.errors else Form({"name": line.state.tenant.name}),
        troubled=await count_troubled(line.state.tenant.tenant_id, by=request.auth.by),
        trouble_words=TROUBLE_WORDS,
        badges=STATE_BADGES,
        view_words=VIEW_WORDS,
    )


HANDLERS = (show_all, ask, create, show, rename)
