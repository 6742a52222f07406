"""What was measured, as the tables of README.md."""

import statistics
from collections.abc import Iterable, Sequence

from benchmarks.large import Large
from benchmarks.pages import Paged
from benchmarks.systems import System
from benchmarks.throughput import Measured

Rates = dict[tuple[str, str, int], float]

TARGETS = {
    "Rolebook, SQLite": {"GET by id": 40, "userName eq": 35, "POST": 12, "PATCH": 12},
    "Rolebook, PostgreSQL": {"GET by id": 30, "userName eq": 25, "POST": 10, "PATCH": 10},
}
"""Least percent of the constant reply."""


def median_rates(windows: Iterable[Measured]) -> Rates:
    """Return right answers per second by system, operation and connections: medians over the rounds."""
    found: dict[tuple[str, str, int], list[float]] = {}
    for one in windows:
        found.setdefault((one.system, one.operation, one.connections), []).append(one.window.rate)
    return {key: statistics.median(rates) for key, rates in found.items()}


def operations_of(rates: Rates) -> list[str]:
    """Return the operations in the order in which they were measured."""
    return list(dict.fromkeys(operation for _, operation, _ in rates))


def rate_table(rates: Rates, systems: Sequence[System], connections: int) -> str:
    """Return right answers per second."""
    names = [system.name for system in systems]
    rows = [
        [operation, *(f"{rates.get((name, operation, connections), 0):,.0f}" for name in names)]
        for operation in operations_of(rates)
    ]
    return table(["per second", *names], rows)


def ratio_table(rates: Rates, systems: Sequence[System], connections: int) -> str:
    """Return how many times each peer's rate Rolebook has: on SQLite, and on PostgreSQL."""
    ours = [system.name for system in systems if system.is_ours]
    peers = [system.name for system in systems if not system.is_ours]
    rows = [
        [operation]
        + [" / ".join(times(rates, name, peer, (operation, connections)) for name in ours) for peer in peers]
        for operation in operations_of(rates)
    ]
    return table(["times the rate of", *peers], rows)


def times(rates: Rates, ours: str, peer: str, what: tuple[str, int]) -> str:
    """Return a ratio, or "none" where one of both gave no right answer."""
    our_rate, peer_rate = rates.get((ours, *what), 0.0), rates.get((peer, *what), 0.0)
    return f"{our_rate / peer_rate:.1f}" if our_rate and peer_rate else "none"


def systems_table(systems: Sequence[System]) -> str:
    """Return what each system promises while it is measured."""
    rows = [[system.name, system.durable, system.authenticated, system.records] for system in systems]
    return table(["system", "durable", "authenticated", "records and audits"], rows)


def cost_table(found: Sequence[Large]) -> str:
    """Return processor time for a request and what part of it the constant reply is."""
    head = ["database", "constant, µs", "operation", "µs", "% of constant", "wanted"]
    rows = [
        [
            one.system,
            f"{one.cpu_us['constant reply']:.0f}",
            operation,
            f"{one.cpu_us[operation]:.0f}",
            f"{percent:.1f}",
            f"≥ {TARGETS[one.system][operation]}",
        ]
        for one in found
        for operation, percent in one.percent.items()
    ]
    return table(head, rows)


def size_table(found: Sequence[Large]) -> str:
    """Return what does not depend on the size of the directory, or little."""
    head = [
        "database",
        "first page of 100 ÷ scim2-server with 1,000",
        "one member: smallest to largest group",
        "RssAnon",
    ]
    rows = []
    for one in found:
        sizes = list(one.member_p50_us)
        taken = list(one.member_p50_us.values())
        members = ", ".join(f"{int(size):,}: {us / 1000:.2f} ms" for size, us in one.member_p50_us.items())
        times_more = max(taken) / taken[0] if sizes else 0
        rows.append(
            [
                one.system,
                f"{one.list_first_times:.1f} times ({one.list_first_rate:,.0f}/s)",
                f"{times_more:.2f} times ({members})",
                f"{one.private_bytes / 2**20:.0f} MiB",
            ]
        )
    return table(head, rows)


def page_table(found: Sequence[Paged]) -> str:
    """Return how long an operator waits for each page, on each database."""
    head = ["page", *(f"{one.system}: p50, p95 in ms" for one in found)]
    rows = [[name, *(f"{one.p50_ms[name]:.0f}, {one.p95_ms[name]:.0f}" for one in found)] for name in found[0].p50_ms]
    return table(head, rows)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
