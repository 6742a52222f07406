"""How a pull ends that does not come to its end: what is said of it, and when it is tried again."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from connectors.errors import SourceError
from directory.pulls import absence, run_life
from directory.pulls.due import wait_for_next
from directory.pulls.model import PullSource, Run
from directory.pulls.outcomes import note_failure
from directory.pulls.run_life import Ended, Problem
from directory.store.unit import in_joined_unit

OPEN_MAX = timedelta(hours=24)
"""A run that is not done by then is given up; the next one begins anew."""

PUT_OFF_MIN_S, PUT_OFF_MAX_S = 30.0, 3600.0
WORTH_PAGES = 20
"""A run that has staged so many pages goes on from there later when its source is away for a while."""

RESUMED_MAX = 8
"""How often such a run is resumed."""

STUCK = Problem(
    kind="transient",
    words="The pull was interrupted again and again at the same place, and ended there.",
    remedy="The server's log of these times says why its process ended.",
)


async def end_at_source(
    run: Run, source: PullSource, error: SourceError, timings: Mapping[str, float], now: datetime
) -> bool:
    """End a run whose source did not go along, or put it off where that passes; True: it is over."""
    wait_s = wait_s_for(run, error, now)
    if wait_s is not None:
        await run_life.put_off(run, now + timedelta(seconds=wait_s), f"{error.words}; it goes on later", now=now)
        return False
    problem = Problem(kind=error.kind, words=error.words, remedy=error.remedy)
    await end_failed(run, source, problem, timings, retry_after_s=error.retry_after_s, now=now)
    return True


def wait_s_for(run: Run, error: SourceError, now: datetime) -> float | None:
    """Return how long a run waits before it goes on from where it is; None: it is over."""
    if error.kind == "throttled" and error.retry_after_s is not None:
        wait_s = min(max(error.retry_after_s, PUT_OFF_MIN_S), 6 * PUT_OFF_MAX_S)
    elif error.kind in {"transient", "throttled"} and not error.final and run.page_count >= WORTH_PAGES:
        if run.resumed_count >= RESUMED_MAX:
            return None
        wait_s = min(PUT_OFF_MIN_S * 2**run.resumed_count, PUT_OFF_MAX_S)
    else:
        return None
    over_at = (run.started_at or now) + OPEN_MAX
    return wait_s if now + timedelta(seconds=wait_s) < over_at else None


async def end_failed(
    run: Run,
    source: PullSource,
    problem: Problem,
    timings: Mapping[str, float],
    *,
    retry_after_s: float | None = None,
    now: datetime,
) -> None:
    """End a run that failed. Its source remembers that, unless only a trial or one person was meant."""
    await absence.take_back(run)

    async def body() -> None:
        ended = await run_life.end_run(run, Ended(state="failed", timings=timings, problem=problem), now=now)
        if ended and not run.dry and run.kind != "one":
            kind = problem.kind or "transient"
            await note_failure(source, kind, problem.words, problem.remedy, retry_after_s, now)

    await in_joined_unit(run.tenant_id, body)


async def end_cancelled(run: Run, source: PullSource, timings: Mapping[str, float], now: datetime) -> None:
    """End a run that somebody wanted to end, and say what it did."""
    problem = Problem(kind=None, words=cancelled_words(run))
    await absence.take_back(run)

    async def body() -> None:
        await run_life.end_run(run, Ended(state="cancelled", timings=timings, problem=problem), now=now)
        await wait_for_next(run, source, now=now)

    await in_joined_unit(run.tenant_id, body)


def cancelled_words(run: Run) -> str:
    """Return how far a run was when it was cancelled."""
    if run.state == "applying":
        of = max(run.done_count, run.to_do_count)
        return f"Cancelled after {run.done_count:,} of {of:,} changes. These stay; the next pull does the others."
    if run.state == "planning":
        return "Cancelled before anything was changed."
    return f"Cancelled after {run.page_count:,} pages, before anything was changed."
