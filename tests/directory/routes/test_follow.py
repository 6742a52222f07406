"""Whatever changes a user above is followed below in the same unit, or queued in it; what is only tried is not."""

from uuid import UUID

import pytest

from directory import closing, graves, undo, users
from directory.errors import AlreadyExistsError, NotFoundError
from directory.model import User
from directory.plan import AttributeChange, Event, Plan
from directory.routes import due
from directory.routes.follow import PEOPLE_AT_ONCE
from directory.routes.touched import Touched, touched_by
from directory.store.unit import Engine, as_tenant, trial
from tests.directory.converting import converted, operator, push
from tests.directory.routes.family import Family
from tests.directory.routes.looking import copy_in, edit, queued_of, states_of, titled_family
from tests.directory.undoing import newest_event, operator_in, undone

pytestmark = pytest.mark.anyio


@pytest.fixture
async def family(store: Engine) -> Family:
    del store
    return await titled_family("bristol", "cardiff")


async def gone_from(copy: User) -> bool:
    async with as_tenant(copy.tenant_id):
        try:
            await users.get_user(copy.tenant_id, copy.user_id)
        except NotFoundError:
            return True
    return False


async def delete(family: Family, user: User) -> None:
    await users.delete_user(user.user_id, by=family.above.client, now=family.above.tick())


async def test_many_members_at_once_are_queued_with_the_change_and_worked_off(family: Family) -> None:
    people = [await family.above.push_user(f"p{at}", title="bristol") for at in range(PEOPLE_AT_ONCE + 1)]
    staff = await family.above.push_group("Staff", [f"ext-p{at}" for at in range(len(people))])
    assert await family.members_in("bristol", staff) is None
    assert await due.count_due(family.tenant_id, limit=100) == len(people)
    await family.work_off()
    assert await family.members_in("bristol", staff) == {f"p{at}" for at in range(len(people))}


async def test_few_members_are_followed_in_the_same_unit(family: Family) -> None:
    for at in range(3):
        await family.above.push_user(f"p{at}", title="bristol")
    staff = await family.above.push_group("Staff", ["ext-p0", "ext-p1"])
    assert await family.members_in("bristol", staff) == {"p0", "p1"}
    await family.above.edit_members(staff, add=["ext-p2"], remove=["ext-p0"])
    assert await family.members_in("bristol", staff) == {"p1", "p2"}
    assert await due.count_due(family.tenant_id, limit=1) == 0


async def test_what_is_only_tried_leaves_nothing(family: Family) -> None:
    ann = await family.above.push_user("ann", title="bristol")
    async with trial(family.tenant_id):
        await edit(family, ann, title="cardiff")
        assert await states_of(family, ann) == {"bristol": "there"}
    assert await states_of(family, ann) == {"bristol": "there"}
    assert not await due.has_due(family.above.tick())


async def test_a_push_that_is_refused_is_followed_by_nothing(family: Family) -> None:
    ann, bob = [await family.above.push_user(name, title="bristol") for name in ("ann", "bob")]
    with pytest.raises(AlreadyExistsError):
        await edit(family, ann, title="cardiff", userName=bob.attributes.user_name)
    assert await states_of(family, ann) == {"bristol": "there"}


async def test_who_is_restored_above_is_back_below(family: Family) -> None:
    ann = await family.above.push_user("ann", title="bristol")
    copy = await copy_in(family, "bristol", ann)
    await delete(family, ann)
    await graves.restore_user(ann.user_id, by=family.above.system, now=family.above.tick())
    assert (await copy_in(family, "bristol", ann)).user_id == copy.user_id


async def test_who_is_restored_below_and_is_not_wanted_there_goes_again(family: Family) -> None:
    ann = await family.above.push_user("ann", title="bristol")
    copy = await copy_in(family, "bristol", ann)
    await edit(family, ann, title="cardiff")
    bristol = await family.world_of("bristol")
    await graves.restore_user(copy.user_id, by=bristol.system, now=family.above.tick())
    await family.work_off()
    assert await states_of(family, ann) == {"cardiff": "there"}
    assert await gone_from(copy)


async def test_a_connection_turned_off_above_leaves_its_users_where_they_are(family: Family) -> None:
    ann = await family.above.push_user("ann", title="bristol")
    source_id = family.above.source.source_id
    await closing.turn_off(source_id, "local", by=family.above.system, now=family.above.tick())
    while await closing.advance_closings(now=family.above.tick()):
        pass
    await family.work_off()
    assert (await states_of(family, ann), await queued_of(family, ann)) == ({"bristol": "there"}, None)


async def test_undoing_what_brought_somebody_back_takes_the_copies_away_too(family: Family) -> None:
    ann = await family.above.push_user("ann", title="bristol")
    await delete(family, ann)
    by = await operator_in(family.above)
    await graves.restore_user(ann.user_id, by=by, now=family.above.tick())
    assert await states_of(family, ann) == {"bristol": "there"}
    restored = await newest_event(family.above, "user:restored")
    await undo.preview_undo(restored.event_id, by=by, now=family.above.tick())
    assert await states_of(family, ann) == {"bristol": "there"}
    await undone(family.above, restored.event_id, by)
    assert await states_of(family, ann) == {}


async def test_names_that_are_converted_above_are_those_below(family: Family) -> None:
    ann = await push(family.above, "ann", "ann@example.org", title="bristol")
    await converted(family.above, await operator(family.above))
    await family.work_off()
    assert (await copy_in(family, "bristol", ann)).attributes.user_name == "ann@example.org"


def test_a_plan_without_people_touches_nobody() -> None:
    event = Event(action="source:created", subject_kind="source", subject_id=UUID(int=1), subject_label="Entra")
    touched = touched_by([Plan(events=(event,))])
    assert touched == Touched(user_ids=set(), group_ids=set(), renamed=set(), newcomers={})


def test_only_a_group_that_has_another_name_is_renamed() -> None:
    def told(action: str, name: str) -> Event:
        changes = (AttributeChange(name=name, old="a", new="b"),)
        return Event(action=action, subject_kind="group", subject_id=UUID(int=1), subject_label="b", changes=changes)

    assert touched_by([Plan(events=(told("group:changed", "description"),))]).renamed == set()
    assert touched_by([Plan(events=(told("group:changed", "displayName"),))]).renamed == {UUID(int=1)}
    assert touched_by([Plan(events=(told("group:members:changed", "members"),))]).group_ids == set()
