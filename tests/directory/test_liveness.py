"""Receiving, quiet, silent or failing: a pure function of times, and its sentence."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory.liveness import (
    PAUSE_MAX,
    PAUSE_MIN,
    PAUSE_UNKNOWN,
    PullFacts,
    RecentRequest,
    SourceFacts,
    longest_pause,
    pause_allowed,
    pull_state,
    source_state,
    span_words,
)
from directory.model import SecretId, SecretKey, SourceId

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def secret(*, expires: timedelta = 100 * DAY, revoked: bool = False) -> SecretKey:
    return SecretKey(
        secret_id=SecretId(UUID(int=1)),
        source_id=SourceId(UUID(int=2)),
        public_id="x",
        label="",
        last_four="abcd",
        created_by="Rosa",
        created_at=NOW - 80 * DAY,
        expires_at=NOW + expires,
        revoked_at=NOW - DAY if revoked else None,
    )


def facts(
    *,
    asked: timedelta | None = None,
    changed: timedelta | None = None,
    hours: Sequence[int] = (),
    recent: Sequence[RecentRequest] = (),
    secrets: Sequence[SecretKey] | None = None,
    paused: bool = False,
) -> SourceFacts:
    """Return facts by how long ago things were; ``hours`` are active hours before now."""
    return SourceFacts(
        now=NOW,
        last_request_at=None if asked is None else NOW - asked,
        last_change_at=None if changed is None else NOW - changed,
        active_hours=sorted(NOW - hour * HOUR for hour in hours),
        recent=recent,
        secrets=[secret()] if secrets is None else secrets,
        paused=paused,
    )


def answered(ago: timedelta, *, failed: bool = False, refused: bool = False) -> RecentRequest:
    return RecentRequest(at=NOW - ago, failed=failed or refused, refused=refused)


def test_a_source_that_changes_people_is_receiving() -> None:
    state = source_state(facts(asked=4 * MINUTE, changed=4 * MINUTE))

    assert (state.kind, state.reason) == ("receiving", "Changes arrive: the last one came 4 min ago.")


def test_a_source_that_asks_and_changes_nothing_is_quiet() -> None:
    state = source_state(facts(asked=4 * MINUTE, changed=3 * DAY))

    assert state.kind == "quiet"
    assert state.reason == "It asks regularly, the last request came 4 min ago; nothing changed for 3 days."


def test_a_source_whose_rhythm_is_broken_is_silent() -> None:
    state = source_state(facts(asked=9 * HOUR, changed=9 * HOUR, hours=(9, 12, 15, 18, 21)))

    assert (state.kind, state.reason) == ("silent", "No request for 9 h; its longest pause in 14 days was 3 h.")


def test_a_weekend_is_no_silence_for_a_source_that_had_one_before() -> None:
    state = source_state(facts(asked=60 * HOUR, changed=60 * HOUR, hours=(60, 61, 62, 124, 125)))

    assert state.kind != "silent"


def test_without_known_habits_a_day_of_silence_is_allowed() -> None:
    assert source_state(facts(asked=23 * HOUR, changed=23 * HOUR)).kind == "receiving"
    assert source_state(facts(asked=25 * HOUR, changed=25 * HOUR)).kind == "silent"


def test_refused_requests_are_failing_and_say_what_to_do() -> None:
    ended = [secret(expires=-3 * DAY)]
    state = source_state(facts(asked=3 * DAY, recent=[answered(4 * MINUTE, refused=True)], secrets=ended))

    assert state.kind == "failing"
    assert "there is no valid secret" in state.reason
    assert "Create a secret" in state.reason


def test_an_old_secret_in_use_beside_a_valid_one_is_named() -> None:
    state = source_state(facts(asked=DAY, recent=[answered(MINUTE, refused=True)]))

    assert "it used a secret that is not valid any more" in state.reason


def test_a_refusal_of_last_week_is_no_news() -> None:
    state = source_state(
        facts(asked=MINUTE, changed=MINUTE, recent=[answered(MINUTE), answered(7 * DAY, refused=True)])
    )

    assert state.kind == "receiving"


def confirmed(ago: timedelta, drift_count: int = 0) -> SourceFacts:
    """Return the facts of a source that is silent, and was compared by a pull."""
    return replace(
        facts(asked=9 * HOUR, changed=9 * HOUR, hours=(9, 12, 15, 18, 21)),
        confirmed_at=NOW - ago,
        drift_count=drift_count,
    )


def test_a_silent_source_is_quiet_if_a_pull_found_that_it_had_nothing_to_say() -> None:
    state = source_state(confirmed(20 * MINUTE))

    assert (state.kind, state.note) == ("quiet", "confirmed by pull at 11:40 UTC")
    assert state.reason == (
        "No request for 9 h; its longest pause in 14 days was 3 h."
        " A pull at 11:40 UTC found everybody as pushed: it had nothing to say."
    )


def test_a_silent_source_stays_silent_if_a_pull_found_people_otherwise() -> None:
    one, many = source_state(confirmed(20 * MINUTE, 1)), source_state(confirmed(20 * MINUTE, 3))

    assert (one.kind, one.note) == ("silent", "unconfirmed")
    assert one.reason.endswith("A pull at 11:40 UTC found 1 person otherwise than pushed.")
    assert many.reason.endswith("found 3 people otherwise than pushed.")


def test_a_pull_from_before_the_last_request_or_of_long_ago_confirms_nothing() -> None:
    before = source_state(confirmed(10 * HOUR))
    long_ago = source_state(
        replace(facts(asked=80 * HOUR, changed=80 * HOUR), confirmed_at=NOW - 25 * HOUR, drift_count=0)
    )

    assert (before.kind, before.note) == ("silent", "unconfirmed")
    assert (long_ago.kind, long_ago.note) == ("silent", "unconfirmed")


def test_a_source_without_a_secret_is_silent_whatever_a_pull_found() -> None:
    state = source_state(replace(confirmed(20 * MINUTE), secrets=[secret(revoked=True)]))

    assert (state.kind, state.note) == ("silent", "unconfirmed")


def test_half_of_the_newest_requests_failing_is_failing() -> None:
    recent = [answered(MINUTE, failed=number % 2 == 0) for number in range(20)]
    state = source_state(facts(asked=MINUTE, changed=MINUTE, recent=recent))

    assert (state.kind, state.reason) == ("failing", "10 of its last 20 requests failed.")


def test_two_failures_are_no_trouble() -> None:
    recent = [answered(MINUTE, failed=True), answered(MINUTE, failed=True)]

    assert source_state(facts(asked=MINUTE, changed=MINUTE, recent=recent)).kind == "receiving"


def test_a_new_source_says_what_comes_first() -> None:
    assert "No secret yet" in source_state(facts(secrets=[])).reason
    assert "40 min" in source_state(facts()).reason


def test_a_source_without_a_valid_secret_cannot_be_heard_of() -> None:
    state = source_state(facts(asked=5 * MINUTE, changed=5 * MINUTE, secrets=[secret(revoked=True)]))

    assert state.kind == "silent"
    assert "no valid secret" in state.reason


def test_a_source_that_is_turned_off_is_nothing_else() -> None:
    assert source_state(facts(recent=[answered(MINUTE, refused=True)], paused=True)).kind == "paused"


@pytest.mark.parametrize(
    ("span", "words"),
    [(20 * timedelta(seconds=1), "less than a minute"), (119 * MINUTE, "119 min"), (2 * HOUR, "2 h"),
     (47 * HOUR, "47 h"), (48 * HOUR, "2 days")],
)  # fmt: skip
def test_spans_are_told_as_people_say_them(span: timedelta, words: str) -> None:
    assert span_words(span) == words


past = st.timedeltas(min_value=timedelta(0), max_value=40 * DAY)
hour_lists = st.lists(st.integers(min_value=0, max_value=335), unique=True, max_size=40)
requests = st.lists(
    st.builds(
        lambda ago, failed, refused: answered(ago, failed=failed, refused=refused), past, st.booleans(), st.booleans()
    ),
    max_size=20,
)  # fmt: skip
secrets = st.lists(
    st.builds(lambda days, revoked: secret(expires=days * DAY, revoked=revoked), st.integers(-90, 90), st.booleans()),
    max_size=3,
)
any_facts = st.builds(
    lambda asked, changed, hours, recent, keys, paused: facts(
        asked=asked, changed=changed, hours=hours, recent=recent, secrets=keys, paused=paused
    ),
    st.none() | past, st.none() | past, hour_lists, requests, secrets, st.booleans(),
)  # fmt: skip


@given(any_facts)
def test_every_source_has_one_state_and_a_sentence(given_facts: SourceFacts) -> None:
    state = source_state(given_facts)

    assert state.kind in {"new", "receiving", "quiet", "silent", "failing", "paused"}
    assert state.reason.endswith(".")
    assert state.reason[0].isupper() or state.reason[0].isdigit()


@given(hour_lists)
def test_the_allowed_pause_has_bounds_and_covers_every_pause_seen(hours: list[int]) -> None:
    active = sorted(NOW - hour * HOUR for hour in hours)
    allowed = pause_allowed(active)

    assert PAUSE_MIN <= allowed <= PAUSE_MAX
    if len(active) < 4:
        assert allowed == PAUSE_UNKNOWN
    else:
        assert allowed >= min(longest_pause(active), PAUSE_MAX)


@given(hour_lists, past, past)
def test_silence_does_not_end_by_waiting(hours: list[int], ago: timedelta, more: timedelta) -> None:
    early = source_state(facts(asked=ago, changed=ago, hours=hours))
    late = source_state(facts(asked=ago + more, changed=ago + more, hours=hours))

    assert early.kind != "silent" or late.kind == "silent"


@given(any_facts)
def test_a_request_that_arrives_ends_silence(given_facts: SourceFacts) -> None:
    heard = SourceFacts(
        now=NOW,
        last_request_at=NOW,
        last_change_at=given_facts.last_change_at,
        active_hours=given_facts.active_hours,
        secrets=[secret()],
    )

    assert source_state(heard).kind in {"receiving", "quiet"}


def pulled(**known: Any) -> PullFacts:  # noqa: ANN401  # any field of them
    """Return what is known of a source that was pulled an hour ago."""
    given: dict[str, Any] = {
        "now": NOW, "off": False, "paused": False, "has_credentials": True, "next_at": NOW + HOUR,
        "last_ok_at": NOW - HOUR, "failures": 0, "first_failed_at": None, "error_kind": None, "error_words": "",
        "error_remedy": "",
    }  # fmt: skip
    return PullFacts(**{**given, **known})


def test_a_pull_that_fails_once_may_just_succeed_next_time() -> None:
    once = pulled(failures=1, first_failed_at=NOW, error_kind="throttled", error_words="asked to wait")

    assert pull_state(pulled()).kind == "receiving"
    assert pull_state(once).kind == "receiving"
    assert pull_state(replace(once, failures=3)).kind == "failing"
    assert pull_state(replace(once, error_kind="auth")).kind == "failing"


@pytest.mark.parametrize("known", [{"last_ok_at": NOW - 25 * HOUR}, {"first_failed_at": NOW - 25 * HOUR}])
def test_a_source_that_puts_its_pulls_off_for_a_day_is_failing(known: dict[str, Any]) -> None:
    put_off = pulled(failures=1, first_failed_at=NOW, error_kind="throttled", error_words="asked to wait")

    assert pull_state(replace(put_off, **known)).kind == "failing"
