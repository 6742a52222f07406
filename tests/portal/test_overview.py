"""Overview: counts, connections and the steps of setting up, ticked by evidence."""

import pytest

from directory import secret_keys
from directory.ids import new_id
from directory.model import RequestDraft, RequestId
from directory.traffic import flush, note_request, reference_for
from tests.directory.world import World
from tests.portal.browsing import Browser
from tests.portal.conftest import SignIn

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


async def test_failed_requests_are_named_with_a_way_to_them(sign_in: SignIn, world: World) -> None:
    viewer = await sign_in("viewer")
    draft = request_of(world, status=409, scim_type="uniqueness", detail="Another user has this userName.")
    note_request(draft)
    await flush(now=world.tick())

    page = await viewer.open("overview")

    assert "Another user has this userName." in page.text
    assert (await viewer.open(page.link(draft.reference))).status == 200
