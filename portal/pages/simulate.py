"""Simulate payload: a pasted or recorded request in five steps; nothing of it is kept."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from litestar import Response

from directory import secret_keys, sources, traffic
from directory.errors import InvalidError, NotFoundError
from directory.model import Source, SourceId
from directory.plan import Event, Plan
from directory.simulations import Simulate, Simulated, SimulatedRequest
from portal.auth import does, shows
from portal.event_names import names_in_events
from portal.forms import Form, path_uuid, read_form
from portal.guides import GUIDES
from portal.rendering import page
from portal.visit import PortalRequest

SOURCE = "/t/{slug:str}/configure-scim/{source_id:str}"
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
METHODS: tuple[Method, ...] = get_args(Method)
PATH_CHARS_MAX = 2000
BODY_CHARS_MAX = 50_000
SHOWN_EVENTS = 50
SHOWN_ROLES = 10
StageState = Literal["done", "wrong", "skipped"]
EXAMPLE = '{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],\n "userName": "ann@example.org", "active": true}'
BASES = ("/scim/v2", "/scim")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One of the five steps, and what came of it."""

    title: str
    state: StageState
    words: tuple[str, ...]


@shows(f"{SOURCE}/simulate", access="sources:manage")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show the form; filled in from a recorded request where the address names one."""
    source = await _source(request)
    fields = {"method": "POST", "path": "/Users", "body": EXAMPLE}
    reference = request.query_params.get("request")
    if reference is not None:
        fields = await _recorded(source, reference)
    return await _page(request, source, Form(fields), replayed=reference)


@does(f"{SOURCE}/simulate", access="sources:manage")
async def simulate(request: PortalRequest) -> Response[bytes]:
    """Try the request out and show what would come of it."""
    visit, source, form = request.auth, await _source(request), await read_form(request)
    method = form.choice("method", METHODS)
    path = form.text("path", chars_max=PATH_CHARS_MAX)
    body = form.fields.get("body", "").strip()
    if len(body) > BODY_CHARS_MAX:
        form.errors["body"] = f"Use at most {BODY_CHARS_MAX:,} characters."
    simulated: Simulated | None = None
    if not form.errors:
        asked = SimulatedRequest(
            tenant_id=source.tenant_id,
            source_id=source.source_id,
            method=method,
            path=path,
            body="" if method in {"GET", "DELETE"} else body,
            at=visit.now,
        )
        try:
            simulated = await _simulator(request)(asked)
        except InvalidError as error:
            form.errors[error.attribute if error.attribute in form.fields else "path"] = f"This {error.reason}."
    return await _page(request, source, form, simulated=simulated)


async def _recorded(source: Source, reference: str) -> dict[str, str]:
    """Return the form for a recorded request of this source.

    Raises:
        NotFoundError: the source has no such record.
    """
    record = await traffic.get_request(source.tenant_id, reference)
    if record.source_id != source.source_id:
        raise NotFoundError("request", reference)
    path = next((record.path[len(base) :] for base in BASES if record.path.startswith(f"{base}/")), record.path)
    return {"method": record.method, "path": path, "body": record.request_body or ""}


async def _page(
    request: PortalRequest,
    source: Source,
    form: Form,
    *,
    simulated: Simulated | None = None,
    replayed: str | None = None,
) -> Response[bytes]:
    told = [] if simulated is None else events_of(simulated.plans)
    names = await names_in_events(source.tenant_id, told)
    return page(
        request,
        "simulate/page.html",
        status_code=422 if form.errors else 200,
        source=source,
        guide=GUIDES[source.preset],
        form=form,
        methods=METHODS,
        simulated=simulated,
        replayed=replayed,
        stages=[] if simulated is None else await _stages(request, source, simulated, names),
        events=told[:SHOWN_EVENTS],
        event_count=len(told),
        names=names,
    )


async def _stages(
    request: PortalRequest, source: Source, simulated: Simulated, names: Mapping[str, str]
) -> list[Stage]:
    failed = failed_stage(simulated)
    states: list[StageState] = ["done" if at < failed else "wrong" if at == failed else "skipped" for at in range(5)]
    reason = (simulated.detail or "It was refused.",)
    told = (
        await _authenticated(request, source),
        simulated.leniencies or ("Read as the standard says; no leniency was needed.",),
        matched_words(simulated),
        decided_words(simulated, names),
        (effect_words(simulated),),
    )
    titles = ("Authenticate", "Parse", "Match", "Decide", "Effect")
    return [
        Stage(title=title, state=state, words=reason if state == "wrong" else words if state == "done" else ())
        for title, state, words in zip(titles, states, told, strict=True)
    ]


async def _authenticated(request: PortalRequest, source: Source) -> tuple[str, ...]:
    """Return in whose name it is tried, and whether a real request would get in."""
    kept = await secret_keys.list_secrets(source.tenant_id, source.source_id)
    active = next((secret for secret in kept if secret.state(request.auth.now) in {"active", "retiring"}), None)
    words = [f"Tried in the name of {source.label}."]
    if source.settings.paused:
        words.append("SCIM is off: a real request would be refused with 401.")
    elif active is None:
        words.append("There is no valid secret: a real request would be refused with 401.")
    else:
        words.append(f"A real request needs the secret ending in {active.last_four}.")
    if source.settings.networks:
        words.append("Source networks are not tried: a real request must come from one of them.")
    return tuple(words)


def failed_stage(simulated: Simulated) -> int:
    """Return which of the five steps refused, counted from 0; 5 when none did."""
    match simulated.status:
        case status if status < 400:
            return 5
        case 404 if (simulated.detail or "").startswith("There is no endpoint"):
            return 1
        case 404 | 409 | 412:
            return 2
        case 403:
            return 3
        case status if status >= 500:
            return 4
        case _:
            return 1


def matched_words(simulated: Simulated) -> tuple[str, ...]:
    """Return whom the request is about."""
    actions = {event.action: event for event in reversed(events_of(simulated.plans))}
    if "user:created" in actions:
        return (f"Nobody matches: {actions['user:created'].subject_label} would be a new user.",)
    if "user:returned" in actions:
        return (f"{actions['user:returned'].subject_label} was deleted and would come back with the same id.",)
    if "group:created" in actions:
        return (f"No group matches: {actions['group:created'].subject_label} would be a new group.",)
    if simulated.user is not None:
        name = simulated.user.promoted.display_name
        return (f"The path names {name} ({simulated.user.attributes.user_name}).",)
    subjects = dict.fromkeys(event.subject_label for event in actions.values() if event.subject_kind == "group")
    if subjects:
        return (f"The path names the group {next(iter(subjects))}.",)
    known = next((event for event in actions.values() if event.subject_kind == "user"), None)
    if known is not None:
        return (f"{known.subject_label} is here already and would take what is sent.",)
    return ("What it names was found.",)


def decided_words(simulated: Simulated, names: Mapping[str, str]) -> tuple[str, ...]:
    """Return how many values change, and whose role from what to what and why."""
    events = events_of(simulated.plans)
    granted = [event for event in events if event.action == "user:role:granted"]
    changed = sum(len(event.changes) for event in events) - sum(len(event.changes) for event in granted)
    moved = sum(len(event.joined) + len(event.left) for event in events)
    words = [f"{changed} {'value changes' if changed == 1 else 'values change'}."] if changed else []
    if moved:
        words.append(f"{moved} {'membership changes' if moved == 1 else 'memberships change'}.")
    words += [role_words(event, names) for event in granted[:SHOWN_ROLES]]
    if len(granted) > SHOWN_ROLES:
        words.append(f"and {len(granted) - SHOWN_ROLES:,} more roles.")
    if not granted and simulated.user is not None:
        role_id = str(simulated.user.decision.role_id)
        words.append(f"The role stays {names.get(role_id, role_id)}.")
    return tuple(words) or ("Nothing changes.",)


def role_words(event: Event, names: Mapping[str, str]) -> str:
    """Return a role that changes hands with its derivation: ``Ann: Loanee → Editor, by the group Staff``."""
    told = {change.name: change for change in event.changes}
    role, origin, group = told.get("role"), told.get("origin"), told.get("group")
    before, after = (None, None) if role is None else (role.old, role.new)
    why = ""
    if group is not None and group.new is not None:
        why = f", by the group {names.get(str(group.new), group.new)}"
    elif origin is not None:
        why = {"lock": ", by a role lock", "default": ", the Default Access Role"}.get(str(origin.new), "")
    start = "" if before is None else f"{names.get(str(before), before)} → "
    return f"{event.subject_label}: {start}{names.get(str(after), after)}{why}."


def effect_words(simulated: Simulated) -> str:
    """Return the answer, and that nothing was kept."""
    count = len(events_of(simulated.plans))
    events = f"{count} {'entry' if count == 1 else 'entries'} in the record" if count else "no entry in the record"
    return f"Answer {simulated.status}, {events}. Nothing of this was kept."


def events_of(plans: Iterable[Plan]) -> list[Event]:
    """Return what would be recorded, in order."""
    return [event for plan in plans for event in plan.events]


def _simulator(request: PortalRequest) -> Simulate:
    found: Simulate = request.route_handler.opt["simulate"]
    return found


async def _source(request: PortalRequest) -> Source:
    tenant_id = request.auth.operator.tenant.tenant_id
    return await sources.get_pushed_source(tenant_id, SourceId(path_uuid(request, "source_id")))


HANDLERS = (show, simulate)
