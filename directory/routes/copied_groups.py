"""Copies of groups below: how they are made, and what of the original they have."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from uuid import UUID

from directory import groups
from directory.edits import GroupEdit
from directory.model import Actor, GroupAttributes, GroupId, TenantId, UserId
from directory.routes.edge_moves import Place
from directory.routes.feeds import feed_of, make_feed
from directory.routes.ground import Ground, as_routing
from directory.store.holding import hold
from directory.store.routes import group_routes
from directory.store.routes.group_routes import Original
from directory.store.unit import as_tenant


@asynccontextmanager
async def acting_in(ground: Ground, tenant_id: TenantId) -> AsyncIterator[Actor]:
    """Let the body act in a tenant below, in the name of routing; nothing follows from what it commits there."""
    async with as_tenant(tenant_id):
        with as_routing():
            yield await feed_of(ground, tenant_id) or await make_feed(ground, tenant_id)


def copied_attributes(original: Original) -> GroupAttributes:
    """Return what a copy says of itself: all that its original says, under the original's id as externalId."""
    return GroupAttributes({**original.attributes.document, "externalId": str(original.group_id)})


async def hold_places(ground: Ground, places: Mapping[Place, object]) -> dict[Place, GroupId]:
    """Let one unit at a time make these copies, and return those that are there by now."""
    for group_id, tenant_id in sorted(places, key=lambda place: (place[1], place[0])):
        await hold(f"{tenant_id}/copy of {group_id}")
    return await find_copies(ground, places)


async def find_copies(ground: Ground, places: Mapping[Place, object]) -> dict[Place, GroupId]:
    """Return which of these copies there are."""
    if not places:
        return {}
    found = await group_routes.list_copies(
        ground.tenant.tenant_id, {group_id for group_id, _ in places}, {tenant_id for _, tenant_id in places}
    )
    return {(copy.original_id, copy.tenant_id): copy.copy_id for copy in found}


async def create_copy(
    ground: Ground, original: Original, tenant_id: TenantId, members: frozenset[UserId], *, rule_id: UUID | None = None
) -> GroupId:
    """Create the copy of a group in a tenant with its first members, or bring it back; the route is kept with it.

    Raises:
        DirectoryError: the tenant refuses it.
    """
    async with acting_in(ground, tenant_id) as feed:
        copy = await groups.create_group(
            copied_attributes(original),
            GroupEdit(add=frozenset(map(str, members))),
            by=feed,
            now=ground.now,
            unique_name=False,
            unknown="pending",
        )
    route = original.group_id, tenant_id, rule_id, copy.group_id
    await group_routes.put_routes(ground.tenant.tenant_id, [route], ground.now)
    return copy.group_id
