"""Users of a super tenant are in the tenants below as the rules say, whatever happens to them."""

import pytest

from directory import users
from directory.model import JsonObject, User
from directory.person import ENTERPRISE
from directory.routing import ROUTING_EXTENSION
from directory.status import block_signin
from directory.store.unit import Engine
from tests.directory.routes.family import Family
from tests.directory.routes.looking import copy_in, edit, queued_of, states_of, titled_family, told_of

pytestmark = pytest.mark.anyio


@pytest.fixture
async def family(store: Engine) -> Family:
    del store
    return await titled_family("bristol", "cardiff")


async def push(family: Family, attributes: JsonObject) -> User:
    return await family.above.push_user("ann", **attributes)


async def test_who_arrives_is_led_where_the_first_rule_that_fits_leads(family: Family) -> None:
    ann = await family.above.push_user("ann", title="Bristol", displayName="Ann")
    assert await states_of(family, ann) == {"bristol": "there"}
    copy = await copy_in(family, "bristol", ann)
    assert copy.attributes.document == {**ann.attributes.document, "externalId": str(ann.user_id)}
    assert (copy.active, copy.promoted.display_name) == (True, "Ann")
    assert await queued_of(family, ann) is None


async def test_whom_no_rule_leads_anywhere_waits_in_the_queue_until_one_does(family: Family) -> None:
    ann = await family.above.push_user("ann", title="nowhere")
    assert (await states_of(family, ann), await queued_of(family, ann)) == ({}, "no rule")
    await edit(family, ann, title="cardiff")
    assert (await states_of(family, ann), await queued_of(family, ann)) == ({"cardiff": "there"}, None)


async def test_what_changes_above_changes_below(family: Family) -> None:
    ann = await family.above.push_user("ann", title="bristol")
    await edit(family, ann, displayName="Ann Other", userName="other@example.org")
    copy = await copy_in(family, "bristol", ann)
    assert (copy.attributes.user_name, copy.promoted.display_name) == ("other@example.org", "Ann Other")


async def test_who_is_disabled_and_enabled_above_is_so_below(family: Family) -> None:
    ann = await family.above.push_user("ann", title="bristol")
    await edit(family, ann, active=False)
    assert not (await copy_in(family, "bristol", ann)).active
    await edit(family, ann, active=True)
    assert (await copy_in(family, "bristol", ann)).active


async def test_who_is_deleted_above_is_deleted_below_and_comes_back_as_the_same(family: Family) -> None:
    ann = await family.above.push_user("ann", title="bristol")
    copy = await copy_in(family, "bristol", ann)
    await users.delete_user(ann.user_id, by=family.above.client, now=family.above.tick())
    assert await states_of(family, ann) == {}
    await family.above.push_user("ann", title="bristol")
    assert await states_of(family, ann) == {"bristol": "there"}
    assert (await copy_in(family, "bristol", ann)).user_id == copy.user_id


async def test_who_moves_leaves_one_tenant_and_comes_to_the_other_with_the_history_of_both(family: Family) -> None:
    ann = await family.above.push_user("ann", title="bristol")
    copy = await copy_in(family, "bristol", ann)
    await edit(family, ann, title="cardiff")
    assert await states_of(family, ann) == {"cardiff": "there"}
    assert "user:deleted" in await told_of(copy.tenant_id, copy.user_id)
    assert (await told_of(family.tenant_id, ann.user_id)).count("user:tenants:changed") == 1
    await edit(family, ann, title="bristol")
    assert (await copy_in(family, "bristol", ann)).user_id == copy.user_id


async def test_a_block_above_is_not_one_below(family: Family) -> None:
    ann = await family.above.push_user("ann", title="bristol")
    await block_signin(ann.user_id, reason="lost badge", by=family.above.system, now=family.above.tick())
    assert (await copy_in(family, "bristol", ann)).active


async def test_tenants_are_told_nothing_of_where_else_somebody_is_led(family: Family) -> None:
    ann = await push(family, {"title": "bristol", ROUTING_EXTENSION: {"routeTo": ["cardiff"]}})
    assert ROUTING_EXTENSION not in (await copy_in(family, "bristol", ann)).attributes.document


async def test_a_manager_is_named_below_by_the_id_above(family: Family) -> None:
    boss = await family.above.push_user("boss", title="bristol")
    said: JsonObject = {"manager": {"value": "ext-boss", "displayName": "Boss"}}
    ann = await push(family, {"title": "bristol", ENTERPRISE: said})
    document = (await copy_in(family, "bristol", ann)).attributes.document
    assert document[ENTERPRISE] == {"manager": {"value": str(boss.user_id), "displayName": "Boss"}}


async def test_a_manager_who_arrives_later_is_named_as_soon_as_the_reference_is_settled(family: Family) -> None:
    said: JsonObject = {"manager": {"value": "ext-boss"}}
    ann = await push(family, {"title": "bristol", ENTERPRISE: said})
    assert (await copy_in(family, "bristol", ann)).promoted.manager_ref == "ext-boss"
    boss = await family.above.push_user("boss", title="cardiff")
    await family.above.settle_references()
    await family.work_off()
    assert (await copy_in(family, "bristol", ann)).promoted.manager_ref == str(boss.user_id)


async def test_routing_again_changes_nothing(family: Family) -> None:
    ann = await family.above.push_user("ann", title="bristol")
    before = await copy_in(family, "bristol", ann)
    told = await told_of(family.tenant_id, ann.user_id)
    await family.route(ann)
    assert await copy_in(family, "bristol", ann) == before
    assert await told_of(family.tenant_id, ann.user_id) == told
