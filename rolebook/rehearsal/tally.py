"""What was counted: requests, wrong answers and times, step by step."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter

from rolebook.rehearsal.comparing import Wrong

EXAMPLES_PER_STEP = 3

Row = dict[str, str | int | float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A wrong answer as it is shown."""

    step: str
    request: str
    expected: str
    got: str


@dataclass(slots=True)
class Step:
    """One kind of request."""

    name: str
    wrong: int = 0
    under_way: int = 0
    busy_s: float = 0.0
    """Time in which at least one of them was under way; other kinds may have been as well."""
    busy_since_s: float = 0.0
    times_s: list[float] = field(default_factory=list)

    def begin(self, at_s: float) -> None:
        """One of them was sent."""
        if not self.under_way:
            self.busy_since_s = at_s
        self.under_way += 1

    def end(self, at_s: float) -> None:
        """One of them was answered, or never will be."""
        self.under_way -= 1
        if not self.under_way:
            self.busy_s += at_s - self.busy_since_s

    @property
    def requests(self) -> int:
        """How many were answered."""
        return len(self.times_s)

    def row(self) -> Row:
        """Return the step's figures; ``per_second`` is of the time in which it was busy."""
        ordered = sorted(self.times_s)
        return {
            "step": self.name,
            "requests": self.requests,
            "wrong": self.wrong,
            "per_second": rate(self.requests, self.busy_s),
            "p50_ms": percentile_ms(ordered, 50),
            "p95_ms": percentile_ms(ordered, 95),
            "p99_ms": percentile_ms(ordered, 99),
            "max_ms": percentile_ms(ordered, 100),
        }


@dataclass(slots=True)
class Tally:
    """All steps in the order in which they were first met."""

    steps: dict[str, Step] = field(default_factory=dict)
    together: Step = field(default_factory=lambda: Step("all"))
    examples: list[Example] = field(default_factory=list)
    abandoned: int = 0
    """Objects whose sequence could not go on, because what it needs was not answered."""
    waits: int = 0
    """Requests that were put off by 429 or 503 and sent again."""
    waited_s: float = 0.0

    @contextmanager
    def timing(self, name: str) -> Iterator[None]:
        """Count the time of a request as its step's."""
        step = self.steps.setdefault(name, Step(name))
        for one in (step, self.together):
            one.begin(perf_counter())
        try:
            yield
        finally:
            for one in (step, self.together):
                one.end(perf_counter())

    def note(self, name: str, took_s: float) -> None:
        """Count one answered request; what it waited for after 429 or 503 is not in ``took_s``."""
        for step in (self.steps[name], self.together):
            step.times_s.append(took_s)

    def note_wrong(self, name: str, request: str, wrong: Wrong) -> None:
        """Count a wrong answer, and keep the first ones of a step as examples."""
        step = self.steps[name]
        self.together.wrong += 1
        step.wrong += 1
        if step.wrong <= EXAMPLES_PER_STEP:
            self.examples.append(Example(step=name, request=request, expected=wrong.expected, got=wrong.got))

    @property
    def requests(self) -> int:
        """How many requests were answered."""
        return self.together.requests

    @property
    def wrong(self) -> int:
        """How many answers were wrong."""
        return self.together.wrong

    def rows(self) -> list[Row]:
        """Return the figures of every step."""
        return [step.row() for step in self.steps.values()]

    def totals(self) -> Row:
        """Return the figures of all steps together."""
        return self.together.row()


def rate(count: int, seconds: float) -> float:
    """Return how many a second, rounded for people."""
    return round(count / seconds, 1) if count and seconds > 0 else 0.0


def percentile_ms(ordered: Sequence[float], percent: int) -> float:
    """Return the nearest-rank percentile of sorted seconds, in milliseconds."""
    if not ordered:
        return 0.0
    return round(1000 * ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)], 2)
