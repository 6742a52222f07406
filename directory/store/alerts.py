"""Reads of alerts, their signals, their recipients, and who was told what."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from directory.model import TenantId
from directory.store.compiled import Statement
from directory.store.insert import Insert
from directory.store.resting import awake
from directory.store.tables import columns_of
from directory.store.tables_outbox import AlertToldRow
from directory.store.unit import Row, execute, fetch, fetch_one

_FIRST = UUID(int=0)
_SIGNALLED = Statement(
    "SELECT tenant_id FROM alert_signal_row WHERE tenant_id > $1::uuid ORDER BY tenant_id LIMIT 1", house=True
)
_SIGNALS = Statement("SELECT * FROM alert_signal_row WHERE tenant_id = $1::uuid ORDER BY id LIMIT $2::bigint")
_FORGET_SIGNALS = Statement("DELETE FROM alert_signal_row WHERE tenant_id = $1::uuid AND id = ANY($2::uuid[])")
_OPEN = Statement(
    "SELECT * FROM alert_row WHERE tenant_id = $1::uuid AND state <> 'recovered' ORDER BY opened_at DESC, id"
)
_HOLD_OPEN = Statement(
    "SELECT * FROM alert_row WHERE tenant_id = $1::uuid AND state <> 'recovered' ORDER BY id FOR UPDATE"
)
_OPEN_OF = Statement("SELECT * FROM alert_row WHERE tenant_id = ANY($1::uuid[]) AND state <> 'recovered'", house=True)
_PAST = Statement(
    "SELECT * FROM alert_row WHERE tenant_id = $1::uuid AND state = 'recovered'"
    " AND (recovered_at, id) < ($2::timestamptz, $3::uuid) ORDER BY recovered_at DESC, id DESC LIMIT $4::bigint"
)
_FIND = Statement("SELECT * FROM alert_row WHERE tenant_id = $1::uuid AND id = $2::uuid FOR UPDATE")
_FRESH_TENANT = Statement(
    f"SELECT tenant_id FROM alert_row WHERE fresh AND tenant_id > $1::uuid AND {awake('tenant_id')}"
    " ORDER BY tenant_id LIMIT 1",
    house=True,
)
_FRESH = Statement("SELECT * FROM alert_row WHERE tenant_id = $1::uuid AND fresh ORDER BY id FOR UPDATE")
_TOLD = Statement("SELECT * FROM alert_told_row WHERE tenant_id = $1::uuid AND alert_id = ANY($2::uuid[])")
_TELL = Insert(
    "alert_told_row",
    columns_of(AlertToldRow),
    "ON CONFLICT (tenant_id, recipient_id, alert_id) DO UPDATE SET mark = excluded.mark",
)
_SETTLE = Statement("UPDATE alert_row SET fresh = false WHERE tenant_id = $1::uuid AND id = ANY($2::uuid[])")
_REFRESH = Statement("UPDATE alert_row SET fresh = true WHERE tenant_id = $1::uuid AND state <> 'recovered'")
_MAILED = Statement(
    "UPDATE alert_recipient_row SET mailed_at = $3::timestamptz WHERE tenant_id = $1::uuid AND id = $2::uuid"
)
# Whoever left, was disabled, may not see the portal any more or has no address is told nothing, but stays in the list,
# which says so.
_RECIPIENTS = Statement(
    "SELECT r.id, r.user_id, r.address, r.kinds, r.rhythm, r.created_by, r.created_at, r.mailed_at, u.display_name,"
    " u.email, coalesce(u.active AND u.deleted_at IS NULL, false) AS present, o.permissions FROM alert_recipient_row r"
    " LEFT JOIN user_row u ON u.tenant_id = r.tenant_id AND u.id = r.user_id"
    " LEFT JOIN role_row o ON o.tenant_id = u.tenant_id AND o.id = u.role_id"
    " WHERE r.tenant_id = $1::uuid ORDER BY r.id"
)
_PRUNE = Statement(
    "DELETE FROM alert_row WHERE (tenant_id, id) IN (SELECT tenant_id, id FROM alert_row"
    " WHERE state = 'recovered' AND NOT fresh AND recovered_at < $1::timestamptz LIMIT $2::bigint)",
    house=True,
)


async def next_signalled_tenant(after: UUID | None) -> TenantId | None:
    """Return the next tenant, in the order of ids, that has signals nobody looked at yet."""
    row = await fetch_one(_SIGNALLED, after or _FIRST)
    return None if row is None else TenantId(row["tenant_id"])


async def list_signals(tenant_id: TenantId, *, limit: int) -> list[Row]:
    """Return the oldest signals."""
    return await fetch(_SIGNALS, tenant_id, limit)


async def forget_signals(tenant_id: TenantId, signal_ids: Sequence[UUID]) -> None:
    """Drop signals that were looked at."""
    await execute(_FORGET_SIGNALS, tenant_id, list(signal_ids))


async def list_open(tenant_id: TenantId) -> list[Row]:
    """Return the alerts that are not over, the newest first: a few for each connection at most."""
    return await fetch(_OPEN, tenant_id)


async def hold_open(tenant_id: TenantId) -> list[Row]:
    """Return the alerts that are not over, and hold them until the unit ends: others may look after one meanwhile."""
    return await fetch(_HOLD_OPEN, tenant_id)


async def list_open_of(tenant_ids: Sequence[TenantId]) -> list[Row]:
    """Return the alerts of several tenants that are not over."""
    return await fetch(_OPEN_OF, list(tenant_ids))


async def list_past(tenant_id: TenantId, before: tuple[datetime, UUID], *, limit: int) -> list[Row]:
    """Return alerts that are over, the latest first."""
    return await fetch(_PAST, tenant_id, *before, limit)


async def find_alert(tenant_id: TenantId, alert_id: UUID) -> Row | None:
    """Return an alert, and hold it until the unit ends."""
    return await fetch_one(_FIND, tenant_id, alert_id)


async def next_fresh_tenant(after: UUID | None) -> TenantId | None:
    """Return the next tenant with an alert of which somebody may not know yet."""
    row = await fetch_one(_FRESH_TENANT, after or _FIRST)
    return None if row is None else TenantId(row["tenant_id"])


async def hold_fresh(tenant_id: TenantId) -> list[Row]:
    """Return the alerts of which somebody may not know yet, and hold them until the unit ends."""
    return await fetch(_FRESH, tenant_id)


async def list_told(tenant_id: TenantId, alert_ids: Sequence[UUID]) -> dict[tuple[UUID, UUID], int]:
    """Return up to which mark each recipient was told of each alert, by (recipient, alert)."""
    rows = await fetch(_TOLD, tenant_id, list(alert_ids))
    return {(row["recipient_id"], row["alert_id"]): row["mark"] for row in rows}


async def tell(tenant_id: TenantId, told: Sequence[tuple[UUID, UUID, int]]) -> None:
    """Note what recipients were told: (recipient, alert, mark)."""
    if told:
        await _TELL([(tenant_id, *one) for one in told])


async def note_mailed(tenant_id: TenantId, recipient_id: UUID, now: datetime) -> None:
    """Note when a recipient was sent a digest."""
    await execute(_MAILED, tenant_id, recipient_id, now)


async def settle_fresh(tenant_id: TenantId, alert_ids: Sequence[UUID]) -> None:
    """Note that everybody who is to know of these alerts knows."""
    await execute(_SETTLE, tenant_id, list(alert_ids))


async def refresh_open(tenant_id: TenantId) -> None:
    """Have it looked at anew who knows of the open alerts."""
    await execute(_REFRESH, tenant_id)


async def list_recipients(tenant_id: TenantId) -> list[Row]:
    """Return who is told of alerts, in the order in which they were added."""
    return await fetch(_RECIPIENTS, tenant_id)


async def prune_past(before: datetime, *, limit: int) -> int:
    """Delete alerts that were over before a time; return how many."""
    return await execute(_PRUNE, before, limit)
