"""Connections and their secrets: created, rotated, revoked, and shown exactly once."""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from directory import access_roles, secret_keys, sources, tenants
from directory.errors import UnknownSecretError
from directory.model import Source, SourceId, SourceSettings, TenantId
from tests.directory.world import World
from tests.portal.browsing import Browser, Page
from tests.portal.conftest import SignIn

pytestmark = pytest.mark.anyio

NO_SOURCE = Source(
    source_id=SourceId(UUID(int=0)),
    tenant_id=TenantId(UUID(int=0)),
    kind="scim",
    preset="entra",
    label="",
    settings=SourceSettings(),
    created_at=datetime.now(UTC),
)
TOKEN = re.compile(r"rbk_s_\w+")


def token_on(page: Page) -> str:
    """Return the secret that a page shows."""
    (token,) = set(TOKEN.findall(page.response.text))
    return str(token)


async def opens(token: str) -> bool:
    """Whether an identity provider gets in with the token, asked well after any cached answer."""
    try:
        await secret_keys.recognise(token, now=datetime.now(UTC) + timedelta(seconds=5))
    except UnknownSecretError:
        return False
    return True


async def created(admin: Browser, world: World) -> Page:
    new = await admin.open(f"configure-scim/{world.source.source_id}/secrets/new")
    return await admin.send(new.form("/secrets/new"), label="First")


async def rotated(admin: Browser, overlap: str) -> Page:
    page = await admin.open("configure-scim")
    return await admin.send((await admin.open(page.link("/rotate"))).form("/rotate"), overlap=overlap)


@pytest.mark.parametrize(
    ("preset", "endpoint", "secret"),
    [
        ("entra", "Tenant URL", "Secret Token"),
        ("okta", "Base URL", "API Token"),
        ("onelogin", "SCIM Base URL", "SCIM Bearer Token"),
        ("jumpcloud", "Base URL", "Token Key"),
        ("strict", "Endpoint", "Token"),
    ],
)
async def test_a_new_connection_speaks_the_words_of_its_provider(
    admin: Browser, preset: str, endpoint: str, secret: str
) -> None:
    page = await admin.send((await admin.open("configure-scim/new")).form("/new"), preset=preset, label="")

    assert page.status == 200
    assert endpoint in page.text
    assert secret in page.text
    assert "http://localhost:8000/scim/v2" in page.response.text
    assert "No active secret" in page.text


async def test_the_only_connection_is_shown_at_once(admin: Browser, world: World) -> None:
    page = await admin.open("configure-scim")

    assert page.path.endswith(str(world.source.source_id))


async def test_several_connections_are_listed(admin: Browser, world: World) -> None:
    await sources.create_source(kind="scim", preset="okta", label="Second", by=world.system, now=world.tick())

    page = await admin.open("configure-scim")

    assert page.path.endswith("/configure-scim")
    assert "Entra" in page.text
    assert "Second" in page.text


@pytest.mark.parametrize("preset", ["", "Okta", "graph", "<script>"])
async def test_an_unknown_provider_is_refused_beside_its_field(admin: Browser, preset: str) -> None:
    page = await admin.send((await admin.open("configure-scim/new")).form("/new"), preset=preset)

    assert page.status == 422
    assert 'id="preset-error"' in page.response.text


async def test_a_label_keeps_what_was_typed_when_it_is_refused(admin: Browser) -> None:
    page = await admin.send((await admin.open("configure-scim/new")).form("/new"), label="x" * 101)

    assert page.status == 422
    assert "Use at most 100 characters" in page.text
    assert page.form("/new").fields["label"] == "x" * 101


async def test_a_secret_is_shown_once_and_opens_the_connection(admin: Browser, world: World) -> None:
    page = await created(admin, world)
    token = token_on(page)

    assert page.response.headers["cache-control"] == "no-store"
    assert "I have stored it" in page.text
    assert await opens(token)


async def test_a_secret_is_on_no_page_after_its_first_showing(admin: Browser, world: World) -> None:
    token = token_on(await created(admin, world))
    secret_part = token.rpartition("_")[2]

    for path in ("overview", "configure-scim", "activity", "activity/requests", "sub-accounts"):
        text = (await admin.open(path)).response.text
        assert not TOKEN.search(text), path
        assert secret_part not in text, path


async def test_continue_leads_back_and_says_that_it_is_not_shown_again(admin: Browser, world: World) -> None:
    page = await created(admin, world)
    form = next(form for form in page.forms if form.method == "get" and "configure-scim" in form.action)

    back = await admin.open(f"{form.action}?done={form.fields['done']}&stored=yes")

    assert "not shown again" in back.text


async def test_sending_the_creation_twice_keeps_the_first_secret(admin: Browser, world: World) -> None:
    new = await admin.open(f"configure-scim/{world.source.source_id}/secrets/new")
    token = token_on(await admin.send(new.form("/secrets/new")))

    again = await admin.send(new.form("/secrets/new"))

    assert again.status == 422
    assert "Rotate it instead" in again.text
    assert await opens(token)


async def test_rotating_voids_the_old_secret_by_default(admin: Browser, world: World) -> None:
    old = token_on(await created(admin, world))
    form = (await admin.open((await admin.open("configure-scim")).link("/rotate"))).form("/rotate")

    new = token_on(await admin.send(form))

    assert form.fields["overlap"] == "0"
    assert not await opens(old)
    assert await opens(new)


@pytest.mark.parametrize(("overlap", "hours"), [("1", 1), ("24", 24)])
async def test_rotating_can_keep_the_old_secret_for_a_while(
    admin: Browser, world: World, overlap: str, hours: int
) -> None:
    old = token_on(await created(admin, world))

    await rotated(admin, overlap)

    assert await opens(old)
    kept = await secret_keys.list_secrets(world.tenant.tenant_id, world.source.source_id)
    retiring = next(secret for secret in kept if secret.retiring_until)
    assert retiring.retiring_until is not None
    assert abs(retiring.retiring_until - datetime.now(UTC) - timedelta(hours=hours)) < timedelta(minutes=1)
    assert "Retiring" in (await admin.open("configure-scim")).text


async def test_sending_the_rotation_twice_keeps_the_new_secret(admin: Browser, world: World) -> None:
    await created(admin, world)
    form = (await admin.open((await admin.open("configure-scim")).link("/rotate"))).form("/rotate")
    new = token_on(await admin.send(form))

    again = await admin.send(form)

    assert again.status == 404
    assert await opens(new)


@pytest.mark.parametrize("days", ["0", "366", "-1", "", "1.5", "1e2", "\u0661", "9" * 30])
async def test_a_lifetime_beyond_a_year_is_refused_beside_its_field(admin: Browser, world: World, days: str) -> None:
    new = await admin.open(f"configure-scim/{world.source.source_id}/secrets/new")

    page = await admin.send(new.form("/secrets/new"), days=days)

    assert page.status == 422
    assert "Enter a whole number from 1 to 365" in page.text


@pytest.mark.parametrize("overlap", ["", "2", "24h", "-1"])
async def test_another_overlap_is_refused(admin: Browser, world: World, overlap: str) -> None:
    token = token_on(await created(admin, world))

    page = await rotated(admin, overlap)

    assert page.status == 422
    assert await opens(token)


async def test_revoking_asks_first_and_then_voids_the_secret(admin: Browser, world: World) -> None:
    token = token_on(await created(admin, world))
    asked = await admin.open((await admin.open("configure-scim")).link("/revoke"))
    assert await opens(token)

    done = await admin.send(asked.form("/revoke"))

    assert "Secret revoked" in done.text
    assert "Revoked" in done.text
    assert not await opens(token)


async def test_a_viewer_sees_the_state_but_no_buttons(sign_in: SignIn, admin: Browser, world: World) -> None:
    await created(admin, world)
    viewer = await sign_in("viewer")

    page = await viewer.open("configure-scim")

    assert "Active" in page.text
    assert not [link for link in page.links if link.endswith(("/rotate", "/revoke", "/new"))]


async def test_a_tenant_without_a_connection_is_led_to_create_one(sign_in: SignIn) -> None:
    bare = await tenants.create_tenant("Bare", slug="bare", now=datetime.now(UTC))
    roles = {role.shipped: role for role in await access_roles.list_roles(bare.tenant_id) if role.shipped}
    nothing = World(tenant=bare, source=NO_SOURCE, system=tenants.system_actor(bare), roles=roles)

    administrator = await (await sign_in("administrator", nothing)).open("configure-scim")
    viewer = await (await sign_in("viewer", nothing)).open("configure-scim")

    assert administrator.form("/configure-scim/new").fields["preset"] == "entra"
    assert "No directory is connected yet" in viewer.text
    assert "Ask an administrator" in viewer.text


@pytest.mark.parametrize(
    "path",
    [
        "settings/integrations",
        "settings/integrations/configure-scim",
        "settings/saml-settings/configure-scim",
        "manage-scim",
        "setup-scim",
        "configuration/authentication-settings/setup-scim",
    ],
)
async def test_the_words_of_other_guides_lead_here(admin: Browser, path: str) -> None:
    assert "Configure SCIM" in (await admin.open(path)).text


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("users", "sub-accounts"),
        ("settings/sub-accounts", "sub-accounts"),
        ("user-groups", "groups"),
        ("default-access-role", "group-mappings"),
    ],
)
async def test_other_old_names_lead_to_their_place(admin: Browser, path: str, place: str) -> None:
    assert (await admin.open(path)).path == f"/t/northwind/{place}"


@pytest.mark.parametrize("done", ["bogus", "", "source-created&done=x", "%00", "%0d%0aX:y"])
async def test_a_notice_that_nobody_wrote_is_left_out(admin: Browser, done: str) -> None:
    for path in ("configure-scim", "overview", "sub-accounts", "groups", "activity", "group-mappings"):
        page = await admin.open(f"{path}?done={done}")

        assert page.status == 200, path
        assert "bogus" not in page.response.text, path
