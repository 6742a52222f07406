"""What the page of a connector shows of its pulls: the last ones as bars, and the one under way."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log

from directory.model import Source, SourceId
from directory.pulls import runs
from directory.pulls.model import PullSource, Run
from portal.run_words import CAUSES, Tone, Verdict, changed_count, duration_words, meant_count, title_of, verdict_on
from portal.times import moment

BARS_MAX = 20
BAR_HEIGHT = 40.0
SHAPES: dict[Tone, str] = {"good": "dot", "info": "dot", "warn": "diamond", "bad": "cross", "off": "dash"}
FILLS: dict[Tone, str] = {"good": "good", "info": "accent", "warn": "warn", "bad": "bad", "off": "soft"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLine:
    """One run as lists show it."""

    run: Run
    title: str
    cause: str
    verdict: Verdict
    changed_count: int
    took: str
    """Empty while it is not over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunBar:
    """One bar: the taller, the more changes; its foot says by its form how the run ended."""

    label: str
    height: float
    fill: str
    shape: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCard:
    """The pulls of one connector, as a part of its page."""

    lines: list[RunLine]
    """The last ones, the newest first."""
    bars: list[RunBar]
    """The same, the newest last."""
    summary: str
    """What the bars say, in words."""
    current: RunLine | None
    """The one that is asked for or under way."""


async def card_for(source: PullSource) -> RunCard:
    """Return what the page of a connector shows of its pulls."""
    audits = source.mode == "audit"
    found = await runs.list_runs(source.tenant_id, source.source_id, limit=BARS_MAX)
    lines = [line_for(run, audits=audits) for run in found]
    current = await runs.current_run(source.tenant_id, source.source_id)
    return RunCard(
        lines=lines,
        bars=bars_for(lines[::-1]),
        summary=summary_of(lines),
        current=None if current is None else line_for(current),
    )


async def pulling_now(sources: Iterable[Source]) -> dict[SourceId, RunLine]:
    """Return the pull of each source that is asked for or under way."""
    pulled = [source for source in sources if source.kind != "scim"]
    found = [await runs.current_run(source.tenant_id, source.source_id) for source in pulled]
    return {run.source_id: line_for(run) for run in found if run is not None}


def line_for(run: Run, *, audits: bool = False) -> RunLine:
    """Return a run as lists show it; ``audits`` says that its source only compares."""
    took = "" if run.started_at is None or run.ended_at is None else (run.ended_at - run.started_at).total_seconds()
    return RunLine(
        run=run,
        title=title_of(run),
        cause=CAUSES[run.cause],
        verdict=verdict_on(run, audits=audits),
        changed_count=changed_count(run),
        took=duration_words(took) if isinstance(took, float) else "",
    )


def bars_for(lines: Sequence[RunLine]) -> list[RunBar]:
    """Return the bars: heights by the logarithm, since a first pull changes a thousand times what the others do."""
    most = log(1 + max((meant_count(line.run) for line in lines), default=0)) or 1.0
    return [
        RunBar(
            label=f"{moment(line.run.started_at or line.run.asked_at)}, {line.title}: {line.verdict.words}, "
            f"{line.changed_count:,} {'change' if line.changed_count == 1 else 'changes'}",
            height=round(BAR_HEIGHT * log(1 + meant_count(line.run)) / most, 1),
            fill=FILLS[line.verdict.tone],
            shape=SHAPES[line.verdict.tone],
        )
        for line in lines
    ]


def summary_of(lines: Sequence[RunLine]) -> str:
    """Return how the runs ended, by number."""
    ended: Counter[Tone] = Counter(line.verdict.tone for line in lines)
    words: dict[Tone, str] = {
        "good": "well",
        "info": "compared or under way",
        "warn": "with something to look at",
        "bad": "failed, or with failed objects",
        "off": "cancelled",
    }
    told = ", ".join(f"{ended[tone]} {text}" for tone, text in words.items() if ended[tone])
    return f"Last {'pull' if len(lines) == 1 else f'{len(lines)} pulls'}: {told}" if lines else "No pull yet"
