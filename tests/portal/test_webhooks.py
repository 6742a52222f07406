"""Settings > Webhooks: made, shown once, tested, replayed, rotated and deleted."""

from datetime import UTC, datetime

import pytest

from directory import webhook_delivery, webhooks
from directory.webhook_delivery import Outcome
from directory.webhook_model import WEBHOOK_KINDS
from portal.event_words import ACTION_WORDS
from tests.directory.world import World
from tests.portal.browsing import Browser, Page
from tests.portal.conftest import make_stale
from tests.portal.telling import webhook_of

pytestmark = pytest.mark.anyio


async def make(browser: Browser, **fields: str) -> Page:
    page = await browser.open("webhooks/new")
    given = {"label": "Tickets", "address": "https://hooks.example.com/in", **fields}
    return await browser.send(page.form("/webhooks/new"), **given)


async def delivered(status: int) -> None:
    """Let what is due be answered so."""
    now = datetime.now(UTC)
    for claim in await webhook_delivery.take_due("test", now=now, limit=10):
        error = "" if status < 300 else f"It answered {status}."
        outcome = Outcome(at=now, duration_ms=12, status=status, response="<b>said</b>", error=error)
        await webhook_delivery.settle(claim, outcome)


async def test_a_webhook_is_made_and_its_secret_shown_once(admin: Browser, world: World) -> None:
    assert "No webhooks yet" in (await admin.open("webhooks")).text
    shown = await make(admin)
    (webhook,) = await webhooks.list_webhooks(world.tenant.tenant_id)
    page = await admin.open(f"webhooks/{webhook.webhook_id}")

    assert "whsec_" in shown.response.text
    assert "whsec_" not in page.response.text
    assert "Alert raised" in page.text
    assert set(webhook.kinds) == {"alert:raised", "alert:recovered"}
    assert "Tickets" in (await admin.open("webhooks")).text


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://hooks.example.com/", "must be https"),
        ("https://127.0.0.1/", "private network"),
        ("https://0x7f.1/", "neither a name nor an address"),
        ("nonsense", "is not https://HOST/PATH"),
    ],
)
async def test_an_address_that_must_not_be_is_refused_beside_its_field(
    admin: Browser, address: str, words: str
) -> None:
    refused = await make(admin, address=address)

    assert refused.status == 422
    assert words in refused.text
    assert address in refused.response.text


async def test_no_kinds_are_refused(admin: Browser) -> None:
    page = await admin.open("webhooks/new")
    form = page.form("/webhooks/new")
    form.fields = {name: value for name, value in form.fields.items() if not name.startswith("kind_")}
    refused = await admin.send(form, label="x", address="https://example.com/")

    assert refused.status == 422
    assert "Choose at least one kind of event" in refused.text


async def test_a_test_is_sent_and_its_entry_tells_how_it_went(admin: Browser, world: World) -> None:
    await make(admin)
    (webhook,) = await webhooks.list_webhooks(world.tenant.tenant_id)
    page = await admin.open(f"webhooks/{webhook.webhook_id}")
    queued = await admin.send(page.form("/test"))
    assert "Not tried yet" in queued.text
    await delivered(200)
    entry = await admin.open(queued.path)
    assert "Delivered" in entry.text
    assert "<b>said</b>" in entry.text
    assert "webhook.tested" in entry.text

    again = await admin.send(entry.form("/replay"))
    assert "Queued" in again.text
    await delivered(500)
    assert "It answered 500." in (await admin.open(queued.path)).text
    listed = await admin.open(f"webhooks/{webhook.webhook_id}")
    assert "Failing since" in listed.text


async def test_a_webhook_is_turned_off_and_on_and_what_failed_is_replayed(admin: Browser, world: World) -> None:
    ids = await webhook_of(world, datetime.now(UTC))
    page = await admin.open(f"webhooks/{ids['webhook_id']}")
    off = await admin.send(page.form("/off"))
    assert "The webhook is off" in off.text
    stale = await admin.send(page.form("/test"))
    assert "Turn it on first" in stale.text
    on = await admin.send(off.form("/on"))
    assert "The webhook is on" in on.text
    replayed = await admin.send(on.form(f"{ids['webhook_id']}/replay"), days="1")
    assert "Waiting" in replayed.text
    refused = await admin.send(on.form(f"{ids['webhook_id']}/replay"), days="x")
    assert refused.status == 200


async def test_a_secret_is_rotated_with_an_overlap(admin: Browser, world: World) -> None:
    ids = await webhook_of(world, datetime.now(UTC))
    asked = await admin.open(f"webhooks/{ids['webhook_id']}/rotate")
    shown = await admin.send(asked.form("/rotate"), overlap="1")
    page = await admin.open(f"webhooks/{ids['webhook_id']}")

    assert "whsec_" in shown.response.text
    assert "The one before signs too until" in page.text


async def test_a_webhook_is_changed_and_deleted_after_confirming(admin: Browser, world: World) -> None:
    ids = await webhook_of(world, datetime.now(UTC))
    page = await admin.open(f"webhooks/{ids['webhook_id']}")
    wrong = await admin.send(page.form(ids["webhook_id"]), address="https://10.0.0.1/")
    assert wrong.status == 422
    saved = await admin.send(page.form(ids["webhook_id"]), label="Chat")
    assert "Webhook saved" in saved.text
    await make_stale()
    asked = await admin.open(f"webhooks/{ids['webhook_id']}/delete")
    confirm = await admin.send(asked.form("/delete"))
    assert confirm.status == 403
    assert len(await webhooks.list_webhooks(world.tenant.tenant_id)) == 1


def test_every_kind_that_can_be_sent_is_an_event_in_words() -> None:
    assert set(WEBHOOK_KINDS) - set(ACTION_WORDS) == set()
