"""A directory of 100,000 people on one worker: processor time in parts of a constant reply, lists, groups by size."""

import asyncio
import statistics
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import operations, people
from benchmarks.driving import Load
from benchmarks.filling import client_of, filled
from benchmarks.operations import Target
from benchmarks.roster import CONSTANT, ROLEBOOK_POSTGRES, ROLEBOOK_SQLITE, SCIM2_SERVER
from benchmarks.seeding import copy_to_postgres, copy_to_sqlite, template_for
from benchmarks.systems import Running, System, cpu_us, private_bytes, running
from benchmarks.throughput import PER_S_MAX, Effort, database

CONNECTIONS = 8
BATCH = 2_000
READS = 20_000
SMALL = 1_000
CACHE = Path(tempfile.gettempdir()) / "rolebook-bench"


@dataclass(frozen=True, slots=True, kw_only=True)
class Large:
    """What was found on one database."""

    system: str
    people: int
    cpu_us: Mapping[str, float]
    """Microseconds of the server's process for a request: medians over the rounds."""
    percent: Mapping[str, float]
    """Of the constant reply, as design resolution 25 defines it: medians of the rounds' own ratios."""
    list_first_rate: float
    list_first_times: float
    """Against scim2-server with a thousand people, in the same round."""
    member_p50_us: Mapping[str, float]
    private_bytes: int
    wrong: int
    """Wrong answers of Rolebook: 0, or the run says nothing."""


class Costs:
    """A server and what is driven against it."""

    def __init__(self, server: Running, loads: Mapping[str, Load]) -> None:
        self._server = server
        self._loads = loads
        self.wrong = 0

    def measure(self, operation: str, effort: Effort) -> tuple[float, float]:
        """Return microseconds of processor time for a request, and requests per second."""
        load = self._loads[operation]
        load.drive(CONNECTIONS, effort.warm_up_s)
        before_us = cpu_us(self._server.pid)
        window = load.drive(CONNECTIONS, effort.window_s)
        used_us = cpu_us(self._server.pid) - before_us
        self.wrong += window.wrong
        if not window.ok:
            raise RuntimeError(f"{operation}: no right answer: {window.first_wrong}")
        return used_us / (window.ok + window.late + window.wrong), window.rate


def measure_large(effort: Effort, postgres: str, count: int) -> Iterator[Large]:
    """Yield what both databases cost with so many people."""
    template, seeded = template_for(CACHE, count)
    for system in (ROLEBOOK_SQLITE, ROLEBOOK_POSTGRES):
        with tempfile.TemporaryDirectory(prefix="bench-") as folder, ExitStack() as stack:
            places = [Path(folder) / name for name in ("ours", "constant", "small")]
            for place in places:
                place.mkdir()
            if system is ROLEBOOK_SQLITE:
                database_url = copy_to_sqlite(template, places[0])
            else:
                database_url = stack.enter_context(database(postgres))
                asyncio.run(copy_to_postgres(template, database_url))
            ours = stack.enter_context(running(system, places[0], database_url, seeded.token))
            constant = stack.enter_context(running(CONSTANT, places[1]))
            small = stack.enter_context(running(SCIM2_SERVER, places[2]))
            target = Target(port=ours.port, base=system.base, token=ours.token, user_ids=seeded.user_ids)
            yield _measure(system, target, ours, _beside(constant, small, places), effort)


@dataclass(frozen=True, slots=True)
class Beside:
    """What is measured in turns with Rolebook."""

    constant: Costs
    small: Costs
    folder: Path


def _beside(constant: Running, small: Running, places: Sequence[Path]) -> Beside:
    plain = Target(port=constant.port, base=CONSTANT.base, token=constant.token, user_ids=["0"])
    few = filled(SCIM2_SERVER, small, places[2], SMALL)
    return Beside(
        Costs(constant, {"constant": Load(places[1] / "constant.bin", plain, operations.constant(plain, 4_000))}),
        Costs(small, {"list": Load(places[2] / "list.bin", few, operations.list_first(few, 1_000))}),
        places[0],
    )


def _measure(system: System, target: Target, ours: Running, beside: Beside, effort: Effort) -> Large:
    folder = beside.folder
    posts = int(effort.rounds * (effort.warm_up_s + effort.window_s) * PER_S_MAX / 2)
    costs = Costs(
        ours,
        {
            "GET by id": Load(folder / "get.bin", target, operations.get(target, READS)),
            "userName eq": Load(folder / "find.bin", target, operations.find(target, READS)),
            "list": Load(folder / "list.bin", target, operations.list_first(target, 2_000)),
            "PATCH": Load(folder / "patch.bin", target, operations.patch(target, 2 * len(target.user_ids))),
            "POST": Load(folder / "post.bin", target, operations.create(target, posts, "new.example"), wraps=False),
        },
    )
    found: dict[str, list[float]] = {}
    for _ in range(effort.rounds):
        constant_us, _ = beside.constant.measure("constant", effort)
        found.setdefault("constant reply", []).append(constant_us)
        for operation in ("GET by id", "userName eq", "PATCH", "POST"):
            used_us, _ = costs.measure(operation, effort)
            found.setdefault(operation, []).append(used_us)
            found.setdefault(f"% {operation}", []).append(100 * constant_us / used_us)
        _, rate = costs.measure("list", effort)
        _, small_rate = beside.small.measure("list", effort)
        found.setdefault("list", []).append(rate)
        found.setdefault("list times", []).append(rate / small_rate)
    middle = {name: statistics.median(values) for name, values in found.items()}
    rates = ("list", "list times")
    member_p50_us = measure_groups(target, folder, effort)
    return Large(
        system=system.name,
        people=len(target.user_ids),
        cpu_us={name: value for name, value in middle.items() if name[0] != "%" and name not in rates},
        percent={name[2:]: value for name, value in middle.items() if name[0] == "%"},
        list_first_rate=middle["list"],
        list_first_times=middle["list times"],
        member_p50_us=member_p50_us,
        private_bytes=private_bytes(ours.pid),
        wrong=costs.wrong,
    )


def measure_groups(target: Target, folder: Path, effort: Effort) -> dict[str, float]:
    """Return the median microseconds of adding or removing one member, by size of the group; sizes take turns."""
    loads: dict[str, Load] = {}
    count = len(target.user_ids)
    for size in (10, SMALL, count - 2 * operations.BLOCK):
        group_id = push_group(target, size)
        strangers = replace(target, user_ids=target.user_ids[-operations.BLOCK :], group_id=group_id)
        loads[str(size)] = Load(folder / f"members-{size}.bin", strangers, operations.membership(strangers, 20_000))
    found: dict[str, list[float]] = {name: [] for name in loads}
    for load in loads.values():
        load.drive(1, effort.warm_up_s)
    for _ in range(effort.rounds + 2):
        for name, load in loads.items():
            window = load.drive(1, effort.window_s)
            if window.wrong:
                raise RuntimeError(f"membership: {window.first_wrong}")
            found[name].append(window.p50_us)
    return {name: statistics.median(taken_us) for name, taken_us in found.items()}


def push_group(target: Target, size: int) -> str:
    """Create a group and push its members in portions, as an initial cycle does; return its id."""
    with client_of(target) as client:
        made = client.post("/Groups", json={"schemas": [people.GROUP], "displayName": f"group of {size}"})
        made.raise_for_status()
        group_id = str(made.json()["id"])
        for start in range(0, size, BATCH):
            members = [{"value": user_id} for user_id in target.user_ids[start : min(size, start + BATCH)]]
            message = people.patch({"op": "Add", "path": "members", "value": members})
            client.patch(f"/Groups/{group_id}", json=message).raise_for_status()
    return group_id
