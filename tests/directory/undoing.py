"""An operator who does and undoes, and the state of a tenant as one text."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from directory import access_roles, events, locks, mappings, status, undo
from directory.events import EventView
from directory.model import Actor, EventId, GroupId, User, UserId
from directory.store.compiled import Statement
from directory.store.unit import fetch
from directory.undo import UndoPreview
from tests.directory.world import World

STATE: Mapping[str, str] = {
    "users": "SELECT id, source_id, user_name, document, reported_active, active, role_id, origin, decided_group_id,"
    " unlocked_role_id, unlocked_group_id FROM user_row WHERE tenant_id = $1::uuid AND deleted_at IS NULL ORDER BY id",
    "e-mails": "SELECT e.user_id, e.position, e.kind, e.value_key FROM email_row e JOIN user_row u"
    " ON u.tenant_id = e.tenant_id AND u.id = e.user_id WHERE e.tenant_id = $1::uuid AND u.deleted_at IS NULL"
    " ORDER BY e.user_id, e.position",
    "locks": "SELECT l.user_id, l.role_id, l.reason, l.owner, l.until FROM lock_row l JOIN user_row u"
    " ON u.tenant_id = l.tenant_id AND u.id = l.user_id WHERE l.tenant_id = $1::uuid AND u.deleted_at IS NULL"
    " ORDER BY l.user_id",
    "reviews": "SELECT user_id, reviewed_by, note FROM lock_review_row WHERE tenant_id = $1::uuid ORDER BY user_id",
    "blocks": "SELECT user_id, reason, owner FROM signin_block_row WHERE tenant_id = $1::uuid ORDER BY user_id",
    "links": "SELECT source_id, external_id, user_id FROM user_link_row WHERE tenant_id = $1::uuid"
    " ORDER BY source_id, external_id",
    "mappings": "SELECT group_id, role_id, position, consented_by FROM mapping_row WHERE tenant_id = $1::uuid"
    " ORDER BY position",
    "default": "SELECT default_role_id FROM tenant_row WHERE id = $1::uuid",
    "roles": "SELECT id, name, name_key, permissions FROM role_row WHERE tenant_id = $1::uuid ORDER BY id",
    "retired": "SELECT role_id, moved_to FROM retired_role_row WHERE tenant_id = $1::uuid ORDER BY role_id",
    "sources": "SELECT id, preset, label, settings FROM source_row WHERE tenant_id = $1::uuid ORDER BY id",
    "pulls": "SELECT source_id, config, rules, mode, audits_source_id, interval_min, full_every_h, paused FROM pull_row"
    " WHERE tenant_id = $1::uuid ORDER BY source_id",
    "closings": "SELECT source_id, deed FROM closing_row WHERE tenant_id = $1::uuid ORDER BY source_id",
    "members": "SELECT group_id, user_id, label FROM member_row WHERE tenant_id = $1::uuid ORDER BY group_id, user_id",
    "items": "SELECT id, tag, name, category, state, note, value_minor FROM equipment_row WHERE tenant_id = $1::uuid"
    " ORDER BY id",
    "loans": "SELECT id, item_id, user_id, returned_by, note, due_at FROM loan_row WHERE tenant_id = $1::uuid"
    " ORDER BY id",
    "tasks": "SELECT user_id, outcome, manager_id FROM return_task_row WHERE tenant_id = $1::uuid"
    " AND closed_at IS NULL ORDER BY user_id",
    "schedules": "SELECT id, name, report, recipients, minute FROM schedule_row WHERE tenant_id = $1::uuid ORDER BY id",
    "recipients": "SELECT id, address, kinds, rhythm FROM alert_recipient_row WHERE tenant_id = $1::uuid ORDER BY id",
    "webhooks": "SELECT id, label, url, kinds, state FROM webhook_row WHERE tenant_id = $1::uuid ORDER BY id",
    "guard": "SELECT guard FROM tenant_row WHERE id = $1::uuid",
    "raised": "SELECT source_id, kind, left_count FROM guard_raise_row WHERE tenant_id = $1::uuid ORDER BY source_id",
    "held": "SELECT id, in_force FROM held_change_row WHERE tenant_id = $1::uuid ORDER BY id",
    "groups": "SELECT id, member_count, waiting_count FROM group_row WHERE tenant_id = $1::uuid ORDER BY id",
}
"""All that decides anything, without versions, times and the record of events."""


async def state_of(world: World) -> dict[str, list[Any]]:
    """Return the tenant's state, table by table."""
    found: dict[str, list[Any]] = {}
    for name, sql in STATE.items():
        rows = await fetch(Statement(sql), world.tenant.tenant_id, unbounded=True)
        found[name] = [[_comparable(value) for value in dict(row).values()] for row in rows]
    return found


def hash_of(state: Mapping[str, Sequence[Any]]) -> str:
    """Return the state as one hash."""
    return hashlib.sha256(msgspec.json.encode(state, order="deterministic")).hexdigest()


def _comparable(value: object) -> object:
    if isinstance(value, str) and value.startswith("{"):
        return msgspec.json.decode(value)
    return str(value) if isinstance(value, UUID) or hasattr(value, "isoformat") else value


async def operator_in(world: World, role: str = "administrator", name: str = "olga") -> Actor:
    """Return a local user with a role, as the operator that they are."""
    user = await locks.create_local_user(
        name, display_name=name.title(), role_id=world.roles[role].role_id, by=world.system, now=world.tick()
    )
    held = await access_roles.get_role(world.tenant.tenant_id, world.roles[role].role_id)
    return Actor(
        tenant_id=world.tenant.tenant_id,
        kind="operator",
        label=name.title(),
        user_id=UserId(user.user_id),
        permissions=held.permissions,
    )


async def newest_event(world: World, action: str | None = None) -> EventView:
    """Return the last event, or the last of that action."""
    found = await events.list_events(world.tenant.tenant_id, limit=200)
    return next(event for event in found if action in {None, event.action})


async def undone(world: World, event_id: EventId, by: Actor, *, consent: bool = True) -> UndoPreview:
    """Look at an undo and, unless it is refused, apply it; returns what was shown."""
    shown = await undo.preview_undo(event_id, by=by, now=world.tick())
    if not shown.refused:
        await undo.apply_undo(event_id, shown.plan_hash, consent=consent, confirmed=True, by=by, now=world.tick())
    return shown


async def lead_of_last(world: World, by: Actor) -> EventId:
    """Return the event that leads the operator's last deed."""
    found = await find_lead(world, by)
    assert found is not None
    return found


async def find_lead(world: World, by: Actor) -> EventId | None:
    """Return the event that leads the operator's last deed, if there is any."""
    found = await events.list_events(world.tenant.tenant_id, limit=100)
    own = [event for event in found if event.actor_id == by.user_id and event.actor_kind == "operator"]
    return [event for event in own if event.at == own[0].at][-1].event_id if own else None


async def furnished(world: World) -> User:
    """Push two groups with two people, map both, and return the first of them."""
    ann = await world.push_user("ann", displayName="Ann", emails=[{"value": "ann@example.org"}])
    await world.push_user("bob", displayName="Bob")
    first = await world.push_group("Editors", ["ext-ann"])
    second = await world.push_group("Viewers", ["ext-ann", "ext-bob"])
    await world.push_group("Others", ["ext-bob"])
    await world.map_group(first, "editor")
    await world.map_group(second, "viewer")
    return ann


async def group_named(world: World, name: str) -> GroupId:
    """Return the mapped group of that name."""
    lines = (await mappings.get_policy(world.tenant.tenant_id)).lines
    return next(line.mapping.group_id for line in lines if line.group_name == name)


async def put_lock(world: World, by: Actor, user: User) -> None:
    """Lock a user's role for nine days."""
    until = world.now + timedelta(days=9)
    role_id = world.roles["loanee"].role_id
    await locks.lock_role(user.user_id, role_id, reason="On loan", until=until, by=by, now=world.tick())


async def put_block(world: World, by: Actor, user: User) -> None:
    """Keep a user from signing in."""
    await status.block_signin(user.user_id, reason="Lost laptop", by=by, now=world.tick())
