from contextlib import aclosing

import pytest

from connectors.errors import SourceError
from connectors.okta.rates import RateBudget
from tests.connectors.okta.oktas import connect, truth
from tests.connectors.pulling import HurriedClock, Kept, Mirror, hurried_terms
from tests.fakes.okta import FakeOkta

pytestmark = pytest.mark.anyio


async def test_a_part_of_each_limit_is_left_to_others(okta: FakeOkta) -> None:
    clock = HurriedClock()
    okta.clock = clock.time
    okta.limited = True
    okta.limits |= {"users": 5, "members": 10}
    okta.page_max = 5
    terms = hurried_terms(clock)
    mirror = Mirror()
    async with aclosing(connect(okta, {"reserve_pct": 40}, terms=terms)) as connector:
        await mirror.pull(connector, "users", "groups")

    assert mirror.seen() == truth(okta)
    assert okta.throttled == 0
    assert okta.requests["users"] == 18
    assert isinstance(terms.progress, Kept)
    assert terms.progress.waits[0].throttled
    assert "Okta asked us to wait" in terms.progress.waits[0].words


async def test_too_many_requests_at_once_are_made_again_soon(okta: FakeOkta) -> None:
    okta.crowded = 3
    clock = HurriedClock()
    mirror = Mirror()
    async with aclosing(connect(okta, terms=hurried_terms(clock))) as connector:
        await mirror.pull(connector, "users")

    assert len(mirror.users) == 90
    assert max(clock.slept) < 10


async def test_a_limit_that_others_used_up_is_waited_for(okta: FakeOkta) -> None:
    clock = HurriedClock()
    okta.clock = clock.time
    okta.limited = True
    okta.windows["users"] = (clock.now - 20, 600)
    mirror = Mirror()
    async with aclosing(connect(okta, terms=hurried_terms(clock))) as connector:
        await mirror.pull(connector, "users")

    assert len(mirror.users) == 90
    assert clock.slept == [41.0]


async def test_a_wait_that_is_too_long_ends_the_pull(okta: FakeOkta) -> None:
    terms = hurried_terms()
    terms.wait_max_s = 10
    okta.limited = True
    okta.windows["users"] = (okta.clock(), 600)
    async with aclosing(connect(okta, terms=terms)) as connector:
        with pytest.raises(SourceError) as caught:
            await Mirror().pull(connector, "users")

    assert caught.value.kind == "throttled"
    assert not caught.value.permanent
    assert 50 < (caught.value.retry_after_s or 0) < 70


def headers(limit: int, remaining: int, reset: str = "1000060") -> dict[str, str]:
    """Give the headers of an answer at 1000000 s, with a window that ends in a minute."""
    date = "Mon, 12 Jan 1970 13:46:40 GMT"
    return {
        "x-rate-limit-limit": str(limit), "x-rate-limit-remaining": str(remaining), "x-rate-limit-reset": reset,
        "date": date,
    }  # fmt: skip


async def test_answers_that_overtake_each_other_do_not_raise_the_budget() -> None:
    rates = RateBudget(40)
    rates.note("users", headers(10, 5), now=0)
    rates.note("users", headers(10, 8), now=1)

    assert rates.wait_s("users", 2) == 0
    rates.spend("users")
    assert rates.wait_s("users", 2) == pytest.approx(60)
    assert rates.wait_s("groups", 2) == 0
    assert rates.wait_s("users", 62) == 0


@pytest.mark.parametrize("reset", ["0", "999000", "soon", "99999999"])
async def test_a_reset_of_no_use_sets_no_budget(reset: str) -> None:
    rates = RateBudget(40)
    rates.note("users", headers(10, 0, reset), now=0)

    assert rates.wait_s("users", 0) == 0
