"""Previews while roles are being made and given."""

from datetime import datetime

import pytest

from directory import access_roles, mappings, preview, preview_case
from directory.effects import Tally
from directory.model import AccessRole, Actor
from directory.preview_case import Case
from directory.proposals import AddMapping, Proposal
from tests.directory.test_preview import looked_at
from tests.directory.world import World

pytestmark = pytest.mark.anyio


async def test_a_role_made_and_given_while_everybody_is_weighed_is_read_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await world.push_user("ann")
    staff = await world.push_group("staff", ["ext-ann"])
    weigh = preview_case.tally_of
    made: list[AccessRole] = []

    async def later(case: Case) -> Tally:
        if not made:
            made.append(await access_roles.create_role("Auditor", ["portal:view"], by=world.system, now=world.tick()))
            await mappings.set_default_role(made[0].role_id, by=world.system, now=world.tick())
        return await weigh(case)

    monkeypatch.setattr(preview, "tally_of", later)
    seen = await looked_at(world, AddMapping(group_id=staff.group_id, role_id=world.roles["editor"].role_id))

    assert [(pair.from_role.name, pair.to_role.name) for pair in seen.pairs] == [("Auditor", "Editor")]
    assert [user.user_id for user in seen.sample] == [ann.user_id]


async def test_a_list_of_those_who_change_names_roles_that_were_made_meanwhile(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.push_user("ann")
    staff = await world.push_group("staff", ["ext-ann"])
    load = preview_case.case_for

    async def sooner(proposal: Proposal, *, by: Actor, now: datetime) -> Case:
        case = await load(proposal, by=by, now=now)
        role = await access_roles.create_role("Auditor", ["portal:view"], by=world.system, now=world.tick())
        await mappings.set_default_role(role.role_id, by=world.system, now=world.tick())
        return case

    monkeypatch.setattr(preview, "case_for", sooner)
    found = await preview.list_changes(
        AddMapping(group_id=staff.group_id, role_id=world.roles["editor"].role_id),
        by=world.system,
        now=world.now,
        after=None,
        limit=10,
    )

    assert [(user.from_role.name, user.to_role.name) for user in found.users] == [("Auditor", "Editor")]
