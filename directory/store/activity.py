"""Searches in events and request records: by page, the newest first, and never through more rows than was said.

A search first narrows by what an index knows, and looks through so many of the narrowed rows for the rest. Where that
was not enough, it tells how far back it got, so that the next page goes on from there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Literal, NamedTuple
from uuid import UUID

from directory.ids import first_id_at
from directory.model import RequestId, SourceId, TenantId
from directory.store.compiled import Statement
from directory.store.conditions import Values
from directory.store.records import find_request_referred
from directory.store.unit import Row, fetch, fetch_one

SCANNED_MAX = 20_000
"""Rows looked through for one page: about 10 ms on either database, among a million."""

TEXTS_SCANNED_MAX = 3_000
"""Rows whose texts are searched for one page; a request's body may have 64 KiB."""

SUBJECTS_MAX = 8
NEWEST = 50
"""So many ids tell whether a list of the newest still shows what there is."""

_NEWEST = {
    table: Statement(f"SELECT id FROM {table} WHERE tenant_id = $1::uuid ORDER BY id DESC LIMIT {NEWEST}")
    for table in ("event_row", "request_row")
}
_LAST = UUID(int=(1 << 128) - 1)
_FIRST = UUID(int=0)

EVENT_COLUMNS = (
    "e.id, e.at, e.actor_kind, e.actor_id, e.action, e.subject_kind, e.subject_id, e.request_id, e.run_id, e.seq,"
    " v.document"
)
_VALUES_JOIN = "LEFT JOIN event_value_row v ON v.tenant_id = e.tenant_id AND v.event_id = e.id"
REQUEST_COLUMNS = (
    "e.id, e.source_id, e.secret_id, e.reference, e.method, e.path, e.status, e.scim_type, e.detail, e.software,"
    " e.network, e.leniencies, e.started_at, e.duration_us, NULL::text AS request_body"
)
_ABOUT = (
    "SELECT s.id FROM event_row s WHERE s.tenant_id = $1::uuid AND s.subject_id = {}"
    " AND s.id < $2::uuid AND s.id >= $3::uuid"
)
_MOVING = (
    "SELECT m.event_id AS id FROM event_member_row m WHERE m.tenant_id = $1::uuid AND m.user_id = {}"
    " AND m.event_id < $2::uuid AND m.event_id >= $3::uuid"
)
_NONE = "SELECT s.id FROM event_row s WHERE s.tenant_id = $1::uuid AND 1 = 0"
_PEOPLE_SUBJECTS = ("user", "group")
"""What sources change; events about anything else are of operators and duties."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeFilter:
    """Which events are wanted; what is not said wants all."""

    since: datetime | None = None
    until: datetime | None = None
    actor_id: UUID | None = None
    """A source or a user."""
    by: Literal["people", "sources"] | None = None
    action: str | None = None
    """An action, or the beginning of several up to a colon, such as ``mapping:``."""
    subject_ids: tuple[UUID, ...] | None = None
    """Users and groups, and the memberships that moved them; an empty tuple finds nothing."""
    request_id: RequestId | None = None
    run_id: UUID | None = None
    """A pull."""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFilter:
    """Which request records are wanted; what is not said wants all."""

    since: datetime | None = None
    until: datetime | None = None
    source_id: SourceId | None = None
    result: Literal["failed", "ok"] | None = None
    status: int | None = None
    method: str | None = None
    subject_ids: tuple[UUID, ...] | None = None
    reference: str | None = None
    text: str = ""


class Found(NamedTuple):
    """One page of a search."""

    rows: list[Row]
    floor: UUID | None
    """Where the search stopped although there is more behind; None when the page is full, or all was searched."""


class Test(NamedTuple):
    """A condition with ``{}`` where its values go, each with its type."""

    text: str
    values: tuple[tuple[object, str], ...] = ()


NOTHING_BEFORE = Test("")


@dataclass(slots=True)
class Search:
    """One search while its text is put together."""

    table: str
    bounds: tuple[UUID, UUID]
    """The ids between which to look: below the first, and from the second on."""
    narrow: list[Test] = field(default_factory=list)
    """Conditions that an index answers."""
    begin: Test = NOTHING_BEFORE
    """What stands before the table: another one that leads to the few rows there are."""
    rest: list[Test] = field(default_factory=list)
    """Conditions that are tried row by row."""
    index: str | None = None
    """For SQLite, which has no statistics to choose by."""
    scanned_max: int | None = SCANNED_MAX
    """Narrowed rows that are tried; None tries all, where they are few."""
    unbounded: bool = False
    """How many rows are touched is not known beforehand."""


async def search_events(tenant_id: TenantId, wanted: ChangeFilter, *, before: UUID | None, limit: int) -> Found:
    """Return rows of events with their values, the newest first."""
    search = Search("event_row", _bounds(wanted.since, wanted.until, before))
    _narrow_events(search, wanted)
    if wanted.actor_id is not None:
        search.rest.append(Test("e.actor_id = {}", ((wanted.actor_id, "uuid"),)))
    if wanted.action is not None:
        search.rest.append(_action_test(wanted.action))
    if wanted.text:
        search.rest.append(_text_test(wanted.text, "v.document"))
        search.scanned_max = TEXTS_SCANNED_MAX
    if wanted.subject_ids is not None:
        _begin_with(search, wanted.subject_ids, limit)
    return await _run(tenant_id, search, f"{EVENT_COLUMNS} FROM {{begin}}event_row e{{index}} {_VALUES_JOIN}", limit)


async def search_requests(tenant_id: TenantId, wanted: RequestFilter, *, before: UUID | None, limit: int) -> Found:
    """Return rows of request records without their bodies, the newest first."""
    search = Search("request_row", _bounds(wanted.since, wanted.until, before))
    referred = None if wanted.reference is None else await find_request_referred(tenant_id, wanted.reference)
    _narrow_requests(search, wanted, referred_id=_FIRST if referred is None else referred["id"])
    # A GET that finds nothing is no failure; see tallies.is_failure.
    if wanted.result == "failed":
        search.rest.append(Test("NOT (e.status = 404 AND e.method = 'GET')"))
    elif wanted.result == "ok":
        search.rest.append(Test("(e.status < 400 OR (e.status = 404 AND e.method = 'GET'))"))
    if wanted.status is not None:
        search.rest.append(Test("e.status = {}", ((wanted.status, "bigint"),)))
    if wanted.method is not None:
        search.rest.append(Test("e.method = {}", ((wanted.method, "text"),)))
    if wanted.subject_ids is not None:
        search.rest.append(_touches(wanted.subject_ids))
    if wanted.text:
        search.rest.append(_text_test(wanted.text, "e.path", "e.detail", "e.request_body"))
        search.scanned_max = TEXTS_SCANNED_MAX
    return await _run(tenant_id, search, f"{REQUEST_COLUMNS} FROM {{begin}}request_row e{{index}}", limit)


async def list_newest_ids(tenant_id: TenantId, table: Literal["event_row", "request_row"]) -> list[UUID]:
    """Return the newest ids of a table, out of its key alone: cheap enough to be asked every second."""
    return [row["id"] for row in await fetch(_NEWEST[table], tenant_id)]


def lower_ascii(text: str) -> str:
    """Return a text with A to Z in lower case, as both databases are asked to do it."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)


def _bounds(since: datetime | None, until: datetime | None, before: UUID | None) -> tuple[UUID, UUID]:
    """Return the ids between which to look: an id begins with its time."""
    last = _LAST if until is None else first_id_at(until)
    return min(last, before or _LAST), _FIRST if since is None else first_id_at(since)


def _narrow_events(search: Search, wanted: ChangeFilter) -> None:
    if wanted.by == "people" or _only_of_people(wanted.action):
        search.narrow.append(Test("e.actor_kind <> 'source'"))
        search.index = "event_of_people"
    elif wanted.by == "sources":
        search.rest.append(Test("e.actor_kind = 'source'"))
    if wanted.request_id is not None:
        search.narrow.append(Test("e.request_id = {}", ((wanted.request_id, "uuid"),)))
        search.index = "event_of_request"
    if wanted.run_id is not None:
        search.narrow.append(Test("e.run_id = {}", ((wanted.run_id, "uuid"),)))
        search.index = "event_of_run"


def _only_of_people(action: str | None) -> bool:
    return action is not None and action.partition(":")[0] not in _PEOPLE_SUBJECTS


def _action_test(action: str) -> Test:
    if not action.endswith(":"):
        return Test("e.action = {}", ((action, "text"),))
    return Test("substr(e.action, 1, {}) = {}", ((len(action), "integer"), (action, "text")))


def _text_test(text: str, *columns: str) -> Test:
    """Return the condition that one of the columns contains a text, whatever the case of A to Z."""
    wanted = (lower_ascii(text), "text")
    tests = " OR ".join(f'strpos(lower({column} COLLATE "C"), {{}}) > 0' for column in columns)
    return Test(f"({tests})", (wanted,) * len(columns))


def _begin_with(search: Search, subject_ids: Sequence[UUID], limit: int) -> None:
    """Look through the events about the subjects alone; where nothing else is asked, through the newest of them."""
    search.begin = _about(subject_ids, None if search.rest or search.narrow else limit)
    search.narrow.append(Test("e.id = about.id"))
    search.index, search.scanned_max, search.unbounded = None, None, True


def _about(subject_ids: Sequence[UUID], limit: int | None) -> Test:
    """Return the ids of events about the subjects, and of those that moved them, as a table to begin with.

    As a condition SQLite tries it on every event of the tenant, in order to have them sorted. Each branch is of one
    subject, so that its index has the newest ``limit`` in order: a group may have had 100,000 changes.
    """
    newest = "" if limit is None else " ORDER BY id DESC LIMIT {}"
    least: tuple[tuple[object, str], ...] = () if limit is None else ((limit, "bigint"),)
    branches: list[str] = []
    values: list[tuple[object, str]] = []
    for place, subject_id in enumerate(subject_ids[:SUBJECTS_MAX]):
        for about in (_ABOUT, _MOVING):
            branches.append(f"SELECT id FROM ({about}{newest}) AS branch_{place}")
            values += [(subject_id, "uuid"), *least]
    return Test(f"({' UNION '.join(branches) or _NONE}) AS about CROSS JOIN ", tuple(values))


def _narrow_requests(search: Search, wanted: RequestFilter, *, referred_id: UUID) -> None:
    of_source = Test("e.source_id = {}", ((wanted.source_id, "uuid"),))
    if wanted.reference is not None:
        search.narrow.append(Test("e.id = {}", ((referred_id, "uuid"),)))
        if wanted.result == "failed":
            search.rest.append(Test("e.status >= 400"))
    elif wanted.result == "failed" or (wanted.status is not None and wanted.status >= 400):
        search.narrow.append(Test("e.status >= 400"))
        search.index = "request_failed"
    elif wanted.source_id is not None:
        search.narrow.append(of_source)
        search.index = "request_of_source"
        return
    if wanted.source_id is not None:
        search.rest.append(of_source)


def _touches(subject_ids: Sequence[UUID]) -> Test:
    """Return the condition that a request names one of the subjects in its path, or caused an event about it."""
    some = subject_ids[:SUBJECTS_MAX]
    caused = "e.id IN (SELECT s.request_id FROM event_row s WHERE s.tenant_id = $1::uuid AND s.subject_id = ANY({}))"
    named = ["strpos(e.path, {}) > 0"] * len(some)
    return Test(f"({' OR '.join([caused, *named])})", ((list(some), "uuid[]"), *((str(one), "text") for one in some)))


async def _run(tenant_id: TenantId, search: Search, what: str, limit: int) -> Found:
    """Return a page; where rows are tried one by one, at most so many of them."""
    values = Values(tenant_id, *search.bounds)
    what = what.replace("{begin}", _placed(search.begin, values))
    narrow = [_placed(one, values) for one in search.narrow]
    within = " AND ".join(["e.tenant_id = $1::uuid AND e.id < $2::uuid AND e.id >= $3::uuid", *narrow])
    floor: UUID | None = None
    if search.rest and search.scanned_max is not None:
        text = (
            f"SELECT e.id FROM {search.table} e{{index}} WHERE {within} ORDER BY e.id DESC LIMIT 1"
            f" OFFSET {search.scanned_max}"
        )
        found = await fetch_one(_statement(text, search.index), *values.values)
        if found is not None:
            # In the place of the lower bound: of two lower bounds SQLite may walk the index from the wrong one.
            floor = values.values[2] = found["id"]
    where = " AND ".join([within, *(_placed(one, values) for one in search.rest)])
    text = f"SELECT {what} WHERE {where} ORDER BY e.id DESC LIMIT {values.place(limit, 'bigint')}"
    rows = await fetch(_statement(text, search.index), *values.values, unbounded=search.unbounded or bool(search.rest))
    return Found(rows, floor if len(rows) < limit else None)


def _placed(test: Test, values: Values) -> str:
    return test.text.format(*(values.place(value, declared) for value, declared in test.values))


@lru_cache(maxsize=512)
def _statement(text: str, index: str | None) -> Statement:
    """Return a statement, put together once per shape of filter."""
    sqlite = text.replace("{index}", "" if index is None else f" INDEXED BY {index}")
    return Statement(
        text.replace("{index}", ""), sqlite=sqlite.replace("strpos(", "instr(").replace(' COLLATE "C"', "")
    )
