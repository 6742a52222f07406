"""Runs of pulled sources: asked for, cancelled, and looked at."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict, Unpack
from uuid import UUID

from directory.commit import commit_events, in_unit_of
from directory.errors import InvalidError, NotFoundError
from directory.ids import new_id
from directory.model import Actor, JsonValue, SourceId, TenantId
from directory.plan import Event, changed_attributes
from directory.pull_run import RunId
from directory.pulls.model import Action, ObjectKind, Run, RunCause, RunItem, RunKind
from directory.pulls.run_rows import item_from, run_from
from directory.store.pulls import run_lists, staged
from directory.store.pulls import runs as rows

USER_KEY_MAX = 320
KINDS: dict[RunKind, str] = {"delta": "what changed", "full": "everything", "one": "one person"}
_LAST = RunId(UUID(int=(1 << 128) - 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReject:
    """An object that a run could not take over."""

    kind: ObjectKind
    ext_id: str
    reason: str


class Wanted(TypedDict, total=False):
    """What else may be said of a pull when it is asked for."""

    dry: bool
    """Stop once it is known what would change."""
    user_key: str | None
    """Of a pull of one person: the user name or the source's id."""


async def ask_run(
    source_id: SourceId, kind: RunKind, *, cause: RunCause, by: Actor, now: datetime, **wanted: Unpack[Wanted]
) -> Run:
    """Ask for a pull; the one that was asked for before if it has not ended, so that asking twice gives the same.

    What a schedule asks for is told nobody; anybody else's wish is an event.

    Raises:
        NotFoundError: the tenant has no such pulled source.
        InvalidError: a pull of one person does not say of whom.
        ForbiddenError: the actor may not manage sources.
    """
    by.require("sources:manage")
    dry = wanted.get("dry", False)
    key = _checked_key(wanted.get("user_key")) if kind == "one" else None

    async def body() -> Run:
        label = await rows.hold_source(by.tenant_id, source_id)
        if label is None:
            raise NotFoundError("source", source_id)
        for run in map(run_from, await rows.list_open_of(by.tenant_id, source_id)):
            if (run.kind, run.dry, run.user_key) == (kind, dry, key) and not run.cancel_asked:
                return run
        run_id = RunId(new_id(now))
        new = (by.tenant_id, run_id, source_id, kind, dry, key, cause, "asked", now, by.user_id, by.label)
        await rows.insert_run(new)
        if cause in {"operator", "command line"}:
            await _tell("asked", source_id, label, {"pull": KINDS[kind], "dry run": dry or None}, by=by, now=now)
        return await get_run(by.tenant_id, run_id)

    return await in_unit_of(by, body)


async def ask_cancel(run_id: RunId, *, by: Actor, now: datetime) -> Run:
    """Ask for the end of a pull: at once if nobody has begun it, else behind the page or batch that is under way.

    Asking again, or for the end of what is over, changes nothing.

    Raises:
        NotFoundError: the tenant has no such run.
        ForbiddenError: the actor may not manage sources.
    """
    by.require("sources:manage")

    async def body() -> Run:
        run = await get_run(by.tenant_id, run_id)
        words = f"Cancelled by {by.label} before it began."
        if await rows.ask_cancel(by.tenant_id, run_id, words, now=now):
            label = await rows.hold_source(by.tenant_id, run.source_id)
            await _tell("cancelled", run.source_id, label or "", {"pull": KINDS[run.kind]}, by=by, now=now)
        return await get_run(by.tenant_id, run_id)

    return await in_unit_of(by, body)


async def get_run(tenant_id: TenantId, run_id: RunId) -> Run:
    """Return a run.

    Raises:
        NotFoundError: the tenant has none of this id.
    """
    row = await rows.find_run(tenant_id, run_id)
    if row is None:
        raise NotFoundError("pull", run_id)
    return run_from(row)


async def current_run(tenant_id: TenantId, source_id: SourceId) -> Run | None:
    """Return the run of a source that is under way, or else the one that comes next; None if nothing was asked for."""
    found = await rows.list_open_of(tenant_id, source_id)
    return run_from(found[0]) if found else None


async def list_runs(tenant_id: TenantId, source_id: SourceId, *, before: RunId | None = None, limit: int) -> list[Run]:
    """Return the runs of a source, the newest first."""
    found = await rows.list_runs(tenant_id, source_id, before=before or _LAST, limit=limit)
    return [run_from(row) for row in found]


async def list_items(
    tenant_id: TenantId, run_id: RunId, *, action: Action | None = None, after: int | None = None, limit: int
) -> list[RunItem]:
    """Return what a run would do, or did, to single objects, behind the item numbered ``after``."""
    at = -1 if after is None else after
    return [item_from(row) for row in await run_lists.list_items(tenant_id, run_id, action, after=at, limit=limit)]


async def list_rejects(
    tenant_id: TenantId, run_id: RunId, *, after: tuple[str, str] | None = None, limit: int
) -> list[RunReject]:
    """Return objects that a run could not take over, behind (kind, ext id)."""
    found = await staged.list_rejects(tenant_id, run_id, after or ("", ""), limit=limit)
    return [RunReject(kind=row["kind"], ext_id=row["ext_id"], reason=row["reason"]) for row in found]


def _checked_key(user_key: str | None) -> str:
    key = (user_key or "").strip()
    if not key or len(key) > USER_KEY_MAX or not key.isprintable():
        raise InvalidError("user_key", f"must be a user name or an id of at most {USER_KEY_MAX} characters")
    return key


async def _tell(
    what: str, source_id: SourceId, label: str, told: dict[str, JsonValue], *, by: Actor, now: datetime
) -> None:
    event = Event(
        action=f"source:pull:{what}",
        subject_kind="source",
        subject_id=source_id,
        subject_label=label,
        changes=changed_attributes({}, told),
    )
    await commit_events((event,), by=by, now=now)
