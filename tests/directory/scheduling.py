"""A tenant with schedules of reports, for tests."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from directory import events, locks, schedule_runs, schedules
from directory.model import User
from directory.rhythms import Rhythm
from directory.schedule_values import Recipient, Run, Schedule, Terms
from directory.store.compiled import Statement
from directory.store.unit import fetch
from tests.directory.world import World

DAILY = Rhythm(every="day", minute=6 * 60, zone="UTC")
OUTBOX = Statement(
    "SELECT recipient, subject, body_text, body_html, attachments, dedupe_key FROM outbox_row"
    " WHERE tenant_id = $1::uuid ORDER BY id"
)


class Mail(NamedTuple):
    """A mail that is to be sent."""

    recipient: str
    subject: str
    text: str
    html: str
    attachments: str
    dedupe_key: str


def terms(report: str = "never-seen", *addresses: str, **changes: Any) -> Terms:  # noqa: ANN401 - any field of Terms
    """Return terms for some addresses, or for one."""
    plain = Terms(
        name="Morning list",
        report=report,
        options={},
        rhythm=DAILY,
        recipients=[Recipient(address=address) for address in addresses or ("ops@example.org",)],
        skips_empty=True,
    )
    return replace(plain, **changes)


async def make_schedule(world: World, given: Terms | None = None) -> Schedule:
    """Make a schedule."""
    return await schedules.create_schedule(given or terms(), by=world.system, now=world.tick())


async def local_user(world: World, name: str, role: str = "viewer") -> User:
    """Make a local user: whoever is in no feed is on the report of the tests."""
    return await locks.create_local_user(name, role_id=world.roles[role].role_id, by=world.system, now=world.tick())


async def send_all(now: datetime) -> int:
    """Send what is due at ``now``, as the duty does; returns how many reports."""
    count = 0
    for tenant_id, run_id in await schedule_runs.list_asked(now=now):
        count += await schedule_runs.send_asked(tenant_id, run_id, now=now)
    while due := await schedule_runs.list_due(now=now):
        for tenant_id, schedule_id in due:
            count += await schedule_runs.send_due(tenant_id, schedule_id, now=now)
    return count


async def mails_of(world: World) -> list[Mail]:
    """Return the mails of a tenant that are to be sent, the oldest first."""
    return [
        Mail(
            row["recipient"], row["subject"], row["body_text"], row["body_html"], row["attachments"], row["dedupe_key"]
        )
        for row in await fetch(OUTBOX, world.tenant.tenant_id)
    ]


async def runs_of(world: World, schedule: Schedule) -> Sequence[Run]:
    """Return the sendings of a schedule, the newest first."""
    return await schedules.list_runs(world.tenant.tenant_id, schedule.schedule_id, before=None, limit=50)


async def again(schedule: Schedule, world: World) -> Schedule:
    """Return a schedule as it is now."""
    return await schedules.get_schedule(world.tenant.tenant_id, schedule.schedule_id)


async def actions(world: World) -> list[str]:
    """Return what happened to schedules, the oldest first."""
    found = await events.list_events(world.tenant.tenant_id, limit=50)
    return [event.action for event in reversed(found) if event.subject_kind == "schedule"]
