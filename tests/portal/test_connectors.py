"""Connectors: listed, made, shown, configured, scheduled, paused, turned off; credentials that no page shows."""

import httpx
import pytest

from directory import sources as connections
from directory.model import SourceId
from directory.pulls import sources
from directory.pulls.kinds import offer_connectors
from directory.pulls.model import PullSource
from tests.directory.world import World
from tests.portal.browsing import Browser, Page
from tests.portal.conftest import SignIn, make_stale
from tests.portal.pulling import CONFIG, SECRET, pulled_source

pytestmark = pytest.mark.anyio


async def make(browser: Browser, **fields: str) -> Page:
    page = await browser.open("connectors/new?kind=graph")
    given = {
        "label": "Contoso",
        "config_tenant": str(CONFIG["tenant"]),
        "config_client_id": str(CONFIG["client_id"]),
        "secret_client_secret": SECRET,
        "mode": "provision",
        **fields,
    }
    return await browser.send(page.form("/connectors/new"), **given)


async def only_one(world: World) -> PullSource:
    (source,) = await sources.list_pull_sources(world.tenant.tenant_id)
    return source


async def test_the_empty_list_says_what_a_pull_adds_to_a_push(admin: Browser) -> None:
    page = await admin.open("connectors")

    assert "No directory is pulled" in page.text
    assert "confirms that silence is rest" in page.text


async def test_a_connector_is_made_and_listed(admin: Browser, world: World) -> None:
    chosen = await admin.open("connectors/new")
    assert chosen.link("/connectors/new?kind=graph")
    made = await make(admin)
    listed = await admin.open("connectors")

    source = await only_one(world)
    assert made.path == f"/t/northwind/connectors/{source.source_id}"
    assert (source.label, source.config["tenant"], source.config["guests"]) == ("Contoso", "contoso.example", False)
    assert source.secret_names == ("client_secret",)
    assert "Never pulled" in made.text
    assert "Contoso" in listed.text
    assert "Not pulled yet" in listed.text


async def test_no_page_shows_a_credential_whatever_happens(admin: Browser, world: World) -> None:
    refused = await make(admin, config_tenant="nonsense")
    await make_stale()
    asked = await make_stale_then_send(admin)
    await pulled_source(world)
    source = await only_one(world)
    pages = [await admin.open(f"connectors/{source.source_id}{part}") for part in ("", "/configuration", "/test")]

    assert (refused.status, asked.status) == (422, 403)
    assert "neither a directory id nor a domain" in refused.text
    for page in (refused, asked, *pages):
        assert SECRET not in page.response.text


async def make_stale_then_send(browser: Browser) -> Page:
    """Send a form that was opened while the sign-in was fresh."""
    token = await browser.token()
    fields = {"csrf_token": token, "kind": "graph", "secret_client_secret": SECRET, "label": "Kept"}
    return Page(await browser.post("connectors/new", fields))


async def test_credentials_are_asked_for_again_after_confirming(admin: Browser, world: World) -> None:
    source = await pulled_source(world)
    sent = {"csrf_token": await admin.token(), "label": "x"}
    answer = await admin.post(f"connectors/{source.source_id}/credentials", sent)

    assert answer.status_code == 422
    assert "not kept while you confirm who you are" in answer.text


async def test_a_credential_is_entered_as_a_file_and_another_is_forgotten(admin: Browser, world: World) -> None:
    source = await pulled_source(world)
    path = admin.at(f"connectors/{source.source_id}/credentials")
    page = await admin.open(path)
    assert "Set: left empty, it stays." in page.text
    token = page.form("/credentials").fields["csrf_token"]
    pem = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    fields = {"csrf_token": token, "secret_client_secret": "", "secret_certificate": "", "forget_client_secret": "yes"}
    answer = await admin.client.post(
        path,
        data=fields,
        files={"secret_certificate_file": ("app.pem", pem, "application/x-pem-file")},
        headers={"Sec-Fetch-Site": "same-origin"},
        follow_redirects=True,
    )

    source = await only_one(world)
    assert answer.url.path.endswith("/test")
    assert source.secret_names == ("certificate",)
    assert (await sources.open_secrets(source))["certificate"] == pem.decode().strip()


@pytest.mark.parametrize(
    ("entered", "words"),
    [("", "Nothing was entered."), ("x" * 20_001, "at most 20,000 characters"), ("\u20ac", "This is not text")],
)
async def test_a_credential_that_cannot_be_one_is_refused(
    admin: Browser, world: World, entered: str, words: str
) -> None:
    source = await pulled_source(world)
    page = await admin.open(f"connectors/{source.source_id}/credentials")
    refused = await admin.send(page.form("/credentials"), secret_client_secret=entered)

    assert refused.status == 422
    assert words in refused.text
    assert (await sources.open_secrets(await only_one(world))) == {"client_secret": SECRET}


async def test_credentials_entered_for_a_directory_do_not_go_to_another_one(admin: Browser, world: World) -> None:
    source = await pulled_source(world)
    page = await admin.open(f"connectors/{source.source_id}/credentials")
    elsewhere = {**CONFIG, "tenant": "elsewhere.example"}
    await sources.edit_config(source.source_id, elsewhere, by=world.system, now=world.tick())

    refused = await admin.send(page.form("/credentials"), secret_client_secret=SECRET)

    assert "meant for another place" in refused.text
    assert (await only_one(world)).secret_names == ()


async def test_another_directory_forgets_the_credentials_and_asks_for_new_ones(admin: Browser, world: World) -> None:
    source = await pulled_source(world)
    page = await admin.open(f"connectors/{source.source_id}/configuration")
    same = await admin.send(page.form("/configuration"), label="Contoso staff", config_guests="yes")
    assert "Configuration saved." in same.text
    assert (await only_one(world)).secret_names == ("client_secret",)
    refused = await admin.send(page.form("/configuration"), config_tenant="nonsense")
    assert "neither a directory id nor a domain" in refused.text
    moved = await admin.send(page.form("/configuration"), config_tenant="fabrikam.example")

    found = await only_one(world)
    assert moved.path.endswith("/credentials")
    assert "enter the credentials for there" in moved.text
    assert (found.secret_names, found.config["tenant"]) == ((), "fabrikam.example")
    assert "Credentials are missing" in (await admin.open(f"connectors/{source.source_id}")).text


async def test_a_schedule_is_saved_within_its_bounds(admin: Browser, world: World) -> None:
    source = await pulled_source(world)
    page = await admin.open(f"connectors/{source.source_id}/schedule")
    refused = await admin.send(page.form("/schedule"), interval_min="5")
    saved = await admin.send(page.form("/schedule"), interval_min="40", full_every_h="12")

    assert (refused.status, "from 20 to 40" in refused.text) == (422, True)
    assert "Schedule saved." in saved.text
    assert "every 40 min" in saved.text
    assert (await only_one(world)).full_every_h == 12


async def test_a_connector_is_paused_and_resumed_however_often(admin: Browser, world: World) -> None:
    source = await pulled_source(world)
    page = await admin.open(f"connectors/{source.source_id}")
    paused = await admin.send(page.form("/pause"))
    again = await admin.send(page.form("/pause"))
    resumed = await admin.send(paused.form("/resume"))

    assert "Paused" in paused.text
    assert again.status == 200
    assert "Resumed." in resumed.text
    assert not (await only_one(world)).paused


async def test_beside_a_push_the_authority_is_chosen_and_never_assumed(admin: Browser, world: World) -> None:
    page = await admin.open("connectors/new?kind=graph")
    assert "mode" in page.form("/connectors/new").fields  # nothing pushes with a secret: provisioning is offered
    without = await make(admin, mode="audit")
    assert "Choose the connection to compare with." in without.text
    compared = await make(admin, mode="audit", audits=str(world.source.source_id))

    source = await only_one(world)
    assert "Only compares" in compared.text
    assert source.audits_source_id == world.source.source_id


async def test_with_a_secret_that_holds_no_mode_is_preset(admin: Browser, world: World) -> None:
    from_there = await admin.open(f"configure-scim/{world.source.source_id}/secrets/new")
    await admin.send(from_there.form("/secrets/new"), label="First", days="180")
    page = await admin.open("connectors/new?kind=graph")

    assert "mode" not in page.form("/connectors/new").fields
    assert "Say who decides about people" in page.text


async def test_the_mode_is_changed_there_and_back(admin: Browser, world: World) -> None:
    source = await pulled_source(world)
    page = await admin.open(f"connectors/{source.source_id}/mode")
    nobody = await admin.send(page.form("/mode"), mode="audit", audits="")
    itself = await admin.send(page.form("/mode"), mode="audit", audits=str(source.source_id))
    wrong = await admin.send(page.form("/mode"), mode="audit", audits=str(world.source.source_id), match="roles")
    compared = await admin.send(page.form("/mode"), mode="audit", audits=str(world.source.source_id), match="title")
    found = await only_one(world)
    back = await admin.send((await admin.open(f"connectors/{source.source_id}/mode")).form("/mode"), mode="provision")

    assert (nobody.status, itself.status, wrong.status) == (422, 422, 422)
    assert "Mode saved." in compared.text
    assert (found.audits_source_id, found.match_target) == (world.source.source_id, "title")
    assert "Provisions" in back.text
    assert (await only_one(world)).audits_source_id is None


async def test_who_is_met_and_how_long_somebody_can_come_back_is_decided_here(admin: Browser, world: World) -> None:
    source = await pulled_source(world)
    page = await admin.open(f"connectors/{source.source_id}/mode")
    refused = await admin.send(page.form("/policies"), grace_days="0")
    saved = await admin.send(page.form("/policies"), on_match="refuse", grace_days="7")

    settings = (await connections.get_source(world.tenant.tenant_id, source.source_id)).settings
    assert (refused.status, "from 1 to 365" in refused.text) == (422, True)
    assert "It holds from the next pull on." in saved.text
    assert (settings.on_match, settings.grace_days) == ("refuse", 7)
    assert saved.form("/policies").fields["on_match"] == "refuse"


async def test_a_connector_is_turned_off_and_on_again(admin: Browser, world: World) -> None:
    source = await pulled_source(world)
    page = await admin.open(f"connectors/{source.source_id}/off")
    untyped = await admin.send(page.form("/off"), deed="keep")
    off = await admin.send(page.form("/off"), deed="keep", typed="turn off")
    shown = await admin.open(f"connectors/{source.source_id}")
    on = await admin.send(off.form("/on"))

    assert "to confirm" in untyped.text
    assert "They stay managed by this connection." in off.text
    assert "This connector is off" in shown.text
    assert "on again" in on.text
    assert not (await connections.get_source(world.tenant.tenant_id, source.source_id)).settings.paused


async def test_a_viewer_looks_and_changes_nothing(sign_in: SignIn, world: World) -> None:
    source = await pulled_source(world)
    viewer = await sign_in("viewer")
    page = await viewer.open(f"connectors/{source.source_id}")

    assert "Entra ID (Microsoft Graph)" in page.text
    assert not [form for form in page.forms if "/connectors/" in form.action]
    assert (await viewer.open(f"connectors/{source.source_id}/configuration")).status == 403


async def test_a_source_that_pushes_is_no_connector(admin: Browser, world: World) -> None:
    for part in ("", "/configuration", "/credentials", "/schedule", "/mode", "/mapping", "/test", "/off"):
        answer = await admin.open(f"connectors/{world.source.source_id}{part}")
        assert answer.status == 404, part


async def test_without_connectors_the_list_stands_and_says_so(admin: Browser, world: World) -> None:
    await pulled_source(world)
    offer_connectors(None)

    assert "Entra" in (await admin.open("connectors")).text
    assert "No connectors are loaded here" in (await admin.open("connectors/new")).text
    source = await only_one(world)
    assert (await admin.open(f"connectors/{source.source_id}")).status == 200
    assert (await admin.open(f"connectors/{source.source_id}/test")).status == 200
    assert (await admin.client.get(admin.at(f"connectors/{source.source_id}/configuration"))).status_code == 503


async def test_an_unknown_kind_is_refused(admin: Browser) -> None:
    assert "Which directory" in (await admin.open("connectors/new?kind=nonsense")).text
    answer: httpx.Response = await admin.post("connectors/new", {"csrf_token": await admin.token(), "kind": "nonsense"})
    assert answer.status_code == 422


async def test_what_is_compared_with_is_named(admin: Browser, world: World) -> None:
    source = await pulled_source(world, mode="audit", audits=SourceId(world.source.source_id))
    page = await admin.open(f"connectors/{source.source_id}")

    assert "Only compares with" in page.text
    assert page.link(f"/configure-scim/{world.source.source_id}")
