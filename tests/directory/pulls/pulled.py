"""Sources that are pulled, for tests: configured, and never asked anything."""

from collections.abc import Mapping
from typing import Unpack

from directory.model import JsonObject, JsonValue
from directory.pulls.model import PullSource
from directory.pulls.sources import Terms, create_pull_source
from tests.directory.world import World

GRAPH: JsonObject = {
    "tenant": "contoso.example",
    "client_id": "11111111-1111-4111-8111-111111111111",
}
OKTA: JsonObject = {"org_url": "https://example.okta.com", "auth": "token"}


async def graph_source(
    world: World,
    label: str = "Graph",
    *,
    config: Mapping[str, JsonValue] = GRAPH,
    secrets: Mapping[str, str | None] | None = None,
    **terms: Unpack[Terms],
) -> PullSource:
    """Create a connection to Entra ID that has a client secret, or the ``secrets`` given."""
    given = {"client_secret": "sesame-street"} if secrets is None else secrets
    return await create_pull_source("graph", label, config, given, by=world.system, now=world.tick(), **terms)


async def okta_source(world: World, label: str = "Okta", **terms: Unpack[Terms]) -> PullSource:
    """Create a connection to Okta that has an API token."""
    return await create_pull_source(
        "okta", label, OKTA, {"token": "00sesame"}, by=world.system, now=world.tick(), **terms
    )
