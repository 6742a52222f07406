"""What somebody asked of the activity pages: addresses to filters, and back to addresses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Literal
from urllib.parse import urlencode
from uuid import UUID

from directory import activity, traffic
from directory.activity import ChangeFilter, RequestFilter
from directory.errors import NotFoundError
from directory.model import RequestId, SourceId, TenantId
from directory.references import parse_reference
from portal.forms import parse_uuid
from portal.visit import PortalRequest

SPANS: Mapping[str, tuple[str, timedelta]] = MappingProxyType(
    {
        "1h": ("Last hour", timedelta(hours=1)),
        "24h": ("24 hours", timedelta(hours=24)),
        "7d": ("7 days", timedelta(days=7)),
        "30d": ("30 days", timedelta(days=30)),
    }
)
LABELS: Mapping[str, str] = MappingProxyType(
    {
        "last": "Time",
        "from": "From",
        "to": "To",
        "by": "By",
        "operator": "Operator",
        "action": "Action",
        "source": "Connection",
        "result": "Result",
        "status": "Status code",
        "method": "Method",
        "target": "Person or group",
        "text": "Text",
        "reference": "Reference",
        "run": "Pull",
    }
)
CHANGE_TERMS = ("last", "from", "to", "by", "operator", "action", "target", "text", "reference", "run")
REQUEST_TERMS = ("last", "from", "to", "source", "result", "status", "method", "target", "text", "reference")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
TERM_LENGTH_MAX = 200
NOBODY = UUID(int=0)


@dataclass(slots=True)
class Terms:
    """The filter fields of one address, and what could not be read of them."""

    names: Sequence[str]
    fields: dict[str, str]
    now: datetime
    problems: list[str] = field(default_factory=list)

    def query(self, *, without: str = "", **more: object) -> str:
        """Return these fields as the query of an address, with others added; begins with ``?``, or is empty."""
        told = {name: value for name, value in self.fields.items() if name != without}
        told |= {name: str(value) for name, value in more.items()}
        return f"?{urlencode(told)}" if told else ""

    def has(self, *names: str) -> bool:
        """Whether one of these fields is filled in."""
        return any(name in self.fields for name in names)

    def ignore(self, name: str, why: str) -> None:
        """Name a field that cannot be read, and go on without it."""
        value = self.fields.pop(name)
        self.problems.append(f"{LABELS[name]} “{value}” was ignored: {why}.")

    def moment(self, name: str, *, whole_day: bool) -> datetime | None:
        """Return a time, or the beginning of a day (its end with ``whole_day``), both UTC."""
        text = self.fields.get(name)
        if text is None:
            return None
        try:
            at = datetime.fromisoformat(text)
            at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
            return at + timedelta(days=1) if whole_day and len(text) == len("2026-01-31") else at
        except (ValueError, OverflowError):  # the second where a zone or a day leads out of the calendar
            self.ignore(name, "write a day as 2026-01-31, or a time as 2026-01-31T14:00")
            return None

    def since(self) -> datetime | None:
        """Return the time from which on entries are wanted."""
        last = self.fields.get("last")
        if last is not None and last not in SPANS:
            self.ignore("last", "choose one of those offered")
        if "last" in self.fields:
            return self.now - SPANS[self.fields["last"]][1]
        return self.moment("from", whole_day=False)

    def ident(self, name: str) -> UUID | None:
        """Return an id."""
        text = self.fields.get(name)
        found = None if text is None else parse_uuid(text)
        if text is not None and found is None:
            self.ignore(name, "choose one of those offered")
        return found


def read_terms(request: PortalRequest, names: Sequence[str]) -> Terms:
    """Return the fields of an address that a page knows; empty ones, and what no database holds, are left out."""
    given = {name: request.query_params.get(name, "").strip()[:TERM_LENGTH_MAX] for name in names}
    return Terms(names, {name: text for name, text in given.items() if text and text.isprintable()}, request.auth.now)


def before_of(request: PortalRequest) -> UUID | None:
    """Return the entry behind which a page begins."""
    return parse_uuid(request.query_params.get("before", ""))


async def change_filter(tenant_id: TenantId, terms: Terms) -> ChangeFilter:
    """Return the filter of changes that the fields mean."""
    by: Literal["people", "sources"] | None = None
    actor_id: UUID | None = None
    match terms.fields.get("by"):
        case "people":
            by = "people"
        case "sources":
            by = "sources"
        case _:
            actor_id = terms.ident("by")
    if "operator" in terms.fields:
        found = await activity.find_subjects(tenant_id, terms.fields["operator"])
        by, actor_id = "people", found[0] if found else NOBODY
        if not found:
            terms.problems.append(f"Nobody here is called “{terms.fields['operator']}”.")
    return ChangeFilter(
        since=terms.since(),
        until=terms.moment("to", whole_day=True),
        by=by,
        actor_id=actor_id,
        action=terms.fields.get("action"),
        subject_ids=await _subjects(tenant_id, terms),
        request_id=await _request_of(tenant_id, terms),
        run_id=terms.ident("run"),
        text=terms.fields.get("text", ""),
    )


async def request_filter(tenant_id: TenantId, terms: Terms) -> RequestFilter:
    """Return the filter of requests that the fields mean."""
    source_id = terms.ident("source")
    result: Literal["failed", "ok"] | None = None
    match terms.fields.get("result"):
        case "failed":
            result = "failed"
        case "ok":
            result = "ok"
        case str():
            terms.ignore("result", "choose one of those offered")
        case None:
            pass
    if terms.fields.get("method", "GET") not in METHODS:
        terms.ignore("method", "choose one of those offered")
    return RequestFilter(
        since=terms.since(),
        until=terms.moment("to", whole_day=True),
        source_id=None if source_id is None else SourceId(source_id),
        result=result,
        status=_status(terms),
        method=terms.fields.get("method"),
        subject_ids=await _subjects(tenant_id, terms),
        reference=_reference(terms),
        text=terms.fields.get("text", ""),
    )


def _status(terms: Terms) -> int | None:
    text = terms.fields.get("status")
    if text is None:
        return None
    if text.isascii() and text.isdigit() and 100 <= int(text) <= 599:
        return int(text)
    terms.ignore("status", "a status code has three digits, such as 409")
    return None


def _reference(terms: Terms) -> str | None:
    text = terms.fields.get("reference")
    found = None if text is None else parse_reference(text)
    if text is not None and found is None:
        terms.ignore("reference", "a reference looks like 7K3D-Q0ZB")
    return found


async def _subjects(tenant_id: TenantId, terms: Terms) -> tuple[UUID, ...] | None:
    text = terms.fields.get("target")
    if text is None:
        return None
    found = await activity.find_subjects(tenant_id, text)
    if not found:
        terms.problems.append(f"Nobody here, and no group, is called “{text}”: give the whole name or user name.")
    return found


async def _request_of(tenant_id: TenantId, terms: Terms) -> RequestId | None:
    reference = _reference(terms)
    if reference is None:
        return None
    try:
        return (await traffic.get_request(tenant_id, reference)).request_id
    except NotFoundError:
        terms.problems.append(f"There is no request {reference}, or no longer.")
        return RequestId(NOBODY)
