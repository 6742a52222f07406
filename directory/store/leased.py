"""Rows that wait to be handed over: taken by one holder at a time, for a while, under a number that only grows."""

from datetime import datetime
from uuid import UUID

from directory.store.compiled import Statement
from directory.store.resting import awake
from directory.store.unit import Row, execute, fetch


class LeasedTable:
    """The statements of one such table, with ``state``, ``tries``, ``next_at``, ``lease_until`` and ``epoch``.

    Whoever takes a row counts its epoch up; who held it before can then write nothing of it any more. Times are the
    holder's own: of two whose clocks differ the worst that comes is that one takes what the other gave up too early,
    and the epoch settles that.
    """

    def __init__(self, table: str) -> None:
        """Put the statements together."""
        self._due = Statement(
            f"SELECT q.tenant_id, q.id, t.slug FROM {table} q JOIN tenant_row t ON t.id = q.tenant_id"
            " WHERE q.state = 'queued' AND q.next_at <= $1::timestamptz AND t.suspended_at IS NULL"
            " ORDER BY q.next_at, q.id LIMIT $2::bigint FOR UPDATE OF q SKIP LOCKED",
            sqlite=f"SELECT q.tenant_id, q.id, t.slug FROM {table} q CROSS JOIN tenant_row t"
            " WHERE t.id = q.tenant_id AND q.state = 'queued' AND q.next_at <= $1::timestamptz"
            " AND t.suspended_at IS NULL ORDER BY q.next_at, q.id LIMIT $2::bigint",
            house=True,
        )
        self._take = Statement(
            f"UPDATE {table} SET state = 'sending', tries = tries + 1, epoch = epoch + 1, leased_by = $3::text,"
            " lease_until = $4::timestamptz WHERE tenant_id = $1::uuid AND id = ANY($2::uuid[]) RETURNING *"
        )
        self._waits = Statement(
            f"SELECT 1 AS found FROM {table} WHERE state = 'queued' AND next_at <= $1::timestamptz"
            f" AND {awake('tenant_id')} LIMIT 1",
            house=True,
        )
        self._lapsed = Statement(
            f"SELECT 1 AS found FROM {table} WHERE lease_until < $1::timestamptz LIMIT 1", house=True
        )

    async def waits(self, now: datetime) -> bool:
        """Whether something is due, or its holder was silent for too long."""
        return bool(await fetch(self._waits, now) or await fetch(self._lapsed, now))

    async def take(self, holder: str, *, now: datetime, until: datetime, limit: int) -> list[tuple[Row, str]]:
        """Take what is due, the longest waiting first; gives the rows and the short names of their tenants.

        To be called in a unit of work of the whole installation.
        """
        slugs: dict[UUID, str] = {}
        ids: dict[UUID, list[UUID]] = {}
        for row in await fetch(self._due, now, limit):
            slugs[row["tenant_id"]] = row["slug"]
            ids.setdefault(row["tenant_id"], []).append(row["id"])
        taken: list[tuple[Row, str]] = []
        for tenant_id in sorted(ids):
            rows = await fetch(self._take, tenant_id, ids[tenant_id], holder, until)
            taken += [(row, slugs[tenant_id]) for row in rows]
        return taken


def pruning(table: str) -> Statement:
    """Return the statement that deletes what was settled before a time, so many rows at once."""
    return Statement(
        f"DELETE FROM {table} WHERE (tenant_id, id) IN (SELECT tenant_id, id FROM {table}"
        " WHERE settled_at < $1::timestamptz ORDER BY settled_at LIMIT $2::bigint)",
        house=True,
    )


async def prune_settled(statement: Statement, before: datetime, *, limit: int) -> int:
    """Delete what was settled before a time; return how many rows."""
    return await execute(statement, before, limit)
