"""Who goes together when the queue is worked off."""

from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from directory.routes.due import portions_of
from directory.store.routes.due import Due

TENANTS = [UUID(int=1), UUID(int=2)]
dues = st.builds(
    Due,
    subject_id=st.uuids(),
    asked_at=st.just(datetime(2026, 11, 1, tzinfo=UTC)),
    lets_pass=st.booleans(),
    asks=st.just(1),
    tries=st.integers(0, 2),
    place_id=st.sampled_from([None, *TENANTS]),
)


@given(st.lists(dues, max_size=30), st.integers(1, 5))
def test_portions_have_everybody_once_and_only_those_who_go_together(listed: list[Due], size: int) -> None:
    portions = portions_of(listed, size)

    assert sorted(one.subject_id for some in portions for one in some) == sorted(one.subject_id for one in listed)
    for some in portions:
        assert 1 <= len(some) <= size
        assert len({(one.place_id, one.lets_pass) for one in some}) == 1
        assert len(some) == 1 or not any(one.tries for one in some)
