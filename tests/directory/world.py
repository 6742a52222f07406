"""A small tenant to act in: one source that pushes, one operator who may do everything, a clock that only goes on."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from directory import access_roles, events, groups, managers, mappings, sources, tenants, upkeep, users
from directory.edits import GroupEdit
from directory.model import (
    AccessRole,
    Actor,
    Group,
    GroupAttributes,
    JsonValue,
    Preset,
    Source,
    Tenant,
    User,
    UserAttributes,
)


@dataclass
class World:
    """What a test needs to push, map and look."""

    tenant: Tenant
    source: Source
    system: Actor
    roles: dict[str, AccessRole]
    """By shipped key."""
    now: datetime = field(default=datetime(2026, 11, 1, 9, 0, tzinfo=UTC))

    @property
    def client(self) -> Actor:
        """The identity provider of the source."""
        return Actor(
            tenant_id=self.tenant.tenant_id, kind="source", label=self.source.label, source_id=self.source.source_id
        )

    def tick(self) -> datetime:
        """Return the next moment."""
        self.now += timedelta(seconds=1)
        return self.now

    async def push_user(self, name: str, /, **attributes: JsonValue) -> User:
        """Push a user whose externalId is ``ext-<name>``."""
        document: dict[str, JsonValue] = {
            "userName": f"{name}@example.org",
            "externalId": f"ext-{name}",
            "active": True,
            **attributes,
        }
        user, _ = await users.create_user(
            UserAttributes(document), by=self.client, now=self.tick(), revive_inactive=True
        )
        return user

    async def push_group(self, name: str, members: Iterable[str] = (), /, **attributes: JsonValue) -> Group:
        """Push a group with members by externalId or id."""
        document: dict[str, JsonValue] = {"displayName": name, "externalId": f"ext-{name}", **attributes}
        return await groups.create_group(
            GroupAttributes(document),
            frozenset(members),
            by=self.client,
            now=self.tick(),
            unique_name=False,
            unknown="pending",
        )

    async def edit_members(
        self, group: Group, *, add: Iterable[str] = (), remove: Iterable[str] = (), replace: bool = False
    ) -> Group:
        """Push a delta of members."""
        edit = GroupEdit(add=frozenset(add), remove=frozenset(remove), replace=replace)
        return await groups.edit_group(group.group_id, edit, by=self.client, now=self.tick())

    async def map_group(self, group: Group, role: str) -> None:
        """Map a group to a shipped role, with consent where that is needed."""
        await mappings.add_mapping(
            group.group_id, self.roles[role].role_id, consent=True, by=self.system, now=self.tick()
        )

    async def role_of(self, user: User) -> str:
        """Return the shipped key of the role that a user has now."""
        found = await users.get_user(self.tenant.tenant_id, user.user_id)
        return next(key for key, role in self.roles.items() if role.role_id == found.decision.role_id)

    async def members_of(self, group: Group) -> set[str]:
        """Return the user names of a group's members."""
        found = await groups.list_members(self.tenant.tenant_id, group.group_id, after=None, limit=1000)
        return {member.user_name.partition("@")[0] for member in found}

    async def settle_references(self) -> None:
        """Let the duties seal what happened, and follow it to whom references mean."""
        await events.seal_events(now=self.now, limit=10_000)
        while await managers.settle_references(now=self.now):
            pass

    async def assert_consistent(self) -> None:
        """Everything stored follows from the facts."""
        tenant_id = self.tenant.tenant_id
        report = await upkeep.recompute_roles(tenant_id)
        assert (report.differing, report.under_way) == ((), False)
        assert await upkeep.list_miscounted_groups(tenant_id) == []
        assert await upkeep.list_mistallied_sources(tenant_id) == []
        assert await upkeep.list_untold_users(tenant_id) == []
        assert await upkeep.list_misstated_users(tenant_id) == []


async def create_world(slug: str = "example", preset: Preset = "entra", *, parent_slug: str | None = None) -> World:
    """Create a tenant with one SCIM source."""
    now = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
    tenant = await tenants.create_tenant(slug.title(), slug=slug, parent_slug=parent_slug, now=now)
    system = tenants.system_actor(tenant)
    source = await sources.create_source(kind="scim", preset=preset, label="Entra", by=system, now=now)
    roles = {role.shipped: role for role in await access_roles.list_roles(tenant.tenant_id) if role.shipped}
    return World(tenant=tenant, source=source, system=system, roles=roles)
