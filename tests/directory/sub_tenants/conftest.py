"""A super tenant with two tenants below it, and a stranger beside them."""

from dataclasses import dataclass
from datetime import datetime

import pytest

from directory import events, tenants
from directory.model import PERMISSIONS, Actor, Tenant, TenantId
from directory.store.unit import Engine
from tests.directory.world import World, create_world


@dataclass
class Company:
    """Acme with Bristol and Leeds below it; Other is somebody else's."""

    acme: World
    bristol: World
    leeds: World
    other: World

    @property
    def operator(self) -> Actor:
        """An administrator of the super tenant."""
        tenant_id = self.acme.tenant.tenant_id
        return Actor(tenant_id=tenant_id, kind="operator", label="R. Diaz", permissions=frozenset(PERMISSIONS))

    def tick(self) -> datetime:
        return self.acme.tick()


async def told_in(tenant_id: TenantId) -> list[tuple[str, str]]:
    """Return action and actor of the newest events of a tenant, the newest first."""
    return [(event.action, event.actor_label) for event in await events.list_events(tenant_id, limit=20)]


async def reread(tenant: Tenant) -> Tenant:
    return await tenants.get_tenant(tenant.tenant_id)


@pytest.fixture
async def company(store: Engine) -> Company:
    assert store is not None
    acme = await create_world("acme")
    bristol = await create_world("bristol", parent_slug="acme")
    leeds = await create_world("leeds", parent_slug="acme")
    other = await create_world("other")
    acme.tenant = await reread(acme.tenant)
    return Company(acme=acme, bristol=bristol, leeds=leeds, other=other)
