"""One request, sent about a thing of another tenant and about one that never was: the answers must be the same."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import NamedTuple
from urllib.parse import quote, urlencode

import httpx
import msgspec

from directory.store.unit import Engine
from tests.directory.counting import counted_statements
from tests.portal.browsing import SAME_ORIGIN

Asked = Mapping[str, str]
"""What a request names, by what it is: ids, names, places in lists, hashes."""

TURNS = 6
"""So often each of the two is sent before they count as different: what moves by itself meets itself again."""

ONCE_A_SECOND = "k.digest"
"""In the statement that looks a secret up, whose answer is remembered for a second."""

UNCOMPARED = frozenset({"content-length", "date"})
"""Headers that say nothing the body does not, or only the time."""

MASKS: Sequence[tuple[re.Pattern[str], str]] = [
    (re.compile(r"[0-9a-f]{128}"), "TOKEN"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "ID"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "HASH"),
    (re.compile(r"\b[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}\b"), "REFERENCE"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)"), "TIME"),
    (re.compile(r"\d{1,2}:\d\d(?::\d\d)?"), "TIME"),
    (re.compile(r"\bjust now\b|\b\d+ (?:s|ms|min|second|minute)s?(?: ago)?\b"), "AGE"),
    (re.compile(r'W/\\?"\d+\\?"'), "VERSION"),
    (re.compile(r"rolebook=[\w-]+"), "COOKIE"),
]
"""What differs whenever something is asked again: ids that are made, references, times, form tokens, and versions of
one's own things that a probe changes."""


class Shot(NamedTuple):
    """One request; ``machine`` has no cookies."""

    method: str
    path: str
    headers: Mapping[str, str] = {}
    content: bytes | None = None
    machine: bool = False


@dataclass(frozen=True, slots=True)
class Probe:
    """Where something is named, the request that names it, and whose things it names."""

    place: str
    shoot: Callable[[Asked], Shot]
    theirs: Asked
    nobodys: Asked


class Seen(NamedTuple):
    """What came back, and what the database was asked for it."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: str
    statements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """Answers by which somebody can tell another tenant's thing from nothing."""

    place: str
    theirs: Seen
    nobodys: Seen

    def __str__(self) -> str:
        parts = [f"{self.place}: {self.theirs.status} and {self.nobodys.status}"]
        parts += differences("header", map(str, self.theirs.headers), map(str, self.nobodys.headers))
        parts += differences("body", self.theirs.body.split("\n"), self.nobodys.body.split("\n"))
        parts += differences("statement", self.theirs.statements, self.nobodys.statements)
        return "\n  ".join(parts)


@dataclass
class Prober:
    """Sends probes as one tenant's operator, or as its machines, and counts."""

    engine: Engine
    portal: httpx.AsyncClient
    machine: httpx.AsyncClient
    sent: int = 0
    probed: int = 0
    findings: list[Finding] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    """Answers of 500 and above."""

    async def run(self, probes: Iterable[Probe]) -> None:
        """Send them all."""
        for probe in probes:
            self.probed += 1
            finding = await self._compare(probe)
            if finding is not None:
                self.findings.append(finding)

    async def _compare(self, probe: Probe) -> Finding | None:
        nobodys: set[Seen] = set()
        theirs: set[Seen] = set()
        for _ in range(TURNS):
            nobodys.add(await self._see(probe, probe.nobodys))
            theirs.add(await self._see(probe, probe.theirs))
            if theirs & nobodys:
                return None
        return Finding(probe.place, min(theirs), min(nobodys))

    async def _see(self, probe: Probe, asked: Asked) -> Seen:
        shot = probe.shoot(asked)
        client = self.machine if shot.machine else self.portal
        with counted_statements(self.engine) as counted:
            answer = await client.request(shot.method, shot.path, headers=dict(shot.headers), content=shot.content)
        self.sent += 1
        if answer.status_code >= 500:
            self.faults.append(f"{probe.place}: {answer.status_code}")
        both = (*probe.theirs.items(), *probe.nobodys.items())
        headers = sorted(
            (name, masked(value, both)) for name, value in answer.headers.items() if name not in UNCOMPARED
        )
        body = masked(answer.text, both)
        if "/activity/export" in shot.path:  # tells of each export, this one too
            body = "\n".join(dict.fromkeys(body.split("\n")))
        statements = tuple(text for text in counted.texts if ONCE_A_SECOND not in text)
        return Seen(answer.status_code, tuple(headers), body, statements)


def masked(text: str, asked: Iterable[tuple[str, str]]) -> str:
    """Return an answer without what was asked for, now or before, and without what is made anew each time."""
    for name, value in sorted(asked, key=lambda one: -len(one[1])):
        for spelt in {value, quote(value, safe=""), quote(value), escape(value)}:
            text = text.replace(spelt, f"<{name}>")
    for pattern, word in MASKS:
        text = pattern.sub(word, text)
    return text


def differences(kind: str, theirs: Iterable[str], nobodys: Iterable[str]) -> list[str]:
    """Return the first few things that only one of the two has."""
    left, right = list(theirs), list(nobodys)
    found = [f"only theirs, {kind}: {one[:300]}" for one in left if one not in right]
    found += [f"only nobody's, {kind}: {one[:300]}" for one in right if one not in left]
    return found[:6]


def page(path: str, **headers: str) -> Shot:
    """Return the request for a page."""
    return Shot("GET", path, {name.replace("_", "-"): value for name, value in headers.items()})


def form(path: str, fields: Mapping[str, str]) -> Shot:
    """Return a form that is sent."""
    typed = {**SAME_ORIGIN, "Content-Type": "application/x-www-form-urlencoded"}
    return Shot("POST", path, typed, urlencode(fields).encode())


def call(method: str, path: str, token: str, body: object = None, **headers: str) -> Shot:
    """Return the request of a machine that has a secret."""
    named = {"Authorization": f"Bearer {token}"} | {name.replace("_", "-"): text for name, text in headers.items()}
    content = None if body is None else msgspec.json.encode(body)
    if content is not None:
        named["Content-Type"] = "application/json" if path.startswith("/api/") else "application/scim+json"
    return Shot(method, path, named, content, machine=True)
