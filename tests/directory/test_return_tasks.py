"""Return tasks: the manager is written to once, and reminded when somebody asks for it."""

import json
from collections.abc import Sequence

import pytest

from directory import events, return_tasks
from directory.alerts import ALERT_KINDS
from directory.errors import ForbiddenError, InvalidError, NotFoundError
from directory.ids import new_id
from directory.model import JsonValue, User
from directory.person import ENTERPRISE
from directory.store.compiled import Statement
from directory.store.unit import execute, fetch
from tests.directory.lending import delete, disable, leavers, lend, make_item, take_back, viewer
from tests.directory.world import World

pytestmark = pytest.mark.anyio

MAILS = Statement(
    "SELECT recipient, subject, body_text, body_html FROM outbox_row WHERE kind = 'return' ORDER BY id", house=True
)
RECIPIENT = Statement(
    "INSERT INTO alert_recipient_row (tenant_id, id, address, kinds, rhythm, created_by, created_at)"
    " VALUES ($1::uuid, $4::uuid, $2::text, $5::text, '', '', $3::timestamptz)"
)


async def told_of(world: World, address: str, kinds: Sequence[str] = ALERT_KINDS) -> None:
    """Have somebody told of alerts of these kinds."""
    text = json.dumps(list(kinds))
    await execute(RECIPIENT, world.tenant.tenant_id, address, world.now, new_id(world.tick()), text)


async def leaver(world: World, *, manager: str | None = "ext-mia") -> User:
    """Push somebody who has a laptop and leaves."""
    said: dict[str, JsonValue] = {} if manager is None else {ENTERPRISE: {"manager": {"value": manager}}}
    user = await world.push_user("ben", displayName="Ben <b>", **said)
    await lend(world, await make_item(world, "LAP-1"), user)
    await disable(world, user)
    return user


async def tell(world: World) -> int:
    return await return_tasks.tell_managers(now=world.tick())


async def mailed(world: World) -> list[tuple[str, str]]:
    assert world.now is not None
    return [(row["recipient"], row["subject"]) for row in await fetch(MAILS)]


async def test_the_manager_is_written_to_once(world: World) -> None:
    await world.push_user("mia", emails=[{"value": "mia@example.org"}])
    user = await leaver(world)

    assert await return_tasks.has_untold_tasks(world.now)
    assert [await tell(world), await tell(world)] == [1, 0]

    assert await mailed(world) == [("mia@example.org", "Ben <b> has left with 1 item")]
    (row,) = await fetch(MAILS)
    assert "LAP-1 Laptop, 1299.00 EUR" in row["body_text"]
    assert "Ben &lt;b&gt;" in row["body_html"]
    assert "<b>" not in row["body_html"]
    (found,) = await leavers(world)
    assert (found.manager, found.sent_to) == ("mia@example.org", "mia@example.org")
    assert found.last_contact_at == world.now.replace(second=world.now.second - 1)
    told = await events.list_events(world.tenant.tenant_id, subject_id=user.user_id, limit=1)
    assert told[0].action == "user:return:asked"


@pytest.mark.parametrize("manager", [None, "nobody-here", "ext-ben"])
async def test_without_a_manager_the_recipients_of_alerts_are_written_to(world: World, manager: str | None) -> None:
    await told_of(world, "it@example.org")
    await leaver(world, manager=manager)

    await tell(world)

    assert [recipient for recipient, _ in await mailed(world)] == ["it@example.org"]


async def test_whoever_chose_some_kinds_of_alerts_is_not_written_to(world: World) -> None:
    await told_of(world, "mails@example.org", ["mail_failed"])
    await told_of(world, "it@example.org")
    await leaver(world)

    await tell(world)

    assert [recipient for recipient, _ in await mailed(world)] == ["it@example.org"]


async def test_with_nobody_to_write_to_the_task_is_there_all_the_same(world: World) -> None:
    user = await leaver(world, manager=None)

    await tell(world)

    assert await mailed(world) == []
    (found,) = await leavers(world)
    assert found.sent_to == ""
    with pytest.raises(InvalidError, match="nobody to go to"):
        await return_tasks.remind(user.user_id, by=world.system, now=world.tick())


async def test_a_manager_who_left_or_has_no_usable_address_is_not_written_to(world: World) -> None:
    mia = await world.push_user("mia", emails=[{"value": "not an address"}])
    await leaver(world)
    await tell(world)
    assert await mailed(world) == []

    await disable(world, mia)

    assert await tell(world) == 0


async def test_a_reminder_says_what_is_still_out(world: World) -> None:
    await world.push_user("mia", emails=[{"value": "mia@example.org"}])
    user = await leaver(world)
    await tell(world)

    assert await return_tasks.remind(user.user_id, by=world.system, now=world.tick()) == "mia@example.org"

    assert [subject for _, subject in await mailed(world)][1] == "Reminder: Ben <b> has left with 1 item"
    with pytest.raises(ForbiddenError):
        await return_tasks.remind(user.user_id, by=viewer(world), now=world.tick())


async def test_nobody_is_reminded_of_what_is_back(world: World) -> None:
    user = await leaver(world)
    item = (await leavers(world))[0].items[0].item
    await take_back(world, item)

    assert await tell(world) == 0
    assert await mailed(world) == []
    with pytest.raises(NotFoundError):
        await return_tasks.remind(user.user_id, by=world.system, now=world.tick())


async def test_the_manager_of_somebody_deleted_is_written_to(world: World) -> None:
    await world.push_user("mia", emails=[{"value": "mia@example.org"}])
    said: dict[str, JsonValue] = {ENTERPRISE: {"manager": {"value": "ext-mia"}}}
    user = await world.push_user("ben", **said)
    await lend(world, await make_item(world, "LAP-1"), user)
    await delete(world, user)

    await tell(world)

    (row,) = await fetch(MAILS)
    assert (row["recipient"], "has been deleted" in row["body_text"]) == ("mia@example.org", True)
