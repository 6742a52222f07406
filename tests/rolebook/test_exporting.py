"""The export has what operators set, in an order of its own, and no secret."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from directory import alert_recipients, equipment_keys, fields, guard_limits, schedules, webhooks
from directory.alert_recipients import Choice
from directory.guard import Limits
from directory.schedule_values import Recipient
from directory.store.compiled import Statement
from directory.store.unit import Engine, execute
from directory.webhooks import WebhookDraft
from rolebook.exporting import export_configuration
from tests.directory.pulls.pulled import graph_source
from tests.directory.scheduling import local_user, make_schedule, terms
from tests.directory.world import World, create_world

pytestmark = pytest.mark.anyio
EMAIL = Statement("UPDATE user_row SET email = 'zoe@example.org' WHERE id = $1::uuid", house=True)


@pytest.fixture
async def world(store: Engine) -> World:
    assert store is not None
    return await create_world()


async def exported(world: World) -> dict[str, Any]:
    answer = await export_configuration(world.tenant.slug, now=datetime(2026, 11, 1, tzinfo=UTC))
    (tenant,) = json.loads(json.dumps(answer))["tenants"]
    return dict(tenant)


async def test_what_is_set_beside_access_is_there(world: World) -> None:
    zoe = await local_user(world, "zoe")
    await execute(EMAIL, zoe.user_id)
    by, now = world.system, world.tick()
    recipients = [Recipient(user_id=zoe.user_id), Recipient(address="ops@example.org")]
    made = await make_schedule(world, terms(recipients=recipients))
    await alert_recipients.add_recipient(
        Choice(kinds=frozenset({"mail_failed"}), rhythm="day"), address="it@example.org", by=by, now=now
    )
    await guard_limits.set_limits(Limits(at_least=3), by=by, now=now)
    await fields.add_field("Badge", "badgeColour", listed=True, by=by, now=now)

    found = await exported(world)

    assert found["guard_limits"] == {"on": True, "at_least": 3, "percent": 10, "hold_days": 14}
    assert {"label": "Badge", "path": "badgeColour", "listed": True} in found["attribute_fields"]
    assert found["alert_recipients"] == [{"address": "it@example.org", "kinds": ["mail_failed"], "rhythm": "day"}]
    assert found["schedules"] == [
        {
            "name": "Morning list",
            "report": "never-seen",
            "options": dict(made.terms.options),
            "rhythm": {"every": "day", "minute": 360, "zone": "UTC", "weekday": 0, "month_day": 1},
            "recipients": ["ops@example.org", "zoe@example.org"],
            "only_if_not_empty": True,
            "paused": False,
        }
    ]
    await schedules.pause_schedule(made.schedule_id, by=by, now=now)
    assert found != await exported(world)


async def test_nothing_of_it_is_secret(world: World) -> None:
    key = await equipment_keys.create_key("Snipe", by=world.system, now=world.tick())
    url, kinds = "https://hooks.example.org/x?token=hidden", frozenset({"alert:raised"})
    draft = WebhookDraft(label="Tickets", url=url, kinds=kinds)
    made = await webhooks.create_webhook(draft, allow_private=False, by=world.system, now=world.tick())

    text = json.dumps(await exported(world))

    assert "https://hooks.example.org/x" in text
    assert made.secret_text not in text
    assert "hidden" not in text
    assert key.token not in text


async def test_how_a_connection_is_pulled_is_there_without_its_credentials(world: World) -> None:
    await graph_source(world, "Checked", mode="audit", audits_source_id=world.source.source_id)

    found = await exported(world)

    (pulled,) = [one["pull"] for one in found["connections"] if one["label"] == "Checked"]
    assert (pulled["mode"], pulled["compared_with"], pulled["interval_min"]) == ("audit", "Entra", 30)
    assert pulled["config"]["tenant"] == "contoso.example"
    assert "sesame" not in json.dumps(found)
    assert "client_secret" not in json.dumps(found)
