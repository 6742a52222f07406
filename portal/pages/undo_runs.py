"""Taking back all that an action on many came to: looked at, applied, and what was left as it is."""

from litestar import Response

from directory import undo_runs
from directory.errors import MovedError
from directory.undo_runs import UndoRun
from portal.auth import does, shows
from portal.forms import parse_uuid, path_uuid, read_form
from portal.rendering import go, page
from portal.visit import PortalRequest

UNDO = "/t/{slug:str}/undo/{action_id:str}"
RUN = "/t/{slug:str}/undo/runs/{run_id:str}"
SAMPLE = 20
LEFT_MAX = 50
ENDS = {
    "": "",
    "operator": "It ended, since whoever asked for it may no longer do so.",
    "failed": "It ended, since it could not be gone on with. What was undone stays so; look at the server's log.",
}


@shows(UNDO, access="portal:view")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show what taking back the whole action would do."""
    return await _preview_page(request)


@does(UNDO, access="portal:view", fresh=True)
async def start(request: PortalRequest) -> Response[bytes]:
    """Take the whole action back, as it was shown."""
    visit, form = request.auth, await read_form(request)
    job_id, plan_hash = path_uuid(request, "action_id"), form.fields.get("plan_hash", "")
    try:
        run = await undo_runs.start_run(job_id, plan_hash, by=visit.by, now=visit.now)
    except MovedError:
        return await _preview_page(request, moved=True)
    return go(request, visit.path("undo", "runs", run.run_id))


@shows(RUN, access="portal:view")
async def show_run(request: PortalRequest) -> Response[bytes]:
    """Show how far it is, and what was left as it is."""
    run = await undo_runs.get_run(path_uuid(request, "run_id"), by=request.auth.by)
    before = parse_uuid(request.query_params.get("before", ""))
    left = await undo_runs.list_left(run, before=before, limit=LEFT_MAX + 1) if run.left_count else []
    return page(
        request,
        "undo_runs/run.html",
        run=run,
        settled_count=run.done_count + run.left_count,
        left=left[:LEFT_MAX],
        next_before=left[LEFT_MAX - 1].deed_id if len(left) > LEFT_MAX else None,
        before=before,
        ending=_ending(run),
    )


def _ending(run: UndoRun) -> str:
    return ENDS.get(run.end_reason, run.end_reason)


async def _preview_page(request: PortalRequest, *, moved: bool = False) -> Response[bytes]:
    visit, job_id = request.auth, path_uuid(request, "action_id")
    shown = await undo_runs.preview_run(job_id, by=visit.by, now=visit.now)
    former = await undo_runs.find_run_of(visit.operator.tenant.tenant_id, job_id)
    return page(
        request,
        "undo_runs/page.html",
        status_code=409 if moved else 200,
        shown=shown,
        former=former,
        sample=shown.ready[:SAMPLE],
        left=shown.left[:SAMPLE],
        moved=moved,
    )


HANDLERS = (show, start, show_run)
