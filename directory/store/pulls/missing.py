"""Reads and writes of whom a whole pull did not find."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from directory.model import SourceId, TenantId
from directory.pull_run import RunId
from directory.store.compiled import Statement
from directory.store.unit import execute, fetch

MISSING_BATCH = 1_000
_OF_KIND = "tenant_id = $1::uuid AND source_id = $2::uuid AND kind = $3::text"
_KNOWN = Statement(
    f"SELECT count(*) AS known FROM (SELECT 1 FROM seen_row WHERE {_OF_KIND} AND op = 'upsert' AND NOT gone"
    " LIMIT $4::bigint) AS few"
)
_MISSING = Statement(
    f"SELECT ext_id FROM seen_row WHERE {_OF_KIND} AND ext_id > $5::text AND run_id <> $4::uuid"
    f" AND missing_run_id IS NULL AND NOT gone AND op <> 'purged' ORDER BY ext_id LIMIT {MISSING_BATCH}"
)
# The index of the missing leads to them: where most people were found again they are few.
_MISSING_AGAIN = (
    "SELECT ext_id FROM seen_row{index} WHERE {of_kind} AND ext_id > $5::text AND missing_run_id IS NOT NULL"
    " AND missing_run_id <> $4::uuid AND run_id <> $4::uuid AND NOT gone"
    " AND (op <> 'soft_deleted' OR missing_at < $6::timestamptz) ORDER BY ext_id LIMIT {limit}"
)
_AGAIN = Statement(
    _MISSING_AGAIN.format(index="", of_kind=_OF_KIND, limit=MISSING_BATCH),
    sqlite=_MISSING_AGAIN.format(index=" INDEXED BY seen_missing", of_kind=_OF_KIND, limit=MISSING_BATCH),
)
_NOTE_MISSING = Statement(
    "UPDATE seen_row SET missing_run_id = $4::uuid, missing_at = $6::timestamptz"
    f" WHERE {_OF_KIND} AND ext_id = ANY($5::text[])"
)
_NOTE_GONE = Statement(
    "UPDATE seen_row SET gone = TRUE, pending = TRUE, missing_run_id = coalesce($5::uuid, missing_run_id)"
    f" WHERE {_OF_KIND} AND ext_id = ANY($4::text[])"
)
_OF_TRIAL = (
    "SELECT ext_id FROM seen_row{index} WHERE {of_kind} AND missing_run_id IS NOT NULL AND missing_run_id = $4::uuid"
    " LIMIT {limit}"
)
_TRIED = Statement(
    _OF_TRIAL.format(index="", of_kind=_OF_KIND, limit=MISSING_BATCH),
    sqlite=_OF_TRIAL.format(index=" INDEXED BY seen_missing", of_kind=_OF_KIND, limit=MISSING_BATCH),
)
# Whoever a trial found gone was missing from a whole pull before it; which one that was does not matter any more.
_TAKE_BACK = Statement(
    "UPDATE seen_row SET missing_run_id = CASE WHEN gone THEN $5::uuid END,"
    " missing_at = CASE WHEN gone THEN missing_at END, gone = FALSE"
    f" WHERE {_OF_KIND} AND ext_id = ANY($4::text[])"
)
_EARLIER = RunId(UUID(int=0))

Place = tuple[TenantId, SourceId, str]
"""Tenant, source and kind of object."""


async def count_known(place: Place, limit: int) -> int:
    """Return how many objects the source has given and not taken back; ``limit`` when there are as many or more."""
    rows = await fetch(_KNOWN, *place, limit, unbounded=True)
    return int(rows[0]["known"])


async def list_missing(place: Place, run_id: RunId, after: str) -> list[str]:
    """Return the next objects that a run has not seen, and none before it missed, in the order of their ids."""
    return [row["ext_id"] for row in await fetch(_MISSING, *place, run_id, after, unbounded=True)]


async def list_missing_again(place: Place, run_id: RunId, after: str, *, lapsed_at: datetime) -> list[str]:
    """Return the next objects that neither a run nor one before it has seen, in the order of their ids.

    Of those that may be restored only whoever was missing at ``lapsed_at`` already.
    """
    return [row["ext_id"] for row in await fetch(_AGAIN, *place, run_id, after, lapsed_at, unbounded=True)]


async def note_missing(place: Place, run_id: RunId, ext_ids: Sequence[str], *, now: datetime) -> None:
    """Note that a run missed these objects, for the first time."""
    await execute(_NOTE_MISSING, *place, run_id, ext_ids, now, unbounded=True)


async def note_gone(place: Place, ext_ids: Sequence[str], *, trial: RunId | None) -> None:
    """Note that these objects are gone, and that this is to be applied; ``trial``: a dry run, which takes it back."""
    await execute(_NOTE_GONE, *place, ext_ids, trial, unbounded=True)


async def take_back_some(place: Place, trial: RunId) -> int:
    """Take back some of what a dry run noted of whom it did not find; returns of how many, 0 when none is left."""
    found = [row["ext_id"] for row in await fetch(_TRIED, *place, trial, unbounded=True)]
    if found:
        await execute(_TAKE_BACK, *place, found, _EARLIER, unbounded=True)
    return len(found)
