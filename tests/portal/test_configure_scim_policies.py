"""Policies of a connection, turning it off, and trying requests out."""

import pytest

from directory import closing, events, sources, traffic, users
from directory.ids import new_id
from directory.model import RequestDraft, RequestId
from directory.noted import noted
from directory.references import reference_for
from tests.directory.world import World, create_world
from tests.portal.browsing import Browser, Page

pytestmark = pytest.mark.anyio


async def opened(admin: Browser, world: World, page: str) -> Page:
    return await admin.open(f"configure-scim/{world.source.source_id}/{page}")


async def test_policies_are_shown_as_they_are_and_saved(admin: Browser, world: World) -> None:
    page = await opened(admin, world, "policies")
    form = page.form("/policies")
    assert (form.fields["patch_response"], form.fields["rate_per_s"]) == ("no_content", "0")
    assert "Loanee" in page.text

    saved = await admin.send(
        form, accepted_domains="Example.org", networks="203.0.113.0/24", rate_per_s="25", patch_response="body"
    )

    assert "Policies saved" in saved.text
    after = (await sources.get_source(world.tenant.tenant_id, world.source.source_id)).settings
    assert (after.accepted_domains, after.networks) == (("example.org",), ("203.0.113.0/24",))
    assert (after.rate_per_s, after.patch_response) == (25, "body")
    (event,) = await events.list_events(world.tenant.tenant_id, subject_id=world.source.source_id, limit=1)
    assert event.action == "source:settings:changed"


async def test_saving_policies_as_they_are_changes_nothing(admin: Browser, world: World) -> None:
    before = await sources.get_source(world.tenant.tenant_id, world.source.source_id)
    page = await opened(admin, world, "policies")
    fields = {"accepted_domains": "", "networks": ""}
    await admin.send(page.form("/policies"), **fields)
    assert await sources.get_source(world.tenant.tenant_id, world.source.source_id) == before


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("accepted_domains", "not a domain"),
        ("networks", "203.0.113.9/24"),
        ("networks", "x" * 5000),
        ("rate_per_s", "1001"),
        ("rate_per_s", ""),
        ("patch_response", "maybe"),
    ],
)
async def test_what_cannot_hold_is_refused_beside_its_field(
    admin: Browser, world: World, field: str, value: str
) -> None:
    page = await opened(admin, world, "policies")
    refused = await admin.send(page.form("/policies"), **{"accepted_domains": "", "networks": "", field: value})
    assert refused.status == 422
    assert f'id="{field}-error"' in refused.response.text


async def test_the_provider_can_be_another_one(admin: Browser, world: World) -> None:
    await sources.edit_settings(
        world.source.source_id, {"networks": "203.0.113.0/24"}, by=world.system, now=world.tick()
    )
    page = await opened(admin, world, "policies")
    saved = await admin.send(page.form("/provider"), preset="okta", label="Okta")
    assert "Connection saved" in saved.text
    after = await sources.get_source(world.tenant.tenant_id, world.source.source_id)
    assert (after.preset, after.label, after.settings.patch_response) == ("okta", "Okta", "body")
    assert after.settings.networks == ("203.0.113.0/24",)
    refused = await admin.send((await opened(admin, world, "policies")).form("/provider"), label="")
    assert refused.status == 422


async def test_turning_off_shows_whom_it_touches_and_asks_for_the_words(admin: Browser, world: World) -> None:
    await world.push_user("ann")
    await world.push_user("bob", active=False)
    page = await opened(admin, world, "off")
    assert "What becomes of its 2 users" in page.text
    assert "1 active ones lose their sign-in" in page.text

    refused = await admin.send(page.form("/off"), typed="yes")
    assert refused.status == 422
    assert "Type “turn off” to confirm." in refused.text

    done = await admin.send(refused.form("/off"), typed=" Turn OFF ", deed="local")
    assert "SCIM is off" in done.text
    assert "They become local users." in done.text
    while await closing.advance_closings(now=world.tick()):
        pass
    assert "2 of 2" in (await opened(admin, world, "off")).text

    on = await admin.send((await opened(admin, world, "off")).form("/on"))
    assert "SCIM is on" in on.text
    assert not (await sources.get_source(world.tenant.tenant_id, world.source.source_id)).settings.paused


async def test_a_state_of_off_is_on_the_first_line(admin: Browser, world: World) -> None:
    await closing.turn_off(world.source.source_id, "keep", by=world.system, now=world.tick())
    page = await admin.open("configure-scim")
    assert "Paused" in page.text
    assert "SCIM is off" in page.text


async def simulated(admin: Browser, world: World, **fields: str) -> Page:
    page = await opened(admin, world, "simulate")
    return await admin.send(page.form("/simulate"), **fields)


async def test_a_pasted_request_is_shown_in_five_steps_and_nothing_is_kept(admin: Browser, world: World) -> None:
    before = await events.list_events(world.tenant.tenant_id, limit=100)
    page = await simulated(admin, world, method="POST", path="/Users", body='{"userName": "ann@example.org"}')
    for words in ("Authenticate", "Parse", "Match", "Decide", "Effect", "Nobody matches", "Answer 201", "Loanee"):
        assert words in page.text
    assert "There is no valid secret: a real request would be refused with 401." in page.text
    assert await events.list_events(world.tenant.tenant_id, limit=100) == before


async def test_a_change_shows_old_and_new(admin: Browser, world: World) -> None:
    ann = await world.push_user("ann", title="Engineer")
    body = '{"Operations": [{"op": "replace", "path": "title", "value": "Director"}]}'
    page = await simulated(admin, world, method="PATCH", path=f"/Users/{ann.user_id}", body=body)
    assert "Engineer" in page.text
    assert "Director" in page.text
    assert "The role stays Loanee." in page.text
    assert (await users.get_user(world.tenant.tenant_id, ann.user_id)).promoted.title == "Engineer"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"method": "POST", "path": "/Users", "body": "{"}, "The body is not JSON"),
        ({"method": "POST", "path": "/Users", "body": '{"userName":"ann@example.org"}'}, "Match on userName"),
        ({"method": "DELETE", "path": "/Users/nobody", "body": ""}, "There is no user"),
        ({"method": "GET", "path": "/Userz", "body": ""}, "There is no endpoint"),
    ],
)
async def test_a_step_that_refuses_says_why(admin: Browser, world: World, fields: dict[str, str], words: str) -> None:
    await world.push_user("ann")
    page = await simulated(admin, world, **fields)
    assert page.status == 200
    assert words in page.text
    assert "failed" in page.text
    assert "not reached" in page.text


@pytest.mark.parametrize("fields", [{"method": "TRACE"}, {"path": ""}, {"path": "/Bulk"}, {"body": "x" * 50_001}])
async def test_what_cannot_be_tried_is_refused_beside_its_field(
    admin: Browser, world: World, fields: dict[str, str]
) -> None:
    page = await simulated(admin, world, **{"method": "POST", "path": "/Users", "body": "{}", **fields})
    assert page.status == 422


async def test_a_recorded_request_is_filled_in_and_of_this_connection_only(admin: Browser, world: World) -> None:
    noted.clear()
    reference = await recorded(world)
    page = await admin.open(f"configure-scim/{world.source.source_id}/simulate?request={reference}")
    form = page.form("/simulate")
    assert (form.fields["method"], form.fields["path"]) == ("PATCH", "/Users/1?x=1")
    assert "passwords and secrets were removed" in page.text

    other = await sources.create_source(kind="scim", preset="okta", label="Second", by=world.system, now=world.tick())
    assert (await admin.open(f"configure-scim/{other.source_id}/simulate?request={reference}")).status == 404
    theirs = await recorded(await create_world("bristol"))
    assert (await admin.open(f"configure-scim/{world.source.source_id}/simulate?request={theirs}")).status == 404


async def recorded(world: World) -> str:
    now = world.tick()
    request_id = RequestId(new_id(now))
    draft = RequestDraft(
        request_id=request_id,
        tenant_id=world.tenant.tenant_id,
        source_id=world.source.source_id,
        secret_id=None,
        reference=reference_for(request_id),
        method="PATCH",
        path="/scim/v2/Users/1?x=1",
        started_at=now,
        elapsed_us=lambda: 900,
        request_body='{"Operations":[]}',
    )
    traffic.note_request(draft)
    await traffic.flush(now=now)
    return draft.reference
