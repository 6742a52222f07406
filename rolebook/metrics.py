"""What one server process counts, for Prometheus; labels come from closed lists, never from a caller."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Metric,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
LABELS = ("door", "route", "method")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@dataclass(slots=True)
class Taken:
    """How long the answers of one series took: how many fell into each bucket, the last of which has no bound."""

    buckets: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS_S) + 1))
    sum_s: float = 0.0


class Answered(Collector):
    """Answered requests, counted in plain numbers: the instruments of the library take 10 us for each request."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str, str, int], int] = {}
        self._taken: dict[tuple[str, str, str], Taken] = {}

    def add(self, door: str, route: str, method: str, status: int, elapsed_s: float) -> None:
        """Count one; ``route`` is the template, never the path."""
        labels = (door, route, method if method in METHODS else "OTHER")
        self._counts[*labels, status] = self._counts.get((*labels, status), 0) + 1
        taken = self._taken.get(labels)
        if taken is None:
            taken = self._taken[labels] = Taken()
        taken.buckets[bisect_left(BUCKETS_S, elapsed_s)] += 1
        taken.sum_s += elapsed_s

    def collect(self) -> Iterator[Metric]:
        """Yield both families, for the library."""
        counted = CounterMetricFamily("rolebook_requests", "Answered requests.", labels=(*LABELS, "status"))
        for (*labels, status), count in self._counts.items():
            counted.add_metric((*labels, str(status)), count)
        yield counted
        timed = HistogramMetricFamily("rolebook_request_seconds", "Time until an answer was complete.", labels=LABELS)
        for names, taken in self._taken.items():
            bounds = [*(str(float(bound)) for bound in BUCKETS_S), "+Inf"]
            timed.add_metric(names, [*zip(bounds, accumulate(taken.buckets), strict=True)], taken.sum_s)
        yield timed


class Metrics:
    """The instruments of one application, in a registry of its own."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # untyped; one line less for each series
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._answered = Answered()
        self.registry.register(self._answered)
        self.in_flight_count = 0
        in_flight = Gauge("rolebook_requests_in_flight", "Requests being answered.", registry=self.registry)
        in_flight.set_function(lambda: self.in_flight_count)
        self.unavailable = Counter(
            "rolebook_database_unavailable",
            "Requests answered 503 and runs of duties given up because the database could not do it then.",
            registry=self.registry,
        )
        self.duty_runs = Counter(
            "rolebook_duty_runs", "Runs of background duties.", ("duty", "outcome"), registry=self.registry
        )
        self.duty_done = Counter(
            "rolebook_duty_done", "What background duties did: rows, events, users.", ("duty",), registry=self.registry
        )
        self.duty_ended_at = Gauge(
            "rolebook_duty_ended_timestamp_seconds",
            "When this process last ended a run of the duty well.",
            ("duty",),
            registry=self.registry,
        )

    def count_request(self, door: str, route: str, method: str, status: int, elapsed_s: float) -> None:
        """Count one answered request; ``route`` is the template, never the path."""
        self._answered.add(door, route, method, status, elapsed_s)
        if status == 503 and door != "house":
            self.unavailable.inc()

    def render(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self.registry)
