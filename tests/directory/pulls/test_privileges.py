"""What a pull may never do: reach people or groups of others, and raise anybody by a name it gives."""

import pytest

from directory import locks, users
from directory.model import User
from directory.pulls.model import Seen, SeenEdge
from directory.store.compiled import Statement
from directory.store.unit import fetch
from tests.directory.pulls.pulled import graph_source
from tests.directory.pulls.pulling import Pulled, page, person
from tests.directory.world import World

pytestmark = pytest.mark.anyio

OTHERS = Statement(
    "SELECT * FROM user_row WHERE tenant_id = $1::uuid AND (source_id IS NULL OR source_id <> $2::uuid) ORDER BY id"
)
ADMIN = "admin@example.org"


@pytest.fixture
async def pulled(world: World) -> Pulled:
    administrator = world.roles["administrator"].role_id
    await locks.create_local_user(
        ADMIN, role_id=administrator, email="boss@example.org", by=world.system, now=world.tick()
    )
    ada = await world.push_user("ada")
    await world.map_group(
        await world.push_group("Bosses", [str(ada.attributes.document["externalId"])]), "administrator"
    )
    return Pulled(world, await graph_source(world))


async def others(pulled: Pulled) -> list[dict[str, object]]:
    """Return everybody who is not of the source, with every column."""
    return [dict(row) for row in await fetch(OTHERS, pulled.source.tenant_id, pulled.source.source_id)]


async def mine(pulled: Pulled) -> list[User]:
    found = await fetch(
        Statement("SELECT id FROM user_row WHERE tenant_id = $1::uuid AND source_id = $2::uuid"),
        pulled.source.tenant_id,
        pulled.source.source_id,
    )
    return [await users.get_user(pulled.source.tenant_id, row["id"]) for row in found]


async def test_names_addresses_and_ids_of_others_reach_nobody(pulled: Pulled) -> None:
    before = await others(pulled)
    ids = [str(row["id"]) for row in before]
    assert len(ids) == 2

    await pulled.pull(
        page(
            person("x", userName=ADMIN, active=False),
            person("y", userName=ADMIN.upper(), active=False),
            person("z", **{"emails[work]": "boss@example.org"}, active=False),
            *(Seen(kind="user", ext_id=one, values={"userName": f"{one}@example.org", "active": False}) for one in ids),
            Seen(kind="user", ext_id="ext-ada", op="purged"),
        )
    )
    await pulled.pull(page(*(Seen(kind="user", ext_id=one, op="purged") for one in ids)), whole=False)

    assert await others(pulled) == before


async def test_nobody_is_renamed_to_an_administrator(pulled: Pulled) -> None:
    await pulled.pull(page(person("eve")))
    before = await others(pulled)

    run = await pulled.pull(page(person("eve", userName=ADMIN, active=False)), whole=False)

    assert await others(pulled) == before
    assert run.counts.get("user:change", 0) == 0
    assert [user.attributes.user_name for user in await mine(pulled)] == ["eve@example.org"]


async def test_a_group_of_the_name_of_a_mapped_one_gives_no_role(pulled: Pulled) -> None:
    group = Seen(kind="group", ext_id="bosses", values={"displayName": "Bosses"})
    await pulled.pull(page(person("eve"), group, edges=[SeenEdge("bosses", "id-eve")]))

    (eve,) = await mine(pulled)
    assert await pulled.world.role_of(eve) != "administrator"


async def test_values_that_look_like_roles_give_none(pulled: Pulled) -> None:
    await pulled.pull(
        page(
            person(
                "eve",
                roles=[{"value": "administrator", "primary": True}],
                Roles="administrator",
                entitlements="administrator",
                userType="Administrator",
                password="sesame-street",
            )
        )
    )

    for eve in await mine(pulled):
        assert await pulled.world.role_of(eve) != "administrator"
        assert "sesame-street" not in repr(eve)


async def test_an_edge_to_a_group_of_another_source_moves_nobody(pulled: Pulled) -> None:
    (mapped,) = await fetch(Statement("SELECT id FROM group_row WHERE tenant_id = $1::uuid"), pulled.source.tenant_id)
    names = [str(mapped["id"]), "ext-Bosses", "Bosses"]
    await pulled.pull(page(person("eve"), edges=[SeenEdge(name, "id-eve") for name in names]))

    (eve,) = await mine(pulled)
    assert await pulled.world.role_of(eve) != "administrator"
