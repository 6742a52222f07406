"""Role locks looked through: who is kept at which role, why, and what is due for review."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Literal
from uuid import UUID

from litestar import Response

from directory import access_roles, accounts, exports, lock_review
from directory.errors import InvalidError, NotFoundError
from directory.lock_review import LockFilter
from directory.model import RoleId, UserId
from portal.auth import does, shows
from portal.csv_export import Cell, send_csv
from portal.export_words import narrowed_by
from portal.forms import Form, path_uuid, read_form
from portal.list_search import ListSearch
from portal.rendering import DIALOG_ID, go, page
from portal.visit import PortalRequest, Visit

LOCKS_MAX = 50
CSV_PAGE = 500
NOTE_CHARS_MAX = 300
LOCKS = "/t/{slug:str}/role-locks"
EXPIRIES: tuple[Literal["none", "set"], ...] = ("none", "set")
PEOPLE: tuple[Literal["provisioned", "local"], ...] = ("provisioned", "local")
COLUMNS = (
    "user name",
    "name",
    "status",
    "source",
    "locked role",
    "would be",
    "reason",
    "owner",
    "since",
    "until",
    "reviewed at",
    "reviewed by",
    "note",
    "due for review",
)


@shows(LOCKS, access="portal:view")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show one page of locks, the oldest first."""
    visit = request.auth
    tenant_id = visit.operator.tenant.tenant_id
    names = await access_roles.names_of_roles(tenant_id)
    search = ListSearch(request.query_params)
    wanted = filter_from(search, names)
    after = request.query_params.get("after") or None
    found = await lock_review.list_locks(tenant_id, wanted, after=after, limit=LOCKS_MAX, now=visit.now)
    return page(
        request,
        "role_locks/page.html",
        fragments={"role-locks-more": "role_locks/_more.html"},
        found=found,
        count=await lock_review.count_locks(tenant_id, wanted, now=visit.now),
        due_count=await lock_review.count_locks(tenant_id, LockFilter(due=True), now=visit.now),
        search=search,
        wanted=wanted,
        roles=await access_roles.list_roles(tenant_id),
        names=names,
        counted_max=lock_review.COUNTED_MAX,
        after=after,
    )


@shows(f"{LOCKS}/export.csv", access="portal:view", fresh=True)
async def export(request: PortalRequest) -> Response[Any]:
    """Send the locks of the filter as a file."""
    visit = request.auth
    names = await access_roles.names_of_roles(visit.operator.tenant.tenant_id)
    search = ListSearch(request.query_params)
    wanted = filter_from(search, names)
    await exports.record_list("Role locks", narrowed_by(search.params, names), by=visit.by, now=visit.now)
    return await send_csv(request, "role-locks.csv", COLUMNS, _rows(visit, wanted, names))


@shows(f"{LOCKS}/{{user_id:str}}/review", access="users:manage")
async def show_review(request: PortalRequest) -> Response[bytes]:
    """Ask why the lock should stand."""
    return await _review_page(request, Form({}))


@does(f"{LOCKS}/{{user_id:str}}/review", access="users:manage")
async def review(request: PortalRequest) -> Response[bytes]:
    """Record that the lock was looked at and stands."""
    form, visit = await read_form(request), request.auth
    note = form.text("note", chars_max=NOTE_CHARS_MAX)
    if form.errors:
        return await _review_page(request, form)
    try:
        await lock_review.review_lock(UserId(path_uuid(request, "user_id")), note=note, by=visit.by, now=visit.now)
    except InvalidError as error:
        form.errors["note"] = f"The note {error.reason}."
        return await _review_page(request, form)
    return go(request, visit.path("role-locks"), done="lock-reviewed")


def filter_from(search: ListSearch, names: dict[UUID, str]) -> LockFilter:
    """Return which locks are looked for."""
    role_id = search.ident("role", names)
    return LockFilter(
        text=search.text("q"),
        role_id=None if role_id is None else RoleId(role_id),
        expiry=search.choice("expiry", EXPIRIES),
        due=search.choice("due", ("yes",)) is not None,
        people=search.choice("people", PEOPLE),
    )


async def _rows(visit: Visit, wanted: LockFilter, names: dict[UUID, str]) -> AsyncIterator[Sequence[Cell]]:
    tenant_id = visit.operator.tenant.tenant_id
    after: str | None = None
    while True:
        found = await lock_review.list_locks(tenant_id, wanted, after=after, limit=CSV_PAGE, now=visit.now)
        for line in found.locks:
            yield (
                line.user_name,
                line.display_name,
                "active" if line.active else "disabled",
                line.source_label or "local",
                names[line.role_id],
                None if line.unlocked_role_id is None else names[line.unlocked_role_id],
                line.reason,
                line.owner,
                line.created_at,
                line.until,
                line.reviewed_at,
                line.reviewed_by,
                line.note,
                line.due,
            )
        if (after := found.next_after) is None:
            return


async def _review_page(request: PortalRequest, form: Form) -> Response[bytes]:
    tenant_id = request.auth.operator.tenant.tenant_id
    why = await accounts.explain_role(tenant_id, UserId(path_uuid(request, "user_id")))
    if why.lock is None:
        raise NotFoundError("lock", why.user.user_id)
    return page(
        request,
        "role_locks/review_page.html",
        fragments={DIALOG_ID: "role_locks/_review.html"},
        status_code=422 if form.errors else 200,
        user=why.user,
        why=why,
        form=form,
    )


HANDLERS = (show, export, show_review, review)
