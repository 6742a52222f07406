"""``rolebook export``: how tenants are set up, as JSON; no people and no secrets."""

from dataclasses import asdict
from datetime import datetime

import msgspec

from directory import access_roles, mappings, sources, tenants
from directory.model import AccessRole, Source, Tenant
from rolebook.command import Answer
from rolebook.ownership import own_version
from rolebook.provision import get_tenant

FORMAT = "rolebook-configuration/1"


async def export_configuration(slug: str | None, *, now: datetime) -> Answer:
    """Return the configuration of one tenant, or of all: roles, mappings, connections and policies.

    Mappings keep their order, everything else goes by name: two exports of what has not changed differ in
    ``exported_at`` alone.

    Raises:
        NotFoundError: there is no tenant of that slug.
    """
    chosen = await tenants.list_tenants() if slug is None else [await get_tenant(slug)]
    described = [await _described(tenant) for tenant in chosen]
    return {"format": FORMAT, "version": own_version(), "exported_at": now.isoformat(), "tenants": described}


async def _described(tenant: Tenant) -> Answer:
    parent = None if tenant.parent_id is None else await tenants.get_tenant(tenant.parent_id)
    roles = await access_roles.list_roles(tenant.tenant_id)
    policy = await mappings.get_policy(tenant.tenant_id)
    connections = await sources.list_sources(tenant.tenant_id)
    return {
        "slug": tenant.slug,
        "name": tenant.name,
        "parent": None if parent is None else parent.slug,
        "default_role": policy.default_role.name,
        "roles": sorted((_role(role) for role in roles), key=lambda one: str(one["name"])),
        "connections": sorted((_connection(source) for source in connections), key=lambda one: str(one["label"])),
        "mappings": [
            {
                "group": line.group_name,
                "external_id": line.external_id,
                "connection": line.source_label,
                "role": line.role.name,
                "consented_by": line.mapping.consented_by,
            }
            for line in policy.lines
        ],
    }


def _role(role: AccessRole) -> Answer:
    return {"name": role.name, "shipped": role.shipped, "permissions": sorted(role.permissions)}


def _connection(source: Source) -> Answer:
    return {
        "label": source.label,
        "kind": source.kind,
        "preset": source.preset,
        "settings": msgspec.to_builtins(asdict(source.settings)),
    }
