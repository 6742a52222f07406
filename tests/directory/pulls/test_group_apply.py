"""Groups of a pull and their members, as the directory has them afterwards."""

import pytest

from directory import events, groups, users
from directory.pulls import group_changes, group_steps
from directory.pulls.model import Seen, SeenEdge, SeenPage
from tests.directory.pulls.grouped import create_puller, edges, group_seen, page
from tests.directory.world import World

pytestmark = pytest.mark.anyio


async def test_a_whole_pull_creates_groups_with_their_members(world: World) -> None:
    puller = await create_puller(world)
    await puller.people(["ann", "bob"])
    outcome = await puller.pull(page([group_seen("g1", "Sales"), group_seen("g2")], edges("g1", "ann", "bob")))
    assert outcome.planned == outcome.applied == {"group:create": 2, "members:join": 2}
    assert await puller.members("g1") == {"ann", "bob"}
    assert await puller.members("g2") == set()
    await world.assert_consistent()


async def test_the_same_pull_again_writes_nothing(world: World) -> None:
    puller = await create_puller(world)
    await puller.people(["ann", "bob"])
    said = page([group_seen("g1")], edges("g1", "ann", "bob", "nobody-yet"))
    await puller.pull(said)
    before = await puller.group("g1")
    outcome = await puller.pull(said)
    assert outcome.planned == outcome.applied == {}
    assert await puller.group("g1") == before


async def test_whoever_a_whole_pull_does_not_name_leaves(world: World) -> None:
    puller = await create_puller(world)
    await puller.people(["ann", "bob", "cid"])
    await puller.pull(page([group_seen("g1"), group_seen("g2")], edges("g1", "ann", "bob"), edges("g2", "cid")))
    outcome = await puller.pull(page([group_seen("g1"), group_seen("g2")], edges("g1", "ann", "cid")))
    assert outcome.applied == {"members:join": 1, "members:leave": 2}
    assert (await puller.members("g1"), await puller.members("g2")) == ({"ann", "cid"}, set())


async def test_a_delta_moves_only_whom_it_names(world: World) -> None:
    puller = await create_puller(world)
    await puller.people(["ann", "bob", "cid"])
    await puller.pull(page([group_seen("g1")], edges("g1", "ann", "bob")))
    outcome = await puller.pull(page([], edges("g1", "cid", left=["ann"])), whole=False)
    assert outcome.planned == outcome.applied == {"members:join": 1, "members:leave": 1}
    assert await puller.members("g1") == {"bob", "cid"}


async def test_of_several_words_on_a_member_the_last_one_counts(world: World) -> None:
    puller = await create_puller(world)
    await puller.people(["ann", "bob"])
    await puller.pull(page([group_seen("g1")], edges("g1", "ann")))
    await puller.pull(
        page([], edges("g1", left=["ann"]), edges("g1", "ann")),
        page([], edges("g1", "bob")),
        page([], edges("g1", left=["bob"])),
        whole=False,
    )
    assert await puller.members("g1") == {"ann"}


async def test_a_list_that_is_complete_replaces_members_in_a_delta_too(world: World) -> None:
    puller = await create_puller(world)
    await puller.people(["ann", "bob", "cid"])
    await puller.pull(page([group_seen("g1"), group_seen("g2")], edges("g1", "ann", "bob"), edges("g2", "ann")))
    await puller.pull(page([], edges("g1", "bob")), page([], edges("g1", "cid"), complete=["g1", "g2"]), whole=False)
    assert (await puller.members("g1"), await puller.members("g2")) == ({"bob", "cid"}, set())


async def test_a_member_waits_for_its_user(world: World) -> None:
    puller = await create_puller(world)
    await puller.pull(page([group_seen("g1")], edges("g1", "ann", "bob")))
    ann = await puller.user("ann")
    group = await puller.group("g1")
    assert group is not None
    assert (group.member_count, group.waiting_count) == (1, 1)
    assert await groups.list_members(ann.tenant_id, group.group_id, after=None, limit=5) != []
    outcome = await puller.pull(page([], edges("g1", left=["bob"])), whole=False)
    assert outcome.applied == {"members:leave": 1}
    assert await puller.members("g1") == {"ann"}


async def test_groups_change_their_names_and_may_swap_them(world: World) -> None:
    puller = await create_puller(world)
    await puller.pull(page([group_seen("g1", "Sales"), group_seen("g2", "Support")]))
    outcome = await puller.pull(page([group_seen("g1", "Support"), group_seen("g2", "Sales")]), whole=False)
    assert outcome.applied == {"group:change": 2}
    first, second = await puller.group("g1"), await puller.group("g2")
    assert first is not None
    assert second is not None
    assert (first.attributes.display_name, second.attributes.display_name) == ("Support", "Sales")


async def test_a_group_that_is_gone_is_deleted_and_keeps_its_mapping_for_its_return(world: World) -> None:
    puller = await create_puller(world)
    ann = await puller.user("ann")
    await puller.pull(page([group_seen("g1")], edges("g1", "ann")))
    group = await puller.group("g1")
    assert group is not None
    await world.map_group(group, "editor")
    outcome = await puller.pull(page([Seen(kind="group", ext_id="g1", op="soft_deleted")]), whole=False)
    assert outcome.applied == {"group:delete": 1}
    assert (await puller.group("g1"), await world.role_of(ann)) == (None, "loanee")
    await puller.pull(page([group_seen("g1")], edges("g1", "ann")), whole=False)
    assert await world.role_of(ann) == "editor"
    await world.assert_consistent()


async def test_groups_inside_groups_are_kept_as_groups_and_nobody_becomes_a_member(world: World) -> None:
    puller = await create_puller(world)
    await puller.people(["ann"])
    await puller.pull(
        page([group_seen("inner"), group_seen("outer")], edges("inner", "ann"), edges("outer", inner=["inner"]))
    )
    assert (await puller.members("outer"), await puller.inner("outer")) == (set(), {"inner"})
    await puller.pull(page([], (SeenEdge("outer", "inner", is_group=True, there=False),)), whole=False)
    assert await puller.inner("outer") == set()


async def test_where_groups_are_expanded_a_change_inside_reaches_the_groups_around(world: World) -> None:
    puller = await create_puller(world, expands=True)
    await puller.people(["ann", "bob"])
    said = edges("a", "ann"), edges("b", inner=["a"]), edges("c", inner=["b", "c"])
    await puller.pull(page([group_seen("a"), group_seen("b"), group_seen("c")], *said))
    assert await puller.members("c") == {"ann"}
    outcome = await puller.pull(page([], edges("a", "bob", left=["ann"])), whole=False)
    assert outcome.applied == {"members:join": 3, "members:leave": 3}
    assert [await puller.members(group) for group in "abc"] == [{"bob"}, {"bob"}, {"bob"}]


async def test_members_of_a_group_that_cannot_be_taken_over_are_not_lost(world: World) -> None:
    puller = await create_puller(world)
    await puller.people(["ann", "bob"])
    await puller.pull(page([Seen(kind="group", ext_id="g1", op="out_of_scope")], edges("g1", "ann")), whole=False)
    assert await puller.group("g1") is None
    await puller.pull(page([], edges("g1", "bob")), whole=False)
    await puller.pull(page([group_seen("g1")]), whole=False)
    assert await puller.members("g1") == {"ann", "bob"}


async def test_a_group_that_could_not_be_read_keeps_its_members(world: World) -> None:
    puller = await create_puller(world)
    await puller.people(["ann"])
    await puller.pull(page([group_seen("g1")], edges("g1", "ann")))
    rejected = SeenPage(rejects=(("group", "g1", "in another form than it should"),), resume="next")
    outcome = await puller.pull(rejected)
    assert outcome.applied == {}
    assert await puller.members("g1") == {"ann"}


async def test_a_group_without_a_name_is_told_and_the_others_are_taken(world: World) -> None:
    puller = await create_puller(world)
    nameless = Seen(kind="group", ext_id="g1", values={"displayName": " "})
    outcome = await puller.pull(page([nameless, group_seen("g2")], edges("g1", "ann")))
    assert outcome.planned == {"failed": 1, "group:create": 1}
    assert outcome.applied == {"failed": 1, "group:create": 1}


async def test_a_large_group_is_filled_in_portions(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_steps, "MEMBERS_IN_UNIT", 4)
    monkeypatch.setattr(group_changes, "MEMBERS_IN_UNIT", 4)
    puller = await create_puller(world)
    names = [f"p{number}" for number in range(11)]
    await puller.people(names)
    await puller.pull(page([group_seen("g1")], edges("g1", *names)))
    assert await puller.members("g1") == set(names)
    group = await puller.group("g1")
    assert group is not None
    told = await events.list_events(world.tenant.tenant_id, subject_id=group.group_id, limit=50)
    assert sorted(event.action for event in told) == ["group:created", *["group:members:changed"] * 3]


async def test_a_user_who_is_disabled_there_and_comes_back_keeps_its_groups(world: World) -> None:
    puller = await create_puller(world)
    ann = await puller.user("ann")
    await puller.pull(page([group_seen("g1")], edges("g1", "ann")))
    await users.delete_user(ann.user_id, by=puller.by, now=world.tick())
    assert await puller.members("g1") == set()
    await puller.user("ann")
    await puller.pull(page([group_seen("g1")], edges("g1", "ann")))
    assert await puller.members("g1") == {"ann"}


async def test_a_group_of_which_the_only_thing_inside_was_a_group_ends_empty_without_it(world: World) -> None:
    puller = await create_puller(world, expands=True)
    await puller.people(["ann", "bob"])
    said = edges("a", "ann", "bob"), edges("b", inner=["a"])
    await puller.pull(page([group_seen("a"), group_seen("b")], *said))
    await puller.pull(page([], (SeenEdge("b", "a", is_group=True, there=False),)), whole=False)
    assert await puller.members("b") == set()
    await puller.pull(page([], edges("b", "bob")), whole=False)
    assert await puller.members("b") == {"bob"}
