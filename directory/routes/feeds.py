"""The source by which a super tenant acts in a tenant below: one for each, made with the first that is led there."""

from dataclasses import replace
from datetime import datetime

from directory.commit import commit_plan, in_unit_of
from directory.ids import new_id
from directory.model import Actor, Source, SourceId, TenantId
from directory.plan import Event, InsertRow, Plan, changed_attributes
from directory.presets import PRESETS
from directory.routes.ground import Ground
from directory.store import access
from directory.store.holding import hold
from directory.store.routes.facts import find_feed
from directory.store.unit import once_committed
from directory.tenant_terms import settings_in

SETTINGS = replace(PRESETS["strict"], on_match="queue")
"""Nobody there is taken over unseen: whom a copy meets is decided in the tenant."""
OWNER_SUFFIX = " (routing)"
_KNOWN_MAX = 10_000
_known: dict[TenantId, SourceId] = {}
"""Feeds that were seen; they stay as long as their tenant."""


def owner_of(ground: Ground) -> str:
    """Return in whose name routing acts in tenants below."""
    return f"{ground.tenant.name}{OWNER_SUFFIX}"


async def feed_of(ground: Ground, tenant_id: TenantId) -> Actor | None:
    """Return who acts in a tenant below; None if nothing was ever led there. Call it as that tenant."""
    source_id = _known.get(tenant_id)
    if source_id is None:
        row = await find_feed(tenant_id)
        if row is None:
            return None
        source_id = SourceId(row["id"])
        once_committed(lambda: _remember(tenant_id, source_id))
    return _actor(ground, tenant_id, source_id)


async def make_feed(ground: Ground, tenant_id: TenantId) -> Actor:
    """Return who acts in a tenant below from now on; its source is new, and named like the super tenant."""
    by = Actor(tenant_id=tenant_id, kind="system", label=owner_of(ground))
    await hold(f"{tenant_id}/routed")  # others that lead somebody there for the first time, too, wait for this one
    if (found := await find_feed(tenant_id)) is not None:
        return _actor(ground, tenant_id, SourceId(found["id"]))
    source = Source(
        source_id=SourceId(new_id(ground.now)),
        tenant_id=tenant_id,
        kind="routed",
        preset="strict",
        label=ground.tenant.name,
        settings=await settings_in(tenant_id, SETTINGS),
        created_at=ground.now,
    )
    await in_unit_of(by, lambda: _create(source, by=by, now=ground.now))
    return _actor(ground, tenant_id, source.source_id)


async def _create(source: Source, *, by: Actor, now: datetime) -> None:
    row = InsertRow(
        table="source_row",
        values={
            "tenant_id": source.tenant_id,
            "id": source.source_id,
            "kind": source.kind,
            "preset": source.preset,
            "label": source.label,
            "settings": access.settings_text(source.settings),
            "created_at": source.created_at,
        },
    )
    event = Event(
        action="source:created",
        subject_kind="source",
        subject_id=source.source_id,
        subject_label=source.label,
        changes=changed_attributes({}, {"kind": source.kind, "label": source.label}),
    )
    await commit_plan(Plan(changes=(row,), events=(event,)), by=by, now=now)


def _actor(ground: Ground, tenant_id: TenantId, source_id: SourceId) -> Actor:
    return Actor(
        tenant_id=tenant_id,
        kind="source",
        label=owner_of(ground),
        source_id=source_id,
        lets_pass=ground.lets_pass,
    )


def _remember(tenant_id: TenantId, source_id: SourceId) -> None:
    if len(_known) >= _KNOWN_MAX:
        _known.clear()
    _known[tenant_id] = source_id
