"""One user: who, which role and why, the lock, groups and what happened."""

from litestar import Response

from directory import access_roles, accounts, events, locks, sources, traffic, users
from directory.errors import InvalidError
from directory.model import JsonValue, RoleId, User, UserId
from portal.auth import does, shows
from portal.event_names import names_in_events
from portal.forms import Form, path_uuid, read_form
from portal.rendering import asks_for, go, page
from portal.visit import PortalRequest

EVENTS_MAX = 20
REASON_CHARS_MAX = 300
ATTRIBUTES_MAX = 200
USER = "/t/{slug:str}/sub-accounts/{user_id:str}"
FRAGMENTS = {"user-role": "user/_role.html"}


@shows(USER, access="portal:view")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show the user with the reason for the role."""
    return await _user_page(request, Form({}))


@does(f"{USER}/lock", access="users:manage")
async def lock(request: PortalRequest) -> Response[bytes]:
    """Set the role by hand and keep it: groups and mappings no longer change it."""
    form, visit = await read_form(request), request.auth
    role_id = RoleId(form.ident("role_id"))
    reason = form.text("reason", chars_max=REASON_CHARS_MAX)
    until = form.end_of_day("until", after=visit.now)
    if form.errors:
        return await _user_page(request, form)
    user_id = UserId(path_uuid(request, "user_id"))
    try:
        await locks.lock_role(user_id, role_id, reason=reason, until=until, by=visit.by, now=visit.now)
    except InvalidError as error:
        form.errors[error.attribute] = f"{error.attribute.replace('_', ' ').capitalize()} {error.reason}."
        return await _user_page(request, form)
    return await _done(request, "role-locked")


@does(f"{USER}/unlock", access="users:manage")
async def unlock(request: PortalRequest) -> Response[bytes]:
    """Give the role back to groups and mappings."""
    visit = request.auth
    await locks.unlock_role(UserId(path_uuid(request, "user_id")), by=visit.by, now=visit.now)
    return await _done(request, "role-unlocked")


def attribute_lines(user: User) -> list[tuple[str, str]]:
    """Return the user's attributes as (path, value), one line per value, in the order they were sent."""
    lines: list[tuple[str, str]] = []
    for name, value in user.attributes.document.items():
        _flatten(name.rpartition(":")[2] if name.startswith("urn:") else name, value, lines)
    return lines[:ATTRIBUTES_MAX]


def _flatten(path: str, value: JsonValue, lines: list[tuple[str, str]]) -> None:
    if isinstance(value, dict):
        for name, inner in value.items():
            _flatten(f"{path}.{name}", inner, lines)
    elif isinstance(value, list):
        for place, inner in enumerate(value, start=1):
            kind = inner.get("type") if isinstance(inner, dict) else None
            _flatten(f"{path}[{kind or place}]", inner, lines)
    elif value is not None:
        lines.append((path, str(value).lower() if isinstance(value, bool) else str(value)))


async def _done(request: PortalRequest, done: str) -> Response[bytes]:
    if asks_for(request, FRAGMENTS):
        return await _user_page(request, Form({}), done=done)
    return go(request, request.auth.path("sub-accounts", path_uuid(request, "user_id")), done=done)


async def _user_page(request: PortalRequest, form: Form, *, done: str = "") -> Response[bytes]:
    tenant_id, user_id = request.auth.operator.tenant.tenant_id, UserId(path_uuid(request, "user_id"))
    why = await accounts.explain_role(tenant_id, user_id)
    groups = await users.groups_of_users(tenant_id, [user_id])
    source_id, request_id = why.user.source_id, why.decided_request_id
    roles = await access_roles.list_roles(tenant_id)
    return page(
        request,
        "user/page.html",
        fragments=FRAGMENTS,
        status_code=422 if form.errors else 200,
        user=why.user,
        why=why,
        groups=groups.get(user_id, []),
        source=None if source_id is None else await sources.get_source(tenant_id, source_id),
        attributes=attribute_lines(why.user),
        events=await events.list_events(tenant_id, subject_id=user_id, limit=EVENTS_MAX),
        names=await names_in_events(tenant_id, roles),
        roles=[role for role in roles if request.auth.covers(role)],
        reference=None if request_id is None else traffic.reference_for(request_id),
        form=form,
        done=done,
    )


HANDLERS = (show, lock, unlock)
