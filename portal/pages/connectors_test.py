"""Test connection: what a pull needs, tried step by step, with how long each took and what exactly is missing."""

from litestar import Response

from directory.errors import InvalidError
from directory.pulls.checking import check_source
from directory.pulls.kinds import Check
from directory.pulls.model import PullSource
from portal.auth import does, shows
from portal.connector_words import OUTCOMES, SET_UP, STAGES
from portal.connectors_shown import CONNECTOR, TABS, connector_of, kind_label
from portal.rendering import page
from portal.visit import PortalRequest


@shows(f"{CONNECTOR}/test", access="sources:manage")
async def show(request: PortalRequest) -> Response[bytes]:
    """Say what a test tries."""
    return _page(request, await connector_of(request), None)


@does(f"{CONNECTOR}/test", access="sources:manage")
async def test(request: PortalRequest) -> Response[bytes]:
    """Try all that a pull needs, and show each step; it takes seconds, and nothing is kept of it."""
    visit, source = request.auth, await connector_of(request)
    try:
        found = await check_source(source.source_id, by=visit.by, now=visit.now)
    except InvalidError as error:
        return _page(request, source, None, refused=str(error))
    return _page(request, source, found)


def _page(request: PortalRequest, source: PullSource, found: Check | None, *, refused: str = "") -> Response[bytes]:
    return page(
        request,
        "connectors_test/page.html",
        status_code=422 if refused else 200,
        source=source,
        found=found,
        refused=refused,
        kind_label=kind_label(source.kind),
        setup=SET_UP.get(source.kind, ()),
        outcomes=OUTCOMES,
        stages=STAGES,
        tabs=TABS,
    )


HANDLERS = (show, test)
