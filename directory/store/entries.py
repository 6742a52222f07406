"""Reads of the ways into the portal: one-time links, sign-ins half way, and web sessions."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from directory.model import AccessRole, Permission, RoleId, Tenant, TenantId, User, UserId
from directory.store.access import permissions_from, role_from, tenant_from
from directory.store.compiled import Statement
from directory.store.people import LOCK_COLUMNS, LOCK_JOIN
from directory.store.rows import USER_COLUMNS, user_from
from directory.store.unit import Row, execute, fetch, fetch_one
from directory.visitor import Purpose, Way

PERSON = (
    f"{USER_COLUMNS}, {LOCK_COLUMNS}, t.slug, t.name, t.parent_id, t.default_role_id, t.policy_version,"
    " t.routing_mark,"
    " r.name AS role_name, r.permissions, r.shipped"
)
_PERSON_JOIN = (
    f"JOIN user_row u ON u.tenant_id = e.tenant_id AND u.id = e.user_id {LOCK_JOIN}"
    " JOIN tenant_row t ON t.id = u.tenant_id AND t.suspended_at IS NULL"
    " JOIN role_row r ON r.tenant_id = u.tenant_id AND r.id = u.role_id"
    # Holders of a deleted role wait for the one that they get.
    " AND NOT EXISTS (SELECT 1 FROM retired_role_row x WHERE x.tenant_id = r.tenant_id AND x.role_id = r.id)"
)
# Status, tombstone and permissions are read each time: whoever is disabled or loses the role is out at once.
_SESSION = Statement(
    f"SELECT {PERSON}, e.id AS session_id, e.csrf_key, e.created_at AS signed_in_at, e.way, e.second_factor,"
    " e.confirmed_at AS session_confirmed_at, e.role_id AS session_role_id, e.last_used_at AS session_used_at,"
    " e.permissions AS entry_permissions"
    f" FROM web_session_row e {_PERSON_JOIN}"
    " WHERE e.digest = $1::text AND e.ended_at IS NULL AND u.active AND u.deleted_at IS NULL",
    house=True,
)
_LINK = (
    f"SELECT {PERSON}, e.id AS link_id, e.purpose, e.permissions AS entry_permissions"
    f" FROM signin_link_row e {_PERSON_JOIN}"
    " WHERE e.digest = $1::text AND e.used_at IS NULL AND e.expires_at > $2::timestamptz"
    " AND u.active AND u.deleted_at IS NULL"
)
_LINK_TO_READ = Statement(_LINK, house=True)
# Of two who redeem one link at once, the second waits here and then finds it used.
_LINK_TO_USE = Statement(f"{_LINK} FOR UPDATE OF e", house=True)
_STEP = (
    f"SELECT {PERSON}, e.id AS step_id, e.way, e.lands_at, e.factor_id, e.permissions AS entry_permissions"
    f" FROM signin_step_row e {_PERSON_JOIN}"
    " WHERE e.digest = $1::text AND e.used_at IS NULL AND e.expires_at > $2::timestamptz"
    " AND u.active AND u.deleted_at IS NULL"
)
_STEP_TO_READ = Statement(_STEP, house=True)
_STEP_TO_USE = Statement(f"{_STEP} FOR UPDATE OF e", house=True)
_WEB_SESSION = "id, user_id, created_at, last_used_at, network, software, ended_at, way, second_factor"
_SESSION_OF_TENANT = Statement(
    f"SELECT {_WEB_SESSION} FROM web_session_row WHERE tenant_id = $1::uuid AND id = $2::uuid FOR NO KEY UPDATE"
)
_SESSIONS = Statement(
    f"SELECT {_WEB_SESSION} FROM web_session_row"
    " WHERE tenant_id = $1::uuid AND user_id = $2::uuid ORDER BY created_at DESC, id DESC LIMIT $3::bigint"
)
_LIVE_SESSIONS = Statement(
    "SELECT id FROM web_session_row WHERE tenant_id = $1::uuid AND user_id = $2::uuid AND ended_at IS NULL"
    " AND id <> $3::uuid AND created_at > $4::timestamptz ORDER BY id FOR NO KEY UPDATE"
)
_LINKS = Statement(
    "SELECT id, user_id, created_by, created_at, expires_at, used_at, purpose FROM signin_link_row"
    " WHERE tenant_id = $1::uuid AND user_id = $2::uuid ORDER BY created_at DESC, id DESC LIMIT $3::bigint"
)
_STAMP = Statement(
    "UPDATE web_session_row SET last_used_at = $3::timestamptz"
    " WHERE tenant_id = $1::uuid AND id = $2::uuid AND last_used_at < $3::timestamptz AND ended_at IS NULL"
)

_OLD_STEPS = Statement(
    "DELETE FROM signin_step_row WHERE (tenant_id, id) IN"
    " (SELECT tenant_id, id FROM signin_step_row WHERE expires_at < $1::timestamptz LIMIT $2::bigint)",
    house=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An active user as somebody who may want to come in."""

    tenant: Tenant
    user: User
    role: AccessRole


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opening:
    """A way in, and whose it is."""

    person: Person
    permissions: frozenset[Permission]
    """What the person's role carried when this was made, or last renewed."""

    @property
    def is_outgrown(self) -> bool:
        """Whether the person may do more by now: somebody else may hold what opened less, and waits for that."""
        return not self.person.role.permissions <= self.permissions


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSession(_Opening):
    """A web session that nobody ended, with its person."""

    session_id: UUID
    csrf_key: bytes
    signed_in_at: datetime
    last_used_at: datetime
    confirmed_at: datetime
    way: Way
    second_factor: bool
    role_id: RoleId
    """The role that it was begun or last renewed with; the person's own may be another by now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSession:
    """One browser that was signed in, as its user is shown it."""

    session_id: UUID
    user_id: UserId
    signed_in_at: datetime
    last_used_at: datetime
    network: str
    software: str
    ended_at: datetime | None
    way: Way
    second_factor: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldLink(_Opening):
    """An unused link, and whom it lets in."""

    link_id: UUID
    purpose: Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldStep(_Opening):
    """A sign-in half way, and whose it is."""

    step_id: UUID
    way: Way
    lands_at: str
    factor_id: UUID | None
    """The second factor that was begun for it, and that it alone may show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SigninLink:
    """A one-time link, without what opens it."""

    link_id: UUID
    user_id: UserId
    created_by: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    purpose: Purpose


async def find_session(digest: str) -> LiveSession | None:
    """Return the session of that token if it is not ended and its user is active."""
    row = await fetch_one(_SESSION, digest)
    if row is None:
        return None
    return LiveSession(
        session_id=row["session_id"],
        person=person_from(row),
        permissions=permissions_from(row["entry_permissions"]),
        csrf_key=bytes.fromhex(row["csrf_key"]),
        signed_in_at=row["signed_in_at"],
        last_used_at=row["session_used_at"],
        confirmed_at=row["session_confirmed_at"] or row["signed_in_at"],
        way=row["way"],
        second_factor=row["second_factor"],
        role_id=row["session_role_id"] or row["role_id"],
    )


async def find_link(digest: str, *, now: datetime, hold: bool = False) -> HeldLink | None:
    """Return an unused link of an active user; ``hold`` keeps it until the unit ends."""
    row = await fetch_one(_LINK_TO_USE if hold else _LINK_TO_READ, digest, now)
    if row is None:
        return None
    return HeldLink(
        link_id=row["link_id"],
        person=person_from(row),
        permissions=permissions_from(row["entry_permissions"]),
        purpose=row["purpose"],
    )


async def find_step(digest: str, *, now: datetime, hold: bool = False) -> HeldStep | None:
    """Return a sign-in half way of an active user; ``hold`` keeps it until the unit ends."""
    row = await fetch_one(_STEP_TO_USE if hold else _STEP_TO_READ, digest, now)
    if row is None:
        return None
    return HeldStep(
        step_id=row["step_id"],
        person=person_from(row),
        permissions=permissions_from(row["entry_permissions"]),
        way=row["way"],
        lands_at=row["lands_at"],
        factor_id=row["factor_id"],
    )


async def list_live_session_ids(
    tenant_id: TenantId, user_id: UserId, *, but: UUID, begun_after: datetime
) -> list[UUID]:
    """Return the sessions of a user that nobody ended, but one, and hold them until the unit ends."""
    return [row["id"] for row in await fetch(_LIVE_SESSIONS, tenant_id, user_id, but, begun_after)]


async def find_session_to_end(tenant_id: TenantId, session_id: UUID) -> WebSession | None:
    """Return a session of the tenant and hold it until the unit ends."""
    row = await fetch_one(_SESSION_OF_TENANT, tenant_id, session_id)
    return None if row is None else _session_from(row)


async def list_sessions(tenant_id: TenantId, user_id: UserId, *, limit: int) -> list[WebSession]:
    """Return the newest sessions of a user, also those that are over."""
    return [_session_from(row) for row in await fetch(_SESSIONS, tenant_id, user_id, limit)]


async def list_links(tenant_id: TenantId, user_id: UserId, *, limit: int) -> list[SigninLink]:
    """Return the newest links of a user, also those that are over."""
    return [
        SigninLink(
            link_id=row["id"],
            user_id=UserId(row["user_id"]),
            created_by=row["created_by"],
            created_at=row["created_at"],
            expires_at=row["expires_at"],
            used_at=row["used_at"],
            purpose=row["purpose"],
        )
        for row in await fetch(_LINKS, tenant_id, user_id, limit)
    ]


async def stamp_session(tenant_id: TenantId, session_id: UUID, at: datetime) -> None:
    """Write when a session was last used; an older time never replaces a newer one."""
    await execute(_STAMP, tenant_id, session_id, at)


async def delete_steps(expired_before: datetime, *, limit: int) -> int:
    """Delete sign-ins half way that are long over; return how many."""
    return await execute(_OLD_STEPS, expired_before, limit, unbounded=True)


def person_from(row: Row) -> Person:
    """Return the person of a row with the columns of ``PERSON``."""
    role = {"id": row["role_id"], "name": row["role_name"]}
    return Person(
        tenant=tenant_from(row, tenant_id=row["tenant_id"]),
        user=user_from(row),
        role=role_from({**role, "permissions": row["permissions"], "shipped": row["shipped"]}),
    )


def _session_from(row: Row) -> WebSession:
    return WebSession(
        session_id=row["id"],
        user_id=UserId(row["user_id"]),
        signed_in_at=row["created_at"],
        last_used_at=row["last_used_at"],
        network=row["network"],
        software=row["software"],
        ended_at=row["ended_at"],
        way=row["way"],
        second_factor=row["second_factor"],
    )
