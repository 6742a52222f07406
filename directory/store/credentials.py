"""Reads of passwords, second factors and recovery codes, and of whoever may hold them."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from directory.model import TenantId, UserId
from directory.store.compiled import Statement
from directory.store.entries import PERSON, Person, person_from
from directory.store.holding import HeldRead
from directory.store.people import LOCK_JOIN
from directory.store.unit import Row, fetch, fetch_one

_HOLDER = (
    f"SELECT {PERSON}, p.hash, p.set_at, f.id AS factor_id, f.sealed, f.last_step, f.confirmed_at AS factor_since"
    f" FROM tenant_row t JOIN user_row u ON u.tenant_id = t.id {LOCK_JOIN}"
    " JOIN role_row r ON r.tenant_id = u.tenant_id AND r.id = u.role_id"
    " LEFT JOIN password_row p ON p.tenant_id = u.tenant_id AND p.user_id = u.id"
    " LEFT JOIN factor_row f ON f.tenant_id = u.tenant_id AND f.user_id = u.id AND f.confirmed_at IS NOT NULL"
)
# Both are always looked at: the same is done for a name that nobody has.
_BY_NAME = Statement(
    f"{_HOLDER} WHERE t.id = $1::uuid AND u.deleted_at IS NULL AND u.id IN ("
    "SELECT n.id FROM user_row n WHERE n.tenant_id = $1::uuid AND n.user_name_key = $2::text AND n.deleted_at IS NULL"
    " UNION ALL SELECT a.user_id FROM alias_row a WHERE a.tenant_id = $1::uuid AND a.user_name_key = $2::text)"
)
_BY_ID = f"{_HOLDER} WHERE t.id = $1::uuid AND u.id = $2::uuid AND u.deleted_at IS NULL"
_TO_READ = Statement(_BY_ID)
# One at a time: whoever opens a session while the password is changed sees the other's change, or is seen by it.
_TO_CHANGE = HeldRead(_BY_ID, of="u")
_BEGUN = Statement(
    "SELECT f.id AS factor_id, f.sealed, f.last_step, f.created_at AS factor_since FROM factor_row f"
    " WHERE f.tenant_id = $1::uuid AND f.user_id = $2::uuid AND f.id = $3::uuid AND f.confirmed_at IS NULL"
    " AND f.created_at > $4::timestamptz"
)
_BEGUN_IN_SESSION = Statement(
    "SELECT f.id AS factor_id, f.sealed, f.last_step, f.created_at AS factor_since FROM web_session_row e"
    " JOIN factor_row f ON f.tenant_id = e.tenant_id AND f.user_id = e.user_id AND f.id = e.begun_factor_id"
    " WHERE e.tenant_id = $1::uuid AND e.id = $2::uuid AND f.confirmed_at IS NULL AND f.created_at > $3::timestamptz"
)
_RECOVERY = Statement(
    "SELECT digest FROM recovery_code_row"
    " WHERE tenant_id = $1::uuid AND user_id = $2::uuid AND used_at IS NULL ORDER BY digest"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """An authenticator app."""

    factor_id: UUID
    sealed: str = field(repr=False)
    last_step: int
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A user of any status, with what opens the door for them."""

    person: Person
    password_hash: str | None = field(repr=False)
    password_set_at: datetime | None
    factor: Factor | None


async def find_holder_named(tenant_id: TenantId, user_name_key: str) -> Holder | None:
    """Return the user of that name, or formerly of that name if it still matches."""
    return _holder_from(await fetch_one(_BY_NAME, tenant_id, user_name_key))


async def find_holder(tenant_id: TenantId, user_id: UserId, *, hold: bool = False) -> Holder | None:
    """Return a user of the tenant; ``hold`` keeps it until the unit ends."""
    row = await (_TO_CHANGE.one(tenant_id, user_id) if hold else fetch_one(_TO_READ, tenant_id, user_id))
    return _holder_from(row)


async def find_begun_factor(
    tenant_id: TenantId, user_id: UserId, factor_id: UUID, *, begun_after: datetime
) -> Factor | None:
    """Return a factor that the user began to set up, if it is neither in use yet nor too old."""
    row = await fetch_one(_BEGUN, tenant_id, user_id, factor_id, begun_after)
    return None if row is None else _factor_from(row)


async def find_factor_begun_in(tenant_id: TenantId, session_id: UUID, *, begun_after: datetime) -> Factor | None:
    """Return the factor that was begun in a web session, if it is neither in use yet nor too old."""
    row = await fetch_one(_BEGUN_IN_SESSION, tenant_id, session_id, begun_after)
    return None if row is None else _factor_from(row)


async def list_recovery_digests(tenant_id: TenantId, user_id: UserId) -> list[str]:
    """Return the hashes of the user's recovery codes that are not used."""
    return [row["digest"] for row in await fetch(_RECOVERY, tenant_id, user_id)]


def _holder_from(row: Row | None) -> Holder | None:
    if row is None:
        return None
    return Holder(
        person=person_from(row),
        password_hash=row["hash"],
        password_set_at=row["set_at"],
        factor=None if row["factor_id"] is None else _factor_from(row),
    )


def _factor_from(row: Row) -> Factor:
    return Factor(
        factor_id=row["factor_id"], sealed=row["sealed"], last_step=row["last_step"], since=row["factor_since"]
    )
