"""What follows from meeting somebody, once the source speaks of its own user again."""

import pytest

from directory import meetings, users
from directory.adoptions import EntryFilter
from directory.errors import AlreadyExistsError, MetError
from directory.model import UserAttributes
from directory.store.unit import Engine
from tests.directory.counting import counted_statements
from tests.directory.meeting import decide, local_user, mail, push, queue
from tests.directory.world import World

pytestmark = pytest.mark.anyio


async def test_who_was_hired_again_and_came_back_is_a_user_like_any_other(world: World) -> None:
    ann = await push(world, world.client, "ann")
    await users.delete_user(ann.user_id, by=world.client, now=world.tick())
    with pytest.raises(MetError):
        await push(world, world.client, "ann", externalId="hired-again")
    (entry,) = await queue(world)
    await decide(world, entry, "adopt")
    await push(world, world.client, "ann", externalId="hired-again")
    (done,) = await queue(world, EntryFilter(state="adopted"))
    assert done.applied_at is not None
    with pytest.raises(AlreadyExistsError):
        await push(world, world.client, "ann", externalId="hired-again")

    def married(attributes: UserAttributes) -> UserAttributes:
        return UserAttributes({**attributes.document, "userName": "ann.diaz", "emails": mail("diaz@example.org")})

    after = await users.edit_user(ann.user_id, married, by=world.client, now=world.tick())
    assert (after.attributes.user_name, after.promoted.email) == ("ann.diaz", "diaz@example.org")


async def test_who_comes_back_with_somebody_elses_address_is_seen(world: World) -> None:
    victim = await local_user(world, "victim", "administrator", email="victim@example.org")
    mallory = await push(world, world.client, "mallory")
    await users.delete_user(mallory.user_id, by=world.client, now=world.tick())
    back = await push(world, world.client, "mallory", emails=mail("victim@example.org"))
    assert back.user_id == mallory.user_id
    (entry,) = await queue(world)
    assert (entry.user_id, entry.own_user_id, entry.matched) == (victim.user_id, mallory.user_id, "e-mail")
    await world.assert_consistent()


async def test_a_full_queue_is_counted_once_however_many_somebody_met(world: World, store: Engine) -> None:
    for number in range(8):
        await local_user(world, f"local{number}", email="desk@example.org")
    with counted_statements(store) as counted, pytest.raises(MetError):
        await push(world, world.client, "ann", emails=mail("desk@example.org"))
    assert len(await queue(world)) == 8
    assert sum("state = 'open'" in text and "count(*)" in text for text in counted.texts) == 1
    assert meetings.OPEN_MAX > 8
