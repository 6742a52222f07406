"""Who is where: users of a super tenant with the tenants they are in, and leavers with equipment in all of them."""

from collections.abc import Sequence

import pytest

from directory import locks, status, users
from directory.errors import InvalidError, NotFoundError
from directory.model import User
from directory.report_shapes import Cell, ReportRow, Subject
from directory.reports import get_report
from directory.routes.stays import stays_of
from directory.routing import Condition
from directory.store.compiled import Statement
from directory.store.unit import Engine, as_tenant, execute
from tests.directory.lending import disable, lend, make_item
from tests.directory.routes.family import Family, create_family
from tests.directory.test_reports import figures, paged, rows_of, summary_of
from tests.directory.world import World

pytestmark = pytest.mark.anyio

BY_TITLE = Condition(kind="named_tenant", path="title")
ASKS = Statement("UPDATE tenant_row SET scoped_views = 'ask' WHERE id = $1::uuid")
WHO = "who-is-where"
OWING = "disabled-with-equipment-all"


@pytest.fixture
async def family(store: Engine) -> Family:
    assert store is not None
    family = await create_family("bristol", "leeds", "york")
    await family.lead("user", BY_TITLE, label="By title")
    await family.work_off()
    return family


def shown(rows: Sequence[ReportRow]) -> list[tuple[object, ...]]:
    """Return rows without their times."""
    return [tuple(_name(cell) for cell in row[:-1]) for row in rows]


def _name(cell: Cell) -> object:
    return cell.name if isinstance(cell, Subject) else cell


async def below(family: Family, slug: str, user: User) -> User:
    """Return who a user is in a tenant below."""
    (stay,) = [one for one in (await stays_of(family.tenant_id, [user.user_id]))[user.user_id] if one.slug == slug]
    assert stay.copy_id is not None
    return await users.get_user(stay.tenant_id, stay.copy_id)


async def own_user(family: Family, slug: str, user_name: str) -> tuple[World, User]:
    """Create somebody of a tenant's own."""
    world = await family.world_of(slug)
    role_id = world.roles["loanee"].role_id
    return world, await locks.create_local_user(user_name, role_id=role_id, by=world.system, now=world.tick())


async def test_everybody_is_listed_with_tenant_role_status_and_the_rule_that_led_there(family: Family) -> None:
    await family.above.push_user("ann", title="york")
    await family.above.push_user("ben", title="leeds", active=False)
    await family.above.push_user("una", title="nowhere")
    await family.above.push_user("zoe")

    assert shown(await rows_of(family.above, WHO)) == [
        ("ann@example.org", "York", "Loanee", "Active", "There", "By title"),
        ("ben@example.org", "Leeds", "Loanee", "Disabled", "There", "By title"),
        ("una@example.org", None, None, None, "In no tenant", "Names a tenant that there is not"),
        ("zoe@example.org", None, None, None, "In no tenant", "No rule fits"),
    ]
    told = await summary_of(family.above, WHO)
    assert (figures(told), told.compared) == (
        {"held, met or refused": 0, "in no tenant": 2},
        [("Leeds", 1), ("York", 1)],
    )


async def test_pages_of_any_size_give_the_same_rows(family: Family) -> None:
    titles = ("york", "leeds", "", "york", "nowhere", "bristol")
    for number, title in enumerate(titles):
        await family.above.push_user(f"p{number}", title=title)
    for options in ({}, {"state": "unrouted"}, {"state": "there"}, {"tenant": "york"}):
        whole = await rows_of(family.above, WHO, **options)
        assert whole
        for limit in (1, 2, 5):
            assert await paged(family.above, WHO, limit, **options) == whole


async def test_it_is_narrowed_by_tenant_and_by_state(family: Family) -> None:
    await family.above.push_user("ann", title="york")
    await family.above.push_user("ben", title="leeds")
    await family.above.push_user("una")

    assert [row[0] for row in shown(await rows_of(family.above, WHO, tenant="York"))] == ["ann@example.org"]
    assert [row[0] for row in shown(await rows_of(family.above, WHO, state="unrouted"))] == ["una@example.org"]
    assert len(await rows_of(family.above, WHO, state="there")) == 2
    assert await rows_of(family.above, WHO, state="problem") == []
    with pytest.raises(InvalidError):
        await rows_of(family.above, WHO, tenant="above")


async def test_whoever_met_somebody_there_is_a_problem_that_waits(family: Family) -> None:
    await own_user(family, "york", "ann@example.org")
    await family.above.push_user("ann", title="york")

    ((person, tenant, role, status, state, _),) = shown(await rows_of(family.above, WHO, state="problem"))

    assert (person, tenant, role, status) == ("ann@example.org", "York", None, None)
    assert state == "Met somebody there: the tenant decides"
    assert figures(await summary_of(family.above, WHO))["held, met or refused"] == 1
    assert await paged(family.above, WHO, 1, state="problem", tenant="york") == await rows_of(
        family.above, WHO, state="problem"
    )


async def test_another_super_tenant_sees_nothing_of_it(family: Family) -> None:
    await family.above.push_user("ann", title="york")
    await owes(family, "york", await family.above.push_user("ben", title="york"))
    other = await create_family("other-york", above="other")

    assert await rows_of(other.above, WHO) == []
    assert await rows_of(other.above, OWING) == []
    with pytest.raises(InvalidError):
        await rows_of(other.above, WHO, tenant="york")


async def owes(family: Family, slug: str, user: User) -> None:
    """Give the copy of a user a laptop, and let the source say that the user left."""
    world = await family.world_of(slug)
    copy = await below(family, slug, user)
    await lend(world, await make_item(world, f"{slug}-{user.attributes.user_name}"), copy)
    await disable(family.above, user)


async def local_leaver(family: Family, slug: str, user_name: str) -> None:
    """Have somebody of a tenant's own leave with a laptop."""
    world, user = await own_user(family, slug, user_name)
    await lend(world, await make_item(world, f"own-{user_name}"), user)
    await status.block_signin(user.user_id, reason="Left", by=world.system, now=world.tick())


async def test_leavers_with_equipment_are_listed_over_all_tenants(family: Family) -> None:
    for name, slug in {"ann": "york", "ben": "leeds", "eve": "york"}.items():
        await owes(family, slug, await family.above.push_user(name, title=slug))
    above = await family.above.push_user("zoe")
    await lend(family.above, await make_item(family.above, "Z"), above)
    await disable(family.above, above)
    await local_leaver(family, "york", "own@example.org")

    rows = await rows_of(family.above, OWING)

    assert [(_name(row[0]), row[2], row[3]) for row in rows] == [
        ("Above", "zoe@example.org", "Disabled"),
        ("Leeds", "ben@example.org", "Disabled"),
        ("York", "ann@example.org", "Disabled"),
        ("York", "eve@example.org", "Disabled"),
        ("York", "own@example.org", "Disabled"),
    ]
    assert [isinstance(row[1], Subject) for row in rows] == [True, True, True, True, False]
    told = await summary_of(family.above, OWING)
    assert figures(told) == {"people": 5, "tenants": 3, "items": 5, "in value": "6495.00 EUR"}
    assert told.compared == [("York", 3), ("Above", 1), ("Leeds", 1)]
    for limit in (1, 2, 3):
        assert await paged(family.above, OWING, limit) == rows


async def test_people_of_a_tenant_that_wants_to_be_asked_are_not_shown(family: Family) -> None:
    await owes(family, "york", await family.above.push_user("ann", title="york"))
    await local_leaver(family, "york", "own@example.org")
    york = family.below["york"].tenant_id
    async with as_tenant(york):
        await execute(ASKS, york)

    assert [row[2] for row in await rows_of(family.above, OWING)] == ["ann@example.org"]
    assert [row[2] for row in await paged(family.above, OWING, 1)] == ["ann@example.org"]


async def test_ordinary_tenants_have_no_report_over_several() -> None:
    for key in (WHO, OWING):
        with pytest.raises(NotFoundError):
            get_report(key, is_super=False)
