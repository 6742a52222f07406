"""Groups of a super tenant: their copies in the tenants below, led there by rules of their own or by their members."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from directory import groups
from directory.edits import GroupEdit
from directory.errors import DirectoryError, UnavailableError
from directory.model import GroupAttributes, GroupId, TenantId
from directory.routes.copied_groups import acting_in, copied_attributes, create_copy, hold_places
from directory.routes.ground import Ground
from directory.routing import group_destinations
from directory.store.routes import due, group_routes
from directory.store.routes.group_routes import GroupCopy, Original

COPIES_IN_UNIT = 20
"""Copies that one unit of work changes: about 30 ms."""
MEMBERS_IN_UNIT = 2_000
"""Members of copies that one unit of work ends."""


@dataclass(slots=True, kw_only=True)
class Brought:
    """What came of an attempt to bring copies of groups up to date."""

    room: int
    """Copies that may still be changed in this unit."""
    more: set[GroupId] = field(default_factory=set)
    """Groups of which copies are left to another unit."""
    refused: dict[GroupId, str] = field(default_factory=dict)
    """Groups that a tenant below does not let go, and why."""


async def route_groups(ground: Ground, group_ids: Sequence[GroupId]) -> None:
    """Make the copies of up to 20 groups as their originals are: there, named alike, or gone; in the open unit.

    Of a group with very many copies some are left to the queue, and so is what a tenant below refuses.
    """
    brought = await bring_groups(ground, group_ids)
    if left := brought.more | brought.refused.keys():
        await due.queue(ground.tenant.tenant_id, "group", left, ground.now, lets_pass=ground.lets_pass)


async def bring_groups(ground: Ground, group_ids: Collection[GroupId]) -> Brought:
    """Bring copies of groups up to date, so many as one unit of work takes, and say what is left."""
    brought = Brought(room=COPIES_IN_UNIT)
    if not group_ids:
        return brought
    originals = await group_routes.hold_originals(ground.tenant.tenant_id, group_ids)
    copies: dict[GroupId, list[GroupCopy]] = {}
    for copy in await group_routes.list_copies(ground.tenant.tenant_id, group_ids, _below(ground)):
        copies.setdefault(copy.original_id, []).append(copy)
    for group_id in sorted(originals):
        original = originals[group_id]
        wanted = _led_to(ground, original)
        here = {copy.tenant_id for copy in copies.get(group_id, [])}
        await _bring_in(ground, original, {one: rule for one, rule in wanted.items() if one not in here}, brought)
        for copy in copies.get(group_id, []):
            await _bring(ground, original, copy, wanted.get(copy.tenant_id), brought)
    return brought


def _below(ground: Ground) -> frozenset[TenantId]:
    """Return the tenants that are ever led to: what lies in a deleted one stays as it is."""
    return frozenset((ground.policy.slugs or {}).values())


def _led_to(ground: Ground, original: Original) -> dict[TenantId, UUID | None]:
    """Return where rules of the group's own lead it, and which."""
    if original.deleted:
        return {}
    found = group_destinations(original.group_id, original.attributes.display_name, original.source_id, ground.policy)
    return {one.tenant_id: one.rule_id for one in found}


async def _bring_in(
    ground: Ground, original: Original, wanted: Mapping[TenantId, UUID | None], brought: Brought
) -> None:
    """Create the copies that a rule of the group's own asks for; who is to be in them comes by its own way."""
    if not wanted:
        return
    some = dict(sorted(wanted.items())[: max(brought.room, 0)])
    if len(some) < len(wanted):
        brought.more.add(original.group_id)
    places = {(original.group_id, tenant_id): rule_id for tenant_id, rule_id in some.items()}
    there = await hold_places(ground, places)
    for (group_id, tenant_id), rule_id in places.items():
        brought.room -= 1
        if (group_id, tenant_id) in there:  # it came in between, by its members
            brought.more.add(group_id)
            continue
        try:
            await create_copy(ground, original, tenant_id, frozenset(), rule_id=rule_id)
        except UnavailableError:
            raise
        except DirectoryError as error:
            brought.refused[group_id] = str(error)


async def _bring(ground: Ground, original: Original, copy: GroupCopy, rule_id: UUID | None, brought: Brought) -> None:
    """Bring one copy up to date: it goes with its original, or with the rule that led it there if nobody is in it."""
    goes = original.is_over or (copy.rule_id is not None and rule_id is None and copy.member_count == 0)
    attributes = copied_attributes(original)
    if not goes and copy.rule_id != rule_id:
        await group_routes.set_rule(ground.tenant.tenant_id, copy, rule_id)
    if not goes and (original.deleted or attributes.document == copy.attributes.document):
        return
    if brought.room <= 0:
        brought.more.add(original.group_id)
        return
    brought.room -= 1 + copy.member_count * COPIES_IN_UNIT // MEMBERS_IN_UNIT if goes else 1
    try:
        await (_end(ground, copy) if goes else _edit(ground, copy, attributes))
    except UnavailableError:
        raise
    except DirectoryError as error:
        brought.refused[original.group_id] = str(error)


async def _end(ground: Ground, copy: GroupCopy) -> None:
    """Delete a copy; the guard of its tenant may keep its members in effect."""
    async with acting_in(ground, copy.tenant_id) as feed:
        await groups.delete_group(copy.copy_id, by=feed, now=ground.now)
    await group_routes.end_route(ground.tenant.tenant_id, copy)


async def _edit(ground: Ground, copy: GroupCopy, attributes: GroupAttributes) -> None:
    """Let a copy say what its original says."""
    async with acting_in(ground, copy.tenant_id) as feed:
        edit = GroupEdit(change=lambda _: attributes)
        await groups.edit_group(copy.copy_id, edit, by=feed, now=ground.now)
