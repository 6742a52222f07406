"""Whether a pull may begin: the connection works, and it is the directory that was pulled before."""

from datetime import datetime

from connectors.connector import Connector, Preflight, Step
from connectors.errors import Kind, SourceError
from directory.model import JsonObject
from directory.pulls import run_life
from directory.pulls.model import PullSource, Run
from directory.pulls.run_life import Identity

_KINDS: dict[str, Kind] = {"credentials": "auth", "permissions": "permission"}
"""What it is when a step fails without an error: an answer that says no."""


async def check_connection(connector: Connector, source: PullSource, run: Run, *, now: datetime) -> Identity:
    """Try the connection out, and keep on the run what was found; returns the directory that answered.

    Raises:
        SourceError: a step failed, or another directory answered than before: nothing of it is taken over.
    """
    found = await connector.preflight(now)
    expected = None if run.kind != "full" or found.users is None else found.users + (found.groups or 0)
    steps = [step_object(step) for step in found.steps]
    await run_life.note_check(run, [] if found.passed else steps, expected_count=expected or run.expected_count)
    _check_steps(found)
    before = (await run_life.read_identity(run)).key or source.identity
    if before is not None and found.identity != before:
        name = found.identity_name or found.identity or "No directory that says who it is"
        raise SourceError(
            "config",
            f"another directory answered: {name}, while what is here came from {source.identity_name or before}",
            remedy="Correct the configuration, or make a connection of its own for the other directory.",
        )
    identity = Identity(key=found.identity, name=found.identity_name, expires_at=found.credential_expires_at)
    await run_life.note_identity(run, identity)
    return identity


def step_object(step: Step) -> JsonObject:
    """Return a step as a run keeps it: the fields of ``directory.pulls.kinds.CheckStep``."""
    names = ("key", "words", "outcome", "detail", "remedy", "latency_ms")
    return {**{name: getattr(step, name) for name in names}, "missing": list(step.missing)}


def _check_steps(found: Preflight) -> None:
    for step in found.steps:
        if step.outcome == "failed":
            kind = step.kind or _KINDS.get(step.key, "config")
            words = step.detail or f"{step.words}: this failed"
            if step.missing:
                words = f"{words} (missing: {', '.join(step.missing)})"
            raise SourceError(kind, words, remedy=step.remedy)
