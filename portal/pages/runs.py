"""Pulls of a connector: the list, and one of them with its progress, its plan and what came of it."""

from collections.abc import AsyncIterator, Sequence
from itertools import islice
from typing import Any

import msgspec
from litestar import Response

from directory import exports, held
from directory.held import HeldFilter
from directory.pull_run import RunId
from directory.pulls import runs
from directory.pulls.kinds import CheckStep
from directory.pulls.model import Action, PullSource, Run, RunItem
from directory.pulls.problems import list_problems
from directory.pulls.sightings import named_here
from portal.auth import does, shows
from portal.connectors_shown import connector_of
from portal.csv_export import Cell, send_csv
from portal.forms import parse_uuid
from portal.rendering import go, page
from portal.run_cards import line_for
from portal.run_lookup import is_open, run_of
from portal.run_words import (
    ACTIONS,
    CAUSES,
    STILL,
    TAKING,
    TIMINGS,
    changed_count,
    compared_count,
    duration_words,
    found_nothing,
    held_of,
    limit_words,
    progress_of,
    remaining_words,
    title_of,
    verdict_on,
)
from portal.streams import Update, fragment, stream
from portal.visit import PortalRequest

RUNS = "/t/{slug:str}/connectors/{source_id:str}/runs"
RUN = f"{RUNS}/{{pull_id:str}}"
RUNS_MAX = 50
TAKING_MAX = 50
SAMPLE_MAX = 5
REJECTS_MAX = 20
FRAGMENTS = {"runs-run": "runs/_run.html"}
COLUMNS = (
    "id",
    "began",
    "ended",
    "kind",
    "dry",
    "cause",
    "asked by",
    "state",
    "fetched",
    "changes",
    "held",
    "failed",
    "not taken over",
    "error",
)


@shows(RUNS, access="portal:view")
async def show(request: PortalRequest) -> Response[bytes]:
    """List the pulls of a connector, newest first."""
    source = await connector_of(request)
    before = parse_uuid(request.query_params.get("before", ""))
    found = await runs.list_runs(
        source.tenant_id, source.source_id, before=None if before is None else RunId(before), limit=RUNS_MAX + 1
    )
    return page(
        request,
        "runs/list.html",
        fragments={"runs-more": "runs/_more.html"},
        source=source,
        lines=[line_for(run, audits=source.mode == "audit") for run in found[:RUNS_MAX]],
        next_before=found[RUNS_MAX - 1].run_id if len(found) > RUNS_MAX else None,
    )


@shows(f"{RUNS}/export.csv", access="portal:view", fresh=True)
async def export(request: PortalRequest) -> Response[Any]:
    """Send all of them as CSV."""
    source, visit = await connector_of(request), request.auth
    await exports.record_list("Pulls of a connector", source.label, by=visit.by, now=visit.now)
    return await send_csv(request, "pulls.csv", COLUMNS, _rows(source))


@shows(RUN, access="portal:view")
async def show_run(request: PortalRequest) -> Response[bytes]:
    """Show one pull: how far it is, what it would do or did, and what went wrong."""
    source, run = await run_of(request)
    return page(request, "runs/page.html", fragments=FRAGMENTS, **await _shown(request, source, run))


@shows(f"{RUN}/stream", access="portal:view")
async def watch(request: PortalRequest) -> Response[Any]:
    """Send the pull anew whenever it got further."""
    source, _ = await run_of(request)

    async def look(mark: str | None) -> Update | None:
        _, run = await run_of(request)
        if mark_of(run) == mark:
            return None
        html = fragment(request, "runs/_run.html", **await _shown(request, source, run))
        return Update(mark=mark_of(run), html=html, done=not is_open(run))

    return stream(request, look)


@does(f"{RUN}/cancel", access="sources:manage")
async def cancel(request: PortalRequest) -> Response[bytes]:
    """Ask a pull to stop at the next page or batch."""
    source, run = await run_of(request)
    visit = request.auth
    await runs.ask_cancel(run.run_id, by=visit.by, now=visit.now)
    return go(request, visit.path("connectors", source.source_id, "runs", run.run_id), done="run-cancelled")


def mark_of(run: Run) -> str:
    """Return a text that is another one whenever the pull got further."""
    counted = (run.page_count, run.object_count, run.request_count, run.done_count, sum(run.counts.values()))
    told = f"{run.state}-{'-'.join(map(str, counted))}-{len(run.steps)}-{run.waited_ms // 1000}"
    return f"{told}{'-waits' if run.waiting else ''}{'-stops' if run.cancel_asked else ''}"


async def _shown(request: PortalRequest, source: PullSource, run: Run) -> dict[str, Any]:
    """Return what the templates of one pull are told."""
    tenant_id = source.tenant_id
    rejected, failed, audits = bool(run.counts.get("rejected")), bool(run.counts.get("failed")), source.mode == "audit"
    held_count = await held.count_held(tenant_id, HeldFilter(batch_id=run.run_id)) if run.counts else 0
    items = await _items(run)
    return {
        "source": source,
        "run": run,
        "title": title_of(run),
        "verdict": verdict_on(run, audits=audits),
        "audits": audits,
        "mark": mark_of(run),
        "open": is_open(run),
        "cause": CAUSES[run.cause],
        "changed": changed_count(run, held_count),
        "held": held_of(run, held_count),
        "nothing": found_nothing(run) and run.kind != "one" and not audits,
        "compared": compared_count(run),
        "progress": progress_of(run),
        "remaining": remaining_words(run, request.auth.now),
        "limits": [limit_words(measure, numbers) for measure, numbers in run.why.items()],
        "held_count": held_count,
        "items": [(action, words, once(some)) for action, words, some in items],
        "emptied": [item for _, _, some in items for item in emptied(some)],
        "taking": TAKING,
        "still": STILL,
        "steps": msgspec.convert(run.steps, tuple[CheckStep, ...]),
        "timings": [(TIMINGS.get(name, name), duration_words(took_s)) for name, took_s in run.timings.items()],
        "waited": duration_words(run.waited_ms / 1000) if run.waited_ms else "",
        "problems": await list_problems(tenant_id, source.source_id, limit=REJECTS_MAX) if failed else [],
        "rejects": await runs.list_rejects(tenant_id, run.run_id, after=None, limit=REJECTS_MAX) if rejected else [],
    }


async def _items(run: Run) -> list[tuple[Action, str, list[RunItem]]]:
    """Return what a pull does by action: of all that takes away more, of the rest a few."""
    listed = [
        (action, await runs.list_items(run.tenant_id, run.run_id, action=action, limit=_limit_of(action)))
        for action in ACTIONS
        if run.counts.get(action)
    ]
    named = iter(await named_here(run, [item for _, items in listed for item in items]))
    shown = [(action, list(islice(named, len(items)))) for action, items in listed]
    return [(action, ACTIONS[action], [item for item in items if not refused(run, item)]) for action, items in shown]


def refused(run: Run, item: RunItem) -> bool:
    """Whether something was to be created and is not there, in a pull of which something could not be applied."""
    applied = run.state == "done" and not run.dry and bool(run.counts.get("failed"))
    return applied and item.action.endswith(":create") and item.subject_id is None


def once(items: Sequence[RunItem]) -> list[RunItem]:
    """Return items without those of an object that was named before."""
    return list({item.ext_id: item for item in reversed(items)}.values())[::-1]


def emptied(items: Sequence[RunItem]) -> list[RunItem]:
    """Return the second items of groups that lose over half of their members: these say that the guard holds it."""
    first = {item.ext_id: item.seq for item in reversed(items)}
    return [item for item in items if item.action == "members:leave" and item.seq != first[item.ext_id]]


def _limit_of(action: Action) -> int:
    return TAKING_MAX if action in TAKING else SAMPLE_MAX


async def _rows(source: PullSource) -> AsyncIterator[Sequence[Cell]]:
    before: RunId | None = None
    while found := await runs.list_runs(source.tenant_id, source.source_id, before=before, limit=RUNS_MAX):
        for run in found:
            yield (
                str(run.run_id),
                run.started_at,
                run.ended_at,
                run.kind,
                run.dry,
                CAUSES[run.cause],
                run.asked_label,
                verdict_on(run).words,
                run.object_count,
                changed_count(run),
                run.counts.get("held", 0),
                run.counts.get("failed", 0),
                run.counts.get("rejected", 0),
                run.error_words,
            )
        before = found[-1].run_id


HANDLERS = (show, export, show_run, watch, cancel)
