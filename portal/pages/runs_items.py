"""What one pull does, object by object, and what it could not take over; on screen and as files."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from litestar import Response

from directory import exports
from directory.errors import NotFoundError
from directory.pulls import runs
from directory.pulls.model import Action, Run, RunItem
from directory.pulls.sightings import named_here
from portal.auth import shows
from portal.csv_export import Cell, send_csv
from portal.event_words import value_words
from portal.rendering import page
from portal.run_lookup import key_of, run_of, seen_key
from portal.run_words import ACTIONS, title_of
from portal.visit import PortalRequest

RUN = "/t/{slug:str}/connectors/{source_id:str}/runs/{pull_id:str}"
ITEMS_MAX = 100
EXPORTED_AT_ONCE = 500
SEQ_DIGITS_MAX = 12
COLUMNS = ("kind", "change", "name", "id there", "id here", "detail", "values")
REJECT_COLUMNS = ("kind", "id there", "reason")


@shows(f"{RUN}/changes", access="portal:view")
async def show(request: PortalRequest) -> Response[bytes]:
    """List what a pull changes, or would change; all that takes away, and samples of the rest."""
    source, run = await run_of(request)
    action = _action(request)
    found = await runs.list_items(run.tenant_id, run.run_id, action=action, after=_after(request), limit=ITEMS_MAX + 1)
    items = await named_here(run, found[:ITEMS_MAX])
    return page(
        request,
        "runs_items/changes.html",
        fragments={"runs-items-more": "runs_items/_more.html"},
        source=source,
        run=run,
        title=title_of(run),
        items=items,
        action=action,
        actions=ACTIONS,
        kinds=_kinds(request, run, action),
        shown=shown_changes,
        next_after=items[-1].seq if len(found) > ITEMS_MAX else None,
    )


@shows(f"{RUN}/changes.csv", access="portal:view", fresh=True)
async def export(request: PortalRequest) -> Response[Any]:
    """Send them as CSV."""
    _, run = await run_of(request)
    action, visit = _action(request), request.auth
    words = "All changes" if action is None else ACTIONS[action]
    await exports.record_list("Changes of a pull", words, by=visit.by, now=visit.now)
    return await send_csv(request, "pull-changes.csv", COLUMNS, _lines(run, action))


@shows(f"{RUN}/rejected", access="portal:view")
async def show_rejected(request: PortalRequest) -> Response[bytes]:
    """List what could not be taken over, with the reasons."""
    source, run = await run_of(request)
    after = seen_key(request)
    found = await runs.list_rejects(run.tenant_id, run.run_id, after=after, limit=ITEMS_MAX + 1)
    rejects = found[:ITEMS_MAX]
    return page(
        request,
        "runs_items/rejected.html",
        source=source,
        run=run,
        title=title_of(run),
        rejects=rejects,
        after=after,
        next_after=key_of(rejects[-1].kind, rejects[-1].ext_id) if len(found) > ITEMS_MAX else None,
    )


@shows(f"{RUN}/rejected.csv", access="portal:view", fresh=True)
async def export_rejected(request: PortalRequest) -> Response[Any]:
    """Send them as CSV."""
    _, run = await run_of(request)
    visit = request.auth
    await exports.record_list("Objects that a pull did not take over", "All", by=visit.by, now=visit.now)
    return await send_csv(request, "pull-rejected.csv", REJECT_COLUMNS, _rejected(run))


def shown_changes(item: RunItem) -> list[tuple[str, str | None, str | None]]:
    """Return the values of one change as text; of long ones their beginning."""
    return [
        (name, None if old is None else value_words(old, {}), None if new is None else value_words(new, {}))
        for name, old, new in item.changes
    ]


def _kinds(request: PortalRequest, run: Run, chosen: Action | None) -> list[tuple[str, str, bool]]:
    """Return the lists there are: of all changes, and of each kind that the pull counted."""
    place = request.url.path
    counted = [(action, words) for action, words in ACTIONS.items() if run.counts.get(action) or action == chosen]
    rejected = f"Not taken over ({run.counts.get('rejected', 0):,})"
    return [
        ("All", place, chosen is None),
        *(
            (f"{words} ({run.counts.get(action, 0):,})", f"{place}?action={action}", action == chosen)
            for action, words in counted
        ),
        (rejected, f"{place.removesuffix('changes')}rejected", False),
    ]


def _action(request: PortalRequest) -> Action | None:
    """Return which list is asked for; None: all.

    Raises:
        NotFoundError: none that there is.
    """
    asked = request.query_params.get("action", "")
    for action in ACTIONS:
        if action == asked:
            return action
    if asked:
        raise NotFoundError("list", asked)
    return None


def _after(request: PortalRequest) -> int | None:
    text = request.query_params.get("after", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= SEQ_DIGITS_MAX else None


async def _lines(run: Run, action: Action | None) -> AsyncIterator[Sequence[Cell]]:
    after: int | None = None
    while found := await runs.list_items(run.tenant_id, run.run_id, action=action, after=after, limit=EXPORTED_AT_ONCE):
        for item in await named_here(run, found):
            yield _line(item)
        after = found[-1].seq


def _line(item: RunItem) -> Sequence[Cell]:
    changes = "; ".join(f"{name}: {old or ''} → {new or ''}" for name, old, new in shown_changes(item))
    here = None if item.subject_id is None else str(item.subject_id)
    return (item.kind, ACTIONS[item.action], item.label, item.ext_id, here, item.detail, changes)


async def _rejected(run: Run) -> AsyncIterator[Sequence[Cell]]:
    after: tuple[str, str] | None = None
    while found := await runs.list_rejects(run.tenant_id, run.run_id, after=after, limit=EXPORTED_AT_ONCE):
        for reject in found:
            yield (reject.kind, reject.ext_id, reject.reason)
        after = (found[-1].kind, found[-1].ext_id)


HANDLERS = (show, export, show_rejected, export_rejected)
