"""Requests per second, system after system and round after round, each time in a fresh process with fresh people."""

import asyncio
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from benchmarks import operations
from benchmarks.driving import Load, Window
from benchmarks.filling import filled
from benchmarks.operations import READS, WRITES, Target
from benchmarks.roster import CONSTANT
from benchmarks.systems import Running, System, running

CONNECTIONS = (8, 32)
PEOPLE = 1_000
READS_PREPARED = 4_000
WRITES_PREPARED = 40_000
PER_S_MAX = 4_000
"""No create is prepared beyond this rate: a server that is faster uses its requests up before the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How long is measured."""

    rounds: int
    warm_up_s: float
    window_s: float
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One window of one system."""

    system: str
    operation: str
    connections: int
    window: Window


def measure_round(systems: Sequence[System], effort: Effort, postgres: str) -> Iterator[Measured]:
    """Yield the windows of one round."""
    for system in systems:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder, started(system, Path(folder), postgres) as server:
            if system is CONSTANT:
                yield from measure_constant(server, Path(folder), effort)
            else:
                yield from measure_system(system, server, Path(folder), effort)


@contextmanager
def started(system: System, folder: Path, postgres: str) -> Iterator[Running]:
    """Start a system on an empty database of its own."""
    if not system.needs_postgres:
        with running(system, folder, f"sqlite:///{folder / 'rolebook.sqlite'}") as server:
            yield server
        return
    with database(postgres) as database_url, running(system, folder, database_url) as server:
        yield server


@contextmanager
def database(postgres: str, name: str = "measured") -> Iterator[str]:
    """Give an empty database, and drop it afterwards."""
    asyncio.run(_command(postgres, f"CREATE DATABASE {name}"))
    try:
        yield f"{postgres.rpartition('/')[0]}/{name}"
    finally:
        asyncio.run(_command(postgres, f"DROP DATABASE {name} WITH (FORCE)"))


async def _command(address: str, sql: str) -> None:
    connection = await asyncpg.connect(address)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


def measure_system(system: System, server: Running, folder: Path, effort: Effort) -> Iterator[Measured]:
    """Yield the windows of a system: what leaves the number of people alone first, creations last."""
    target = filled(system, server, folder, effort.people)
    for name, load in loads(target, folder).items():
        for connections in CONNECTIONS:
            load.drive(connections, effort.warm_up_s)
            window = load.drive(connections, effort.window_s)
            yield Measured(system=system.name, operation=name, connections=connections, window=window)
    for connections in CONNECTIONS:
        count = int((effort.warm_up_s + effort.window_s) * PER_S_MAX)
        requests = operations.create(target, count, f"new{connections}.example")
        load = Load(folder / "create.bin", target, requests, wraps=False)
        load.drive(connections, effort.warm_up_s)
        window = load.drive(connections, effort.window_s)
        yield Measured(system=system.name, operation="create", connections=connections, window=window)


def loads(target: Target, folder: Path) -> Mapping[str, Load]:
    """Return what is driven, by name; reads first, so that they see the people as they came."""
    reads = {name: make(target, READS_PREPARED) for name, make in READS.items()}
    writes = {name: make(target, WRITES_PREPARED) for name, make in WRITES.items()}
    return {
        name: Load(folder / f"{number}.bin", target, requests)
        for number, (name, requests) in enumerate({**reads, **writes}.items())
    }


def measure_constant(server: Running, folder: Path, effort: Effort) -> Iterator[Measured]:
    """Yield the windows of the route without work, as a GET by id."""
    target = Target(port=server.port, base=CONSTANT.base, token="none", user_ids=[str(n) for n in range(100)])
    load = Load(folder / "constant.bin", target, operations.constant(target, READS_PREPARED))
    for connections in CONNECTIONS:
        load.drive(connections, effort.warm_up_s)
        window = load.drive(connections, effort.window_s)
        yield Measured(system=CONSTANT.name, operation="GET by id", connections=connections, window=window)
