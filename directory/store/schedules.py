"""Reads of schedules and their runs, and which of them is to be dealt with now."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from directory.model import RoleId, TenantId, UserId
from directory.rhythms import Rhythm
from directory.schedule_values import Addressed, Recipient, Run, RunId, Schedule, ScheduleId, Terms
from directory.store.compiled import Statement
from directory.store.resting import awake
from directory.store.unit import Row, execute, fetch, fetch_one

_LIST = Statement(
    "SELECT * FROM schedule_row WHERE tenant_id = $1::uuid AND ($2::text IS NULL OR report = $2::text)"
    " ORDER BY id LIMIT $3::bigint"
)
_FIND = Statement("SELECT * FROM schedule_row WHERE tenant_id = $1::uuid AND id = $2::uuid")
_HOLD = Statement("SELECT * FROM schedule_row WHERE tenant_id = $1::uuid AND id = $2::uuid FOR UPDATE")
_COUNT = Statement("SELECT count(*) AS things FROM schedule_row WHERE tenant_id = $1::uuid")
_HAS = Statement(
    "SELECT 1 AS one FROM schedule_row WHERE tenant_id = $1::uuid AND report = $2::text AND paused_at IS NULL LIMIT 1"
)
# What failed waits for its next try, so that the others come first.
_DUE = Statement(
    "SELECT tenant_id, id FROM schedule_row WHERE paused_at IS NULL AND next_at <= $1::timestamptz"
    f" AND {awake('tenant_id')} AND (retry_at IS NULL OR retry_at <= $1::timestamptz)"
    " ORDER BY next_at, id LIMIT $2::bigint",
    house=True,
)
_OPEN = Statement(
    f"SELECT tenant_id, id, schedule_id FROM schedule_run_row WHERE done_at IS NULL AND {awake('tenant_id')}"
    " AND (retry_at IS NULL OR retry_at <= $1::timestamptz) ORDER BY id LIMIT $2::bigint",
    house=True,
)
_RUNS = Statement(
    "SELECT * FROM schedule_run_row WHERE tenant_id = $1::uuid AND schedule_id = $2::uuid"
    " AND ($3::uuid IS NULL OR id < $3::uuid) ORDER BY id DESC LIMIT $4::bigint"
)
_LAST_RUNS = Statement(
    "SELECT r.* FROM schedule_row s CROSS JOIN schedule_run_row r WHERE s.tenant_id = $1::uuid"
    " AND r.tenant_id = s.tenant_id AND r.id = (SELECT max(n.id::text)::uuid FROM schedule_run_row n"
    " WHERE n.tenant_id = s.tenant_id AND n.schedule_id = s.id)",
    sqlite="SELECT r.* FROM schedule_row s CROSS JOIN schedule_run_row r WHERE s.tenant_id = $1::uuid"
    " AND r.tenant_id = s.tenant_id AND r.id = (SELECT max(n.id) FROM schedule_run_row n"
    " WHERE n.tenant_id = s.tenant_id AND n.schedule_id = s.id)",
)
_RUN = Statement("SELECT * FROM schedule_run_row WHERE tenant_id = $1::uuid AND id = $2::uuid FOR UPDATE")
_LAST_DUE = Statement(
    "SELECT due_at FROM schedule_run_row WHERE tenant_id = $1::uuid AND schedule_id = $2::uuid AND kind = 'due'"
    " ORDER BY due_at DESC LIMIT 1"
)
_RAN = Statement(
    "SELECT 1 AS one FROM schedule_run_row WHERE tenant_id = $1::uuid AND schedule_id = $2::uuid AND kind = 'due'"
    " AND due_at = $3::timestamptz"
)
_WAITING = Statement(
    "SELECT 1 AS one FROM schedule_run_row WHERE tenant_id = $1::uuid AND schedule_id = $2::uuid AND done_at IS NULL"
)
_PRUNE = Statement(
    "DELETE FROM schedule_run_row WHERE (tenant_id, id) IN (SELECT tenant_id, id FROM schedule_run_row"
    " WHERE done_at < $1::timestamptz LIMIT $2::bigint)",
    house=True,
)
_PEOPLE = Statement(
    "SELECT u.id, u.user_name, u.display_name, u.email, u.active, u.role_id FROM user_row u"
    " WHERE u.tenant_id = $1::uuid AND u.id = ANY($2::uuid[]) AND u.deleted_at IS NULL"
)
# Role by role, along their own index: for a list of roles SQLite reads the whole table.
_OF_ROLE = Statement(
    "SELECT u.id, u.user_name, u.display_name, u.email, u.active, u.role_id FROM user_row u"
    " WHERE u.tenant_id = $1::uuid AND u.role_id = $2::uuid AND u.deleted_at IS NULL AND u.active"
    " ORDER BY u.id LIMIT $3::bigint"
)
_MAILS = Statement(
    "SELECT id, dedupe_key, state, error, settled_at FROM outbox_row"
    " WHERE tenant_id = $1::uuid AND dedupe_key = ANY($2::text[])"
)


class Mail(NamedTuple):
    """A queued mail, and how far it is."""

    message_id: UUID
    state: str
    error: str
    settled_at: datetime | None


async def list_schedules(tenant_id: TenantId, *, report: str | None, limit: int) -> list[Schedule]:
    """Return schedules of all reports, or of one, the oldest first."""
    return [schedule_from(row) for row in await fetch(_LIST, tenant_id, report, limit)]


async def find_schedule(tenant_id: TenantId, schedule_id: ScheduleId, *, hold: bool = False) -> Schedule | None:
    """Return a schedule; with ``hold`` nobody changes it until the unit ends."""
    row = await fetch_one(_HOLD if hold else _FIND, tenant_id, schedule_id)
    return None if row is None else schedule_from(row)


async def count_schedules(tenant_id: TenantId) -> int:
    """Return how many schedules a tenant has."""
    (row,) = await fetch(_COUNT, tenant_id)
    return int(row["things"])


async def has_schedule(tenant_id: TenantId, report: str) -> bool:
    """Whether a report is sent to somebody: a paused schedule sends nothing."""
    return await fetch_one(_HAS, tenant_id, report) is not None


async def list_due(*, now: datetime, limit: int) -> list[tuple[TenantId, ScheduleId]]:
    """Return schedules of all tenants whose time has come, those that wait longest first."""
    return [(TenantId(row["tenant_id"]), ScheduleId(row["id"])) for row in await fetch(_DUE, now, limit)]


async def list_open_runs(*, now: datetime, limit: int) -> list[tuple[TenantId, RunId]]:
    """Return sendings of all tenants that somebody asked for, the oldest first."""
    return [(TenantId(row["tenant_id"]), RunId(row["id"])) for row in await fetch(_OPEN, now, limit)]


async def list_runs(tenant_id: TenantId, schedule_id: ScheduleId, *, before: RunId | None, limit: int) -> list[Run]:
    """Return the sendings of a schedule, the newest first."""
    return [run_from(row) for row in await fetch(_RUNS, tenant_id, schedule_id, before, limit)]


async def last_runs(tenant_id: TenantId) -> dict[ScheduleId, Run]:
    """Return the newest sending of each schedule that had one."""
    runs = [run_from(row) for row in await fetch(_LAST_RUNS, tenant_id)]
    return {run.schedule_id: run for run in runs}


async def find_run(tenant_id: TenantId, run_id: RunId) -> Run | None:
    """Return a sending, and hold it until the unit ends."""
    row = await fetch_one(_RUN, tenant_id, run_id)
    return None if row is None else run_from(row)


async def find_last_due(tenant_id: TenantId, schedule_id: ScheduleId) -> datetime | None:
    """Return the last due time of a schedule that was run, or None."""
    row = await fetch_one(_LAST_DUE, tenant_id, schedule_id)
    return None if row is None else row["due_at"]


async def has_due_run(tenant_id: TenantId, schedule_id: ScheduleId, due_at: datetime) -> bool:
    """Whether a due time of a schedule was run, or given up."""
    return await fetch_one(_RAN, tenant_id, schedule_id, due_at) is not None


async def has_open_run(tenant_id: TenantId, schedule_id: ScheduleId) -> bool:
    """Whether a sending that somebody asked for is not done yet."""
    return await fetch_one(_WAITING, tenant_id, schedule_id) is not None


async def prune_runs(*, before: datetime, limit: int) -> int:
    """Delete what was sent long ago; returns how much."""
    return await execute(_PRUNE, before, limit)


async def find_people(tenant_id: TenantId, user_ids: list[UserId]) -> list[Row]:
    """Return those of these users who are there, disabled ones too."""
    return await fetch(_PEOPLE, tenant_id, user_ids)


async def list_of_role(tenant_id: TenantId, role_id: RoleId, *, limit: int) -> list[Row]:
    """Return active users who have a role."""
    return await fetch(_OF_ROLE, tenant_id, role_id, limit)


async def find_mails(tenant_id: TenantId, dedupe_keys: list[str]) -> dict[str, Mail]:
    """Return how far mails are, by key; one that is no longer kept is left out."""
    rows = await fetch(_MAILS, tenant_id, dedupe_keys) if dedupe_keys else []
    return {row["dedupe_key"]: Mail(row["id"], row["state"], row["error"], row["settled_at"]) for row in rows}


def schedule_from(row: Row) -> Schedule:
    """Return a schedule from its row."""
    return Schedule(
        schedule_id=ScheduleId(row["id"]),
        terms=Terms(
            name=row["name"],
            report=row["report"],
            options=msgspec.json.decode(row["options"], type=dict[str, str]),
            rhythm=Rhythm(
                every=row["every"],
                minute=row["minute"],
                zone=row["zone"],
                weekday=row["weekday"],
                month_day=row["month_day"],
            ),
            recipients=msgspec.json.decode(row["recipients"], type=tuple[Recipient, ...]),
            skips_empty=row["skips_empty"],
        ),
        next_at=row["next_at"],
        paused_at=row["paused_at"],
        retry_at=row["retry_at"],
        failure_count=row["failure_count"],
        problem=row["problem"],
        version=row["version"],
        created_by=row["created_by"],
        created_at=row["created_at"],
    )


def run_from(row: Row) -> Run:
    """Return a sending from its row."""
    return Run(
        run_id=RunId(row["id"]),
        schedule_id=ScheduleId(row["schedule_id"]),
        kind=row["kind"],
        due_at=row["due_at"],
        missed_count=row["missed_count"],
        asked_by=row["asked_by"],
        address=row["address"],
        outcome=row["outcome"],
        problem=row["problem"],
        row_count=row["things"],
        recipients=msgspec.json.decode(row["recipients"], type=tuple[Addressed, ...]),
        failure_count=row["failure_count"],
        done_at=row["done_at"],
    )


def terms_values(terms: Terms) -> dict[str, object]:
    """Return terms as columns."""
    return {
        "name": terms.name,
        "report": terms.report,
        "options": json_of(dict(terms.options)),
        "every": terms.rhythm.every,
        "minute": terms.rhythm.minute,
        "weekday": terms.rhythm.weekday,
        "month_day": terms.rhythm.month_day,
        "zone": terms.rhythm.zone,
        "recipients": json_of(list(terms.recipients)),
        "skips_empty": terms.skips_empty,
    }


def json_of(value: object) -> str:
    """Return a value as its column keeps it."""
    return msgspec.json.encode(value).decode()
