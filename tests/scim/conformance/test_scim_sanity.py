"""The door in the eyes of scim-sanity (MIT), which probes discovery, users and groups, search and errors."""

from datetime import UTC, datetime
from typing import Any

import pytest
from anyio import to_thread
from scim_sanity.probe.runner import run_probe_api

from directory.sources import edit_settings
from directory.store.unit import Engine
from directory.tenants import system_actor
from tests.scim.clients import minimal_app, new_source
from tests.scim.serving import served

pytestmark = pytest.mark.anyio

# The probe adds a member that nobody is and wants 200; the preset `strict` refuses such members by itself.
SETTINGS = {"patch_response": "body", "unknown_members": "pending"}


def probed(address: str, token: str) -> dict[str, Any]:
    """Return what the probe reports; it is synchronous, so this runs on a thread."""
    return dict(run_probe_api(f"{address}/scim/v2", token=token, strict=True))


async def test_all_28_checks_pass(store: Engine) -> None:
    tenant, source, token = await new_source("strict", f"acme-{type(store).__name__.lower()}")
    await edit_settings(source.source_id, SETTINGS, by=system_actor(tenant), now=datetime.now(UTC))
    async with served(minimal_app()) as address:
        report = await to_thread.run_sync(probed, address, token)
    failed = [result for result in report["results"] if result["status"] not in {"pass", "skip"}]
    assert failed == []
    assert (report["exit_code"], report["summary"]["passed"], report["summary"]["warnings"]) == (0, 28, 0)
