"""Reads of sources that are pulled."""

import msgspec

from directory.errors import NotFoundError
from directory.model import JsonObject, SourceId, TenantId
from directory.pulls.model import PullSource
from directory.pulls.source_rows import pull_source_from
from directory.store.pulls import sources as rows


async def get_pull_source(tenant_id: TenantId, source_id: SourceId) -> PullSource:
    """Return how a source is pulled.

    Raises:
        NotFoundError: the tenant has no such source, or it pushes.
    """
    row = await rows.find_pulled(tenant_id, source_id)
    if row is None:
        raise NotFoundError("source", source_id)
    return pull_source_from(row)


async def list_pull_sources(tenant_id: TenantId) -> list[PullSource]:
    """Return the sources of a tenant that are pulled, the oldest first."""
    return [pull_source_from(row) for row in await rows.list_pulled(tenant_id)]


async def find_pull_source(source_id: SourceId) -> PullSource | None:
    """Return a pulled source of whichever tenant: for the command line and for duties only."""
    row = await rows.find_pulled_anywhere(source_id)
    return None if row is None else pull_source_from(row)


async def list_given(tenant_id: TenantId, source_id: SourceId, limit: int) -> list[JsonObject]:
    """Return people as the source gave them, of the sample that is kept: what other rules can be tried on."""
    texts = await rows.list_given(tenant_id, source_id, limit=limit)
    return [msgspec.json.decode(text) for text in texts]
