"""Who is queued is routed soon: whole batches, each once, and nobody in the way of the others."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from directory import alert_list, alert_watch, tenants
from directory.commit import in_unit_of
from directory.errors import InvalidError
from directory.followers import unfollowed
from directory.model import User, UserId
from directory.routes import due, people
from directory.routes.ground import Ground
from directory.routing import Condition
from directory.store.routes import due as rows
from directory.store.unit import Engine, in_joined_unit
from tests.directory.routes.family import Family, create_family

pytestmark = pytest.mark.anyio

EVERYBODY = Condition(kind="domain", values=("example.org",))


@pytest.fixture
async def family(store: Engine) -> Family:
    del store
    family = await create_family("bristol", "cardiff")
    await family.lead("user", EVERYBODY, "bristol")
    await family.work_off()
    return family


async def push(family: Family, *names: str) -> list[User]:
    """Push users of whom routing hears nothing."""
    with unfollowed():
        return [await family.above.push_user(name) for name in names]


async def queue(family: Family, pushed: Sequence[User]) -> None:
    ids = [user.user_id for user in pushed]
    await in_joined_unit(family.tenant_id, lambda: due.queue_people(family.tenant_id, ids, family.above.tick()))


async def test_who_is_queued_is_routed(family: Family) -> None:
    await queue(family, await push(family, *(f"p{at}" for at in range(45))))

    assert await due.has_due(family.above.now)
    assert await due.count_due(family.tenant_id, limit=100) == 45
    await family.work_off()

    assert await family.names_in("bristol") == {f"p{at}" for at in range(45)}
    assert not await due.has_due(family.above.now)


async def test_what_is_undone_queued_nobody(family: Family) -> None:
    (ann,) = await push(family, "ann")

    async def body() -> None:
        await due.queue_people(family.tenant_id, [ann.user_id], family.above.tick())
        raise InvalidError("userName", "is refused after all")

    with pytest.raises(InvalidError):
        await in_unit_of(family.above.system, body)

    assert await due.count_due(family.tenant_id, limit=10) == 0


async def test_who_is_asked_for_again_meanwhile_stays_queued(family: Family) -> None:
    (ann,) = await push(family, "ann")
    await queue(family, [ann])
    listed = await rows.list_due(family.tenant_id, "user", family.above.now, limit=10)

    await queue(family, [ann])
    await in_joined_unit(family.tenant_id, lambda: rows.settle(family.tenant_id, "user", listed))

    assert await due.count_due(family.tenant_id, limit=10) == 1


class Broken:
    """Routes like the real thing, but fails where one user is among those to be routed."""

    def __init__(self, user_id: UserId) -> None:
        self.user_id = user_id
        self.route_people = people.route_people

    async def __call__(self, ground: Ground, user_ids: Sequence[UserId]) -> object:
        if self.user_id in user_ids:
            raise LookupError("a mistake in the program")
        return await self.route_people(ground, user_ids)


async def test_one_who_cannot_be_routed_is_in_nobodys_way(family: Family, monkeypatch: pytest.MonkeyPatch) -> None:
    pushed = await push(family, *(f"p{at}" for at in range(5)))
    monkeypatch.setattr(due, "route_people", Broken(pushed[2].user_id))
    await queue(family, pushed)

    failures = await failures_of(family, until=6)

    assert failures == 2  # once together with the others, once alone
    assert await family.names_in("bristol") == {"p0", "p1", "p3", "p4"}
    assert await due.count_due(family.tenant_id, limit=10) == 1

    monkeypatch.undo()
    family.above.now += timedelta(hours=1)
    await family.work_off()
    assert "p2" in await family.names_in("bristol")


async def test_who_fails_again_and_again_is_told_of(family: Family, monkeypatch: pytest.MonkeyPatch) -> None:
    pushed = await push(family, "ann")
    monkeypatch.setattr(due, "route_people", Broken(pushed[0].user_id))
    await queue(family, pushed)

    for _ in range(rows.STUCK_TRIES):
        assert await failures_of(family, until=1) == 1
        assert not await due.has_due(family.above.now)
        family.above.now += timedelta(hours=1)
    await alert_watch.watch(now=family.above.now)

    (alert,) = [one for one in await alert_list.list_open(family.tenant_id) if one.kind == "routes_refused"]
    assert alert.subject == "routing queue"


async def failures_of(family: Family, *, until: int) -> int:
    """Let the duty run so many times; returns how often it failed."""
    failures = 0
    for _ in range(until):
        try:
            await due.work_due(family.above.tick())
        except LookupError:
            failures += 1
    return failures


async def test_tenants_take_turns(family: Family, monkeypatch: pytest.MonkeyPatch) -> None:
    other = await create_family_beside(family)
    monkeypatch.setattr(due, "UNITS_IN_TURN", 1)
    await queue(family, await push(family, *(f"p{at}" for at in range(45))))
    await queue(other, await push(other, "zoe"))

    await due.work_due(family.above.tick())

    assert await other.names_in("york") == {"zoe"}
    assert await due.count_due(family.tenant_id, limit=100) == 25


async def create_family_beside(family: Family) -> Family:
    other = await create_family("york", above="beside")
    other.above.now = family.above.now
    await other.lead("user", EVERYBODY, "york")
    await other.work_off()
    return other


async def test_a_tenant_that_routes_nothing_any_more_waits_for_nothing(family: Family) -> None:
    lone = await tenants.create_tenant("Lone", now=family.above.tick())
    (ann,) = await push(family, "ann")
    await in_joined_unit(lone.tenant_id, lambda: due.queue_people(lone.tenant_id, [ann.user_id], family.above.now))

    await family.work_off()

    assert not await due.has_due(family.above.now)
