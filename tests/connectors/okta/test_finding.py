from collections.abc import Mapping
from contextlib import aclosing

import pytest

from connectors.connector import Finding
from tests.connectors.okta.oktas import connect, expected_user
from tests.fakes.okta import FakeOkta
from tests.fakes.okta_people import APP, group_id, user_id

pytestmark = pytest.mark.anyio


async def found(okta: FakeOkta, key: str, config: Mapping[str, object] | None = None) -> Finding:
    async with aclosing(connect(okta, config)) as connector:
        return await connector.find_user(key)


@pytest.mark.parametrize("key", ["user000005@example.org", user_id(5)])
async def test_somebody_is_found_by_login_and_by_id(okta: FakeOkta, key: str) -> None:
    finding = await found(okta, key)

    assert finding.record is not None
    assert finding.record.values == expected_user(okta.people.person(5))
    assert finding.in_scope
    assert set(finding.groups) == {group_id(one) for one in okta.people.crews_of(5)}


@pytest.mark.parametrize("key", ["nobody@example.org", "", "a b", "..", "x" * 400])
async def test_nobody_is_found_in_words(okta: FakeOkta, key: str) -> None:
    finding = await found(okta, key)

    assert finding.record is None
    assert finding.steps[-1].key == "find"
    assert finding.steps[-1].detail


async def test_scope_is_by_assignment(okta: FakeOkta) -> None:
    okta.people.assign(user=3)
    okta.people.add_member(2, 4)
    okta.people.remove_member(2, 9)
    okta.people.assign(crew=2)
    scope = {"scope": "assigned", "app_id": APP}

    assert (await found(okta, user_id(3), scope)).steps[-1].detail == "assigned directly"
    assert (await found(okta, user_id(4), scope)).steps[-1].detail == "by a group"
    assert not (await found(okta, user_id(9), scope)).in_scope
