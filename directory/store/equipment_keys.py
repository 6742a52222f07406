"""Reads of the keys of asset systems."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from directory.model import TenantId
from directory.store.compiled import Statement
from directory.store.unit import Row, execute, fetch, fetch_one

_COLUMNS = (
    "k.tenant_id, k.id, k.label, k.last_four, k.digest, k.created_by, k.created_at, k.expires_at, k.retiring_until,"
    " k.revoked_at, k.last_used_at, k.last_used_from"
)
_IS_LIVE = (
    "k.revoked_at IS NULL AND k.expires_at > $2::timestamptz"
    " AND (k.retiring_until IS NULL OR k.retiring_until > $2::timestamptz)"
)
_LIST = Statement(
    f"SELECT {_COLUMNS} FROM equipment_key_row k WHERE k.tenant_id = $1::uuid"
    f" ORDER BY CASE WHEN {_IS_LIVE} THEN 0 ELSE 1 END, k.id DESC LIMIT $3::bigint"
)
_UNENDED = Statement(
    f"SELECT {_COLUMNS} FROM equipment_key_row k WHERE k.tenant_id = ANY($1::uuid[]) AND k.revoked_at IS NULL"
    " AND k.retiring_until IS NULL",
    house=True,
)
_COUNT_LIVE = Statement(
    f"SELECT count(*) AS things FROM equipment_key_row k WHERE k.tenant_id = $1::uuid AND {_IS_LIVE}"
)
_FIND = Statement(f"SELECT {_COLUMNS} FROM equipment_key_row k WHERE k.tenant_id = $1::uuid AND k.id = $2::uuid")
_HOLD = Statement(
    f"SELECT {_COLUMNS} FROM equipment_key_row k WHERE k.tenant_id = $1::uuid AND k.id = $2::uuid FOR UPDATE"
)
_PRESENTED = Statement(
    f"SELECT {_COLUMNS} FROM equipment_key_row k JOIN tenant_row t"
    " ON t.id = k.tenant_id AND t.suspended_at IS NULL WHERE k.public_id = $1::text",
    house=True,
)
_USED = Statement(
    "UPDATE equipment_key_row SET last_used_at = $3::timestamptz, last_used_from = $4::text"
    " WHERE tenant_id = $1::uuid AND id = $2::uuid AND (last_used_at IS NULL OR last_used_at < $5::timestamptz)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EquipmentKey:
    """A bearer token of an asset system as the directory keeps it: never the token itself."""

    tenant_id: TenantId
    key_id: UUID
    label: str
    last_four: str
    digest: str = field(repr=False)
    created_by: str
    created_at: datetime
    expires_at: datetime
    retiring_until: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    last_used_from: str | None = None

    def state(self, now: datetime) -> Literal["active", "retiring", "expired", "revoked"]:
        """What the key is at ``now``."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at <= now or (self.retiring_until is not None and self.retiring_until <= now):
            return "expired"
        return "active" if self.retiring_until is None else "retiring"


async def list_keys(tenant_id: TenantId, *, now: datetime, limit: int) -> list[EquipmentKey]:
    """Return the keys of a tenant, those that open something before void ones, the newest of each first."""
    return [key_from(row) for row in await fetch(_LIST, tenant_id, now, limit)]


async def list_unended(tenant_ids: Sequence[TenantId]) -> list[EquipmentKey]:
    """Return the keys of some tenants that nobody rotated or revoked, also expired ones."""
    return [key_from(row) for row in await fetch(_UNENDED, list(tenant_ids))]


async def count_live(tenant_id: TenantId, *, now: datetime) -> int:
    """Return how many keys of a tenant open something."""
    (row,) = await fetch(_COUNT_LIVE, tenant_id, now)
    return int(row["things"])


async def find_key(tenant_id: TenantId, key_id: UUID) -> EquipmentKey | None:
    """Return a key, also a void one."""
    row = await fetch_one(_FIND, tenant_id, key_id)
    return None if row is None else key_from(row)


async def hold_key(tenant_id: TenantId, key_id: UUID) -> EquipmentKey | None:
    """Return a key and hold it until the unit ends."""
    row = await fetch_one(_HOLD, tenant_id, key_id)
    return None if row is None else key_from(row)


async def find_presented(public_id: str) -> EquipmentKey | None:
    """Return the key of that public part, whichever tenant has it."""
    row = await fetch_one(_PRESENTED, public_id)
    return None if row is None else key_from(row)


async def stamp_use(key: EquipmentKey, *, at: datetime, network: str, unless_since: datetime) -> None:
    """Note that a key was used, unless that is noted since ``unless_since``."""
    await execute(_USED, key.tenant_id, key.key_id, at, network, unless_since)


def key_from(row: Row) -> EquipmentKey:
    """Return a key from its row."""
    return EquipmentKey(
        tenant_id=TenantId(row["tenant_id"]),
        key_id=row["id"],
        label=row["label"],
        last_four=row["last_four"],
        digest=row["digest"],
        created_by=row["created_by"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        retiring_until=row["retiring_until"],
        revoked_at=row["revoked_at"],
        last_used_at=row["last_used_at"],
        last_used_from=row["last_used_from"],
    )
