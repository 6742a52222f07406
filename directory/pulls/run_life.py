"""The life of a run, as whoever holds its source's lease writes it: begun or resumed, fetching to applying, ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from directory.errors import NotFoundError
from directory.model import JsonObject, SourceId, TenantId
from directory.pull_run import RunId
from directory.pulls.model import Run, RunState
from directory.pulls.run_rows import run_from, text_of
from directory.store.pulls import runs as rows
from directory.store.pulls import staged
from directory.store.unit import in_unit

Stage = Literal["fetching", "planning", "applying"]
End = Literal["done", "failed", "cancelled"]

STUCK_MAX = 5
"""So often in a row a run may be left by those who work on it without getting on; then it ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What went wrong, in words that an administrator can act on."""

    kind: str | None
    words: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Which directory answered, and until when it takes our credential."""

    key: str | None = None
    name: str = ""
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """How far the fetching of a run is, beside its pages."""

    request_count: int = 0
    waited_ms: int = 0
    waiting: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a run ended."""

    state: End
    timings: Mapping[str, float] = field(default_factory=dict)
    problem: Problem | None = None


async def list_next_runs(now: datetime, *, limit: int) -> list[tuple[TenantId, SourceId, RunId]]:
    """Return of each source, whichever tenant's, the run that somebody may work on now."""
    return [
        (TenantId(row["tenant_id"]), SourceId(row["source_id"]), RunId(row["id"]))
        for row in await rows.list_next(now, limit=limit)
    ]


async def begin(tenant_id: TenantId, run_id: RunId, *, now: datetime) -> tuple[Run, bool]:
    """Take a run up, and tell whether it was left too often without getting on.

    Raises:
        NotFoundError: it is over.
    """

    async def body() -> tuple[Run, bool]:
        stuck_count = await rows.begin(tenant_id, run_id, now=now)
        row = await rows.find_run(tenant_id, run_id)
        if stuck_count is None or row is None:
            raise NotFoundError("pull under way", run_id)
        return run_from(row), stuck_count > STUCK_MAX

    return await in_unit(tenant_id, body)


async def note_progress(run: Run, beat: Beat, *, now: datetime) -> None:
    """Note that a run lives, what it asked and why it waits."""

    async def body() -> None:
        await rows.note_beat(run.tenant_id, run.run_id, (beat.request_count, beat.waited_ms, beat.waiting), now=now)

    await in_unit(run.tenant_id, body)


async def is_cancel_asked(run: Run) -> bool:
    """Tell whether somebody wants a run to end; a read that no writer waits for."""
    return await rows.is_cancel_asked(run.tenant_id, run.run_id)


async def enter_stage(run: Run, state: Stage, phase: str, *, timings: Mapping[str, float], now: datetime) -> Run:
    """Bring a run into its next stage; entering the one where it is changes nothing but words."""

    async def body() -> Run:
        await rows.enter(run.tenant_id, run.run_id, (state, phase, text_of(timings)), now=now)
        return await reread(run)

    return await in_unit(run.tenant_id, body)


async def set_phase(run: Run, phase: str) -> None:
    """Say what a run does now."""

    async def body() -> None:
        await rows.name_phase(run.tenant_id, run.run_id, phase)

    await in_unit(run.tenant_id, body)


async def read_identity(run: Run) -> Identity:
    """Return which directory answered in this run, of however many processes that work on it."""
    row = await rows.find_run(run.tenant_id, run.run_id)
    if row is None:
        raise NotFoundError("pull", run.run_id)
    return Identity(key=row["identity"], name=row["identity_name"], expires_at=row["credential_expires_at"])


async def note_identity(run: Run, identity: Identity) -> None:
    """Keep which directory answers."""

    async def body() -> None:
        found = (identity.key, identity.name, identity.expires_at)
        await rows.note_identity(run.tenant_id, run.run_id, *found)

    await in_unit(run.tenant_id, body)


async def note_rejects(run: Run) -> None:
    """Count what a run whose streams have ended could not take over."""
    count = await staged.count_rejects(run.tenant_id, run.run_id)

    async def body() -> None:
        await rows.note_counts(run.tenant_id, run.run_id, text_of({"rejected": count} if count else {}))

    await in_unit(run.tenant_id, body)


async def note_check(run: Run, steps: Sequence[JsonObject], *, expected_count: int | None) -> None:
    """Keep the steps that were tried for a run, and how many objects are to come."""

    async def body() -> None:
        await rows.note_check(run.tenant_id, run.run_id, text_of(list(steps)), expected_count)

    await in_unit(run.tenant_id, body)


async def warn(run: Run, problem: Problem) -> None:
    """Keep what is wrong with a run that goes on all the same."""

    async def body() -> None:
        await rows.warn(run.tenant_id, run.run_id, (problem.kind, problem.words, problem.remedy))

    await in_unit(run.tenant_id, body)


async def put_off(run: Run, until: datetime, words: str, *, now: datetime) -> None:
    """Let a run go on from where it is, not before ``until``."""

    async def body() -> None:
        await rows.put_off(run.tenant_id, run.run_id, until, words, now=now)

    await in_unit(run.tenant_id, body)


async def end_run(run: Run, ended: Ended, *, now: datetime) -> bool:
    """End a run; False if it was over before."""

    async def body() -> bool:
        if ended.problem is not None:
            await rows.warn(run.tenant_id, run.run_id, (ended.problem.kind, ended.problem.words, ended.problem.remedy))
        return await rows.end(run.tenant_id, run.run_id, ended.state, text_of(ended.timings), now=now)

    return await in_unit(run.tenant_id, body)


async def reread(run: Run) -> Run:
    """Return a run as it is now.

    Raises:
        NotFoundError: it is there no more.
    """
    row = await rows.find_run(run.tenant_id, run.run_id)
    if row is None:
        raise NotFoundError("pull", run.run_id)
    return run_from(row)


def is_over(state: RunState) -> bool:
    """Whether nothing more comes of a run."""
    return state in {"done", "failed", "cancelled"}
