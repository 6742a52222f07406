"""Everything that is kept of one person: complete, readable, without secrets, and recorded."""

from typing import Any

import msgspec
import pytest

from directory import events, locks, person_export, reevaluation, signins, status, users
from directory.errors import ForbiddenError, NotFoundError
from directory.model import Actor, User
from directory.store.compiled import Statement
from directory.store.unit import execute
from directory.visitor import Visitor
from tests.directory.world import World, create_world

pytestmark = pytest.mark.anyio


async def exported(world: World, user: User, by: Actor | None = None) -> dict[str, Any]:
    pieces = person_export.each_piece(user.user_id, by=by or world.system, now=world.now)
    text = b"".join([piece async for piece in pieces])
    found: dict[str, Any] = msgspec.json.decode(text)
    return found


async def test_it_holds_attributes_role_groups_and_events(world: World) -> None:
    user = await world.push_user("ann", title="Engineer")
    await world.map_group(await world.push_group("Staff", ["ext-ann"]), "editor")

    found = await exported(world, user)

    assert found["user"]["attributes"]["title"] == "Engineer"
    assert found["role"]["name"] == "Editor"
    assert [group["name"] for group in found["groups"]] == ["Staff"]
    assert {event["action"] for event in found["events"]} >= {"user:created", "group:members:changed"}
    assert found["links"][0]["external_id"] == "ext-ann"
    assert found["refused_requests"] == []


async def test_more_events_than_one_page_are_all_there(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(person_export, "PAGE", 2)
    user = await world.push_user("ann")
    for reason in ("a", "b", "c"):
        await status.block_signin(user.user_id, reason=reason, by=world.system, now=world.tick())
        await status.allow_signin(user.user_id, by=world.system, now=world.tick())

    found = await exported(world, user)

    assert len(found["events"]) == len({event["id"] for event in found["events"]}) == 8


async def test_no_secret_is_in_it(world: World) -> None:
    user = await locks.create_local_user(
        "lou", role_id=world.roles["viewer"].role_id, by=world.system, now=world.tick()
    )
    link = await signins.create_link(user.user_id, by=world.system, now=world.tick())
    entry = await signins.redeem_link(link, visitor=Visitor(software="Firefox"), now=world.tick())

    found = await exported(world, user)
    text = str(found)

    assert found["sessions"][0]["software"] == "Firefox"
    assert link not in text
    assert entry.token not in text
    assert not any(word in text for word in ("digest", "csrf_key", "password"))


def user_manager(world: World) -> Actor:
    permissions = world.roles["user_manager"].permissions
    return Actor(tenant_id=world.tenant.tenant_id, kind="operator", label="Uma", permissions=permissions)


async def test_sign_ins_of_somebody_above_are_left_out_and_that_is_said(world: World) -> None:
    for role in ("administrator", "viewer"):
        user = await locks.create_local_user(role, role_id=world.roles[role].role_id, by=world.system, now=world.tick())
        link = await signins.create_link(user.user_id, by=world.system, now=world.tick())
        await signins.redeem_link(link, visitor=Visitor(software="Firefox"), now=world.tick())
        found = await exported(world, user, user_manager(world))
        kept = [len(found["sessions"]), len(found["sign_in_links"]), "left_out" in found]

        assert kept == ([0, 0, True] if role == "administrator" else [1, 1, False])
        assert "left_out" not in await exported(world, user)


async def test_nobody_resyncs_whose_role_carries_more_than_their_own(world: World) -> None:
    user = await locks.create_local_user(
        "rosa", role_id=world.roles["administrator"].role_id, by=world.system, now=world.tick()
    )

    with pytest.raises(ForbiddenError):
        await reevaluation.reevaluate_role(user.user_id, by=user_manager(world), now=world.tick())


async def test_giving_it_out_is_recorded(world: World) -> None:
    user = await world.push_user("ann")

    await person_export.record_export(user.user_id, by=world.system, now=world.tick())

    (told, *_) = await events.list_events(world.tenant.tenant_id, subject_id=user.user_id, limit=1)
    assert told.action == "user:exported"


async def test_nobody_else_gets_it(world: World) -> None:
    theirs = await (await create_world("bristol")).push_user("ann")

    with pytest.raises(NotFoundError):
        await exported(world, theirs)
    with pytest.raises(NotFoundError):
        await person_export.record_export(theirs.user_id, by=world.system, now=world.tick())
    with pytest.raises(ForbiddenError):
        await person_export.record_export(theirs.user_id, by=world.client, now=world.tick())


SPOIL = Statement("UPDATE user_row SET role_id = $2::uuid WHERE id = $1::uuid", house=True)


async def test_resync_puts_a_stored_role_right_and_says_whether_it_was_wrong(world: World) -> None:
    user = await world.push_user("ann")
    await execute(SPOIL, user.user_id, world.roles["editor"].role_id)

    assert await reevaluation.reevaluate_role(user.user_id, by=world.system, now=world.tick())
    assert not await reevaluation.reevaluate_role(user.user_id, by=world.system, now=world.tick())

    assert await world.role_of(user) == "loanee"
    found = await users.get_user(world.tenant.tenant_id, user.user_id)
    assert found.decided_at < world.now
