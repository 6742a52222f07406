"""One push into a super tenant that routes to twenty tenants, against the same push into a tenant by itself."""

import asyncio
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from benchmarks import people
from benchmarks.driving import Address, Load, Request
from benchmarks.roster import ROLEBOOK_POSTGRES, ROLEBOOK_SQLITE
from benchmarks.seeding import now, prepare
from benchmarks.systems import System, cpu_us, running
from benchmarks.tables import table
from benchmarks.throughput import database
from directory import tenants
from directory.routes.rules import Condition, RuleDraft, create_rule
from directory.store.unit import open_store

CONNECTIONS = 8
PUSH_S = 600.0
TENANTS = 20
WANTED_PERCENT = 60
COUNT = (
    "SELECT t.slug, count(*) FROM user_row u JOIN tenant_row t ON t.id = u.tenant_id"
    " WHERE u.deleted_at IS NULL GROUP BY t.slug"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """What was found on one database."""

    system: str
    people: int
    single_rate: float
    """Right answers per second into a tenant that routes nothing."""
    routed_rate: float
    single_cpu_us: float
    routed_cpu_us: float

    @property
    def percent(self) -> float:
        """The rate with routing in percent of the one without."""
        return 100 * self.routed_rate / self.single_rate


def measure_routed(postgres: str, count: int) -> Iterator[Routed]:
    """Yield how fast so many people are pushed on both databases, with and without tenants to route to.

    Raises:
        RuntimeError: a push was not taken, or somebody is not where the rules lead.
    """
    for system in (ROLEBOOK_SQLITE, ROLEBOOK_POSTGRES):
        single_rate, single_us = _push(system, postgres, count, tenant_count=0)
        routed_rate, routed_us = _push(system, postgres, count, tenant_count=TENANTS)
        yield Routed(
            system=system.name,
            people=count,
            single_rate=single_rate,
            routed_rate=routed_rate,
            single_cpu_us=single_us,
            routed_cpu_us=routed_us,
        )


def _push(system: System, postgres: str, count: int, *, tenant_count: int) -> tuple[float, float]:
    """Push into a fresh server; returns right answers per second, and processor time for each in microseconds."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name, ExitStack() as stack:
        folder = Path(name)
        on_postgres = system is ROLEBOOK_POSTGRES
        database_url = stack.enter_context(database(postgres)) if on_postgres else f"sqlite:///{folder / 'it.sqlite'}"
        token = asyncio.run(_set_up(database_url, tenant_count))
        server = stack.enter_context(running(system, folder, database_url, token))
        target = Address(port=server.port, base=system.base, token=server.token)
        load = Load(folder / "push.bin", target, _creations(target, count), wraps=False)
        before_us = cpu_us(server.pid)
        window = load.drive(CONNECTIONS, PUSH_S)
        used_us = cpu_us(server.pid) - before_us
        if window.ok != count:
            raise RuntimeError(f"{window.ok} of {count} people were taken: {window.first_wrong}")
        _check_led(asyncio.run(_counts(database_url)), count, tenant_count)
    return window.rate, used_us / count


async def _set_up(database_url: str, tenant_count: int) -> str:
    """Make a tenant with a source, and tenants below it with a rule for each; returns the secret."""
    seeded = await prepare(database_url)
    async with open_store(database_url):
        above = await tenants.find_tenant("contoso")
        if above is None:
            raise RuntimeError("there is no tenant to push to")
        by = tenants.system_actor(above, "benchmark")
        for number in range(tenant_count):
            below = await tenants.create_tenant(f"Branch {number}", parent_slug=above.slug, now=now())
            condition = Condition(kind="domain", values=(_realm(number),))
            await create_rule(RuleDraft(condition=condition, goes_to=(below.tenant_id,)), by=by, now=now())
    return seeded.token


def _realm(number: int) -> str:
    return f"branch-{number}.example"


def _creations(target: Address, count: int) -> Iterator[Request]:
    """Entra creates people, each of another branch than the one before."""
    for number in range(count):
        realm = _realm(number % TENANTS)
        body = people.entra_user(number, realm)
        marker = people.user_name(number, realm)
        yield Request(method="POST", path=f"{target.base}/Users", body=body, statuses=(201,), marker=marker)


async def _counts(database_url: str) -> Mapping[str, int]:
    """Return how many people each tenant has."""
    if database_url.startswith("sqlite:///"):
        with sqlite3.connect(database_url.removeprefix("sqlite:///")) as connection:
            return dict(connection.execute(COUNT))
    connected = await asyncpg.connect(database_url)
    try:
        return {row[0]: row[1] for row in await connected.fetch(COUNT)}
    finally:
        await connected.close()


def _check_led(counts: Mapping[str, int], count: int, tenant_count: int) -> None:
    """Make sure that everybody is in the super tenant, and in the one that the rules lead to."""
    wanted = {"contoso": count, **{f"branch-{number}": count // TENANTS for number in range(tenant_count)}}
    if dict(counts) != wanted:
        raise RuntimeError(f"people are elsewhere than the rules lead: {dict(counts)}")


def routed_table(found: Sequence[Routed]) -> str:
    """Return how the two pushes compare."""
    head = ["database", "into one tenant", f"routed to {TENANTS}", "of the rate", "wanted", "processor time"]
    rows = [
        [
            one.system,
            f"{one.single_rate:,.0f}/s",
            f"{one.routed_rate:,.0f}/s",
            f"{one.percent:.0f} %",
            f"≥ {WANTED_PERCENT} %",
            f"{one.single_cpu_us:,.0f} → {one.routed_cpu_us:,.0f} µs",
        ]
        for one in found
    ]
    return table(head, rows)
