"""``rolebook export``: how tenants are set up, as JSON; no secrets, and no people but those who get mails."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

import msgspec

from directory import (
    access_roles,
    alert_recipients,
    fields,
    guard_limits,
    mappings,
    schedule_recipients,
    schedules,
    sources,
    tenants,
    webhooks,
)
from directory.model import AccessRole, Source, SourceId, Tenant, TenantId
from directory.pulls.model import PullSource
from directory.pulls.sources import list_pull_sources
from directory.schedule_values import Schedule
from rolebook.command import Answer
from rolebook.ownership import own_version
from rolebook.provision import get_tenant

FORMAT = "rolebook-configuration/1"


async def export_configuration(slug: str | None, *, now: datetime) -> Answer:
    """Return the configuration of one tenant, or of all: roles, mappings, connections, policies, and who is told what.

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
    labels = {one.source_id: one.label for one in connections}
    pulled = {one.source_id: _pull(one, labels) for one in await list_pull_sources(tenant.tenant_id)}
    return {
        "slug": tenant.slug,
        "name": tenant.name,
        "parent": None if parent is None else parent.slug,
        "default_role": policy.default_role.name,
        "roles": sorted((_role(role) for role in roles), key=lambda one: str(one["name"])),
        "connections": sorted(
            (_connection(source, pulled) for source in connections), key=lambda one: str(one["label"])
        ),
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
        **await _settings(tenant.tenant_id),
    }


async def _settings(tenant_id: TenantId) -> Answer:
    """Return what is set beside access; a schedule's next time is no setting."""
    limits = await guard_limits.read_limits(tenant_id)
    attributes = await fields.list_fields(tenant_id)
    planned = await schedules.list_schedules(tenant_id)
    told = await alert_recipients.list_recipients(tenant_id)
    hooks = await webhooks.list_webhooks(tenant_id)
    return {
        "guard_limits": msgspec.to_builtins(limits),
        "attribute_fields": [{"label": one.label, "path": one.scim_path, "listed": one.listed} for one in attributes],
        "schedules": _by_text([await _schedule(tenant_id, one) for one in planned]),
        "alert_recipients": _by_text(
            [{"address": one.address, "kinds": sorted(one.kinds), "rhythm": one.rhythm} for one in told]
        ),
        "webhooks": _by_text(
            [
                {
                    "label": one.label,
                    "address": one.url.partition("?")[0],
                    "kinds": sorted(one.kinds),
                }  # as pages show it
                for one in hooks
            ]
        ),
    }


async def _schedule(tenant_id: TenantId, schedule: Schedule) -> Answer:
    terms = schedule.terms
    people = await schedule_recipients.describe_recipients(tenant_id, terms.recipients)
    addresses = [one.address for one in terms.recipients if one.user_id is None]
    return {
        "name": terms.name,
        "report": terms.report,
        "options": dict(terms.options),
        "rhythm": asdict(terms.rhythm),
        "recipients": sorted({*addresses, *(one.email for one in people if one.email)}),
        "only_if_not_empty": terms.skips_empty,
        "paused": schedule.paused_at is not None,
    }


def _by_text(entries: list[Answer]) -> list[Answer]:
    return sorted(entries, key=lambda one: str(list(one.values())))


def _role(role: AccessRole) -> Answer:
    return {"name": role.name, "shipped": role.shipped, "permissions": sorted(role.permissions)}


def _connection(source: Source, pulled: Mapping[SourceId, Answer]) -> Answer:
    described = {
        "label": source.label,
        "kind": source.kind,
        "preset": source.preset,
        "settings": msgspec.to_builtins(asdict(source.settings)),
    }
    return {**described, "pull": pulled[source.source_id]} if source.source_id in pulled else described


def _pull(source: PullSource, labels: Mapping[SourceId, str]) -> Answer:
    """Return how a connection is pulled; credentials are not even named."""
    return {
        "config": source.config,
        "rules": None if source.rules is None else list(source.rules),
        "mode": source.mode,
        "compared_with": None if source.audits_source_id is None else labels.get(source.audits_source_id),
        "matched_by": source.match_target,
        "interval_min": source.interval_min,
        "full_every_h": source.full_every_h,
        "paused": source.paused,
    }
