"""Claims of duties: one row each, taken by conditional update and fenced by a counter.

PostgreSQL's own clock decides, so that processes on hosts with different clocks agree; it adds the spans between the
times that are passed. On SQLite there is one host, and the passed time decides.
"""

from datetime import datetime

from directory.store.compiled import Statement
from directory.store.unit import Row, execute, fetch_one

_LOOK = Statement(
    "SELECT expires_at < clock_timestamp() OR (holder IS NULL AND next_at <= clock_timestamp()) AS due"
    " FROM job_row WHERE duty = $1::text AND $2::timestamptz IS NOT NULL",
    sqlite="SELECT expires_at < $2 OR (holder IS NULL AND next_at <= $2) AS due FROM job_row WHERE duty = $1",
)
_DECLARE = Statement(
    "INSERT INTO job_row (duty, epoch, next_at, failures)"
    " VALUES ($1::text, 0, least($2::timestamptz, clock_timestamp()), 0) ON CONFLICT DO NOTHING",
    sqlite="INSERT INTO job_row (duty, epoch, next_at, failures) VALUES ($1, 0, $2, 0) ON CONFLICT DO NOTHING",
)
_CLAIM = Statement(
    "UPDATE job_row SET holder = $2::text, epoch = epoch + 1,"
    " expires_at = clock_timestamp() + ($4::timestamptz - $3::timestamptz),"
    " next_at = clock_timestamp() + ($5::timestamptz - $3::timestamptz),"
    " failures = failures + CASE WHEN holder IS NULL THEN 0 ELSE 1 END"
    " WHERE duty = $1::text AND (expires_at < clock_timestamp() OR (holder IS NULL AND next_at <= clock_timestamp()))"
    " RETURNING epoch, failures",
    sqlite="UPDATE job_row SET holder = $2, epoch = epoch + 1, expires_at = $4, next_at = $5,"
    " failures = failures + CASE WHEN holder IS NULL THEN 0 ELSE 1 END"
    " WHERE duty = $1 AND (expires_at < $3 OR (holder IS NULL AND next_at <= $3)) RETURNING epoch, failures",
)
_RENEW = Statement(
    "UPDATE job_row SET expires_at = clock_timestamp() + ($5::timestamptz - $4::timestamptz)"
    " WHERE duty = $1::text AND holder = $2::text AND epoch = $3::bigint",
    sqlite="UPDATE job_row SET expires_at = $5 WHERE duty = $1 AND holder = $2 AND epoch = $3 AND $4 IS NOT NULL",
)
_RELEASE = Statement(
    "UPDATE job_row SET holder = NULL, expires_at = NULL, done_at = $4::timestamptz, failures = 0"
    " WHERE duty = $1::text AND holder = $2::text AND epoch = $3::bigint"
)
_GIVE_UP = Statement(
    "UPDATE job_row SET holder = NULL, expires_at = NULL, failures = failures + 1"
    " WHERE duty = $1::text AND holder = $2::text AND epoch = $3::bigint"
)


async def is_due(duty: str, *, now: datetime) -> bool | None:
    """Tell whether a duty can be taken, without taking the writer for it; None if it has no row yet."""
    row = await fetch_one(_LOOK, duty, now)
    return None if row is None else bool(row["due"])


_STAMP = Statement(
    "INSERT INTO job_row (duty, epoch, next_at, done_at, failures)"
    " VALUES ($1::text, 0, $2::timestamptz, $2::timestamptz, 0)"
    " ON CONFLICT (duty) DO UPDATE SET done_at = excluded.done_at"
)


async def declare_duty(duty: str, *, now: datetime) -> None:
    """Make sure that a duty has its row; a new one is due at once."""
    await execute(_DECLARE, duty, now)


async def claim_duty(duty: str, holder: str, *, now: datetime, expires_at: datetime, next_at: datetime) -> Row | None:
    """Take a duty that is due, or whose holder let its lease run out; None if there is nothing to take."""
    return await fetch_one(_CLAIM, duty, holder, now, expires_at, next_at)


async def renew_duty(duty: str, holder: str, epoch: int, *, now: datetime, expires_at: datetime) -> bool:
    """Keep a duty longer; False if somebody else has it since."""
    return await execute(_RENEW, duty, holder, epoch, now, expires_at) == 1


async def release_duty(duty: str, holder: str, epoch: int, *, now: datetime, failed: bool) -> bool:
    """Give a duty back, done or failed; False if somebody else has it since."""
    if failed:
        return await execute(_GIVE_UP, duty, holder, epoch) == 1
    return await execute(_RELEASE, duty, holder, epoch, now) == 1


async def stamp_duty(duty: str, *, now: datetime) -> None:
    """Note that something that needs no lease was done now."""
    await execute(_STAMP, duty, now)
