"""Connections that are pulled have pages of their own: none of SCIM offers them a secret, a check or a payload."""

import pytest

from directory.pulls import sources
from tests.directory.pulls.pulled import graph_source
from tests.directory.world import World
from tests.portal.browsing import Browser

pytestmark = pytest.mark.anyio


async def test_whoever_links_to_a_connection_arrives_at_its_own_page(admin: Browser, world: World) -> None:
    source = await graph_source(world)
    page = await admin.open(f"configure-scim/{source.source_id}")

    assert (page.status, page.path) == (200, f"/t/northwind/connectors/{source.source_id}")


async def test_configure_scim_lists_only_what_pushes(admin: Browser, world: World) -> None:
    await graph_source(world, "Pulled one")
    page = await admin.open("configure-scim")

    assert page.path.endswith(f"/configure-scim/{world.source.source_id}")
    assert "Pulled one" not in page.text


@pytest.mark.parametrize("page", ["policies", "off", "simulate", "mapping", "secrets/new", "stream"])
async def test_pages_of_scim_do_not_know_it(admin: Browser, world: World, page: str) -> None:
    source = await graph_source(world)

    assert (await admin.open(f"configure-scim/{source.source_id}/{page}")).status == 404


@pytest.mark.parametrize("deed", ["administrator", "off", "on", "policies", "provider", "secrets/new"])
async def test_deeds_of_scim_are_not_done_to_it(admin: Browser, world: World, deed: str) -> None:
    source = await graph_source(world)
    data = {"csrf_token": await admin.token(), "label": "x", "days": "30", "typed": "turn off", "deed": "keep"}

    assert (await admin.post(f"configure-scim/{source.source_id}/{deed}", data)).status_code == 404


async def test_what_waits_for_somebody_leads_to_where_it_is_mended(admin: Browser, world: World) -> None:
    source = await graph_source(world, "Contoso")
    await sources.note_failure(source, "auth", "the client secret has expired", "Make a new one.", None, world.now)
    page = await admin.open("overview")

    assert "Contoso cannot be pulled" in page.text
    assert "the client secret has expired. Make a new one." in page.text
    assert f"/t/northwind/connectors/{source.source_id}" in page.links
