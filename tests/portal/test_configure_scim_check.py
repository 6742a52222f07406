"""The set-up check, the attribute table, refusals and the administrator of a connection."""

from datetime import UTC, datetime, timedelta

import pytest

from directory import door_refusals, locks, secret_keys, setup_check, sources, status, traffic
from directory.door_refusals import note_refusal
from directory.ids import new_id
from directory.model import JsonValue, RequestDraft, RequestId, SecretId
from directory.noted import noted
from directory.person import ENTERPRISE
from directory.references import reference_for
from directory.refusal_kinds import RefusalKind
from directory.store.bookkeeping import SecretUse
from tests.directory.world import World
from tests.portal.browsing import Browser
from tests.portal.conftest import SignIn

pytestmark = pytest.mark.anyio


async def read_by_client(world: World, path: str, *, software: str = "") -> str:
    """Record a read of the client and return its reference."""
    now = world.tick()
    request_id = RequestId(new_id(now))
    draft = RequestDraft(
        request_id=request_id,
        tenant_id=world.tenant.tenant_id,
        source_id=world.source.source_id,
        secret_id=None,
        reference=reference_for(request_id),
        method="GET",
        path=path,
        started_at=now,
        elapsed_us=lambda: 900,
        software=software,
    )
    traffic.note_request(draft)
    await traffic.flush(now=world.now)
    await setup_check.collect_evidence(now=world.tick())
    return draft.reference


def use_of(world: World, secret_id: SecretId, at: datetime) -> SecretUse:
    return SecretUse(world.tenant.tenant_id, world.source.source_id, secret_id, at, "203.0.113.0/24", "x")


async def test_the_check_says_what_to_do_until_a_request_arrives(admin: Browser) -> None:
    page = await admin.open("configure-scim")
    assert "0 of 8" in page.text
    assert "Test Connection asks for a random userName; an empty 200 is right." in page.text
    assert "has not sent a request yet" in page.text


async def test_a_step_is_ticked_and_leads_to_the_request_that_showed_it(admin: Browser, world: World) -> None:
    reference = await read_by_client(world, "/scim/v2/ServiceProviderConfig")
    page = await admin.open("configure-scim")
    assert "2 of 8" in page.text
    assert page.link(f"activity/requests/{reference}")


async def test_the_stream_sends_the_check_when_something_changed(admin: Browser, world: World) -> None:
    place = f"configure-scim/{world.source.source_id}"
    page = await admin.open(place)
    since = page.response.text.partition("stream?since=")[2].partition('"')[0]
    still = await admin.open(f"{place}/stream?since={since}")
    await read_by_client(world, "/scim/v2/Users")
    moved = await admin.open(f"{place}/stream?since={since}")

    assert "data:" not in still.response.text
    assert 'data: <section id="configure-scim-check"' in moved.response.text
    assert "1 of 8" in moved.response.text


async def test_a_client_of_another_provider_is_recognised(admin: Browser, world: World) -> None:
    await read_by_client(world, "/scim/v2/Users", software="Okta SCIM Client 1.0")
    assert (
        "This looks like Okta, and the connection is set up for Microsoft Entra ID"
        in (await admin.open("configure-scim")).text
    )


async def test_the_table_counts_and_names_the_row_that_is_missing(admin: Browser, world: World) -> None:
    department: dict[str, JsonValue] = {ENTERPRISE: {"department": "IT"}}
    for name in ("ann", "bob", "eve"):
        await world.push_user(
            name,
            displayName=name.title(),
            emails=[{"type": "work", "value": f"{name}@example.org"}],
            **department,
        )
    page = await admin.open(f"configure-scim/{world.source.source_id}/mapping")
    assert "3 users, counted now" in page.text
    assert "manager is missing for 3 of 3 users" in page.text
    assert f"Add the row manager → {ENTERPRISE}:manager" in page.text
    assert "Missing in 3" in page.text
    assert "a•••@e•••.org" in page.text
    assert "ann@example.org" not in page.text


async def test_the_table_is_there_before_the_first_user(admin: Browser, world: World) -> None:
    page = await admin.open(f"configure-scim/{world.source.source_id}/mapping")
    assert "No users yet" in page.text
    assert "userPrincipalName" in page.text
    assert "Matching precedence 1" in page.text


async def test_refused_requests_are_told_with_cause_and_secret(admin: Browser, world: World) -> None:
    now = datetime.now(UTC)
    issued = await secret_keys.issue_secret(world.source.source_id, label="First", by=world.system, now=now)
    note_refusal(
        RefusalKind(cause="doubled bearer", public_id=issued.secret.public_id, network="203.0.113.0/24"), at=now
    )
    note_refusal(RefusalKind(cause="unknown", network="198.51.100.0/24", software="<b>curl</b>"), at=now)
    await door_refusals.flush_refusals(now=now)

    page = await admin.open("configure-scim")

    assert "“Bearer” twice" in page.text
    assert "203.0.113.0/24" in page.text
    assert "of no connection" in page.text
    assert "Paste the secret alone into Secret Token" in page.text
    assert "<b>curl</b>" not in page.response.text


async def test_the_cut_over_is_shown_while_two_secrets_are_valid(admin: Browser, world: World) -> None:
    now = datetime.now(UTC)
    old = await secret_keys.issue_secret(
        world.source.source_id, label="Old", by=world.system, now=now - timedelta(minutes=30)
    )
    new = await secret_keys.issue_secret(
        world.source.source_id,
        label="New",
        overlap=timedelta(hours=1),
        by=world.system,
        now=now - timedelta(minutes=20),
    )
    assert "not used yet" in (await admin.open("configure-scim")).text

    for issued, ago in ((old, 15), (new, 1)):
        at = now - timedelta(minutes=ago)
        noted.add_use(
            SecretUse(
                world.tenant.tenant_id, world.source.source_id, issued.secret.secret_id, at, "203.0.113.0/24", "x"
            )
        )
    await traffic.flush(now=now)

    page = await admin.open("configure-scim")
    assert "safe to revoke" in page.text
    assert page.link(f"{old.secret.secret_id}/revoke")
    assert "1 requests in the last 14 days" in page.response.text


async def test_a_secret_in_use_is_voided_only_after_a_second_confirmation(admin: Browser, world: World) -> None:
    now = datetime.now(UTC)
    issued = await secret_keys.issue_secret(world.source.source_id, label="x", by=world.system, now=now)
    noted.add_use(use_of(world, issued.secret.secret_id, now))
    await traffic.flush(now=now)
    page = await admin.open("configure-scim")
    asked = await admin.open(page.link("/revoke"))

    refused = await admin.send(asked.form("/revoke"))
    rotated = await admin.send((await admin.open(page.link("/rotate"))).form("/rotate"), overlap="0")
    kept = await admin.send((await admin.open(page.link("/rotate"))).form("/rotate"), overlap="24")

    assert (refused.status, rotated.status, kept.status) == (422, 422, 200)
    assert "used within the last minutes" in refused.text
    done = await admin.send(refused.form("/revoke"), sure="yes")
    assert "Secret revoked" in done.text


async def test_the_administrator_is_chosen_and_warned_about(admin: Browser, world: World) -> None:
    amy = await locks.create_local_user(
        "amy", display_name="Amy", role_id=world.roles["user_manager"].role_id, by=world.system, now=world.tick()
    )
    page = await admin.open("configure-scim")
    saved = await admin.send(page.form("/administrator"), user_id=str(amy.user_id))
    assert "SCIM administrator user saved" in saved.text
    assert "Amy" in saved.text

    await status.set_local_status(amy.user_id, active=False, by=world.system, now=world.tick())
    assert "This user is disabled." in (await admin.open("configure-scim")).text

    source = await sources.get_source(world.tenant.tenant_id, world.source.source_id)
    assert source.settings.administrator_user_id == amy.user_id


@pytest.mark.parametrize("user_id", ["nonsense", "01900000-0000-7000-8000-000000000001"])
async def test_nobody_else_can_be_chosen(admin: Browser, user_id: str) -> None:
    page = await admin.open("configure-scim")
    refused = await admin.send(page.form("/administrator"), user_id=user_id)
    assert refused.status == 422
    assert 'id="user_id-error"' in refused.response.text


async def test_the_guide_speaks_of_this_connection(admin: Browser, world: World) -> None:
    page = await admin.open("configure-scim")
    for words in ("Enterprise applications", "Test Connection", "Provision on demand", "Group Mappings"):
        assert words in page.text
    await sources.edit_source(world.source.source_id, preset="okta", label="Okta", by=world.system, now=world.tick())
    page = await admin.open("configure-scim")
    for words in ("Push New Users", "Assignments", "Do not push the group that you assign with", "0 of 7"):
        assert words in page.text


async def test_a_viewer_reads_the_check_and_changes_nothing(sign_in: SignIn) -> None:
    page = await (await sign_in("viewer")).open("configure-scim")
    assert "Set-up check" in page.text
    assert not [form for form in page.forms if form.method == "post" and "configure-scim" in form.action]
    assert not [link for link in page.links if link.endswith(("/policies", "/simulate", "/off"))]
