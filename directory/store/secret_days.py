"""How many requests each secret opened, by day."""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from directory.model import SecretId, SourceId, TenantId
from directory.store.compiled import Statement
from directory.store.insert import Insert
from directory.store.tables import columns_of
from directory.store.tables_configure import UsageRow
from directory.store.unit import fetch

_ADD = Insert(
    "usage_row",
    columns_of(UsageRow),
    "ON CONFLICT (tenant_id, secret_id, day) DO UPDATE SET things = usage_row.things + excluded.things",
)
_DAYS = Statement(
    "SELECT d.secret_id, d.day, d.things FROM secret_row k"
    " JOIN usage_row d ON d.tenant_id = k.tenant_id AND d.secret_id = k.id AND d.day >= $3::text"
    " WHERE k.tenant_id = $1::uuid AND k.source_id = $2::uuid"
)


class SecretDay(NamedTuple):
    """How many requests a secret opened on a day (UTC)."""

    tenant_id: TenantId
    secret_id: SecretId
    day: date
    things: int


async def add_days(days: Iterable[SecretDay]) -> None:
    """Add to the counts; in one order, so that processes that add at the same time wait but never block each other."""
    rows = [(one.tenant_id, one.secret_id, one.day.isoformat(), one.things) for one in sorted(days)]
    if rows:
        await _ADD.count(rows)


async def list_days(tenant_id: TenantId, source_id: SourceId, *, since: date) -> list[SecretDay]:
    """Return the counts of the secrets of a source since a day, in no order."""
    return [
        SecretDay(tenant_id, SecretId(row["secret_id"]), date.fromisoformat(row["day"]), row["things"])
        for row in await fetch(_DAYS, tenant_id, source_id, since.isoformat())
    ]
