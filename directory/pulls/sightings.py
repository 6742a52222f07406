"""When a pulled source spoke of somebody last, and who those are whom a pull speaks of."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from directory.ids import time_of_id
from directory.model import SourceId, TenantId
from directory.pull_run import RunId
from directory.pulls.model import ObjectKind, Run, RunItem, SeenOp
from directory.store.pulls import sightings


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What a pulled source said last of one user."""

    run_id: RunId
    at: datetime
    """When that pull was asked for; pulls of what changed only speak of whom it concerns."""
    op: SeenOp
    reason: str
    in_scope: bool
    missing_run_id: RunId | None
    """The full pull that missed the user for the first time."""
    gone: bool
    """Whether the source says, or two full pulls show, that the user is there no more."""
    problem: str
    """Why what was said could not be applied."""


async def find_sighting(tenant_id: TenantId, source_id: SourceId, ext_id: str) -> Sighting | None:
    """Return what a source said last of a user; None: it never spoke of one of this id."""
    row = await sightings.find_sighting(tenant_id, source_id, "user", ext_id)
    if row is None:
        return None
    missing = row["missing_run_id"]
    return Sighting(
        run_id=RunId(row["run_id"]),
        at=time_of_id(row["run_id"]),
        op=row["op"],
        reason=row["reason"],
        in_scope=row["in_scope"],
        missing_run_id=None if missing is None else RunId(missing),
        gone=row["gone"],
        problem=row["problem"],
    )


async def named_here(run: Run, items: Sequence[RunItem]) -> list[RunItem]:
    """Return what a run does with whom that is here by now: who was only to be created has got an id since."""
    kinds: tuple[ObjectKind, ...] = ("user", "group")
    here = {
        kind: await sightings.ids_here(
            run.tenant_id, run.source_id, kind, [item.ext_id for item in items if item.kind == kind]
        )
        for kind in kinds
    }
    return [replace(item, subject_id=here[item.kind].get(item.ext_id)) for item in items]
