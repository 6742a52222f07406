"""What waits for somebody: everything that is wrong is named once, the greatest risk first."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from directory.attention import RISKS, Attention, SourceNeed, TenantNeeds, attention_for
from directory.liveness import StateKind

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def need(
    state: StateKind = "receiving", *, days: int | None = 100, number: int = 1, had_secret: bool = True
) -> SourceNeed:
    return SourceNeed(
        source_id=UUID(int=number),
        label=f"Source {number}",
        state=state,
        reason="As it is.",
        secret_until=None if days is None else NOW + days * DAY,
        had_secret=had_secret,
    )


def kinds_of(needs: TenantNeeds) -> list[str]:
    return [one.kind for one in attention_for(needs)]


def test_a_tenant_that_is_well_waits_for_nobody() -> None:
    assert attention_for(TenantNeeds(now=NOW, sources=[need()])) == []


def test_a_source_that_has_not_begun_waits_for_nobody() -> None:
    assert kinds_of(TenantNeeds(now=NOW, sources=[need("new", days=None, had_secret=False)])) == []


def test_a_secret_is_warned_of_a_month_before_and_urgent_in_the_last_week() -> None:
    risks = {
        days: [(one.kind, one.risk) for one in attention_for(TenantNeeds(now=NOW, sources=[need(days=days)]))]
        for days in (31, 30, 8, 7)
    }

    assert risks == {
        31: [],
        30: [("secret_ending", "medium")],
        8: [("secret_ending", "medium")],
        7: [("secret_ending", "high")],
    }


def test_a_source_whose_secret_ended_is_named_for_that_and_not_for_its_silence() -> None:
    assert kinds_of(TenantNeeds(now=NOW, sources=[need("silent", days=None)])) == ["secret_ended"]


def test_a_source_that_is_turned_off_needs_no_secret() -> None:
    assert kinds_of(TenantNeeds(now=NOW, sources=[need("paused", days=None)])) == []


def test_everything_at_once_comes_by_risk() -> None:
    needs = TenantNeeds(
        now=NOW,
        sources=[need("silent", number=1), need("failing", number=2), need(days=20, number=3)],
        administrator_count=1,
        has_local_administrator=False,
        gone_mapping_count=2,
        due_lock_count=3,
        first_lock_until=NOW + DAY,
        lost_record_count=4,
        redeciding_since=NOW,
        worker_late_since=NOW - DAY,
    )

    assert kinds_of(needs) == [
        "worker_late", "source_failing", "no_local_administrator",
        "secret_ending", "source_silent", "one_administrator", "mappings_gone",
        "locks_due", "records_lost", "redeciding",
    ]  # fmt: skip
    assert [one.count for one in attention_for(needs) if one.kind in {"mappings_gone", "locks_due"}] == [2, 3]


states: st.SearchStrategy[StateKind] = st.sampled_from(["new", "receiving", "quiet", "silent", "failing", "paused"])
sources = st.lists(
    st.builds(
        lambda state, days, number, had: need(state, days=days, number=number, had_secret=had or days is not None),
        states, st.none() | st.integers(0, 200), st.integers(1, 5), st.booleans(),
    ),
    max_size=6,
)  # fmt: skip


@given(sources, st.integers(0, 2), st.booleans())
def test_the_order_is_by_risk_whatever_there_is(found: list[SourceNeed], administrators: int, local: bool) -> None:
    needs = TenantNeeds(now=NOW, sources=found, administrator_count=administrators, has_local_administrator=local)

    listed: list[Attention] = attention_for(needs)

    assert [RISKS.index(one.risk) for one in listed] == sorted(RISKS.index(one.risk) for one in listed)
    assert {one.source_id for one in listed if one.kind == "source_failing"} == {
        one.source_id for one in found if one.state == "failing"
    }
