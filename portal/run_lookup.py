"""The pull that an address names."""

from urllib.parse import quote

from directory.errors import NotFoundError
from directory.pull_run import RunId
from directory.pulls import runs
from directory.pulls.model import PullSource, Run
from portal.connectors_shown import connector_of
from portal.forms import path_uuid
from portal.visit import PortalRequest


async def run_of(request: PortalRequest) -> tuple[PullSource, Run]:
    """Return the connector and the pull that an address names.

    Raises:
        NotFoundError: the tenant has no such connector, or the connector has no such pull.
    """
    source = await connector_of(request)
    run = await runs.get_run(source.tenant_id, RunId(path_uuid(request, "pull_id")))
    if run.source_id != source.source_id:
        raise NotFoundError("pull", run.run_id)
    return source, run


def is_open(run: Run) -> bool:
    """Whether a pull is asked for or under way."""
    return run.state == "asked" or run.under_way


def key_of(kind: str, ext_id: str) -> str:
    """Return what goes into an address to go on behind an object."""
    return quote(f"{kind}/{ext_id}", safe="/")


def seen_key(request: PortalRequest) -> tuple[str, str] | None:
    """Return behind which object (kind, id there) a list goes on; None: from its beginning."""
    kind, _, ext_id = request.query_params.get("after", "").partition("/")
    return (kind, ext_id) if ext_id.isprintable() and kind in {"user", "group"} else None
