"""What a run says beforehand that it would do to groups, and what that costs of the guard's limits."""

import pytest

from directory import users
from directory.model import Group
from directory.pulls.ground import judged_ground
from directory.pulls.model import Seen, SeenPage
from directory.store.guard_budget import read_budget
from directory.store.pulls import present
from tests.directory.pulls.grouped import Outcome, Puller, create_puller, edges, group_seen, page
from tests.directory.world import World

pytestmark = pytest.mark.anyio


async def the_group(puller: Puller, ext_id: str) -> Group:
    group = await puller.group(ext_id)
    assert group is not None
    return group


async def mapped_puller(world: World, roles: dict[str, str], members: dict[str, list[str]]) -> Puller:
    """A source whose groups are mapped, with members."""
    puller = await create_puller(world)
    await puller.people(sorted({name for names in members.values() for name in names}))
    await puller.pull(
        page([group_seen(group) for group in members], *(edges(g, *names) for g, names in members.items()))
    )
    for group, role in roles.items():
        await world.map_group(await the_group(puller, group), role)
    return puller


async def role_called(puller: Puller, name: str) -> str:
    """The role of somebody, by the source's id."""
    tenant_id = puller.world.tenant.tenant_id
    ((user_id, _),) = (await present.users_called(tenant_id, puller.source_id, [name])).values()
    return await puller.world.role_of(await users.get_user(tenant_id, user_id))


async def planned(puller: Puller, *pages: SeenPage, whole: bool = False) -> Outcome:
    """Plan a pull, and end it there."""
    outcome = Outcome()
    ground = await puller.begin(*pages, whole=whole)
    await puller.plan(ground, outcome)
    await puller.end(ground.run)
    return outcome


async def test_a_plan_changes_nothing_and_says_what_would_change(world: World) -> None:
    puller = await mapped_puller(world, {}, {"g1": ["ann", "bob"], "g2": ["ann"]})
    before = [await puller.group(ext_id) for ext_id in ("g1", "g2", "g3")]
    gone = Seen(kind="group", ext_id="g2", op="purged")
    outcome = await planned(
        puller, page([gone, group_seen("g3")], edges("g1", "cid", left=["ann"]), edges("g3", "bob"))
    )
    assert outcome.planned == {"group:delete": 1, "group:create": 1, "members:join": 2, "members:leave": 1}
    assert ("members:leave", "g1", "ann") in outcome.items
    assert ("group:delete", "g2", "deleted there") in outcome.items
    assert [await puller.group(ext_id) for ext_id in ("g1", "g2", "g3")] == before


async def test_who_loses_a_role_counts_and_who_only_moves_does_not(world: World) -> None:
    puller = await mapped_puller(world, {"old": "editor", "new": "editor"}, {"old": ["ann", "bob"], "new": []})
    moved = await planned(puller, page([], edges("old", left=["ann"]), edges("new", "ann")))
    lost = await planned(puller, page([], edges("old", left=["ann"])))
    assert (moved.toll, lost.toll) == (0, 1)


async def test_a_grant_of_administration_counts_ten_times(world: World) -> None:
    puller = await mapped_puller(world, {"boss": "administrator"}, {"boss": [], "other": ["ann"]})
    assert (await planned(puller, page([], edges("boss", "ann")))).toll == 10


async def test_a_deleted_group_costs_what_its_members_lose(world: World) -> None:
    puller = await mapped_puller(world, {"team": "editor"}, {"team": ["ann", "bob", "cid"]})
    assert (await planned(puller, page([Seen(kind="group", ext_id="team", op="purged")]))).toll == 3


async def test_an_emptied_group_is_held_whatever_is_left_and_counts_nothing(world: World) -> None:
    names = [f"p{number:02}" for number in range(14)]
    puller = await mapped_puller(world, {"team": "editor"}, {"team": names})
    outcome = await puller.pull(page([group_seen("team")], edges("team", names[0], "new")))
    assert outcome.toll == 0
    assert any("the guard holds all 13" in detail for _, _, detail in outcome.items)
    assert await puller.members("team") == {names[0], "new"}
    assert await role_called(puller, names[5]) == "editor"


async def test_what_is_beyond_the_limits_as_a_whole_is_held_in_all_its_parts(world: World) -> None:
    names = [f"p{number:02}" for number in range(60)]
    teams = {f"team{number}": names[number * 6 : number * 6 + 6] for number in range(10)}
    puller = await mapped_puller(world, dict.fromkeys(teams, "editor"), teams)
    left = [edges(team, left=members[:2]) for team, members in teams.items()]
    ground = await puller.begin(page([], *left), whole=False)
    outcome = Outcome()
    await puller.plan(ground, outcome)
    assert outcome.toll == 20
    await puller.apply(judged_ground(ground, {"roles": [20, 10, 0]}, active_count=60), outcome)
    await puller.end(ground.run)
    budget = await read_budget(ground.tenant_id, ground.source_id, now=world.tick())
    assert budget.spent.roles == 0
    assert await puller.members("team0") == set(names[2:6])
    assert await role_called(puller, names[0]) == "editor"
