"""Our own Okta, small: pages of twenty, so that there are many."""

from collections.abc import AsyncIterator

import pytest

from tests.fakes.okta import FakeOkta, fake_okta


@pytest.fixture
async def okta() -> AsyncIterator[FakeOkta]:
    """An Okta with 90 users and 8 groups."""
    async with fake_okta(users=90, groups=8, memberships=220) as served:
        served.page_max = 20
        yield served
