"""Audits of odd people: no user name, the same name twice, values of any kind; nobody breaks the audit."""

import pytest

from directory.model import JsonValue
from directory.person import ENTERPRISE
from tests.directory.pulls.auditing import create_auditor, pushed_alike
from tests.directory.world import World

pytestmark = pytest.mark.anyio

LONG = "".join(chr(0x4E00 + at * 7919 % 20_000) for at in range(9_000))
ODD: tuple[JsonValue, ...] = (7, True, [], {}, ["x"], {"value": 3}, LONG, "\u202e", " ", "\ufdfa" * 300, 10**400)
TARGETS = ("userName", "displayName", "emails[work]", "active", "title", f"{ENTERPRISE}:manager", "emails", "name")


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("match_target", [None, "emails[work]"])
async def test_whatever_is_said_is_compared_and_comes_to_rest(
    world: World, target: str, match_target: str | None
) -> None:
    auditor = await create_auditor(world, match_target=match_target)
    await pushed_alike(world, auditor, "zoe")
    for at, value in enumerate(ODD):
        auditor.says(f"p{at}", **{target: value})
        await world.push_user(f"p{at}")
        auditor.says(f"m{at}", **{target: value})

    await auditor.pull()
    found = await auditor.drifts()
    await auditor.pull()

    assert len([one for one in found if one.kind == "missing"]) >= len(ODD) - 1
    assert "zoe" not in {one.label for one in found}
    assert await auditor.drifts() == found


async def test_people_without_a_name_and_two_of_one_name_are_told(world: World) -> None:
    auditor = await create_auditor(world)
    await world.push_user("ann")
    auditor.says("ann", "id-1")
    auditor.says("ANN", "id-2")
    auditor.people["id-3"] = {"displayName": "Nobody", "active": True}

    await auditor.pull()

    assert {(one.kind, one.ext_id) for one in await auditor.drifts()} == {("missing", "id-2"), ("missing", "id-3")}
