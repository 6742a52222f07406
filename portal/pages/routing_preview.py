"""Preview of a change of the routing rules: who would go from where to where, and applying exactly that."""

from collections.abc import AsyncIterator
from time import monotonic
from typing import Any

from litestar import Response

from directory import exports
from directory.errors import InvalidError, MovedError
from directory.model import UserId
from directory.routes.apply import apply
from directory.routes.drafts import RuleChange, change_from, text_of
from directory.routes.preview import Matrix, case_for, each_step, preview
from directory.routes.rules import list_rules
from directory.routes.shown import MovedUser, each_mover, list_movers, show
from directory.routes.walks import count_everybody
from portal.auth import does, shows
from portal.csv_export import Cell, send_csv
from portal.forms import Form, parse_uuid, read_form
from portal.rendering import go, page
from portal.routing_words import (
    DONE,
    change_query,
    check_super,
    preview_path,
    title_parts,
    wanted_slugs,
    where_query,
    where_words,
)
from portal.streams import Update, fragment, stream
from portal.visit import PortalRequest

PREVIEW = "/t/{slug:str}/routing/preview"
PAGE_USERS = 100
AT_ONCE_MAX = 5_000
"""Of more users the page comes first, and tells how many are weighed."""
TOLD_S = 0.4
CELLS_MAX = 12
"""Rows and columns of a table that can still be read."""
PAIRS_MAX = 100
COLUMNS = (
    "user id",
    "user name",
    "name",
    "status",
    "from",
    "to",
    "role by rule",
    "items left behind",
    "locks left behind",
)


@shows(PREVIEW, access="mappings:manage")
async def show_preview(request: PortalRequest) -> Response[bytes]:
    """Show what a change would do, before anything is saved."""
    change = _change(request, request.query_params.get("change", ""))
    if change is None:
        return go(request, request.auth.path("routing"))
    at_once = request.query_params.get("now") == "yes"
    if not at_once and await count_everybody(request.auth.operator.tenant.tenant_id) > AT_ONCE_MAX:
        return await _waiting_page(request, change)
    return await _preview_page(request, change)


@shows(f"{PREVIEW}/weighing", access="mappings:manage")
async def watch(request: PortalRequest) -> Response[Any]:
    """Weigh a change while it is watched: how many are weighed so far, and then what comes of it."""
    change = _change(request, request.query_params.get("change", ""))
    if change is None:
        return go(request, request.auth.path("routing"))
    visit = request.auth
    steps = each_step(await case_for(change, by=visit.by, now=visit.now))

    async def look(_mark: str | None) -> Update | None:
        found = await _step(steps)
        if isinstance(found, Matrix):
            html = fragment(request, "routing_preview/_shown.html", **await _shown(request, change, found))
            return Update(mark="weighed", html=html, done=True)
        html = fragment(request, "routing_preview/_shown.html", waiting=True, weighed_count=found)
        return Update(mark=str(found), html=html)

    return stream(request, look, every_s=0.01)


@does(PREVIEW, access="mappings:manage")
async def apply_ordinary(request: PortalRequest) -> Response[bytes]:
    """Apply what was previewed; what exceeds the guard of a tenant is held there."""
    return await _apply(request, consent=False, lets_pass=False)


@does(f"{PREVIEW}/confirmed", access="settings:manage", fresh=True)
async def apply_confirmed(request: PortalRequest) -> Response[bytes]:
    """Apply it with consent, or beyond the limits of guards, by an operator who has just confirmed who it is."""
    form = await read_form(request)
    return await _apply(request, consent=form.flag("consent"), lets_pass=form.flag("lets_pass"))


@shows(f"{PREVIEW}/people", access="mappings:manage")
async def show_people(request: PortalRequest) -> Response[bytes]:
    """List everybody who would go anywhere else, or those of one cell, page by page."""
    params, visit = request.query_params, request.auth
    change = _change(request, params.get("change", ""))
    if change is None:
        return go(request, visit.path("routing"))
    behind = parse_uuid(params.get("after", ""))
    before, after = params.get("from"), params.get("to")
    found = await list_movers(
        await case_for(change, by=visit.by, now=visit.now),
        before=wanted_slugs(before),
        after=wanted_slugs(after),
        behind=None if behind is None else UserId(behind),
        limit=PAGE_USERS,
    )
    return page(
        request,
        "routing_preview/people.html",
        found=found,
        cell=None if before is None or after is None else (before, after),
        query=change_query(change),
        preview_href=preview_path(visit, change),
        where=where_words,
    )


@shows(f"{PREVIEW}/people.csv", access="mappings:manage", fresh=True)
async def export(request: PortalRequest) -> Response[Any]:
    """Send everybody who would go anywhere else as a file, with what they leave behind."""
    visit = request.auth
    change = _change(request, request.query_params.get("change", ""))
    if change is None:
        return go(request, visit.path("routing"))
    await exports.record_list("Preview of the routing rules", "", by=visit.by, now=visit.now)
    return await send_csv(request, "routing-preview.csv", COLUMNS, _rows(request, change))


async def _rows(request: PortalRequest, change: RuleChange) -> AsyncIterator[list[Cell]]:
    visit = request.auth
    async for batch in each_mover(await case_for(change, by=visit.by, now=visit.now)):
        for user in batch:
            yield _row(user)


def _row(user: MovedUser) -> list[Cell]:
    return [
        str(user.user_id),
        user.person.user_name,
        user.person.display_name,
        "active" if user.person.active else "disabled",
        where_words(user.before),
        where_words(user.after),
        user.role,
        "; ".join(f"{where.name}: {has.item_count}" for where, has in user.belongings if has.item_count),
        "; ".join(f"{where.name}: {has.lock_role}" for where, has in user.belongings if has.lock_role is not None),
    ]


async def _step(steps: AsyncIterator[int | Matrix]) -> int | Matrix:
    """Weigh for a moment, so that the browser is told often, and not after each batch."""
    began = monotonic()
    async for found in steps:
        if isinstance(found, Matrix) or monotonic() - began > TOLD_S:
            return found
    raise MovedError


async def _apply(request: PortalRequest, *, consent: bool, lets_pass: bool) -> Response[bytes]:
    form, visit = await read_form(request), request.auth
    change = _change(request, form.fields.get("change", ""))
    if change is None:
        return go(request, visit.path("routing"))
    plan_hash = form.fields.get("plan_hash", "")
    try:
        await apply(change, plan_hash, consent=consent, lets_pass=lets_pass, by=visit.by, now=visit.now)
    except MovedError:
        return await _preview_page(request, change, moved=True)
    except InvalidError as error:
        form.errors[error.attribute] = f"{error.attribute.capitalize()} {error.reason}."
        return await _preview_page(request, change, form=form)
    return go(request, visit.path("routing"), done=DONE[type(change)])


async def _waiting_page(request: PortalRequest, change: RuleChange) -> Response[bytes]:
    tenant_id = request.auth.operator.tenant.tenant_id
    return page(
        request,
        "routing_preview/page.html",
        title=title_parts(change, await list_rules(tenant_id)),
        waiting=True,
        weighed_count=0,
        query=change_query(change),
        form=Form({}),
        moved=False,
    )


async def _preview_page(
    request: PortalRequest, change: RuleChange, *, form: Form | None = None, moved: bool = False
) -> Response[bytes]:
    visit = request.auth
    matrix = await preview(change, by=visit.by, now=visit.now)
    shown = await _shown(request, change, matrix, form=form, moved=moved)
    return page(
        request,
        "routing_preview/page.html",
        status_code=409 if moved else 422 if form is not None else 200,
        title=title_parts(change, await list_rules(visit.operator.tenant.tenant_id)),
        **shown,
    )


async def _shown(
    request: PortalRequest, change: RuleChange, matrix: Matrix, *, form: Form | None = None, moved: bool = False
) -> dict[str, Any]:
    shown = await show(matrix, now=request.auth.now)
    return {
        "waiting": False,
        "shown": shown,
        "as_table": max(len(shown.befores), len(shown.afters)) <= CELLS_MAX,
        "cells": shown.cells[:PAIRS_MAX],
        "query": change_query(change),
        "change": text_of(change),
        "form": form or Form({}),
        "moved": moved,
        "where": where_words,
        "slugs": where_query,
    }


def _change(request: PortalRequest, text: str) -> RuleChange | None:
    """Return what an address or a form proposes; None if it says nothing that can be proposed."""
    check_super(request)
    try:
        return change_from(text)
    except InvalidError:
        return None


HANDLERS = (show_preview, watch, apply_ordinary, apply_confirmed, show_people, export)
