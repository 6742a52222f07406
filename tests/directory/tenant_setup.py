"""A tenant with what a test needs of it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from directory import access_roles, locks, secret_keys, sources, tenants, users
from directory.ids import new_id
from directory.model import Actor, Preset, RequestDraft, RequestId, Source, Tenant, User, UserAttributes
from directory.references import reference_for
from directory.secret_keys import IssuedSecret

NOW = datetime(2026, 11, 22, 10, 0, 0, 123456, UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A tenant and whoever acts in it."""

    tenant: Tenant
    by: Actor

    async def source(self, *, label: str = "Entra", preset: Preset = "entra", now: datetime = NOW) -> Source:
        return await sources.create_source(kind="scim", preset=preset, label=label, by=self.by, now=now)

    async def secret(self, source: Source, *, label: str = "", now: datetime = NOW) -> IssuedSecret:
        return await secret_keys.issue_secret(source.source_id, label=label, by=self.by, now=now)

    async def user(self, name: str = "ann", *, role: str = "administrator", now: datetime = NOW) -> User:
        found = await access_roles.find_role(self.tenant.tenant_id, role)
        assert found is not None
        return await locks.create_local_user(name, role_id=found.role_id, by=self.by, now=now)

    def feed(self, source: Source) -> Actor:
        """Return the source as the cause of a change."""
        return Actor(tenant_id=self.tenant.tenant_id, kind="source", label=source.label, source_id=source.source_id)

    async def pushed_user(self, source: Source, name: str = "ann", *, role: str = "administrator") -> User:
        """Create a user of a source whose role is locked."""
        user, _ = await users.create_user(
            UserAttributes({"userName": name, "externalId": name, "active": True}),
            by=self.feed(source),
            now=NOW,
            revive_inactive=False,
        )
        found = await access_roles.find_role(self.tenant.tenant_id, role)
        assert found is not None
        return await locks.lock_role(
            user.user_id, found.role_id, reason="as the test needs", until=None, by=self.by, now=NOW
        )

    def draft(self, *, at: datetime = NOW, status: int = 200, source: Source | None = None) -> RequestDraft:
        request_id = RequestId(new_id(at))
        return RequestDraft(
            request_id=request_id,
            tenant_id=self.tenant.tenant_id,
            source_id=None if source is None else source.source_id,
            secret_id=None,
            reference=reference_for(request_id),
            method="GET",
            path="/scim/v2/Users",
            started_at=at,
            elapsed_us=lambda: 1500,
            status=status,
        )


async def new_scene(name: str = "Acme") -> Scene:
    """Create a tenant; the actor is the command line's."""
    tenant = await tenants.create_tenant(name, now=NOW)
    return Scene(tenant=tenant, by=tenants.system_actor(tenant))


async def other_tenant() -> Scene:
    """Create a second tenant, whose ids lead nowhere in the first one."""
    return await new_scene("Other")
