"""The door in the eyes of scim2-tester, which fills and checks every attribute that discovery lists."""

from typing import Final

import pytest
from anyio import to_thread
from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import CheckResult, Status, check_server

from directory.store.unit import Engine
from tests.scim.clients import minimal_app, new_source
from tests.scim.serving import served

pytestmark = pytest.mark.anyio

CHECKS_MIN: Final = 135


def checked(address: str, token: str) -> list[CheckResult]:
    """Return what the tester finds; it is synchronous, so this runs on a thread."""
    with Client(base_url=f"{address}/scim/v2", headers={"Authorization": f"Bearer {token}"}) as http:
        return list(check_server(SyncSCIMClient(http), resource_types=["User", "Group"]))


async def test_every_check_passes(store: Engine) -> None:
    _, _, token = await new_source("strict", f"acme-{type(store).__name__.lower()}")
    async with served(minimal_app()) as address:
        results = await to_thread.run_sync(checked, address, token)
    failed = [result for result in results if result.status is not Status.SUCCESS]
    assert len(results) >= CHECKS_MIN
    assert failed == []
