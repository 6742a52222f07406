"""Requests of a grammar, and broken ones: no answer is a fault, and both databases answer alike."""

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from tests.scim.conformance.fuzzing import Tally, tally_of
from tests.scim.conformance.grammar import Grammar
from tests.scim.conformance.mangling import Mangler
from tests.scim.conformance.twins import Request, twins

pytestmark = pytest.mark.anyio

SHARE, WHOLE = 1_000, 20_000
KINDS: dict[str, Callable[[Random], Callable[[], Request]]] = {
    "grammar": lambda random: Grammar(random).request,
    "broken": lambda random: Mangler(random).request,
}
REPORT = Path(__file__).parents[3] / "reports" / "fuzz.txt"


async def tally(kind: str, count: int, urls: list[str]) -> Tally:
    """Send requests of a kind to a tenant on each database; the same count makes the same requests."""
    async with twins(urls, "entra") as pair:
        return await tally_of(KINDS[kind](Random(f"{kind} {count}")), count, pair)


@pytest.mark.parametrize("kind", KINDS)
async def test_databases_answer_alike_and_without_fault(kind: str, sqlite_url: str, own_postgres_url: str) -> None:
    found = await tally(kind, SHARE, [sqlite_url, own_postgres_url])
    assert (found.faults[:3], found.differences[:3]) == ([], [])


@pytest.mark.battery
@pytest.mark.parametrize("kind", KINDS)
async def test_databases_answer_alike_however_long(kind: str, sqlite_url: str, own_postgres_url: str) -> None:
    found = await tally(kind, WHOLE, [sqlite_url, own_postgres_url])
    REPORT.parent.mkdir(exist_ok=True)
    with REPORT.open("a", encoding="utf-8") as file:
        file.write(f"{found.report(kind)}\n")
    assert (found.faults[:3], found.differences[:3]) == ([], [])
