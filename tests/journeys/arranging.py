"""What an administrator sets up before a journey: a connection, and which groups give which role."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

from directory import access_roles, guard_limits, mappings, tenants
from directory.guard import Limits
from directory.model import GroupId
from directory.store.unit import open_store
from rolebook.welcome import TENANT_SLUG
from tests.journeys.serving import rolebook

ROLES = ("User Manager", "Editor", "Viewer")


def connect_source(database_url: str, *, preset: str = "entra") -> str:
    """Create a connection in the first tenant and return its secret."""
    words = ("source", "create", "--tenant", TENANT_SLUG, "--kind", "scim", "--preset", preset, "--name", preset)
    secret: str = rolebook(database_url, *words)["secret"]
    return secret


def turn_guard_off(database_url: str) -> None:
    """Let everything that is pushed take effect at once, for journeys that compare it with what is stored."""
    asyncio.run(_turn_guard_off(database_url))


async def _turn_guard_off(database_url: str) -> None:
    async with open_store(database_url):
        tenant = await tenants.find_tenant(TENANT_SLUG)
        assert tenant is not None
        await guard_limits.set_limits(Limits(on=False), by=tenants.system_actor(tenant), now=datetime.now(UTC))


def map_groups(database_url: str, group_ids: list[str]) -> None:
    """Map the groups, in this order, to roles of the first tenant."""
    asyncio.run(_map_groups(database_url, group_ids))


async def _map_groups(database_url: str, group_ids: list[str]) -> None:
    async with open_store(database_url):
        tenant = await tenants.find_tenant(TENANT_SLUG)
        assert tenant is not None
        by = tenants.system_actor(tenant)
        for number, group_id in enumerate(group_ids):
            role = await access_roles.find_role(tenant.tenant_id, ROLES[number % len(ROLES)])
            assert role is not None
            await mappings.add_mapping(
                GroupId(UUID(group_id)), role.role_id, consent=False, by=by, now=datetime.now(UTC)
            )
