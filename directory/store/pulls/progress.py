"""Rows of runs as planning and applying carry them on: how far they are, what they counted, and samples of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from directory.model import SourceId, TenantId
from directory.pull_run import RunId
from directory.store.compiled import Statement
from directory.store.insert import Insert, Values
from directory.store.tables import columns_of
from directory.store.tables_pulls import RunItemRow
from directory.store.unit import execute, fetch

_READ = Statement(
    "SELECT reached, done_count, to_do_count, counts, why, plan_hash, phase FROM run_row"
    " WHERE tenant_id = $1::uuid AND id = $2::uuid"
)
_WRITE = Statement(
    "UPDATE run_row SET reached = $3::text, done_count = $4::bigint, to_do_count = $5::bigint, counts = $6::text,"
    " why = $7::text, plan_hash = $8::text, phase = $9::text, beat_at = $10::timestamptz, stuck_count = 0"
    " WHERE tenant_id = $1::uuid AND id = $2::uuid"
)
_STREAMS = Statement(
    "SELECT stream, done, whole FROM pull_cursor_row"
    " WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND run_id = $3::uuid"
)
_FORGET_ITEMS = Statement("DELETE FROM run_item_row WHERE tenant_id = $1::uuid AND run_id = $2::uuid")
_ITEMS = Insert("run_item_row", columns_of(RunItemRow))


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far planning or applying of a run is."""

    reached: str
    done_count: int = 0
    to_do_count: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    why: dict[str, list[int]] = field(default_factory=dict)
    plan_hash: str = ""
    phase: str = ""


async def read_progress(tenant_id: TenantId, run_id: RunId) -> Progress:
    """Return how far a run is."""
    (row,) = await fetch(_READ, tenant_id, run_id)
    return Progress(
        reached=row["reached"],
        done_count=row["done_count"],
        to_do_count=row["to_do_count"],
        counts=msgspec.json.decode(row["counts"], type=dict[str, int]),
        why={} if row["why"] is None else msgspec.json.decode(row["why"], type=dict[str, list[int]]),
        plan_hash=row["plan_hash"],
        phase=row["phase"],
    )


async def write_progress(tenant_id: TenantId, run_id: RunId, progress: Progress, *, now: datetime) -> None:
    """Keep how far a run is, in the unit that brought it there."""
    await execute(
        _WRITE,
        tenant_id,
        run_id,
        progress.reached,
        progress.done_count,
        progress.to_do_count,
        _text(progress.counts),
        _text(progress.why) if progress.why else None,
        progress.plan_hash,
        progress.phase,
        now,
    )


async def list_streams(tenant_id: TenantId, source_id: SourceId, run_id: RunId) -> dict[str, bool]:
    """Return the streams of a run, and whether each came to its end and gave everything there is."""
    rows = await fetch(_STREAMS, tenant_id, source_id, run_id)
    return {row["stream"]: bool(row["done"] and row["whole"]) for row in rows}


async def forget_items(tenant_id: TenantId, run_id: RunId) -> None:
    """Drop what a plan that is begun anew had noted."""
    await execute(_FORGET_ITEMS, tenant_id, run_id, unbounded=True)


async def add_items(tenant_id: TenantId, run_id: RunId, items: Iterable[Values]) -> None:
    """Note what a run would do: (seq, kind, action, ext id, subject, label, detail, changes as JSON) of each."""
    await _ITEMS((tenant_id, run_id, *one) for one in items)


def _text(value: Mapping[str, object]) -> str:
    return msgspec.json.encode(value).decode()
