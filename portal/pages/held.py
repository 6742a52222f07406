"""What the guard held: what waits and why, approved or rejected one by one or all at once."""

from collections.abc import AsyncIterator, Sequence
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from litestar import Response

from directory import access_roles, alert_recipients, exports, held, sources
from directory.errors import InvalidError, MovedError
from directory.held import Decision, HeldFilter, HeldLine, HeldState, Selection
from directory.model import GroupId, SourceId, TenantId, UserId
from portal.auth import does, shows
from portal.csv_export import Cell, send_csv
from portal.export_words import narrowed_by
from portal.forms import Form, parse_uuid, read_form
from portal.held_words import KINDS, STATE_SENTENCES, STATES, change_words, heap_words, why_words
from portal.list_search import ListSearch
from portal.rendering import DIALOG_ID, go, page
from portal.visit import PortalRequest, Visit, site_of

LINES_MAX = 50
SHOWN_MAX = 20
PARAMS_MAX = 20
HELD = "/t/{slug:str}/held"
DECISIONS: tuple[Decision, ...] = ("approved", "rejected")
STATE_NAMES: tuple[HeldState, ...] = tuple(STATES)
KIND_NAMES = ("disable", "delete", "leave", "join")
COLUMNS = (
    "user name",
    "name",
    "change",
    "group",
    "now",
    "would be",
    "since",
    "state",
    "decided by",
    "decided at",
    "why",
    "reference",
    "note",
)


@shows(HELD, access="portal:view")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show what the guard did, and one page of what it held, the newest first."""
    visit = request.auth
    tenant_id = visit.operator.tenant.tenant_id
    search, wanted = await search_of(request)
    after = parse_uuid(request.query_params.get("after", ""))
    lines = await held.list_held(tenant_id, wanted, after=after, limit=LINES_MAX + 1)
    return page(
        request,
        "held/page.html",
        fragments={"held-more": "held/_more.html"},
        lines=lines[:LINES_MAX],
        next_after=lines[LINES_MAX - 1].held.held_id if len(lines) > LINES_MAX else None,
        after=after,
        count=await held.count_held(tenant_id, wanted),
        on_their_way=await held.count_on_their_way(tenant_id),
        counted_max=held.COUNTED_MAX,
        heaps=await held.list_heaps(tenant_id) if wanted == HeldFilter() and after is None else [],
        mailed=await _mailed(tenant_id),
        sends_mail=site_of(request).sends_mail,
        search=search,
        wanted=wanted,
        **await words_for(visit),
    )


async def _mailed(tenant_id: TenantId) -> list[str]:
    """Return who is mailed when something is held."""
    recipients = await alert_recipients.list_recipients(tenant_id)
    return [one.label or one.address or "" for one in recipients if one.reachable and "changes_held" in one.kinds]


@shows(f"{HELD}/export.csv", access="portal:view", fresh=True)
async def export(request: PortalRequest) -> Response[Any]:
    """Send what the filter finds as a file."""
    visit = request.auth
    search, wanted = await search_of(request)
    names = await access_roles.names_of_roles(visit.operator.tenant.tenant_id)
    await exports.record_list("Held changes", narrowed_by(search.params, names), by=visit.by, now=visit.now)
    return await send_csv(request, "held-changes.csv", COLUMNS, _rows(visit, wanted, names))


@shows(f"{HELD}/decide", access="users:manage")
async def ask(request: PortalRequest) -> Response[bytes]:
    """Show what approving or rejecting would be about, and ask."""
    params = request.query_params
    search, wanted = await search_of(request)
    form = Form({"decision": params.get("decision", "")})
    decision = form.choice("decision", DECISIONS)
    picked = _ids(params.getall("held", []))
    everybody = params.get("all") == "yes"
    return await _ask_page(request, decision, picked, wanted if everybody else None, search=search)


@does(f"{HELD}/decide", access="users:manage", fresh=True)
async def decide(request: PortalRequest) -> Response[bytes]:
    """Approve or reject exactly what was shown."""
    form, visit = await read_form(request), request.auth
    decision = form.choice("decision", DECISIONS)
    search, wanted = await search_of(request, _params(form.fields.get("query", "")))
    picked = _ids(form.fields.get("picked", "").split())
    everybody = form.fields.get("all") == "yes"
    try:
        decided = await held.decide(
            _selection(picked, wanted if everybody else None),
            decision,
            form.fields.get("plan_hash", ""),
            by=visit.by,
            now=visit.now,
        )
    except (MovedError, InvalidError) as error:
        refusal = "something was decided or taken back since" if isinstance(error, MovedError) else str(error)
        return await _ask_page(request, decision, picked, wanted if everybody else None, search=search, refusal=refusal)
    if decision == "rejected":
        return go(request, visit.path("held"), done="held-rejected")
    if decided.refused_count:
        return go(request, visit.path("held"), done="held-refused")
    return go(request, visit.path("held"), done="held-approving" if decided.left_count else "held-approved")


async def search_of(request: PortalRequest, params: dict[str, str] | None = None) -> tuple[ListSearch, HeldFilter]:
    """Return which held changes are looked for."""
    tenant_id = request.auth.operator.tenant.tenant_id
    search = ListSearch(dict(request.query_params) if params is None else params)
    known = [source.source_id for source in await sources.list_sources(tenant_id)]
    source_id = search.ident("source", known)
    group_id, user_id, batch_id = (search.any_ident(name) for name in ("group", "user", "batch"))
    kind = search.choice("kind", KIND_NAMES)
    return search, HeldFilter(
        state=search.sort("state", STATE_NAMES),
        source_id=None if source_id is None else SourceId(source_id),
        batch_id=batch_id,
        group_id=None if group_id is None else GroupId(group_id),
        kind=kind,  # type: ignore[arg-type]  # one of KIND_NAMES
        user_id=None if user_id is None else UserId(user_id),
    )


async def words_for(visit: Visit) -> dict[str, Any]:
    """Return what the templates word held changes with."""
    tenant_id = visit.operator.tenant.tenant_id
    names = await access_roles.names_of_roles(tenant_id)

    def told(line: HeldLine) -> tuple[str, str]:
        return change_words(line, names)

    return {
        "sources": {source.source_id: source for source in await sources.list_sources(tenant_id)},
        "states": STATES,
        "sentences": STATE_SENTENCES,
        "kinds": KINDS,
        "told": told,
        "why_words": why_words,
        "heap_words": heap_words,
    }


async def _ask_page(  # what is asked about, and why it is asked again
    request: PortalRequest,
    decision: Decision,
    picked: tuple[UUID, ...],
    wanted: HeldFilter | None,
    *,
    search: ListSearch,
    refusal: str = "",
) -> Response[bytes]:
    visit = request.auth
    nobody = wanted is None and not picked
    shown = None if nobody else await held.show(_selection(picked, wanted), by=visit.by, limit=SHOWN_MAX)
    return page(
        request,
        "held/decide_page.html",
        fragments={DIALOG_ID: "held/_decide.html"},
        status_code=409 if refusal else 200,
        decision=decision,
        shown=shown,
        picked=picked,
        everybody=wanted is not None,
        search=search,
        refusal=refusal,
        **await words_for(visit),
    )


def _selection(picked: tuple[UUID, ...], wanted: HeldFilter | None) -> Selection:
    return Selection(held_ids=picked) if wanted is None else Selection(wanted=wanted)


def _ids(texts: Sequence[str]) -> tuple[UUID, ...]:
    return tuple(dict.fromkeys(found for text in texts if (found := parse_uuid(text)) is not None))


def _params(query: str) -> dict[str, str]:
    """Return the filters that the form brings back."""
    try:
        return dict(parse_qsl(query, max_num_fields=PARAMS_MAX))
    except ValueError:
        return {}


async def _rows(visit: Visit, wanted: HeldFilter, names: dict[UUID, str]) -> AsyncIterator[Sequence[Cell]]:
    async for line in held.each_held(visit.operator.tenant.tenant_id, wanted):
        before, after = change_words(line, names)
        yield (
            line.user_name or "purged",
            line.display_name,
            KINDS[line.held.kind],
            line.group_name,
            before,
            after,
            line.held.at,
            STATES[line.held.state],
            line.held.decided_by,
            line.held.decided_at,
            why_words(line.held.why),
            line.reference,
            line.held.note,
        )


HANDLERS = (show, export, ask, decide)
