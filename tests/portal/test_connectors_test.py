"""Test connection: each step with how long it took, and the exact permission that is missing."""

import pytest

from directory.key_ring import new_key_text, parse_keys
from directory.pulls.kinds import Check
from directory.sealing_keys import use_key_ring
from directory.store.compiled import Statement
from directory.store.unit import execute
from tests.conftest import RING
from tests.directory.world import World
from tests.portal.browsing import Browser, Page
from tests.portal.pulling import LACKING, PASSED, SECRET, QuietConnectors, pulled_source

pytestmark = pytest.mark.anyio


async def tried(browser: Browser, world: World) -> Page:
    source = await pulled_source(world)
    page = await browser.open(f"connectors/{source.source_id}/test")
    assert "Nothing is changed" in page.text
    return await browser.send(page.form("/test"))


async def test_a_test_shows_who_answered_and_that_a_pull_can_begin(
    admin: Browser, world: World, connectors: QuietConnectors
) -> None:
    page = await tried(admin, world)

    assert "A pull can begin" in page.text
    assert "84 ms" in page.text
    assert "Contoso" in page.text
    assert "1,204" in page.text
    assert [dict(secrets) for secrets in connectors.tried] == [{"client_secret": SECRET}]
    assert SECRET not in page.response.text


async def test_the_missing_permission_is_named_with_what_to_do(
    admin: Browser, world: World, connectors: QuietConnectors
) -> None:
    connectors.finds = LACKING
    page = await tried(admin, world)

    assert "A pull would fail" in page.text
    assert "Missing: GroupMember.Read.All" in page.text
    assert "Grant GroupMember.Read.All, with admin consent." in page.text
    assert "not reached" in page.text


async def test_another_directory_than_before_is_named(
    admin: Browser, world: World, connectors: QuietConnectors
) -> None:
    connectors.finds = Check(
        steps=PASSED.steps, identity="d2", identity_name="Fabrikam", credential_expires_at=world.now
    )
    source = await pulled_source(world)
    was = Statement(
        "UPDATE pull_row SET identity = 'd1', identity_name = 'Contoso' WHERE source_id = $1::uuid", house=True
    )
    await execute(was, source.source_id)
    page = await admin.open(f"connectors/{source.source_id}/test")
    answered = await admin.send(page.form("/test"))

    assert "Fabrikam answered; what is here came from Contoso" in answered.text
    assert "A pull would fail" in answered.text


async def test_credentials_that_no_key_opens_are_a_step_that_failed(admin: Browser, world: World) -> None:
    source = await pulled_source(world)
    page = await admin.open(f"connectors/{source.source_id}/test")
    use_key_ring(parse_keys(new_key_text()))
    try:
        answered = await admin.send(page.form("/test"))
    finally:
        use_key_ring(RING)

    assert answered.status == 200
    assert "does not have the key that they were sealed with" in answered.text
    assert "Enter the credentials again" in answered.text
