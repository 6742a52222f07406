"""The directories of ours as programs of their own, with what steers them: as demonstrations use them."""

from contextlib import aclosing
from pathlib import Path

import httpx
import pytest

from connectors.connector import Connector, Secrets
from connectors.entra.config import Endpoints
from connectors.entra.connector import Graph
from connectors.entra.mapping import DEFAULT_RULES
from connectors.okta.config import OktaConfig
from connectors.okta.connector import Okta
from connectors.okta.mapping import DEFAULT_RULES as OF_OKTA
from tests.connectors.entra.graphs import BY_SECRET, CONFIG
from tests.connectors.pulling import Mirror
from tests.connectors.serving import Served, served
from tests.fakes.okta_tokens import TOKEN

pytestmark = pytest.mark.anyio


def connected(which: str, server: Served) -> Connector:
    """Give a connection to one of the two."""
    if which == "okta":
        config = OktaConfig(org_url=server.base, auth="token")
        return Okta(config, Secrets({"token": TOKEN}), OF_OKTA, server.terms())
    endpoints = Endpoints(server.base, server.base)
    return Graph(CONFIG, BY_SECRET, DEFAULT_RULES, server.terms(), endpoints=endpoints)


@pytest.mark.parametrize("which", ["graph", "okta"])
async def test_a_directory_that_runs_by_itself_is_pulled_changed_and_broken(which: str, tmp_path: Path) -> None:
    mirror = Mirror()
    with served(which, tmp_path, users=300, groups=20, memberships=900) as server:
        steered = httpx.AsyncClient(verify=server.tls, base_url=server.base)
        async with aclosing(connected(which, server)) as connector, steered as steering:
            await mirror.pull(connector, "users", "groups")
            await steering.post("/_control/faults", json={"kind": "429 without", "path": "users", "count": 1})
            made = await steering.post("/_control/create_user", json={"department": "New"})
            await mirror.pull(connector, "users")
            oracle = (await steering.get("/_control/export")).json()
            stats = (await steering.get("/_control/stats")).json()
            unknown = await steering.post("/_control/explode")

    assert made.json() == {"number": 300}
    assert stats["faults_met"] == 1
    assert unknown.status_code == 404
    meant = [one for one in oracle["users"].values() if not (one["guest"] and which == "graph")]
    assert len(mirror.users) == len(meant)
    assert len(mirror.groups) == len(oracle["groups"])
