"""Activity: what changed and who did it, and every request of the identity providers; live, searched, by page."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

from litestar import Response

from directory import activity, secret_keys, sources
from directory.activity import ActivityPage
from directory.errors import InvalidError
from directory.events import EventView
from directory.model import SecretId, SourceId, TenantId
from directory.traffic import KEPT_REQUESTS, RequestView
from portal.activity_terms import (
    CHANGE_TERMS,
    METHODS,
    REQUEST_TERMS,
    SPANS,
    Terms,
    before_of,
    change_filter,
    read_terms,
    request_filter,
)
from portal.auth import shows
from portal.event_names import names_in_events
from portal.event_words import ACTION_WORDS
from portal.rendering import page
from portal.streams import Update, fragment, stream
from portal.visit import PortalRequest

ENTRIES_MAX = 50
NEVER_LIVE = ("text", "to")
"""Fields that are too much to search for again and again, or that nothing new can meet."""


@shows("/t/{slug:str}/activity", access="portal:view")
async def show_changes(request: PortalRequest) -> Response[bytes]:
    """List changes, newest first."""
    tenant_id, terms, before = _tenant(request), read_terms(request, CHANGE_TERMS), before_of(request)
    wanted = await change_filter(tenant_id, terms)
    found = await activity.list_changes(tenant_id, wanted, before=before, limit=ENTRIES_MAX)
    return page(
        request,
        "activity/changes.html",
        found=found,
        names=await names_in_events(tenant_id, found.entries),
        sources=await sources.list_sources(tenant_id),
        actions=sorted(ACTION_WORDS.items(), key=lambda known: known[1]),
        chain=await activity.get_chain_state(tenant_id),
        missing_count=0 if terms.fields else await activity.count_missing_links(tenant_id, found.entries),
        **_shell(request, terms, before, mark=_mark(found)),
    )


@shows("/t/{slug:str}/activity/requests", access="portal:view")
async def show_requests(request: PortalRequest) -> Response[bytes]:
    """List requests, newest first; reads and refusals included."""
    tenant_id, terms, before = _tenant(request), read_terms(request, REQUEST_TERMS), before_of(request)
    wanted = await request_filter(tenant_id, terms)
    found = await activity.list_requests(tenant_id, wanted, before=before, limit=ENTRIES_MAX)
    since = min([request.auth.now - KEPT_REQUESTS, *(one.started_at for one in found.entries)])
    return page(
        request,
        "activity/requests.html",
        found=found,
        gaps=await activity.list_gaps(tenant_id, since=since, until=request.auth.now),
        sources=await sources.list_sources(tenant_id),
        methods=METHODS,
        **await _labels(tenant_id),
        **_shell(request, terms, before, mark=_mark(found)),
    )


@shows("/t/{slug:str}/activity/live", access="portal:view")
async def watch_changes(request: PortalRequest) -> Response[Any]:
    """Send the newest changes whenever there are others."""
    tenant_id, terms = _tenant(request), _live_terms(request, CHANGE_TERMS)
    wanted = await change_filter(tenant_id, terms)

    async def found() -> tuple[str, str]:
        listed = await activity.list_changes(tenant_id, wanted, before=None, limit=ENTRIES_MAX)
        names = await names_in_events(tenant_id, listed.entries)
        return _mark(listed), fragment(request, "activity/_changes.html", found=listed, names=names, terms=terms)

    return stream(request, _tail(lambda: activity.newest_mark(tenant_id, "changes"), found))


@shows("/t/{slug:str}/activity/live/requests", access="portal:view")
async def watch_requests(request: PortalRequest) -> Response[Any]:
    """Send the newest requests whenever there are others."""
    tenant_id, terms = _tenant(request), _live_terms(request, REQUEST_TERMS)
    wanted = await request_filter(tenant_id, terms)

    async def found() -> tuple[str, str]:
        listed = await activity.list_requests(tenant_id, wanted, before=None, limit=ENTRIES_MAX)
        labels = await _labels(tenant_id)
        told = fragment(request, "activity/_requests.html", found=listed, gaps=[], terms=terms, **labels)
        return _mark(listed), told

    return stream(request, _tail(lambda: activity.newest_mark(tenant_id, "requests"), found))


def _live_terms(request: PortalRequest, names: Sequence[str]) -> Terms:
    """Return the fields of a live list.

    Raises:
        InvalidError: for fields whose page offers none.
    """
    terms = read_terms(request, names)
    for name in NEVER_LIVE:
        if terms.has(name):
            raise InvalidError(name, "is no filter of a live list")
    return terms


def _tail(
    newest: Callable[[], Awaitable[str]], found: Callable[[], Awaitable[tuple[str, str]]]
) -> Callable[[str | None], Awaitable[Update | None]]:
    """Return a look that searches only after something came, and sends only what the browser does not show."""
    seen: str | None = None

    async def look(mark: str | None) -> Update | None:
        nonlocal seen
        now = await newest()
        if now == seen:
            return None
        shown, html = await found()
        seen = now
        return None if shown == mark else Update(mark=shown, html=html)

    return look


def _shell(request: PortalRequest, terms: Terms, before: UUID | None, *, mark: str) -> dict[str, Any]:
    """Return what both lists have around them."""
    may_live = before is None and not terms.has(*NEVER_LIVE)
    return {
        "terms": terms,
        "spans": [(key, label) for key, (label, _) in SPANS.items()],
        "before": before,
        "mark": mark,
        "may_live": may_live,
        "live": may_live and request.query_params.get("live") != "off",
        "kept_days": KEPT_REQUESTS.days,
    }


def _mark(found: ActivityPage[EventView] | ActivityPage[RequestView]) -> str:
    return activity.mark_of([one.event_id if isinstance(one, EventView) else one.request_id for one in found.entries])


def _tenant(request: PortalRequest) -> TenantId:
    return request.auth.operator.tenant.tenant_id


async def _labels(tenant_id: TenantId) -> dict[str, Any]:
    """Return the labels of connections and of their secrets, by id."""
    labels: dict[SourceId, str] = {}
    secret_labels: dict[SecretId, str] = {}
    for source in await sources.list_sources(tenant_id):
        labels[source.source_id] = source.label
        for secret in await secret_keys.list_secrets(tenant_id, source.source_id):
            secret_labels[secret.secret_id] = secret.label or f"…{secret.last_four}"
    return {"labels": labels, "secret_labels": secret_labels}


HANDLERS = (show_changes, show_requests, watch_changes, watch_requests)
