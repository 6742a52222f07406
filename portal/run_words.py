"""Pulls in words: how one stands, what it does to whom, how long it may take yet, and why the guard holds it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal

from directory.pulls.model import Action, Run, RunCause

Tone = Literal["good", "info", "warn", "bad", "off"]

ACTIONS: Mapping[Action, str] = MappingProxyType(
    {
        "user:create": "Users created",
        "user:return": "Users who came back",
        "user:enable": "Users enabled",
        "user:change": "Users changed",
        "user:disable": "Users disabled",
        "user:delete": "Users deleted",
        "user:meet": "Waiting in the adoption queue",
        "group:create": "Groups created",
        "group:change": "Groups changed",
        "group:delete": "Groups deleted",
        "members:join": "Memberships begun",
        "members:leave": "Memberships ended",
        "missing:once": "Missing for the first time",
    }
)
TAKING: frozenset[Action] = frozenset({"user:disable", "user:delete", "group:delete", "members:leave"})
"""What takes away; of these all are listed."""

STILL: frozenset[Action] = frozenset({"user:meet", "missing:once"})
"""What changes nothing yet."""

CAUSES: Mapping[RunCause, str] = MappingProxyType(
    {
        "schedule": "by the schedule",
        "operator": "asked for here",
        "command line": "by the command line",
        "first run": "the first of this connector",
        "daily": "the daily full pull",
        "cursor lost": "the directory forgot where the last one ended",
        "mapping changed": "the attribute mapping changed",
    }
)
PHASES: Mapping[str, str] = MappingProxyType(
    {
        "asked": "Waiting to begin",
        "fetching": "Fetching",
        "planning": "Comparing",
        "applying": "Applying",
    }
)

TIMINGS: Mapping[str, str] = MappingProxyType(
    {
        "fetch": "fetching",
        "stage": "keeping what came",
        "plan": "comparing",
        "apply users": "users",
        "apply groups": "groups",
    }
)

SPENT_MIN = timedelta(seconds=2)
"""Before, nothing is said of what is left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a run stands: words, a colour and a sign, none of which says more than the others."""

    words: str
    tone: Tone
    sign: str


def verdict_on(run: Run, *, audits: bool = False) -> Verdict:
    """Return how a run stands; it is good only if nothing of it is wrong. One that ``audits`` only compares."""
    match run.state:
        case "asked" | "fetching" | "planning" | "applying":
            return _under_way(run)
        case "failed":
            return Verdict(words="Failed", tone="bad", sign="cross")
        case "cancelled":
            return Verdict(words="Cancelled", tone="off", sign="stop")
        case "done":
            return _done(run, audits=audits)


def meant_count(run: Run) -> int:
    """Return how many changes the directory elsewhere asks for, those that are held among them."""
    return sum(run.counts.get(action, 0) for action in ACTIONS if action not in STILL)


def held_of(run: Run, waiting: int = 0) -> int:
    """Return how many changes of a run were held: as it counted at its end, till then those ``waiting``."""
    return run.counts.get("held", waiting)


def changed_count(run: Run, waiting: int = 0) -> int:
    """Return how many changes of a run took effect, or, if it is dry, were to be made; see ``held_of``."""
    return max(0, meant_count(run) - held_of(run, waiting))


def found_nothing(run: Run) -> bool:
    """Whether a run came to its end, and neither changed, held, refused nor put off anything."""
    found = any(count for name, count in run.counts.items() if name != "unchanged")
    return run.state == "done" and not found and not run.error_words


def compared_count(run: Run) -> int:
    """Return how many users and groups a run looked at to see what follows."""
    if run.state == "planning":
        return run.done_count
    whole = [run.counts.get(action, 0) for action in ACTIONS if not action.startswith("members:")]
    return sum(whole) + run.counts.get("unchanged", 0) + run.counts.get("failed", 0)


def title_of(run: Run) -> str:
    """Return what kind of pull it is."""
    if run.kind == "one":
        return "Dry run of one user" if run.dry else "Pull of one user"
    if run.dry:
        return "Dry run" if run.kind == "delta" else "Dry run of a full resync"
    return {"delta": "Pull of what changed", "full": "Full pull"}[run.kind]


def remaining_words(run: Run, now: datetime) -> str:
    """Return how long the phase may take yet, by how long it took so far; empty while nobody can tell."""
    done, whole = progress_of(run)
    spent = _phase_spent(run, now)
    if not 0 < done < whole or spent < SPENT_MIN or run.resumed_count or run.waiting:
        return ""
    left_s = spent.total_seconds() * (whole - done) / done
    return "less than a minute left" if left_s < 60 else f"about {duration_words(left_s)} left"


def progress_of(run: Run) -> tuple[int, int]:
    """Return how many objects the phase is through with, and of how many; of 0 while nobody knows."""
    if run.state == "fetching":
        expected = run.expected_count or 0
        return run.object_count, max(expected, run.object_count) if expected else 0
    return run.done_count, run.to_do_count


def duration_words(seconds: float) -> str:
    """Return a time: ``0.4 s``, ``27 s``, ``4 min``, ``2 h 5 min``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def limit_words(measure: str, numbers: list[int]) -> str:
    """Return why the guard holds all of a measure: what the run wants, the limit, and what was spent before."""
    wanted, limit, spent = numbers
    before = f", of which {spent:,} were spent" if spent else ""
    if measure == "users":
        return f"{wanted:,} users would lose access; {limit:,} may in 24 hours{before}."
    return (
        f"Roles that lose permissions or grant administration come to {wanted:,}, where a role loss counts 1 and a"
        f" grant or loss of administration 10; {limit:,} may in 24 hours{before}."
    )


def _under_way(run: Run) -> Verdict:
    if run.cancel_asked:
        return Verdict(words="Stopping", tone="warn", sign="stop")
    if run.waiting:
        return Verdict(words="Waiting", tone="warn", sign="clock")
    return Verdict(words=PHASES[run.state], tone="info", sign="clock" if run.state == "asked" else "play")


def _done(run: Run, *, audits: bool) -> Verdict:
    """Word the worst of what a run came to."""
    for name, words, tone in (
        ("failed", "failed", "bad"),
        ("rejected", "not taken over", "bad"),
        ("held", "held", "warn"),
        ("user:meet", "to decide", "warn"),
    ):
        if count := run.counts.get(name, 0):
            sign = "shield" if name == "held" else "warn"
            return Verdict(words=f"{count:,} {words}", tone=tone, sign=sign)  # type: ignore[arg-type]  # as written here
    if run.error_words:
        return Verdict(words="Done, with a remark", tone="warn", sign="warn")
    if run.dry and run.why:
        return Verdict(words="Much would be held", tone="warn", sign="shield")
    if run.dry:
        return Verdict(words="Compared", tone="info", sign="eye")
    if audits:
        return Verdict(words="Compared", tone="good", sign="check")
    return Verdict(words="Done" if meant_count(run) else "Nothing to change", tone="good", sign="check")


def _phase_spent(run: Run, now: datetime) -> timedelta:
    """Return how long the phase has taken: what the phases before took is in the timings."""
    if run.started_at is None:
        return timedelta()
    return now - run.started_at - timedelta(seconds=sum(run.timings.values()))
