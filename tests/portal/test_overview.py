"""Overview: counts, connections and the steps of setting up, ticked by evidence."""

from datetime import UTC, datetime, timedelta

import pytest

from directory import access_roles, events, locks, secret_keys, signins, tenants
from directory.ids import new_id
from directory.model import RequestDraft, RequestId
from directory.store.unit import Engine
from directory.traffic import flush, note_request, reference_for
from tests.directory.world import World
from tests.portal.browsing import SAME_ORIGIN, Browser
from tests.portal.conftest import SignIn, client_of, create_portal

pytestmark = pytest.mark.anyio


def request_of(world: World, **given: object) -> RequestDraft:
    """Return a request of the source, as the SCIM door would note it."""
    at = world.tick()
    request_id = RequestId(new_id(at))
    draft = RequestDraft(
        request_id=request_id,
        tenant_id=world.tenant.tenant_id,
        source_id=world.source.source_id,
        secret_id=None,
        reference=reference_for(request_id),
        method="POST",
        path="/scim/v2/Users",
        started_at=at,
        elapsed_us=lambda: 3400,
    )
    for name, value in given.items():
        setattr(draft, name, value)
    return draft


async def test_counts_are_of_people_and_groups(admin: Browser, world: World) -> None:
    await world.push_user("ann")
    await world.push_user("ben", active=False)
    await world.map_group(await world.push_group("Staff", ["ext-ann"]), "viewer")

    text = (await admin.open("overview")).text

    for words in ("2 active", "1 disabled", "1 with locked role", "1 group ", "1 mapped group "):
        assert words in text


async def test_steps_are_ticked_by_what_happened(admin: Browser, world: World) -> None:
    before = (await admin.open("overview")).text
    await secret_keys.issue_secret(world.source.source_id, label="x", by=world.system, now=world.tick())
    await world.map_group(await world.push_group("Staff"), "viewer")

    after = (await admin.open("overview")).text

    assert "Create a connection (done)" in before
    assert "Create its secret (open)" in before
    assert "Map groups to access roles (open)" in before
    assert "Create its secret (done)" in after
    assert "Map groups to access roles (done)" in after
    assert "Receive the first request (open)" in after


async def test_without_a_connection_the_first_step_is_offered(store: Engine) -> None:
    assert store is not None
    tenant = await tenants.create_tenant("Empty", slug="empty", now=datetime.now(UTC))
    system = tenants.system_actor(tenant)
    roles = {role.shipped: role for role in await access_roles.list_roles(tenant.tenant_id) if role.shipped}
    user = await locks.create_local_user(
        "rosa", role_id=roles["administrator"].role_id, by=system, now=datetime.now(UTC)
    )
    token = await signins.create_link(user.user_id, by=system, now=datetime.now(UTC))
    client = client_of(create_portal())
    await client.post(f"/sign-in/{token}", headers=SAME_ORIGIN)

    page = await Browser(client, "empty").open("overview")

    assert "No directory connected" in page.text
    assert "Create a connection (open)" in page.text
    await client.aclose()


async def test_a_connection_is_told_with_its_state_and_why(admin: Browser, world: World) -> None:
    waiting = (await admin.open("overview")).text
    await secret_keys.issue_secret(world.source.source_id, label="x", by=world.system, now=world.tick())
    for _ in range(3):
        note_request(request_of(world, status=409, detail="Taken."))
    await flush(now=world.tick())

    failing = (await admin.open("overview")).text

    assert "No secret yet: nothing can arrive before there is one." in waiting
    assert "3 of its last 3 requests failed." in failing
    assert "Entra is failing" in failing


async def test_what_waits_is_counted_in_the_header_and_listed_with_a_way_out(admin: Browser, world: World) -> None:
    await events.seal_events(now=world.tick(), limit=100)
    page = await admin.open("activity")
    listed = await admin.open("attention")

    assert "Attention 1 " in page.text
    assert "Only one active administrator" in listed.text


async def test_events_that_are_not_sealed_for_long_show_a_ribbon(admin: Browser, world: World) -> None:
    world.now -= timedelta(minutes=9)
    await world.push_user("ann")

    text = (await admin.open("overview")).text

    assert "Background work has not reported since" in text


async def test_failed_requests_are_named_with_a_way_to_them(sign_in: SignIn, world: World) -> None:
    viewer = await sign_in("viewer")
    draft = request_of(world, status=409, scim_type="uniqueness", detail="Another user has this userName.")
    note_request(draft)
    await flush(now=world.tick())

    page = await viewer.open("overview")

    assert "Another user has this userName." in page.text
    assert (await viewer.open(page.link(draft.reference))).status == 200
