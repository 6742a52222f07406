"""Changes about certain people and groups: every one once, however many there are."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from directory import activity
from directory.activity import ChangeFilter
from directory.model import EventId
from directory.store.unit import Engine
from tests.directory.test_activity import changes
from tests.directory.world import World

pytestmark = pytest.mark.anyio


async def test_pages_about_several_subjects_have_every_change_once(world: World) -> None:
    ann, ben = await world.push_user("ann"), await world.push_user("ben")
    staff = await world.push_group("Staff", ["ext-ann"])
    for _ in range(3):
        await world.edit_members(staff, add=["ext-ben"])
        await world.edit_members(staff, remove=["ext-ben"])
    await world.push_user("someone")
    wanted = ChangeFilter(subject_ids=(ann.user_id, ben.user_id, staff.group_id))

    everything = [one.event_id for one in await changes(world, wanted)]
    paged: list[EventId] = []
    before: UUID | None = None
    while True:
        page = await activity.list_changes(world.tenant.tenant_id, wanted, before=before, limit=2)
        paged += [one.event_id for one in page.entries]
        before = page.next_before
        if before is None:
            break

    assert paged == everything == sorted(set(everything), reverse=True)
    others = {one.event_id for one in await changes(world)} - set(everything)
    assert len(others) == len(await changes(world)) - len(everything) > 0
    of_people = replace(wanted, by="sources", action="group:")
    assert {one.event_id for one in await changes(world, of_people)} == {
        one.event_id for one in await changes(world) if one.action.startswith("group:")
    }


@pytest.mark.parametrize("also", [{}, {"action": "group:members:changed"}])
async def test_changes_about_somebody_are_read_off_the_loop_and_the_newest_only_where_nothing_else_is_asked(
    world: World, store: Engine, monkeypatch: pytest.MonkeyPatch, also: dict[str, str]
) -> None:
    staff = await world.push_group("Staff")
    asked: list[tuple[str, bool]] = []
    fetch = store.fetch

    async def noted(sql: str, args: Sequence[Any] = (), *, unbounded: bool = False, **how: Any) -> Any:  # noqa: ANN401  # as the engine
        asked.append((sql, unbounded))
        return await fetch(sql, args, unbounded=unbounded, **how)

    monkeypatch.setattr(store, "fetch", noted)
    await changes(world, ChangeFilter(subject_ids=(staff.group_id,), **also))  # type: ignore[arg-type]  # fields by name

    ((sql, unbounded),) = [one for one in asked if "event_row" in one[0]]
    assert unbounded
    assert sql.count("LIMIT") == (1 if also else 3)
