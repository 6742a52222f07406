"""What holds for every rate, address and domain."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory.ids import new_id
from directory.model import SourceId
from scim import terms


@given(st.integers(1, 1000), st.lists(st.floats(0, 5), max_size=60))
def test_never_more_than_the_burst_and_what_flowed_in_since(rate: int, pauses: list[float]) -> None:
    source_id = SourceId(new_id(datetime.now(UTC)))
    now_s = 0.0
    let_in = 0
    for pause in pauses:
        now_s += pause
        wait_s = terms.wait_for(source_id, rate, now_s=now_s)
        let_in += wait_s == 0
        assert wait_s >= 0
    assert let_in <= rate * terms.BURST + now_s * rate + 1


@given(st.integers(1, 1000), st.integers(1, 200))
def test_whoever_waits_as_long_as_told_is_let_in(rate: int, burst: int) -> None:
    source_id = SourceId(new_id(datetime.now(UTC)))
    waits_s = [terms.wait_for(source_id, rate, now_s=1.0) for _ in range(rate * terms.BURST + burst)]
    wait_s = waits_s[-1]
    assert wait_s >= 1
    assert terms.wait_for(source_id, rate, now_s=1.0 + wait_s) == 0


@given(st.text())
def test_a_host_that_is_no_address_is_in_no_network(host: str) -> None:
    assert not terms.is_within(host, ("203.0.113.0/24",))


@pytest.mark.parametrize(
    ("address", "accepted"),
    [
        ("ann@example.org", True),
        ("ann@EXAMPLE.org.", True),
        ("ann@sub.example.org", False),
        ("ann@example.org@evil.example", False),
        ("example.org", False),
        ("", False),
    ],
)
def test_a_domain_is_the_whole_of_what_follows_the_last_at(address: str, accepted: bool) -> None:  # a parameter
    assert terms.is_accepted(address, ("example.org",)) is accepted
