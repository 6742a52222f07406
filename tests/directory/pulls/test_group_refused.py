"""Members whom the directory does not let go are told again by the next delta, until it does."""

import pytest

from directory import users
from directory.model import UserAttributes
from directory.pulls import staging
from directory.pulls.model import SeenPage
from directory.pulls.problems import list_problems
from tests.directory.pulls.grouped import Outcome, Puller, create_puller, edges, group_seen, page
from tests.directory.world import World

pytestmark = pytest.mark.anyio

LEAVES = page([], edges("adm", left=["ann"]))


async def pulled(puller: Puller, said: SeenPage, *, whole: bool, checkpoint: str) -> Outcome:
    """Pull groups to the end, cursors included."""
    world, outcome = puller.world, Outcome()
    ground = await puller.begin(said, whole=whole)
    await staging.end_stream(ground.run, "groups", whole=whole, checkpoint=checkpoint, now=world.tick())
    await puller.plan(ground, outcome)
    await puller.apply(ground, outcome)
    await staging.commit_cursors(ground.run, world.tick())
    await puller.end(ground.run)
    return outcome


async def next_from(puller: Puller) -> str | None:
    return (await staging.read_cursors(puller.source.tenant_id, puller.source_id))["groups"].committed


async def problem_count(puller: Puller) -> int:
    return len(await list_problems(puller.source.tenant_id, puller.source_id, limit=10))


async def test_the_next_delta_begins_where_the_refused_one_did(world: World) -> None:
    puller = await create_puller(world)
    await puller.user("ann")
    for name in ("bob", "cid"):
        document = UserAttributes({"userName": f"{name}@example.org", "externalId": name, "active": False})
        await users.create_user(document, by=puller.by, now=world.tick(), revive_inactive=False)
    await pulled(puller, page([group_seen("adm")], edges("adm", "ann", "bob", "cid")), whole=True, checkpoint="first")
    group = await puller.group("adm")
    assert group is not None
    await world.map_group(group, "administrator")

    refused = await pulled(puller, LEAVES, whole=False, checkpoint="second")

    assert refused.applied == {"failed": 1}
    assert (await next_from(puller), await problem_count(puller)) == ("first", 1)
    await puller.user("dan")
    await pulled(puller, page([], edges("adm", "dan"), edges("adm", left=["ann"])), whole=False, checkpoint="third")
    assert (await next_from(puller), await puller.members("adm")) == ("third", {"bob", "cid", "dan"})
    await pulled(puller, LEAVES, whole=False, checkpoint="fourth")
    assert await problem_count(puller) == 0
    await world.assert_consistent()
