"""People whom a pull brings: who comes, changes, leaves, and what is held, met or refused on the way."""

from uuid import UUID

import pytest

from directory import locks
from directory.model import UserId
from directory.pulls.model import Run, Seen, SeenPage
from directory.pulls.problems import list_problems
from directory.store.compiled import Statement
from directory.store.unit import fetch
from tests.directory.pulls.pulled import graph_source
from tests.directory.pulls.pulling import Pulled, page, person
from tests.directory.world import World

pytestmark = pytest.mark.anyio

PEOPLE = Statement(
    "SELECT id, user_name, display_name, active, document, reported_deleted_at FROM user_row"
    " WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND deleted_at IS NULL ORDER BY user_name"
)
ACTIONS = Statement("SELECT action FROM event_row WHERE tenant_id = $1::uuid AND run_id = $2::uuid ORDER BY id")
QUEUE = Statement("SELECT known_as, matched, state, seen_count FROM adoption_row WHERE tenant_id = $1::uuid")


@pytest.fixture
async def pulled(world: World) -> Pulled:
    return Pulled(world, await graph_source(world))


async def people(pulled: Pulled) -> dict[str, bool]:
    """Return the names of the source's users, and whether each is active in effect."""
    rows = await fetch(PEOPLE, pulled.source.tenant_id, pulled.source.source_id)
    return {row["user_name"].partition("@")[0]: bool(row["active"]) for row in rows}


async def ids(pulled: Pulled) -> dict[str, UUID]:
    rows = await fetch(PEOPLE, pulled.source.tenant_id, pulled.source.source_id)
    return {row["user_name"].partition("@")[0]: row["id"] for row in rows}


async def actions(pulled: Pulled, run: Run) -> list[str]:
    return [row["action"] for row in await fetch(ACTIONS, pulled.source.tenant_id, run.run_id)]


async def problems(pulled: Pulled) -> dict[str, str]:
    found = await list_problems(pulled.source.tenant_id, pulled.source.source_id, limit=100)
    return {one.ext_id: one.problem for one in found}


async def test_people_come_change_and_go(pulled: Pulled) -> None:
    run = await pulled.pull(page(person("ann"), person("bob"), person("cat", active=False)))

    assert run.counts == {"user:create": 3}
    assert await people(pulled) == {"ann": True, "bob": True, "cat": False}
    assert await actions(pulled, run) == ["user:created", "user:role:granted"] * 3

    run = await pulled.pull(page(person("ann", title="Boss"), person("bob", active=False), person("cat")), whole=False)

    assert run.counts == {"user:change": 1, "user:disable": 1, "user:enable": 1}
    assert await people(pulled) == {"ann": True, "bob": False, "cat": True}

    run = await pulled.pull(page(person("ann", "purged"), person("bob", "soft_deleted")), whole=False)

    assert run.counts == {"user:delete": 1, "unchanged": 1}
    assert await people(pulled) == {"bob": False, "cat": True}
    await pulled.world.assert_consistent()


async def test_an_unchanged_pull_counts_everybody_and_writes_no_event(pulled: Pulled) -> None:
    everybody = page(*(person(f"p{at}") for at in range(7)))
    await pulled.pull(everybody)

    run = await pulled.pull(everybody)

    assert run.counts == {"unchanged": 7}
    assert await actions(pulled, run) == []


async def test_absence_is_told_once_and_removes_the_second_time(pulled: Pulled) -> None:
    await pulled.pull(page(person("ann"), person("bob")))

    first = await pulled.pull(page(person("ann")))
    assert first.counts == {"unchanged": 1, "missing:once": 1}
    assert await people(pulled) == {"ann": True, "bob": True}

    second = await pulled.pull(page(person("ann")))
    assert second.counts == {"unchanged": 1, "user:delete": 1}
    assert await people(pulled) == {"ann": True}

    third = await pulled.pull(page(person("ann")))
    assert third.counts == {"unchanged": 1}

    back = await pulled.pull(page(person("ann"), person("bob")))
    assert back.counts == {"unchanged": 1, "user:return": 1}
    assert await people(pulled) == {"ann": True, "bob": True}


async def test_whoever_is_left_out_is_disabled_and_comes_back(pulled: Pulled) -> None:
    quiet = person("ann")
    quiet.values.pop("active")
    await pulled.pull(page(quiet, person("guest", "out_of_scope")))
    assert await people(pulled) == {"ann": True}

    run = await pulled.pull(page(Seen(kind="user", ext_id="id-ann", op="out_of_scope", reason="a guest")), whole=False)
    assert run.counts == {"user:disable": 1}
    assert await people(pulled) == {"ann": False}

    run = await pulled.pull(page(quiet), whole=False)
    assert run.counts == {"user:enable": 1}
    assert await people(pulled) == {"ann": True}


async def test_who_is_not_assigned_does_not_come(pulled: Pulled) -> None:
    everybody = page(person("ann"), person("bob"))
    assigned = SeenPage(assigned=(("user", "id-ann"),), resume="on")
    run = await pulled.pull(everybody, scope=assigned)
    assert await people(pulled) == {"ann": True}

    both = SeenPage(assigned=(("user", "id-ann"), ("user", "id-bob")), resume="on")
    run = await pulled.pull(everybody, scope=both)
    assert run.counts == {"user:create": 1, "unchanged": 1}

    run = await pulled.pull(everybody, scope=SeenPage(assigned=(("user", "id-bob"),), resume="on"))
    assert run.counts == {"user:disable": 1, "unchanged": 1}
    assert await people(pulled) == {"ann": False, "bob": True}


@pytest.mark.parametrize("circle", [2, 3, 40])
async def test_names_that_go_round_arrive(pulled: Pulled, circle: int) -> None:
    await pulled.pull(page(*(person(f"p{at}") for at in range(circle))))
    before = await ids(pulled)

    moved = [
        Seen(kind="user", ext_id=f"id-p{at}", values={"userName": f"p{(at + 1) % circle}@example.org", "title": "New"})
        for at in range(circle)
    ]
    run = await pulled.pull(page(*moved), whole=False)

    assert run.counts == {"user:change": circle}
    after = await ids(pulled)
    assert {name: after[f"p{(int(name[1:]) + 1) % circle}"] for name in before} == before
    assert await problems(pulled) == {}


async def test_names_are_left_before_they_are_taken(pulled: Pulled) -> None:
    length = 130
    await pulled.pull(page(*(person(f"p{at}") for at in range(length))))
    before = await ids(pulled)

    chain = [
        Seen(kind="user", ext_id=f"id-p{at}", values={"userName": f"p{at + 1}@example.org"}) for at in range(length)
    ]
    run = await pulled.pull(page(*chain, person("new", userName="p0@example.org")), whole=False)

    assert run.counts == {"user:change": length, "user:create": 1}
    after = await ids(pulled)
    assert {f"p{int(name[1:]) + 1}": user_id for name, user_id in before.items()} == {
        name: user_id for name, user_id in after.items() if name != "p0"
    }


async def test_the_name_of_somebody_who_is_deleted_is_asked_about(pulled: Pulled) -> None:
    await pulled.pull(page(person("ann")))

    run = await pulled.pull(page(person("ann", "purged"), person("new", userName="ann@example.org")), whole=False)

    assert run.counts == {"user:delete": 1, "user:meet": 1}
    assert await people(pulled) == {}
    (queued,) = await fetch(QUEUE, pulled.source.tenant_id)
    assert (queued["matched"], queued["state"]) == ("returned", "open")


async def test_whoever_meets_somebody_waits_in_the_queue_and_is_asked_about_once(pulled: Pulled) -> None:
    await pulled.world.push_user("ann")

    everybody = page(person("ann"), person("bob", **{"emails[work]": "ann@example.org"}), person("cat"))
    planned = await pulled.planned(await pulled.staged(everybody))
    assert planned.counts == {"user:create": 1, "user:meet": 2}
    run = await pulled.applied(planned)

    assert run.counts == {"user:create": 1, "user:meet": 2}
    assert await people(pulled) == {"cat": True}
    queued = await fetch(QUEUE, pulled.source.tenant_id)
    assert sorted((row["matched"], row["seen_count"]) for row in queued) == [("e-mail", 1), ("user name", 1)]

    again = await pulled.pull(everybody)
    assert again.counts == {"user:meet": 2, "unchanged": 1}
    assert await actions(pulled, again) == []
    assert {row["seen_count"] for row in await fetch(QUEUE, pulled.source.tenant_id)} == {1}


async def test_what_cannot_be_a_user_fails_alone(pulled: Pulled) -> None:
    run = await pulled.pull(
        page(
            person("ann"), Seen(kind="user", ext_id="id-odd", values={"displayName": "Odd"}), person("bob", active="x")
        )
    )

    assert run.counts == {"user:create": 1, "failed": 2}
    assert await problems(pulled) == {
        "id-odd": "userName is missing: every user needs a non-empty text",
        "id-bob": "active must be true or false",
    }

    run = await pulled.pull(page(person("bob")), whole=False)
    assert run.counts == {"user:create": 1, "failed": 1}


async def test_the_last_administrator_stays_and_the_run_goes_on(pulled: Pulled) -> None:
    world = pulled.world
    await pulled.pull(page(person("ann"), person("bob")))
    ann = UserId((await ids(pulled))["ann"])
    administrator = world.roles["administrator"].role_id
    await locks.lock_role(ann, administrator, reason="boss", until=None, by=world.system, now=world.tick())

    run = await pulled.pull(page(person("ann", active=False), person("bob", active=False)), whole=False)

    assert run.counts == {"user:disable": 1, "failed": 1}
    assert await people(pulled) == {"ann": True, "bob": False}
