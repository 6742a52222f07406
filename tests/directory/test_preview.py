"""Previews by the verbs: what they count, find and list, and what applying refuses."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from directory import locks, mappings, preview, preview_apply, users
from directory.errors import (
    AlreadyExistsError,
    ForbiddenError,
    InvalidError,
    LastAdministratorError,
    MovedError,
    NotFoundError,
)
from directory.model import Actor, GroupId, RoleId, User, UserAttributes
from directory.proposals import (
    AddMapping,
    LockRole,
    MoveMapping,
    Proposal,
    RemoveMapping,
    SetDefaultRole,
    SetMappingRole,
    UnlockRole,
    fields_of,
    permission_for,
    proposal_from,
)
from directory.store import proposed
from tests.directory.world import World, create_world

pytestmark = pytest.mark.anyio


def each_proposal(world: World, user: User, group_id: GroupId) -> Iterator[Proposal]:
    role_id = world.roles["editor"].role_id
    yield AddMapping(group_id=group_id, role_id=role_id)
    yield SetMappingRole(group_id=group_id, role_id=role_id)
    yield MoveMapping(group_id=group_id, places=-3)
    yield RemoveMapping(group_id=group_id)
    yield SetDefaultRole(role_id=role_id)
    yield LockRole(user_id=user.user_id, role_id=role_id, reason="audit = 1", until=world.now + timedelta(days=1))
    yield LockRole(user_id=user.user_id, role_id=role_id, reason="audit")
    yield UnlockRole(user_id=user.user_id)


async def looked_at(world: World, proposal: Proposal, by: Actor | None = None) -> preview.Preview:
    return await preview.preview(proposal, by=by or world.system, now=world.now)


async def apply(world: World, seen: preview.Preview, *, consent: bool = False) -> None:
    await preview_apply.apply(seen.proposal, seen.plan_hash, consent=consent, by=world.system, now=world.tick())


def pairs_of(seen: preview.Preview) -> list[tuple[str | None, str | None, int, int]]:
    return [(pair.from_role.shipped, pair.to_role.shipped, pair.count, pair.disabled_count) for pair in seen.pairs]


def kinds_of(seen: preview.Preview) -> list[tuple[str, bool]]:
    return [(finding.kind, finding.refuses) for finding in seen.findings]


async def disable(world: World, user: User) -> None:
    off = UserAttributes({**user.attributes.document, "active": False})
    await users.edit_user(user.user_id, lambda _: off, by=world.client, now=world.tick())


async def lock(world: World, user: User, role: str) -> None:
    await locks.lock_role(
        user.user_id, world.roles[role].role_id, reason="audit", until=None, by=world.system, now=world.tick()
    )


async def test_a_proposal_goes_into_fields_and_comes_back(world: World) -> None:
    user, group = await world.push_user("ann"), await world.push_group("staff")
    for proposal in each_proposal(world, user, group.group_id):
        assert proposal_from(fields_of(proposal)) == proposal
    assert {permission_for(proposal) for proposal in each_proposal(world, user, group.group_id)} == {
        "mappings:manage",
        "users:manage",
    }


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"change": "everything"},
        {"change": "remove", "group_id": "{00000000-0000-0000-0000-000000000001}"},
        {"change": "default"},
        {"change": "move", "group_id": "00000000-0000-0000-0000-000000000001", "places": "1.5"},
        {"change": "move", "group_id": "00000000-0000-0000-0000-000000000001", "places": "-99999"},
        {"change": "unlock", "user_id": "ann"},
        {"change": "lock", "user_id": "00000000-0000-0000-0000-000000000001", "until": "soon"},
    ],
)
def test_nonsense_is_no_proposal(fields: dict[str, str]) -> None:
    role_id = {"role_id": "00000000-0000-0000-0000-000000000002"} if fields.get("change") == "lock" else {}
    with pytest.raises(InvalidError):
        proposal_from({**fields, **role_id})


async def test_it_counts_by_pair_tells_the_disabled_apart_and_leaves_the_locked_out(world: World) -> None:
    people = {name: await world.push_user(name) for name in ("ann", "bob", "carl", "dora", "eve")}
    staff = await world.push_group("staff", [f"ext-{name}" for name in ("ann", "bob", "carl", "dora")])
    await world.map_group(await world.push_group("first", ["ext-dora"]), "viewer")
    await disable(world, people["bob"])
    await lock(world, people["carl"], "loanee")

    seen = await looked_at(world, AddMapping(group_id=staff.group_id, role_id=world.roles["editor"].role_id))

    assert pairs_of(seen) == [("loanee", "editor", 2, 1)]
    assert (seen.total, seen.locked_count, seen.kept_count, seen.subject) == (2, 1, 0, "staff")
    assert [user.user_name for user in seen.sample] == ["ann@example.org", "bob@example.org"]
    assert kinds_of(seen) == []


async def test_administration_is_marked_and_asks_for_consent(world: World) -> None:
    await world.push_user("ann")
    staff = await world.push_group("staff", ["ext-ann"])
    seen = await looked_at(world, AddMapping(group_id=staff.group_id, role_id=world.roles["administrator"].role_id))

    assert [pair.privileged for pair in seen.pairs] == [True]
    assert (seen.needs_consent, seen.refused, seen.privileged_count) == (True, False, 1)
    with pytest.raises(InvalidError, match="consent"):
        await apply(world, seen)
    await apply(world, seen, consent=True)
    policy = await mappings.get_policy(world.tenant.tenant_id)
    assert policy.lines[0].mapping.consented_by == world.system.label


async def test_a_removed_line_can_give_administration_by_the_one_below(world: World) -> None:
    ann = await world.push_user("ann")
    upper, lower = await world.push_group("upper", ["ext-ann"]), await world.push_group("lower", ["ext-ann"])
    await world.map_group(upper, "viewer")
    await world.map_group(lower, "administrator")
    seen = await looked_at(world, RemoveMapping(group_id=upper.group_id))

    assert seen.needs_consent
    with pytest.raises(InvalidError, match="consent"):
        await apply(world, seen)
    assert await world.role_of(ann) == "viewer"


async def test_consent_is_not_for_everybody_to_give(world: World) -> None:
    staff = await world.push_group("staff")
    mapper = replace(world.system, kind="operator", permissions=frozenset({"portal:view", "mappings:manage"}))
    proposal = AddMapping(group_id=staff.group_id, role_id=world.roles["administrator"].role_id)

    seen = await looked_at(world, proposal, by=mapper)

    assert kinds_of(seen)[0] == ("beyond you", True)
    with pytest.raises(ForbiddenError):
        await preview_apply.apply(proposal, seen.plan_hash, consent=True, by=mapper, now=world.tick())


async def test_taking_the_last_administrator_is_found_and_refused(world: World) -> None:
    boss = await world.push_user("boss")
    admins = await world.push_group("admins", ["ext-boss"])
    await world.map_group(admins, "administrator")
    for proposal in (
        RemoveMapping(group_id=admins.group_id),
        SetMappingRole(group_id=admins.group_id, role_id=world.roles["viewer"].role_id),
        LockRole(user_id=boss.user_id, role_id=world.roles["viewer"].role_id, reason="audit"),
    ):
        seen = await looked_at(world, proposal)
        assert (seen.leaves_no_administrator, kinds_of(seen)) == (True, [("no administrator", True)])
        with pytest.raises(LastAdministratorError):
            await apply(world, seen)
    await locks.create_local_user(
        "root", role_id=world.roles["administrator"].role_id, by=world.system, now=world.tick()
    )
    assert not (await looked_at(world, RemoveMapping(group_id=admins.group_id))).leaves_no_administrator


async def test_a_privileged_default_is_found_and_refused(world: World) -> None:
    seen = await looked_at(world, SetDefaultRole(role_id=world.roles["administrator"].role_id))

    assert ("privileged default", True) in kinds_of(seen)
    with pytest.raises(InvalidError):
        await apply(world, seen)


async def test_nobody_takes_from_who_has_more(world: World) -> None:
    root = await locks.create_local_user(
        "root", role_id=world.roles["administrator"].role_id, by=world.system, now=world.tick()
    )
    manager = replace(world.system, kind="operator", permissions=world.roles["user_manager"].permissions)

    seen = await looked_at(world, UnlockRole(user_id=root.user_id), by=manager)

    assert ("beyond you", True) in kinds_of(seen)


async def test_a_lock_is_previewed_applied_and_lifted(world: World) -> None:
    ann = await world.push_user("ann")
    locked = LockRole(user_id=ann.user_id, role_id=world.roles["editor"].role_id, reason="audit")
    seen = await looked_at(world, locked)
    assert (pairs_of(seen), seen.subject) == ([("loanee", "editor", 1, 0)], ann.promoted.display_name)
    await apply(world, seen)
    assert await world.role_of(ann) == "editor"

    again = await looked_at(world, locked)
    assert (again.total, again.kept_count, kinds_of(again)) == (0, 1, [("nobody", False)])
    lifted = await looked_at(world, UnlockRole(user_id=ann.user_id))
    assert pairs_of(lifted) == [("editor", "loanee", 1, 0)]
    await apply(world, lifted)
    assert await world.role_of(ann) == "loanee"


async def test_a_lock_that_would_be_none_is_told_at_once(world: World) -> None:
    ann, role_id = await world.push_user("ann"), world.roles["editor"].role_id
    for reason, until in (("", None), ("audit", world.now)):
        with pytest.raises(InvalidError):
            await looked_at(world, LockRole(user_id=ann.user_id, role_id=role_id, reason=reason, until=until))


async def test_a_lock_is_not_applied_to_a_role_that_moved_meanwhile(world: World) -> None:
    ann, staff = await world.push_user("ann"), await world.push_group("staff", ["ext-ann"])
    seen = await looked_at(world, LockRole(user_id=ann.user_id, role_id=world.roles["editor"].role_id, reason="audit"))
    await world.map_group(staff, "viewer")
    with pytest.raises(MovedError):
        await apply(world, seen)
    assert await world.role_of(ann) == "viewer"


async def test_another_default_moves_those_whom_no_line_fits(world: World) -> None:
    for name in ("ann", "bob", "carl"):
        await world.push_user(name)
    await world.map_group(await world.push_group("staff", ["ext-bob"]), "editor")

    seen = await looked_at(world, SetDefaultRole(role_id=world.roles["viewer"].role_id))

    assert [user.user_name.partition("@")[0] for user in seen.sample] == ["ann", "carl"]
    await apply(world, seen)
    await world.assert_consistent()


async def test_roles_still_being_decided_are_counted_as_they_will_be(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await world.push_user("ann")
    staff = await world.push_group("staff", ["ext-ann"])
    await world.map_group(staff, "editor")
    monkeypatch.setattr(mappings, "INLINE_BATCHES", 0)
    await mappings.remove_mapping(staff.group_id, by=world.system, now=world.tick())
    assert await world.role_of(ann) == "editor"

    seen = await looked_at(world, SetDefaultRole(role_id=world.roles["viewer"].role_id))

    assert pairs_of(seen) == [("editor", "viewer", 1, 0)]
    assert ("deciding", False) in kinds_of(seen)
    await apply(world, seen)
    await mappings.redecide(None, now=world.tick(), batches=10)
    assert await world.role_of(ann) == "viewer"


async def test_changes_are_listed_page_by_page_in_the_order_of_ids(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proposed, "BATCH_USERS", 3)
    people = [await world.push_user(f"user{number}") for number in range(8)]
    await lock(world, people[4], "viewer")
    staff = await world.push_group("staff", [f"ext-user{number}" for number in range(8)])
    proposal = AddMapping(group_id=staff.group_id, role_id=world.roles["editor"].role_id)

    async def listed(*, locked: bool) -> list[list[str]]:
        pages, after = [], None
        while True:
            page = await preview.list_changes(
                proposal, by=world.system, now=world.now, after=after, limit=3, locked=locked
            )
            pages.append([user.user_name.partition("@")[0] for user in page.users])
            if (after := page.next_after) is None:
                return pages

    assert await listed(locked=False) == [["user0", "user1", "user2"], ["user3", "user5", "user6"], ["user7"]]
    assert await listed(locked=True) == [["user4"]]
    assert not await preview.changes_nobody(proposal, by=world.system, now=world.now)
    assert await preview.changes_nobody(
        AddMapping(group_id=staff.group_id, role_id=world.roles["loanee"].role_id), by=world.system, now=world.now
    )


async def test_things_of_nowhere_and_of_other_tenants_cannot_be_proposed(world: World) -> None:
    other = await create_world("bristol")
    foreign, stranger = await other.push_group("staff"), await other.push_user("ann")
    staff = await world.push_group("staff")
    role_id = world.roles["editor"].role_id
    for proposal in (
        AddMapping(group_id=foreign.group_id, role_id=role_id),
        RemoveMapping(group_id=staff.group_id),
        UnlockRole(user_id=stranger.user_id),
    ):
        with pytest.raises(NotFoundError):
            await looked_at(world, proposal)
    with pytest.raises(InvalidError):
        await looked_at(world, SetDefaultRole(role_id=RoleId(other.roles["editor"].role_id)))
    await world.map_group(staff, "viewer")
    with pytest.raises(AlreadyExistsError):
        await looked_at(world, AddMapping(group_id=staff.group_id, role_id=role_id))


async def test_sources_and_unpermitted_operators_preview_nothing(world: World) -> None:
    ann = await world.push_user("ann")
    viewer = replace(world.system, kind="operator", permissions=frozenset({"portal:view"}))
    for by in (world.client, viewer):
        for proposal in (SetDefaultRole(role_id=world.roles["viewer"].role_id), UnlockRole(user_id=ann.user_id)):
            with pytest.raises(ForbiddenError):
                await looked_at(world, proposal, by=by)
