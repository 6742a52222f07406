"""What one server process counts, for Prometheus; labels come from closed lists, never from a caller."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """The instruments of one application, in a registry of its own."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # untyped; one line less for each series
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = Counter(
            "rolebook_requests",
            "Answered requests.",
            ("door", "route", "method", "status"),
            registry=self.registry,
        )
        self._request_s = Histogram(
            "rolebook_request_seconds",
            "Time until an answer was complete.",
            ("door", "route", "method"),
            buckets=BUCKETS_S,
            registry=self.registry,
        )
        self.in_flight = Gauge("rolebook_requests_in_flight", "Requests being answered.", registry=self.registry)
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

        self._series: dict[tuple[str, str, str, int], tuple[Counter, Histogram]] = {}

    def count_request(self, door: str, route: str, method: str, status: int, elapsed_s: float) -> None:
        """Count one answered request; ``route`` is the template, never the path."""
        labels = (door, route, method if method in METHODS else "OTHER", status)
        series = self._series.get(labels)
        if series is None:
            series = self._series[labels] = (
                self._requests.labels(*labels[:3], str(status)),
                self._request_s.labels(*labels[:3]),
            )
        count, taken = series
        count.inc()
        taken.observe(elapsed_s)
        if status == 503 and door != "house":
            self.unavailable.inc()

    def render(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self.registry)
