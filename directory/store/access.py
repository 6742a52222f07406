"""Reads of who may come in and what for: tenants, roles, sources, secrets, links and web sessions."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from directory.model import (
    AccessRole,
    Permission,
    RoleId,
    SecretId,
    SecretKey,
    Source,
    SourceId,
    SourceSettings,
    Tenant,
    TenantId,
)
from directory.names import name_key
from directory.store.compiled import Statement
from directory.store.unit import Row, fetch, fetch_one

_TENANT = "t.id, t.slug, t.name, t.parent_id, t.default_role_id, t.policy_version, t.routing_mark"
_SOURCE = (
    "s.tenant_id, s.id, s.kind, s.preset, s.label, s.settings, s.created_at, s.last_request_at, s.last_change_at,"
    " s.confirmed_at, s.confirmed_by, s.drift_count"
)

# A deleted tenant is nowhere, as if it had never been; who may bring it back finds it in store.tenants.
_TENANT_BY_SLUG = Statement(
    f"SELECT {_TENANT} FROM tenant_row t WHERE t.slug = $1::text AND t.deleted_at IS NULL", house=True
)
_TENANT_BY_ID = Statement(f"SELECT {_TENANT} FROM tenant_row t WHERE t.id = $1::uuid AND t.deleted_at IS NULL")
_TENANTS = Statement(f"SELECT {_TENANT} FROM tenant_row t WHERE t.deleted_at IS NULL ORDER BY t.slug", house=True)

_ROLE_COLUMNS = "SELECT r.id, r.name, r.permissions, r.shipped FROM role_row r WHERE r.tenant_id = $1::uuid"
# A deleted role is still named by events and tombstones, and held by those whom the walk has not reached.
_LIVE = " AND NOT EXISTS (SELECT 1 FROM retired_role_row x WHERE x.tenant_id = r.tenant_id AND x.role_id = r.id)"
_ROLES_EVER = Statement(f"{_ROLE_COLUMNS} ORDER BY r.created_at, r.id")
_ROLES = Statement(f"{_ROLE_COLUMNS}{_LIVE} ORDER BY r.created_at, r.id")
_ROLE_EVER = Statement(f"{_ROLE_COLUMNS} AND r.id = $2::uuid")
_ROLE = Statement(f"{_ROLE_COLUMNS} AND r.id = $2::uuid{_LIVE}")
_ROLE_NAMED = Statement(
    f"{_ROLE_COLUMNS} AND (r.name_key = $2::text OR r.shipped = $3::text){_LIVE}"
    " ORDER BY CASE WHEN r.name_key = $2::text THEN 0 ELSE 1 END LIMIT 1"
)

_SOURCES = Statement(f"SELECT {_SOURCE} FROM source_row s WHERE s.tenant_id = $1::uuid ORDER BY s.id")
_SOURCE_OF_TENANT = Statement(f"SELECT {_SOURCE} FROM source_row s WHERE s.tenant_id = $1::uuid AND s.id = $2::uuid")
# One deed at a time per source: who waits here then sees what the other did.
_SOURCE_TO_CHANGE = Statement(
    f"SELECT {_SOURCE} FROM source_row s WHERE s.tenant_id = $1::uuid AND s.id = $2::uuid FOR NO KEY UPDATE"
)
_SOURCE_ANYWHERE = Statement(f"SELECT {_SOURCE} FROM source_row s WHERE s.id = $1::uuid", house=True)

_SECRETS = Statement(
    "SELECT * FROM secret_row WHERE tenant_id = $1::uuid AND source_id = $2::uuid ORDER BY created_at DESC, id DESC"
)
_SECRET = Statement("SELECT * FROM secret_row WHERE tenant_id = $1::uuid AND id = $2::uuid")
_PRESENTED = Statement(
    "SELECT k.id AS secret_id, k.digest, k.expires_at, k.retiring_until, k.revoked_at,"
    " t.id AS tenant_id, t.slug, t.name, t.parent_id, t.default_role_id, t.policy_version, t.routing_mark,"
    " t.suspended_at,"
    " s.id, s.kind, s.preset,"
    " s.label, s.settings, s.created_at, s.last_request_at, s.last_change_at, s.confirmed_at, s.confirmed_by,"
    " s.drift_count FROM secret_row k JOIN tenant_row t ON t.id = k.tenant_id AND t.deleted_at IS NULL"
    " JOIN source_row s ON s.tenant_id = k.tenant_id AND s.id = k.source_id WHERE k.public_id = $1::text",
    house=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentedSecret:
    """What is stored under the public part of a token that a client sent."""

    secret_id: SecretId
    digest: str
    valid_until: datetime
    revoked: bool
    suspended: bool
    """Whether its tenant is."""
    tenant: Tenant
    source: Source


def role_from(row: Row) -> AccessRole:
    """Return a role from its row."""
    return AccessRole(
        role_id=RoleId(row["id"]),
        name=row["name"],
        permissions=permissions_from(row["permissions"]),
        shipped=row["shipped"],
    )


def permissions_from(text: str) -> frozenset[Permission]:
    """Return the permissions of a role from their stored text, a JSON list."""
    return frozenset(msgspec.json.decode(text, type=list[Permission]))


def settings_text(settings: SourceSettings) -> str:
    """Return the settings of a source as they are stored."""
    return msgspec.json.encode(settings).decode()


def tenant_from(row: Row, *, tenant_id: UUID | None = None) -> Tenant:
    """Return a tenant from its row; ``tenant_id`` where ``id`` is another thing's."""
    parent_id = row["parent_id"]
    return Tenant(
        tenant_id=TenantId(row["id"] if tenant_id is None else tenant_id),
        slug=row["slug"],
        name=row["name"],
        parent_id=None if parent_id is None else TenantId(parent_id),
        default_role_id=RoleId(row["default_role_id"]),
        policy_version=row["policy_version"],
        is_super=row["routing_mark"] is not None,
    )


def source_from(row: Row) -> Source:
    """Return a source from its row."""
    return Source(
        source_id=SourceId(row["id"]),
        tenant_id=TenantId(row["tenant_id"]),
        kind=row["kind"],
        preset=row["preset"],
        label=row["label"],
        settings=msgspec.json.decode(row["settings"], type=SourceSettings),
        created_at=row["created_at"],
        last_request_at=row["last_request_at"],
        last_change_at=row["last_change_at"],
        confirmed_at=row["confirmed_at"],
        confirmed_by=row["confirmed_by"],
        drift_count=row["drift_count"],
    )


def secret_from(row: Row) -> SecretKey:
    """Return a secret from its row; the digest stays behind."""
    return SecretKey(
        secret_id=SecretId(row["id"]),
        source_id=SourceId(row["source_id"]),
        public_id=row["public_id"],
        label=row["label"],
        last_four=row["last_four"],
        created_by=row["created_by"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        retiring_until=row["retiring_until"],
        revoked_at=row["revoked_at"],
        last_used_at=row["last_used_at"],
        last_used_from=row["last_used_from"],
        last_used_software=row["last_used_software"],
    )


async def find_tenant_by_slug(slug: str) -> Tenant | None:
    """Return the tenant whose pages lie under ``/t/{slug}``."""
    row = await fetch_one(_TENANT_BY_SLUG, slug)
    return None if row is None else tenant_from(row)


async def find_tenant(tenant_id: TenantId) -> Tenant | None:
    """Return a tenant."""
    row = await fetch_one(_TENANT_BY_ID, tenant_id)
    return None if row is None else tenant_from(row)


async def list_tenants() -> list[Tenant]:
    """Return all tenants of the installation that are not deleted, by slug."""
    return [tenant_from(row) for row in await fetch(_TENANTS)]


async def list_roles(tenant_id: TenantId, *, gone: bool = False) -> list[AccessRole]:
    """Return the roles of a tenant, the shipped ones first; deleted ones too if ``gone``."""
    return [role_from(row) for row in await fetch(_ROLES_EVER if gone else _ROLES, tenant_id)]


async def find_role(tenant_id: TenantId, role_id: RoleId, *, gone: bool = False) -> AccessRole | None:
    """Return a role of the tenant, or a deleted one too if ``gone``."""
    row = await fetch_one(_ROLE_EVER if gone else _ROLE, tenant_id, role_id)
    return None if row is None else role_from(row)


async def find_role_named(tenant_id: TenantId, name: str) -> AccessRole | None:
    """Return the role of that name, else the shipped one of that key."""
    row = await fetch_one(_ROLE_NAMED, tenant_id, name_key(name), name)
    return None if row is None else role_from(row)


async def list_sources(tenant_id: TenantId) -> list[Source]:
    """Return the sources of a tenant, the oldest first."""
    return [source_from(row) for row in await fetch(_SOURCES, tenant_id)]


async def find_source(tenant_id: TenantId, source_id: SourceId, *, hold: bool = False) -> Source | None:
    """Return a source of the tenant; ``hold`` keeps its row until the unit ends."""
    row = await fetch_one(_SOURCE_TO_CHANGE if hold else _SOURCE_OF_TENANT, tenant_id, source_id)
    return None if row is None else source_from(row)


async def find_source_anywhere(source_id: SourceId) -> Source | None:
    """Return a source of whichever tenant, for the command line."""
    row = await fetch_one(_SOURCE_ANYWHERE, source_id)
    return None if row is None else source_from(row)


async def list_secrets(tenant_id: TenantId, source_id: SourceId) -> list[SecretKey]:
    """Return the secrets of a source, also the void ones, the newest first."""
    return [secret_from(row) for row in await fetch(_SECRETS, tenant_id, source_id)]


async def find_secret(tenant_id: TenantId, secret_id: SecretId) -> SecretKey | None:
    """Return a secret of the tenant."""
    row = await fetch_one(_SECRET, tenant_id, secret_id)
    return None if row is None else secret_from(row)


async def find_presented(public_id: str) -> PresentedSecret | None:
    """Return the secret of that public part with its tenant and source, valid or not."""
    row = await fetch_one(_PRESENTED, public_id)
    if row is None:
        return None
    retiring_until = row["retiring_until"]
    return PresentedSecret(
        secret_id=SecretId(row["secret_id"]),
        digest=row["digest"],
        valid_until=row["expires_at"] if retiring_until is None else min(row["expires_at"], retiring_until),
        revoked=row["revoked_at"] is not None,
        suspended=row["suspended_at"] is not None,
        tenant=tenant_from(row, tenant_id=row["tenant_id"]),
        source=source_from(row),
    )
