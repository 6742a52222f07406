"""Reads and writes of runs: what was asked for, who works on it, and how far it is."""

from collections.abc import Sequence
from datetime import datetime

from directory.model import SourceId, TenantId
from directory.pull_run import RunId
from directory.store.compiled import Statement
from directory.store.insert import Insert
from directory.store.resting import awake
from directory.store.tables import columns_of
from directory.store.tables_pulls import RunRow
from directory.store.unit import Row, execute, fetch, fetch_one

_OPEN = "state IN ('asked', 'fetching', 'planning', 'applying')"
_HOLD_SOURCE = Statement(
    "SELECT label FROM source_row WHERE tenant_id = $1::uuid AND id = $2::uuid AND EXISTS (SELECT 1 FROM pull_row p"
    " WHERE p.tenant_id = source_row.tenant_id AND p.source_id = source_row.id) FOR NO KEY UPDATE"
)
_INSERT = Insert(
    "run_row",
    columns_of(
        RunRow,
        *("tenant_id", "id", "source_id", "kind", "dry", "user_key", "cause", "state"),
        *("asked_at", "asked_by", "asked_label"),
    ),
)
_FIND = Statement("SELECT * FROM run_row WHERE tenant_id = $1::uuid AND id = $2::uuid")
_HOLD = Statement("SELECT * FROM run_row WHERE tenant_id = $1::uuid AND id = $2::uuid FOR NO KEY UPDATE")
_OPEN_OF = Statement(
    f"SELECT * FROM run_row WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND {_OPEN}"
    " ORDER BY CASE WHEN state = 'asked' THEN 1 ELSE 0 END, CASE WHEN kind = 'one' THEN 0 ELSE 1 END, id"
)
_LIST = Statement(
    "SELECT * FROM run_row WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND id < $3::uuid"
    " ORDER BY id DESC LIMIT $4::bigint"
)
# Of each source the one that comes next: what is under way, then single people, then what was asked first.
_NEXT = Statement(
    "SELECT tenant_id, id, source_id FROM (SELECT tenant_id, id, source_id, asked_at, not_before, cancel_asked,"
    " row_number() OVER (PARTITION BY source_id ORDER BY CASE WHEN state = 'asked' THEN 1 ELSE 0 END,"
    f" CASE WHEN kind = 'one' THEN 0 ELSE 1 END, id) AS place FROM run_row WHERE {_OPEN} AND {awake('tenant_id')})"
    " AS waiting"
    " WHERE place = 1 AND (cancel_asked OR not_before IS NULL OR not_before <= $1::timestamptz)"
    " ORDER BY asked_at LIMIT $2::bigint",
    house=True,
)
_BEGIN = Statement(
    "UPDATE run_row SET started_at = coalesce(started_at, $3::timestamptz), beat_at = $3::timestamptz,"
    " not_before = NULL, waiting = '', state = CASE WHEN state = 'asked' THEN 'fetching' ELSE state END,"
    " phase = CASE WHEN state = 'asked' THEN 'Connecting' ELSE phase END,"
    " resumed_count = resumed_count + CASE WHEN state = 'asked' THEN 0 ELSE 1 END,"
    " stuck_count = CASE WHEN state = 'asked' THEN 0 ELSE stuck_count + 1 END"
    f" WHERE tenant_id = $1::uuid AND id = $2::uuid AND {_OPEN} RETURNING stuck_count"
)
_ADVANCE = Statement(
    "UPDATE run_row SET page_count = page_count + $3::bigint, object_count = object_count + $4::bigint,"
    " beat_at = $5::timestamptz, stuck_count = 0 WHERE tenant_id = $1::uuid AND id = $2::uuid AND state = 'fetching'"
    " RETURNING page_count, cancel_asked"
)
_BEAT = Statement(
    "UPDATE run_row SET request_count = $3::bigint, waited_ms = $4::bigint, waiting = $5::text,"
    " beat_at = $6::timestamptz WHERE tenant_id = $1::uuid AND id = $2::uuid"
)
# A tenant that is suspended pulls no more: what is under way ends behind its page or batch.
_CANCEL_ASKED = Statement(
    f"SELECT cancel_asked OR NOT ({awake('tenant_id')}) AS cancel_asked FROM run_row"
    " WHERE tenant_id = $1::uuid AND id = $2::uuid"
)
_ENTER = Statement(
    "UPDATE run_row SET state = $3::text, phase = $4::text, timings = $5::text, beat_at = $6::timestamptz,"
    f" stuck_count = 0 WHERE tenant_id = $1::uuid AND id = $2::uuid AND {_OPEN}"
)
_NAME_PHASE = Statement("UPDATE run_row SET phase = $3::text WHERE tenant_id = $1::uuid AND id = $2::uuid")
_NOTE_CHECK = Statement(
    "UPDATE run_row SET steps = $3::text, expected_count = $4::bigint WHERE tenant_id = $1::uuid AND id = $2::uuid"
)
_NOTE_IDENTITY = Statement(
    "UPDATE run_row SET identity = coalesce(identity, $3::text), identity_name = $4::text,"
    " credential_expires_at = $5::timestamptz WHERE tenant_id = $1::uuid AND id = $2::uuid"
)
_NOTE_COUNTS = Statement(
    "UPDATE run_row SET counts = $3::text WHERE tenant_id = $1::uuid AND id = $2::uuid AND state = 'fetching'"
)
_PUT_OFF = Statement(
    "UPDATE run_row SET not_before = $3::timestamptz, waiting = $4::text, beat_at = $5::timestamptz, stuck_count = 0"
    f" WHERE tenant_id = $1::uuid AND id = $2::uuid AND {_OPEN}"
)
_WARN = Statement(
    "UPDATE run_row SET error_kind = $3::text, error_words = $4::text, error_remedy = $5::text"
    " WHERE tenant_id = $1::uuid AND id = $2::uuid"
)
_END = Statement(
    "UPDATE run_row SET state = $3::text, timings = $4::text, ended_at = $5::timestamptz, beat_at = $5::timestamptz,"
    f" phase = '', waiting = '', not_before = NULL WHERE tenant_id = $1::uuid AND id = $2::uuid AND {_OPEN}"
)
_LET_WAIT = Statement(
    "UPDATE pull_row SET next_at = $3::timestamptz"
    " WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND next_at < $3::timestamptz"
)
_ASK_CANCEL = Statement(
    "UPDATE run_row SET cancel_asked = TRUE, state = CASE WHEN state = 'asked' THEN 'cancelled' ELSE state END,"
    " ended_at = CASE WHEN state = 'asked' THEN $3::timestamptz ELSE ended_at END,"
    " error_words = CASE WHEN state = 'asked' THEN $4::text ELSE error_words END"
    f" WHERE tenant_id = $1::uuid AND id = $2::uuid AND {_OPEN} AND NOT cancel_asked"
)


async def hold_source(tenant_id: TenantId, source_id: SourceId) -> str | None:
    """Return the label of a source that is pulled, held so that nobody else asks for a run meanwhile; None: no such."""
    row = await fetch_one(_HOLD_SOURCE, tenant_id, source_id)
    return None if row is None else str(row["label"])


async def insert_run(values: Sequence[object]) -> None:
    """Insert a run: tenant, id, source, kind, dry, user_key, cause, state, asked_at, asked_by, asked_label."""
    await _INSERT.one(values)


async def find_run(tenant_id: TenantId, run_id: RunId, *, hold: bool = False) -> Row | None:
    """Return a run."""
    return await fetch_one(_HOLD if hold else _FIND, tenant_id, run_id)


async def list_open_of(tenant_id: TenantId, source_id: SourceId) -> list[Row]:
    """Return the runs of a source that are asked for or under way, in the order in which they are done."""
    return await fetch(_OPEN_OF, tenant_id, source_id)


async def list_runs(tenant_id: TenantId, source_id: SourceId, *, before: RunId, limit: int) -> list[Row]:
    """Return the runs of a source asked for before ``before``, the newest first."""
    return await fetch(_LIST, tenant_id, source_id, before, limit)


async def list_next(now: datetime, *, limit: int) -> list[Row]:
    """Return tenant, id and source of the run that comes next of each source, of all tenants."""
    return await fetch(_NEXT, now, limit)


async def begin(tenant_id: TenantId, run_id: RunId, *, now: datetime) -> int | None:
    """Take a run up; returns how often in a row it was taken up without getting on, or None if it is over."""
    row = await fetch_one(_BEGIN, tenant_id, run_id, now)
    return None if row is None else int(row["stuck_count"])


async def advance_pages(tenant_id: TenantId, run_id: RunId, counts: tuple[int, int], *, now: datetime) -> Row | None:
    """Count pages and objects; returns ``page_count`` and ``cancel_asked``, or None if the run fetches no more."""
    return await fetch_one(_ADVANCE, tenant_id, run_id, *counts, now)


async def note_beat(tenant_id: TenantId, run_id: RunId, counts: tuple[int, int, str], *, now: datetime) -> None:
    """Note that the run lives: requests, milliseconds waited, and why it waits now."""
    await execute(_BEAT, tenant_id, run_id, *counts, now)


async def is_cancel_asked(tenant_id: TenantId, run_id: RunId) -> bool:
    """Tell whether somebody wants the run to end."""
    row = await fetch_one(_CANCEL_ASKED, tenant_id, run_id)
    return row is None or bool(row["cancel_asked"])


async def enter(tenant_id: TenantId, run_id: RunId, stage: tuple[str, str, str], *, now: datetime) -> bool:
    """Bring a run into a state, with its phase in words and the timings so far."""
    return await execute(_ENTER, tenant_id, run_id, *stage, now) == 1


async def name_phase(tenant_id: TenantId, run_id: RunId, phase: str) -> None:
    """Say what the run does now."""
    await execute(_NAME_PHASE, tenant_id, run_id, phase)


async def note_check(tenant_id: TenantId, run_id: RunId, steps: str, expected_count: int | None) -> None:
    """Keep the steps that were tried, and how many objects there are to come."""
    await execute(_NOTE_CHECK, tenant_id, run_id, steps, expected_count)


async def note_identity(
    tenant_id: TenantId, run_id: RunId, identity: str | None, name: str, expires_at: datetime | None
) -> None:
    """Keep which directory answers; the first one stays."""
    await execute(_NOTE_IDENTITY, tenant_id, run_id, identity, name, expires_at)


async def note_counts(tenant_id: TenantId, run_id: RunId, counts: str) -> None:
    """Keep what was counted while fetching."""
    await execute(_NOTE_COUNTS, tenant_id, run_id, counts)


async def put_off(tenant_id: TenantId, run_id: RunId, until: datetime, words: str, *, now: datetime) -> None:
    """Let nobody go on with the run before ``until``."""
    await execute(_PUT_OFF, tenant_id, run_id, until, words, now)


async def warn(tenant_id: TenantId, run_id: RunId, words: tuple[str | None, str, str]) -> None:
    """Keep what is wrong: kind, words, remedy."""
    await execute(_WARN, tenant_id, run_id, *words)


async def end(tenant_id: TenantId, run_id: RunId, state: str, timings: str, *, now: datetime) -> bool:
    """End a run; False if it was over before."""
    return await execute(_END, tenant_id, run_id, state, timings, now) == 1


async def ask_cancel(tenant_id: TenantId, run_id: RunId, words: str, *, now: datetime) -> bool:
    """Ask for the end of a run; one that nobody has begun ends at once. False if there is nothing to ask."""
    return await execute(_ASK_CANCEL, tenant_id, run_id, now, words) == 1


async def let_wait(tenant_id: TenantId, source_id: SourceId, until: datetime) -> None:
    """Let no pull of a source be due before ``until``; one that has no time stays so."""
    await execute(_LET_WAIT, tenant_id, source_id, until)
