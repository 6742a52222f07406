"""What concerned one user: deeds, each with what it caused, page by page, nobody else's."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

import pytest

from directory import locks, signins, status, timeline, traffic, users
from directory.ids import new_id
from directory.model import Actor, JsonValue, RequestDraft, RequestId, User, UserAttributes
from directory.references import reference_for
from directory.timeline import Deed, Kind
from directory.visitor import Visitor
from tests.directory.world import World, create_world

pytestmark = pytest.mark.anyio


def request_at(world: World, path: str, now: datetime, *, status_code: int = 200) -> RequestDraft:
    request_id = RequestId(new_id(now))
    return RequestDraft(
        request_id=request_id,
        tenant_id=world.tenant.tenant_id,
        source_id=world.source.source_id,
        secret_id=None,
        reference=reference_for(request_id),
        method="PATCH",
        path=path,
        started_at=now,
        elapsed_us=lambda: 1,
        status=status_code,
        detail="No." if status_code >= 400 else None,
    )


def by_request(world: World, user: User, now: datetime) -> Actor:
    return replace(world.client, request=request_at(world, f"/scim/v2/Users/{user.user_id}", now))


async def edited(world: World, user: User, **attributes: JsonValue) -> None:
    now = world.tick()
    await users.edit_user(
        user.user_id,
        lambda old: UserAttributes({**old.document, **attributes}),
        by=by_request(world, user, now),
        now=now,
    )


async def refused(world: World, user: User) -> None:
    traffic.note_request(request_at(world, f"/scim/v2/Users/{user.user_id}", world.tick(), status_code=400))
    await traffic.flush(now=world.now)


async def deeds_of(world: World, user: User, kind: Kind | None = None) -> list[Deed]:
    found = await timeline.read_timeline(world.tenant.tenant_id, user.user_id, kind, before=None, limit=50)
    assert found.next_before is None
    return found.deeds


async def lock(world: World, user: User, role: str) -> None:
    await locks.lock_role(
        user.user_id, world.roles[role].role_id, reason="x", until=None, by=world.system, now=world.tick()
    )


async def rich_story(world: World) -> User:
    """Return a local user to whom one thing of every kind happened, and somebody else to whom other things did."""
    user = await locks.create_local_user(
        "lou", role_id=world.roles["viewer"].role_id, by=world.system, now=world.tick()
    )
    link = await signins.create_link(user.user_id, by=world.system, now=world.tick())
    await signins.redeem_link(link, visitor=Visitor(), now=world.tick())
    await lock(world, user, "editor")
    await refused(world, user)
    await world.push_user("other")
    return user


async def test_an_edit_is_one_deed_with_its_request_and_its_change(world: World) -> None:
    user = await world.push_user("ann")
    await edited(world, user, title="Engineer")

    deed = (await deeds_of(world, user))[0]

    assert deed.kind == "request"
    assert deed.lead is not None
    assert [(change.name, change.new) for change in deed.lead.changes] == [("title", "Engineer")]
    assert deed.request is not None
    assert (deed.request.method, deed.request.path) == ("PATCH", f"/scim/v2/Users/{user.user_id}")


async def test_joining_a_group_says_which_and_what_it_caused(world: World) -> None:
    user = await world.push_user("ann")
    group = await world.push_group("Staff")
    await world.map_group(group, "editor")
    await world.edit_members(group, add=["ext-ann"])

    deed = (await deeds_of(world, user))[0]

    assert deed.lead is not None
    assert (deed.lead.subject_label, deed.lead.joined) == ("Staff", True)
    assert [step.action for step in deed.caused] == ["user:role:granted"]


async def test_names_are_given_for_the_roles_and_groups_that_are_mentioned(world: World) -> None:
    user = await world.push_user("ann")
    group = await world.push_group("Staff", ["ext-ann"])
    await world.map_group(group, "editor")

    found = await timeline.read_timeline(world.tenant.tenant_id, user.user_id, "roles", before=None, limit=5)

    assert found.names[str(group.group_id)] == "Staff"
    assert found.names[str(world.roles["editor"].role_id)] == "Editor"


async def test_everything_that_concerned_a_user_is_merged_newest_first(world: World) -> None:
    user = await rich_story(world)

    deeds = await deeds_of(world, user)

    assert [deed.kind for deed in deeds] == ["refused", "system", "sign-in", "system", "system"]
    assert [deed.at for deed in deeds] == sorted((deed.at for deed in deeds), reverse=True)


@pytest.mark.parametrize(
    ("kind", "actions"),
    [
        ("requests", [None]),
        ("roles", ["user:role:locked", "user:role:granted"]),
        ("operators", ["user:role:locked", "user:link:created", "user:created"]),
        ("sign-ins", ["session:opened", "user:link:created"]),
    ],
)
async def test_one_kind_alone(world: World, kind: Kind, actions: list[str | None]) -> None:
    user = await rich_story(world)

    leads = [deed.lead.action if deed.lead else None for deed in await deeds_of(world, user, kind)]

    assert leads == actions


async def test_a_refused_request_says_why(world: World) -> None:
    user = await world.push_user("ann")
    await refused(world, user)

    deed = (await deeds_of(world, user))[0]

    assert deed.request is not None
    assert (deed.kind, deed.lead, deed.request.status, deed.request.detail) == ("refused", None, 400, "No.")


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
async def test_pages_together_are_the_whole_and_no_deed_is_cut(world: World, limit: int) -> None:
    user = await world.push_user("ann")
    group = await world.push_group("Staff")
    await world.map_group(group, "editor")
    for _ in range(3):
        await world.edit_members(group, add=["ext-ann"])
        await refused(world, user)
        await world.edit_members(group, remove=["ext-ann"])
    whole = await deeds_of(world, user)

    paged: list[Deed] = []
    before: UUID | None = None
    while True:
        found = await timeline.read_timeline(world.tenant.tenant_id, user.user_id, None, before=before, limit=limit)
        paged += found.deeds
        if (before := found.next_before) is None:
            break

    steps = [step.event_id for deed in paged for step in ([deed.lead] if deed.lead else []) + list(deed.caused)]
    assert sorted(steps) == sorted(
        step.event_id for deed in whole for step in ([deed.lead] if deed.lead else []) + list(deed.caused)
    )
    if limit > 1:
        assert paged == whole


async def test_the_deed_that_gave_the_role_is_found(world: World) -> None:
    user = await world.push_user("ann")
    group = await world.push_group("Staff")
    await world.map_group(group, "editor")
    now = world.tick()
    await world.edit_members(group, add=["ext-ann"])
    await edited(world, user, title="Engineer")

    grant = await timeline.find_grant(world.tenant.tenant_id, user.user_id)

    assert grant is not None
    assert grant.lead is not None
    assert grant.lead.action in {"group:members:changed", "user:role:granted"}
    assert grant.at > now


async def test_a_request_that_gave_the_role_is_told_with_the_group(world: World) -> None:
    now = world.tick()
    by = replace(world.client, request=request_at(world, "/scim/v2/Users", now))
    user, _ = await users.create_user(
        UserAttributes({"userName": "ann@example.org", "externalId": "ext-ann"}), by=by, now=now, revive_inactive=True
    )

    grant = await timeline.find_grant(world.tenant.tenant_id, user.user_id)

    assert grant is not None
    assert grant.lead is not None
    assert grant.request is not None
    assert (grant.lead.action, grant.request.path) == ("user:created", "/scim/v2/Users")
    assert [step.action for step in grant.caused] == ["user:role:granted"]


async def test_another_tenants_user_has_no_timeline_here(world: World) -> None:
    theirs = await (await create_world("bristol")).push_user("ann")

    assert await deeds_of(world, theirs) == []
    assert await timeline.find_grant(world.tenant.tenant_id, theirs.user_id) is None


async def test_keeping_somebody_out_is_told_among_sign_ins(world: World) -> None:
    user = await world.push_user("ann")
    await status.block_signin(user.user_id, reason="Lost", by=world.system, now=world.tick())

    (deed,) = await deeds_of(world, user, "sign-ins")

    assert deed.lead is not None
    assert deed.lead.action == "user:sign-in:blocked"
