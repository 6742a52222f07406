"""The adoption queue: who came in and met somebody here, what speaks for one person, and the decision."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from uuid import UUID

from litestar import Response

from directory import access_roles, adoptions, exports, sources
from directory.adoption_cases import Case, State
from directory.adoptions import MATCHES, VERDICTS, EntryFilter, Verdict
from directory.errors import AlreadyExistsError, InvalidError, LastLocalAdministratorError, MovedError
from directory.model import Source, SourceId
from portal.auth import does, shows
from portal.csv_export import Cell, send_csv
from portal.event_words import value_words
from portal.export_words import narrowed_by
from portal.forms import Form, parse_uuid, path_uuid, read_form
from portal.list_search import ListSearch
from portal.rendering import go, page
from portal.visit import PortalRequest, Visit

ENTRIES_MAX = 50
CSV_PAGE = 500
QUEUE = "/t/{slug:str}/adoption"
ENTRY = f"{QUEUE}/{{entry_id:str}}"
EVERY = "every"
MATCH_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "user name": "User name",
        "external id": "External id",
        "e-mail": "E-mail only",
        "returned": "Deleted before",
        "restored": "Restored here",
    }
)
DONE: Mapping[Verdict, str] = MappingProxyType(
    {"adopt": "adopted", "apart": "told-apart", "reject": "adoption-rejected", "reopen": "adoption-reopened"}
)
COLUMNS = (
    "state",
    "connection",
    "incoming user name",
    "incoming external id",
    "matched by",
    "user here",
    "source here",
    "status here",
    "first seen",
    "last seen",
    "times",
    "decided at",
    "decided by",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One attribute of both records as people read it."""

    name: str
    here: str
    incoming: str
    outcome: str


@shows(QUEUE, access="portal:view")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show one page of the queue, the newest first."""
    visit = request.auth
    tenant_id = visit.operator.tenant.tenant_id
    connections = await sources.list_sources(tenant_id)
    search = ListSearch(request.query_params)
    wanted = filter_from(search, connections)
    before = parse_uuid(request.query_params.get("before", ""))
    return page(
        request,
        "adoption/page.html",
        fragments={"adoption-more": "adoption/_more.html"},
        found=await adoptions.list_entries(tenant_id, wanted, before=before, limit=ENTRIES_MAX),
        count=await adoptions.count_entries(tenant_id, wanted),
        open_count=await adoptions.count_entries(tenant_id, EntryFilter()),
        counted_max=adoptions.COUNTED_MAX,
        names=await access_roles.names_of_roles(tenant_id),
        connections=connections,
        match_words=MATCH_WORDS,
        matches=MATCHES,
        search=search,
        wanted=wanted,
        before=before,
    )


@shows(f"{QUEUE}/export.csv", access="portal:view", fresh=True)
async def export(request: PortalRequest) -> Response[Any]:
    """Send the entries of the filter as a file."""
    visit = request.auth
    connections = await sources.list_sources(visit.operator.tenant.tenant_id)
    search = ListSearch(request.query_params)
    wanted = filter_from(search, connections)
    names: dict[UUID, str] = {source.source_id: source.label for source in connections}
    await exports.record_list("Adoption queue", narrowed_by(search.params, names), by=visit.by, now=visit.now)
    return await send_csv(request, "adoption.csv", COLUMNS, _rows(visit, wanted))


@shows(ENTRY, access="portal:view")
async def show_entry(request: PortalRequest) -> Response[bytes]:
    """Show both records side by side, and what an adoption would do."""
    return await _entry_page(request, await _case(request), Form({}))


@does(f"{ENTRY}/decide", access="users:manage", fresh=True)
async def decide(request: PortalRequest) -> Response[bytes]:
    """Decide as it was seen, or show what is so by now."""
    form, visit = await read_form(request), request.auth
    case = await _case(request)
    verdict = form.choice("verdict", VERDICTS)
    if verdict == "adopt" and case.privileged and not form.flag("sure"):
        form.errors["sure"] = "Tick this to give an account with administration to a connection."
    if form.errors:
        return await _entry_page(request, case, form)
    try:
        await adoptions.decide(
            case.entry.entry_id, verdict, seen=form.fields.get("seen", ""), by=visit.by, now=visit.now
        )
    except MovedError:
        form.errors["verdict"] = "One of the records has changed since you looked. This is how they are now."
    except (InvalidError, LastLocalAdministratorError, AlreadyExistsError) as error:
        form.errors["verdict"] = f"{str(error)[:1].upper()}{str(error)[1:]}."
    if form.errors:
        return await _entry_page(request, await _case(request), form, status=409)
    return go(request, visit.path("adoption"), done=DONE[verdict])


def filter_from(search: ListSearch, connections: Sequence[Source]) -> EntryFilter:
    """Return which entries are looked for: those that wait, unless others are asked for."""
    everything = search.params.get("state") == EVERY
    search.narrowed |= everything
    state: State | None = None if everything else search.choice("state", adoptions.STATES) or "open"
    source_id = search.ident("source", {source.source_id for source in connections})
    return EntryFilter(
        state=state,
        source_id=None if source_id is None else SourceId(source_id),
        matched=search.choice("matched", MATCHES),
    )


def compared(case: Case) -> list[Compared]:
    """Return both records attribute by attribute, with what becomes of each."""
    rows = []
    for one in case.differences:
        here, incoming = _text(one.here), _text(one.incoming)
        if one.is_same:
            outcome = "same"
        elif one.kept:
            outcome = "kept at first"
        else:
            outcome = "taken" if incoming else "dropped"
        rows.append(Compared(name=one.name, here=here, incoming=incoming, outcome=outcome))
    return rows


def _text(value: Any) -> str:  # noqa: ANN401  # whatever JSON can say
    return "" if value is None else value_words(value, {})


async def _rows(visit: Visit, wanted: EntryFilter) -> AsyncIterator[Sequence[Cell]]:
    before = None
    while True:
        found = await adoptions.list_entries(visit.operator.tenant.tenant_id, wanted, before=before, limit=CSV_PAGE)
        for entry in found.entries:
            yield (
                entry.state,
                entry.source_label,
                str(entry.incoming.document.get("userName", "")),
                entry.external_id,
                MATCH_WORDS[entry.matched],
                entry.user_name,
                entry.user_source_label or "local",
                "deleted" if entry.user_deleted else "active" if entry.user_active else "disabled",
                entry.first_seen_at,
                entry.last_seen_at,
                entry.seen_count,
                entry.decided_at,
                entry.decided_by,
            )
        if (before := found.next_before) is None:
            return


async def _case(request: PortalRequest) -> Case:
    return await adoptions.get_case(request.auth.operator.tenant.tenant_id, path_uuid(request, "entry_id"))


async def _entry_page(request: PortalRequest, case: Case, form: Form, *, status: int = 422) -> Response[bytes]:
    source = await sources.get_source(request.auth.operator.tenant.tenant_id, case.entry.source_id)
    return page(
        request,
        "adoption/entry.html",
        status_code=status if form.errors else 200,
        case=case,
        entry=case.entry,
        source=source,
        arrival="push" if source.kind == "scim" else "pull",
        user=case.user,
        rows=compared(case),
        match_words=MATCH_WORDS,
        may_decide=request.auth.may("users:manage") and request.auth.covers(case.role),
        form=form,
    )


HANDLERS = (show, export, show_entry, decide)
