"""Copies of groups: led by rules of their own, named alike, and gone with their originals."""

from datetime import timedelta

import pytest

from directory import groups, held_effects, mappings
from directory.edits import GroupEdit
from directory.model import Group, GroupAttributes
from directory.plan import DeleteRows, Plan
from directory.routes import groups as route_groups
from directory.routing import Condition
from directory.store.unit import Engine
from tests.directory.guarding import decide, picked, waiting
from tests.directory.routes.family import Family, create_family, standing_of

pytestmark = pytest.mark.anyio

TEAMS = Condition(kind="group_name", values=("Team *",))


@pytest.fixture
async def family(store: Engine) -> Family:
    del store
    return await create_family("bristol", "cardiff")


async def name_in(family: Family, slug: str, group: Group) -> str:
    copy_id = (await family.copies_of(group))[slug]
    copy = await groups.get_group(family.below[slug].tenant_id, copy_id)
    return copy.attributes.display_name


async def rename(family: Family, group: Group, name: str) -> None:
    edit = GroupEdit(change=lambda attributes: GroupAttributes({**attributes.document, "displayName": name}))
    await groups.edit_group(group.group_id, edit, by=family.above.client, now=family.above.tick())


async def delete(family: Family, group: Group) -> None:
    await groups.delete_group(group.group_id, by=family.above.client, now=family.above.tick())


async def copied_staff(family: Family) -> Group:
    """Push a group with one member, who is in both tenants."""
    ann = await family.above.push_user("ann")
    staff = await family.above.push_group("Staff", ["ext-ann"])
    copies = [await family.put_copy(ann, "bristol"), await family.put_copy(ann, "cardiff")]
    await family.route_edges(standing_of(ann, [staff], copies))
    return staff


async def test_a_rule_of_its_own_leads_a_group_without_members(family: Family) -> None:
    team = await family.above.push_group("Team North")
    await family.lead("group", TEAMS, "cardiff")

    await family.route_groups(team)

    assert await family.members_in("cardiff", team) == set()
    assert await family.members_in("bristol", team) is None


async def test_a_group_that_is_renamed_is_renamed_below(family: Family) -> None:
    staff = await copied_staff(family)

    await rename(family, staff, "Everybody")
    await family.route_groups(staff)

    assert await name_in(family, "bristol", staff) == await name_in(family, "cardiff", staff) == "Everybody"


async def test_a_group_that_is_deleted_is_deleted_below_and_comes_back_as_the_same(family: Family) -> None:
    staff = await copied_staff(family)
    before = await family.copies_of(staff)

    await delete(family, staff)
    await family.route_groups(staff)
    assert await family.copies_of(staff) == {}

    await family.lead("group", Condition(kind="group", value=staff.group_id), "bristol")
    back = await family.above.push_group("Staff")
    await family.route_groups(back)
    assert await family.copies_of(back) == {"bristol": before["bristol"]}


async def test_without_its_rule_a_copy_goes_if_nobody_is_in_it(family: Family) -> None:
    staff, team = await copied_staff(family), await family.above.push_group("Team North")
    await family.lead("group", Condition(kind="source", value=family.above.source.source_id), "bristol")
    await family.route_groups(staff, team)

    await family.change_rules(
        Plan(changes=(DeleteRows(table="routing_rule_row", where={"tenant_id": family.tenant_id}),))
    )
    await family.route_groups(staff, team)

    assert await family.members_in("bristol", staff) == {"ann"}
    assert await family.members_in("bristol", team) is None


async def test_of_very_many_copies_the_rest_are_left_to_the_queue(
    family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    staff = await copied_staff(family)
    monkeypatch.setattr(route_groups, "COPIES_IN_UNIT", 1)

    await rename(family, staff, "Everybody")
    assert {await name_in(family, slug, staff) for slug in family.below} == {"Staff", "Everybody"}

    await family.work_off()
    assert {await name_in(family, slug, staff) for slug in family.below} == {"Everybody"}


async def test_a_deleted_group_stays_below_for_as_long_as_the_guard_above_keeps_somebody_in_it(family: Family) -> None:
    await family.lead("user", Condition(kind="domain", values=("example.org",)), "bristol")
    people = [await family.above.push_user(f"p{at}") for at in range(12)]
    staff = await family.above.push_group("Staff", [f"ext-p{at}" for at in range(12)])
    await family.above.map_group(staff, "editor")
    await mappings.redecide(family.tenant_id, now=family.above.tick(), batches=10)
    await family.work_off()

    await delete(family, staff)
    await family.work_off()
    assert len(await family.members_in("bristol", staff) or ()) == len(people)

    await decide(family.above, picked(await waiting(family.above)))
    while await held_effects.apply_approved(now=family.above.tick()):
        pass
    await family.work_off()
    assert await family.members_in("bristol", staff) is None


async def test_a_group_that_gives_a_tenant_its_last_administrator_goes_when_there_is_another(family: Family) -> None:
    staff = await copied_staff(family)
    await family.map_copy("bristol", staff, "administrator")
    await family.switch_guard_off("bristol")
    await family.work_off()

    await delete(family, staff)
    await family.work_off()
    assert set(await family.copies_of(staff)) == {"bristol"}

    await family.put_administrator("bristol")
    family.above.now += timedelta(hours=1)
    await family.work_off()
    assert await family.copies_of(staff) == {}
