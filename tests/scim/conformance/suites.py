"""Requests and assertions of public suites, kept as data in ``tests/idp/suites``, and what reads them."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import uuid4

import httpx
import msgspec

from directory.model import Preset
from tests.scim.clients import Client
from tests.scim.golden import filled

FOLDER = Path(__file__).parents[2] / "idp" / "suites"
_PLACE = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


class Step(msgspec.Struct, forbid_unknown_fields=True):
    """One request and what its suite asserts of the answer.

    ``body`` may take a body of the suite by ``$use`` and add to it; ``text`` is sent as it is. ``checks`` are lists of
    a property, a comparison and its operand. ``keep`` names values for later steps. ``ours``: the suite asserts no
    status, we do. ``added``: the suite does not have the step.
    """

    name: str
    method: str
    path: str
    status: int
    body: dict[str, Any] | None = None
    text: str | None = None
    headers: dict[str, str] = {}
    checks: list[list[Any]] = []
    keep: dict[str, str] = {}
    ours: bool = False
    added: bool = False


class Suite(msgspec.Struct, forbid_unknown_fields=True):
    """The steps of one suite, for a source of one preset."""

    about: str
    source: str
    preset: Preset
    bodies: dict[str, dict[str, Any]]
    steps: list[Step]

    @property
    def assertion_count(self) -> int:
        """How many assertions of the suite's own there are."""
        return sum(len(step.checks) + (not step.ours) for step in self.steps if not step.added)

    @property
    def request_count(self) -> int:
        """How many requests of the suite's own there are."""
        return sum(not step.added for step in self.steps)


def read_suite(name: str) -> Suite:
    """Return the suite of that name."""
    return msgspec.json.decode((FOLDER / f"{name}.json").read_bytes(), type=Suite)


def value_at(body: Any, place: str) -> Any:  # noqa: ANN401 any JSON
    """Return what stands at a place such as ``Resources[0].id``; None for what is not there."""
    for name, position in _PLACE.findall(place):
        if position:
            body = body[int(position)] if isinstance(body, list) and int(position) < len(body) else None
        else:
            body = body.get(name) if isinstance(body, dict) else None
    return body


COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "equal": lambda found, wanted: bool(found == wanted and type(found) is type(wanted)),
    "not_empty": lambda found, _: found not in (None, "", [], {}),
    "absent": lambda found, _: found is None,
    "number": lambda found, _: isinstance(found, int) and not isinstance(found, bool),
    "has": lambda found, wanted: isinstance(found, list) and wanted in found,
    "text_has": lambda found, wanted: wanted in found,
    "text_lacks": lambda found, wanted: wanted not in found,
}


async def failures_of(suite: Suite, client: Client, known: dict[str, str]) -> list[str]:
    """Play a suite and return what was not as it asserts; ``known`` are values that its steps name in braces."""
    failures = []
    for step in suite.steps:
        began = perf_counter()
        response = await _sent(suite, step, client, known)
        elapsed_ms = (perf_counter() - began) * 1000
        failures += [f"{step.name}: {words}" for words in _wrong(step, response, elapsed_ms, known)]
        body = _body(response)
        known |= {name: str(value_at(body, place)) for name, place in step.keep.items()}
    return failures


async def _sent(suite: Suite, step: Step, client: Client, known: dict[str, str]) -> httpx.Response:
    body: object = None if step.text is None else step.text.encode()
    if step.body is not None:
        sent = dict(step.body)
        body = filled({**suite.bodies.get(sent.pop("$use", ""), {}), **sent}, {**known, "guid": str(uuid4())})
    headers = {"content-type": "application/json"} | step.headers if body is not None else step.headers
    named = {name.replace("-", "_"): value for name, value in headers.items()}
    return await client.send(step.method, filled(step.path, known), body, **named)


def _body(response: httpx.Response) -> Any:  # noqa: ANN401 any JSON
    return response.json() if response.content else None


def _wrong(step: Step, response: httpx.Response, elapsed_ms: float, known: dict[str, str]) -> list[str]:
    if response.status_code != step.status:
        return [f"status {response.status_code}, not {step.status}: {response.text[:300]}"]
    body, wrong = _body(response), []
    for place, comparison, *operands in step.checks:
        wanted: Any = filled(operands[0], known) if operands else None
        if comparison == "below_ms":
            if elapsed_ms >= wanted:
                wrong.append(f"took {elapsed_ms:.0f} ms")
            continue
        found = response.text if comparison.startswith("text_") else value_at(body, place)
        if not COMPARISONS[comparison](found, wanted):
            wrong.append(f"{place} is {str(found)[:300]!r}: {comparison} {wanted!r}")
    return wrong
