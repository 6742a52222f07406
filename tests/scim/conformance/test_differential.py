"""Random sequences of requests to us and to scim2-server: equal answers, or a difference that is a decision."""

from collections import Counter
from pathlib import Path
from random import Random
from uuid import uuid4

import pytest

from tests.scim.clients import client_of
from tests.scim.conformance.decisions import COMPUTED_REFERENCES, DECISIONS
from tests.scim.conformance.oracle import Answer, Side, oracle_on, provider_for
from tests.scim.conformance.sequences import Sequences
from tests.scim.conformance.twins import Request

pytestmark = pytest.mark.anyio

SHARE, WHOLE, LENGTH = 20, 300, 40
ROOT = Path(__file__).parents[3]


def decision_for(request: Request, ours: Answer, theirs: Answer) -> str | None:
    """Return the name of the decision that explains a difference."""
    return next((one.name for one in DECISIONS if one.explains(request, ours, theirs)), None)


async def asked(sides: tuple[Side, Side], request: Request) -> list[Answer]:
    """Send a request to both; of a PATCH that both accept, return what it made of the resource."""
    answers = [await side.send(request) for side in sides]
    if request.method == "PATCH" and all(answer.status < 300 for answer in answers):
        return [await side.send(Request(method="GET", path=request.path)) for side in sides]
    return answers


async def unexplained(sides: tuple[Side, Side], seed: int, met: Counter[str]) -> list[str]:
    """Send one sequence to both; it ends where a decision lets what they hold drift apart."""
    sequence = Sequences(Random(seed))
    for _ in range(LENGTH):
        request = sequence.next()
        ours, theirs = await asked(sides, request)
        sequence.heard(request, ours.status)
        met["requests"] += 1
        if ours == theirs:
            continue
        name = decision_for(request, ours, theirs)
        if name is None:
            return [f"seed {seed}: {request}\n  ours   {ours}\n  theirs {theirs}"]
        met[name] += 1
        if request.method != "GET" and (ours.status < 300 or theirs.status < 300):
            return []
    return []


async def check(count: int) -> None:
    met: Counter[str] = Counter()
    found = []
    async with client_of("strict") as client:
        provider = await provider_for(client)
    for seed in range(count):
        async with client_of("strict", f"t-{uuid4().hex[:12]}") as client, oracle_on(provider) as oracle:
            found += await unexplained((Side(client.http, "/scim/v2"), oracle), seed, met)
    assert found == []
    assert met["requests"] > count * LENGTH / 2
    needless = {one.name for one in DECISIONS} - met.keys()
    assert count < WHOLE or needless == set()


@pytest.mark.usefixtures("store")
async def test_answers_equal_the_oracles_or_differ_by_decision() -> None:
    await check(SHARE)


@pytest.mark.battery
@pytest.mark.usefixtures("store")
async def test_answers_equal_the_oracles_however_many_sequences_there_are() -> None:
    await check(WHOLE)


def test_decisions_are_documented() -> None:
    text = " ".join((ROOT / "docs" / "scim-divergences.md").read_text(encoding="utf-8").split())
    missing = [reason for reason in (COMPUTED_REFERENCES, *(one.reason for one in DECISIONS)) if reason not in text]
    assert missing == []
