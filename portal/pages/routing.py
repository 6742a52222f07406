"""Routing rules of a super tenant: the ordered list, how it is read, and the walk that follows a change."""

from typing import Any

from litestar import Response

from directory.errors import InvalidError, NotFoundError
from directory.model import EventId, TenantId
from directory.routes.apply import apply_unseen
from directory.routes.restoring import inverse_of
from directory.routes.rules import MoveRule, RemoveRule, RuleChange, RuleList, SetReading, list_rules
from directory.routes.unrouted import COUNTED_MAX, count_unrouted
from directory.routes.walks import RouteWalk, find_walk
from portal.auth import does, shows
from portal.forms import Form, parse_uuid, path_uuid, read_form
from portal.rendering import go, page
from portal.routing_words import DONE, check_super, condition_parts, label_of, preview_path
from portal.streams import Update, fragment, stream
from portal.visit import PortalRequest

ROUTING = "/t/{slug:str}/routing"
RULE = f"{ROUTING}/{{rule_id:str}}"
QUEUE = "queue"
MATCHES = ("first", "all")


@shows(ROUTING, access="portal:view")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show the rules in their order, and where those go whom none leads anywhere."""
    return await _list_page(request, Form({}))


@shows(f"{ROUTING}/progress", access="portal:view")
async def watch(request: PortalRequest) -> Response[Any]:
    """Send how far the walk after a change has come."""
    check_super(request)

    async def look(mark: str | None) -> Update | None:
        walk = await find_walk(request.auth.operator.tenant.tenant_id)
        now = _mark_of(walk)
        if now == mark:
            return None
        html = fragment(request, "routing/_walk.html", walk=walk, **await _queue(request))
        return Update(mark=now, html=html, done=walk is None or walk.ended_at is not None)

    return stream(request, look)


@does(f"{ROUTING}/reading", access="mappings:manage")
async def read_otherwise(request: PortalRequest) -> Response[bytes]:
    """Propose whether the first rule counts or all do, and another fallback."""
    check_super(request)
    form = await read_form(request)
    matches, given = form.choice("matches", MATCHES), form.fields.get("fallback", QUEUE)
    fallback = parse_uuid(given)
    if given != QUEUE and fallback is None:
        form.errors["fallback"] = "Choose one of the options."
    if form.errors:
        return await _list_page(request, form)
    change = SetReading(
        matches="all" if matches == "all" else "first", fallback=None if fallback is None else TenantId(fallback)
    )
    return await _propose(request, change, form)


@shows(f"{ROUTING}/restore/{{event_id:str}}", access="mappings:manage")
async def restore(request: PortalRequest) -> Response[bytes]:
    """Lead to the preview of what takes a change of the rules back."""
    check_super(request)
    event_id = EventId(path_uuid(request, "event_id"))
    try:
        change = await inverse_of(request.auth.operator.tenant.tenant_id, event_id)
    except InvalidError as error:
        raise NotFoundError("former rule", event_id) from error
    return _to_preview(request, change)


@does(f"{RULE}/up", access="mappings:manage")
async def move_up(request: PortalRequest) -> Response[bytes]:
    """Propose a rule one place up: it wins over the rule that it passes."""
    return await _propose(request, MoveRule(rule_id=path_uuid(request, "rule_id"), places=-1))


@does(f"{RULE}/down", access="mappings:manage")
async def move_down(request: PortalRequest) -> Response[bytes]:
    """Propose a rule one place down."""
    return await _propose(request, MoveRule(rule_id=path_uuid(request, "rule_id"), places=1))


@does(f"{RULE}/remove", access="mappings:manage")
async def remove(request: PortalRequest) -> Response[bytes]:
    """Propose to take a rule off the list."""
    return await _propose(request, RemoveRule(rule_id=path_uuid(request, "rule_id")))


async def _propose(request: PortalRequest, change: RuleChange, form: Form | None = None) -> Response[bytes]:
    """Save at once where nobody goes anywhere by it; otherwise go to the preview, where it can be applied."""
    check_super(request)
    visit = request.auth
    if not isinstance(change, SetReading):
        _check_there(await list_rules(visit.operator.tenant.tenant_id), change)
    try:
        saved = await apply_unseen(change, by=visit.by, now=visit.now)
    except InvalidError as error:
        form = form or Form({})
        form.errors[error.attribute] = f"This {error.reason}."
        return await _list_page(request, form)
    return go(request, visit.path("routing"), done=DONE[type(change)]) if saved else _to_preview(request, change)


def _check_there(found: RuleList, change: RuleChange) -> None:
    if isinstance(change, MoveRule | RemoveRule):
        label_of(found, change.rule_id)


def _to_preview(request: PortalRequest, change: RuleChange) -> Response[bytes]:
    return go(request, preview_path(request.auth, change))


async def _list_page(request: PortalRequest, form: Form) -> Response[bytes]:
    visit = request.auth
    check_super(request)
    tenant_id = visit.operator.tenant.tenant_id
    try:
        found = await list_rules(tenant_id)
    except NotFoundError as error:
        raise NotFoundError("page", request.url.path) from error
    walk = await find_walk(tenant_id)
    return page(
        request,
        "routing/page.html",
        status_code=422 if form.errors else 200,
        token=visit.new_token(),  # one for the many forms of this answer
        found=found,
        lines=[(line, condition_parts(line)) for line in found.lines],
        walk=walk,
        mark=_mark_of(walk),
        **await _queue(request),
        form=form,
    )


async def _queue(request: PortalRequest) -> dict[str, Any]:
    """Return how many wait in the unrouted queue."""
    count = await count_unrouted(request.auth.operator.tenant.tenant_id)
    return {"unrouted_count": count, "counted_max": COUNTED_MAX}


def _mark_of(walk: RouteWalk | None) -> str:
    """Return what a page shows of a walk: the same mark, the same words."""
    if walk is None:
        return "none"
    return f"{walk.walk_id}.{walk.phase}.{walk.done_count}.{'ended' if walk.ended_at else 'on'}"


HANDLERS = (show, watch, read_otherwise, restore, move_up, move_down, remove)
