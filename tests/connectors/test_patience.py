import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import TRIES, Kind, SourceError
from connectors.headers import retry_after_from
from connectors.patience import patiently, wait_s_for
from connectors.terms import BACKOFF_MAX_S
from tests.connectors.pulling import HurriedClock, Kept, hurried_terms

pytestmark = pytest.mark.anyio


class Failing:
    """Fails as often as it is told to, then gives its number of tries."""

    def __init__(self, error: SourceError, times: int) -> None:
        self.error = error
        self.times = times
        self.tried = 0

    async def __call__(self) -> int:
        self.tried += 1
        if self.tried <= self.times:
            raise self.error
        return self.tried


@pytest.mark.parametrize("kind", TRIES)
async def test_each_kind_of_error_is_tried_as_often_as_it_deserves(kind: Kind) -> None:
    for times, passes in ((TRIES[kind] - 1, True), (TRIES[kind], False)):
        failing = Failing(SourceError(kind, "no"), times)
        if passes:
            assert await patiently(failing, terms=hurried_terms(), who="Okta") == TRIES[kind]
        else:
            with pytest.raises(SourceError):
                await patiently(failing, terms=hurried_terms(), who="Okta")

        assert failing.tried == TRIES[kind]


async def test_a_final_error_is_not_tried_again() -> None:
    failing = Failing(SourceError("transient", "no", final=True), 1)
    with pytest.raises(SourceError):
        await patiently(failing, terms=hurried_terms(), who="Okta")

    assert failing.tried == 1


async def test_what_the_source_asks_for_is_waited_and_told() -> None:
    clock = HurriedClock()
    terms = hurried_terms(clock)
    await patiently(Failing(SourceError("throttled", "no", retry_after_s=27), 1), terms=terms, who="Microsoft Graph")

    assert clock.slept == [27]
    assert isinstance(terms.progress, Kept)
    assert [wait.words for wait in terms.progress.waits] == ["Microsoft Graph asked us to wait 27 s"]


@given(st.sampled_from(["transient", "throttled", "protocol"]), st.integers(1, 60), st.floats(0, 1))
def test_our_own_waits_grow_and_are_bounded(kind: Kind, tried: int, chance: float) -> None:
    seconds = wait_s_for(SourceError(kind, "no"), tried, jitter=lambda most: most * chance)

    assert 0 < seconds <= BACKOFF_MAX_S
    assert seconds >= min(BACKOFF_MAX_S, 2.0 ** (tried - 1)) / 2


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        (None, None),
        ("", None),
        ("-5", None),
        ("Fri, 31 Dec 1999 23:59:59 GMT", None),
        ("٣", None),
    ],
)
def test_only_plain_seconds_are_read(header: str | None, seconds: float | None) -> None:
    assert retry_after_from(header) == seconds


def test_errors_say_whether_somebody_has_to_act() -> None:
    kinds: tuple[Kind, ...] = ("auth", "permission", "protocol", "config", "throttled", "transient", "cursor_expired")

    assert [SourceError(kind, "no").permanent for kind in kinds] == [True] * 4 + [False] * 3
