"""Preview of a change of the group mappings: who would change from what to what, and applying exactly that."""

from collections.abc import AsyncIterator
from typing import Any

from litestar import Response

from directory import exports
from directory.errors import InvalidError, MovedError
from directory.model import UserId
from directory.preview import ChangedUser, each_change, list_changes, preview
from directory.preview_apply import apply
from directory.proposals import MappingProposal, PolicyProposal, SetDefaultRole, fields_of, proposal_from
from portal.auth import does, shows
from portal.csv_export import Cell, send_csv
from portal.forms import Form, parse_uuid, read_form
from portal.preview_words import DONE, preview_path, query_of, title_parts
from portal.rendering import go, page
from portal.visit import PortalRequest

PREVIEW = "/t/{slug:str}/group-mappings/preview"
PAGE_USERS = 100
COLUMNS = ("user id", "user name", "name", "status", "from", "to", "gives administration", "effect")


@shows(PREVIEW, access="mappings:manage")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show what a change would do, before anything is saved."""
    proposal = _proposal(request.query_params)
    return go(request, _list_path(request)) if proposal is None else await _preview_page(request, proposal)


@does(PREVIEW, access="mappings:manage")
async def apply_ordinary(request: PortalRequest) -> Response[bytes]:
    """Apply what was previewed, if it gives nobody administration."""
    return await _apply(request, consent=False)


@does(f"{PREVIEW}/privileged", access="mappings:manage", fresh=True)
async def apply_privileged(request: PortalRequest) -> Response[bytes]:
    """Apply what was previewed, with consent, by an operator who has just confirmed who it is."""
    return await _apply(request, consent=(await read_form(request)).flag("consent"))


@shows(f"{PREVIEW}/people", access="mappings:manage")
async def show_people(request: PortalRequest) -> Response[bytes]:
    """List everybody who would change, or whom a lock keeps from it, page by page."""
    proposal, visit = _proposal(request.query_params), request.auth
    if proposal is None:
        return go(request, _list_path(request))
    locked = request.query_params.get("locked") == "yes"
    after = parse_uuid(request.query_params.get("after", ""))
    found = await list_changes(
        proposal,
        by=visit.by,
        now=visit.now,
        after=None if after is None else UserId(after),
        limit=PAGE_USERS,
        locked=locked,
    )
    return page(
        request,
        "mapping_preview/people.html",
        users=found.users,
        next_after=found.next_after,
        locked=locked,
        query=query_of(proposal),
        preview_href=preview_path(visit, proposal),
    )


@shows(f"{PREVIEW}/changes.csv", access="mappings:manage", fresh=True)
async def export(request: PortalRequest) -> Response[Any]:
    """Send everybody who would change, and those whom a lock keeps from it, as a file."""
    proposal = _proposal(request.query_params)
    if proposal is None:
        return go(request, _list_path(request))
    visit, words = request.auth, f"Change: {fields_of(proposal)['change']}"
    await exports.record_list("Preview of the group mappings", words, by=visit.by, now=visit.now)
    return await send_csv(request, "preview.csv", COLUMNS, _rows(request, proposal))


async def _rows(request: PortalRequest, proposal: PolicyProposal) -> AsyncIterator[list[Cell]]:
    visit = request.auth
    for locked in (False, True):
        async for batch in each_change(proposal, by=visit.by, now=visit.now, locked=locked):
            for user in batch:
                yield _row(user, locked=locked)


def _row(user: ChangedUser, *, locked: bool) -> list[Cell]:
    return [
        str(user.user_id),
        user.user_name,
        user.display_name,
        "active" if user.active else "disabled",
        user.from_role.name,
        user.to_role.name,
        user.privileged,
        "locked: unaffected" if locked else "changes",
    ]


async def _apply(request: PortalRequest, *, consent: bool) -> Response[bytes]:
    form, visit = await read_form(request), request.auth
    proposal = _proposal(form.fields)
    if proposal is None:
        return go(request, _list_path(request))
    try:
        await apply(proposal, form.fields.get("plan_hash", ""), consent=consent, by=visit.by, now=visit.now)
    except MovedError:
        return await _preview_page(request, proposal, moved=True)
    except InvalidError as error:
        form.errors[error.attribute] = f"{error.attribute.capitalize()} {error.reason}."
        return await _preview_page(request, proposal, form=form)
    return go(request, _list_path(request), done=DONE[type(proposal)])


async def _preview_page(
    request: PortalRequest, proposal: PolicyProposal, *, form: Form | None = None, moved: bool = False
) -> Response[bytes]:
    visit = request.auth
    seen = await preview(proposal, by=visit.by, now=visit.now)
    return page(
        request,
        "mapping_preview/page.html",
        status_code=409 if moved else 422 if form is not None else 200,
        preview=seen,
        title=title_parts(seen),
        fields=fields_of(proposal),
        query=query_of(proposal),
        form=form or Form({}),
        moved=moved,
    )


def _proposal(given: Any) -> PolicyProposal | None:  # noqa: ANN401 - the framework's kind of mapping, or a form's
    """Return what an address or a form proposes; None if it says nothing that can be proposed here."""
    try:
        proposal = proposal_from(given)
    except InvalidError:
        return None
    return proposal if isinstance(proposal, MappingProposal | SetDefaultRole) else None


def _list_path(request: PortalRequest) -> str:
    return request.auth.path("group-mappings")


HANDLERS = (show, apply_ordinary, apply_privileged, show_people, export)
