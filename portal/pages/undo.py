"""Taking back one entry of the activity: what comes back and what stands against it, and applying exactly that."""

from litestar import Response

from directory import undo
from directory.errors import InvalidError, MovedError
from directory.model import EventId
from directory.plan import AttributeChange
from directory.undo import Conflict, UndoPreview
from portal.auth import does, shows
from portal.deed_words import diff_rows
from portal.event_names import names_in_events
from portal.event_words import value_words, words_for
from portal.forms import Form, path_uuid, read_form
from portal.rendering import go, page
from portal.visit import PortalRequest

UNDO = "/t/{slug:str}/activity/changes/{event_id:str}/undo"
TOLD_MAX = 50
UNTOLD = frozenset({"change:undone"})


@shows(UNDO, access="portal:view")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show what taking a change back would do, before anything is saved."""
    return await _page(request, Form({}))


@does(UNDO, access="portal:view")
async def apply_ordinary(request: PortalRequest) -> Response[bytes]:
    """Take a change back as it was shown, if it is no weighty one."""
    return await _apply(request, confirmed=request.auth.is_fresh)


@does(f"{UNDO}/confirmed", access="portal:view", fresh=True)
async def apply_confirmed(request: PortalRequest) -> Response[bytes]:
    """Take a weightier change back, by an operator who has just confirmed who it is."""
    return await _apply(request, confirmed=True)


async def _apply(request: PortalRequest, *, confirmed: bool) -> Response[bytes]:
    form, visit = await read_form(request), request.auth
    event_id = EventId(path_uuid(request, "event_id"))
    plan_hash, consent = form.fields.get("plan_hash", ""), form.flag("consent")
    try:
        done = await undo.apply_undo(
            event_id, plan_hash, consent=consent, confirmed=confirmed, by=visit.by, now=visit.now
        )
    except MovedError:
        return await _page(request, form, moved=True)
    except InvalidError as error:
        form.errors[error.attribute] = f"{error.attribute.capitalize()} {error.reason}."
        return await _page(request, form)
    return go(request, visit.path("activity", "changes", done), done="change-undone")


async def _page(request: PortalRequest, form: Form, *, moved: bool = False) -> Response[bytes]:
    visit = request.auth
    shown = await undo.preview_undo(EventId(path_uuid(request, "event_id")), by=visit.by, now=visit.now)
    tenant_id = visit.operator.tenant.tenant_id
    names = await names_in_events(tenant_id, [shown.event, *shown.told, _Said(shown.conflicts)])
    names[shown.event.action] = words_for(shown.event.action)
    told = [one for one in shown.told if one.action not in UNTOLD or len(one.changes) > 1]
    return page(
        request,
        "undo/page.html",
        status_code=409 if moved else 422 if form.errors else 200,
        shown=shown,
        title=title_of(shown),
        told=[(one, diff_rows([change for change in one.changes if change.name != "change"], names)) for one in told],
        told_max=TOLD_MAX,
        conflicts=[conflict_words(one, names) for one in shown.conflicts],
        names=names,
        form=form,
        moved=moved,
        diff_rows=diff_rows,
    )


class _Said:
    """The values of conflicts, as changes, so that the ids among them are named."""

    def __init__(self, conflicts: tuple[Conflict, ...]) -> None:
        self.changes = tuple(AttributeChange(name=one.attribute, old=one.left, new=one.now) for one in conflicts)


def title_of(shown: UndoPreview) -> str:
    """Return the heading's verb: an undo that is taken back does the thing again."""
    return "Do again" if shown.event.action == "change:undone" else "Undo"


def conflict_words(conflict: Conflict, names: dict[str, str]) -> tuple[str, str]:
    """Return what was touched, and how, in words."""
    if conflict.text:
        return conflict.text, ""
    left = "nothing" if conflict.left is None else f"“{value_words(conflict.left, names)}”"
    now = "nothing" if conflict.now is None else f"“{value_words(conflict.now, names)}”"
    attribute = conflict.attribute.replace("_", " ")
    return f"The {attribute} of the {conflict.thing} has changed since.", f"It was left as {left} and is {now} now."


HANDLERS = (show, apply_ordinary, apply_confirmed)
