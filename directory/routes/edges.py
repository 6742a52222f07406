"""Memberships of a super tenant's groups: copies of groups below have exactly the copies of their members."""

from collections.abc import Collection, Mapping, Sequence

from directory import groups
from directory.edits import GroupEdit
from directory.errors import DirectoryError, UnavailableError
from directory.model import GroupId, TenantId, UserId
from directory.routes.copied_groups import acting_in, create_copy, find_copies, hold_places
from directory.routes.edge_moves import GroupMove, Place, Standing, moves_for, places_of
from directory.routes.ground import Ground
from directory.store.holding import runs_alone
from directory.store.routes import due, group_routes

__all__ = ["Problems", "Standing", "hold_copies", "route_edges"]

Problems = dict[tuple[UserId, TenantId], str]
"""Why a user's memberships in a tenant could not be made as they should be, by the user above and that tenant."""


async def route_edges(ground: Ground, standings: Sequence[Standing]) -> Problems:
    """Make the memberships of up to 50 routed users below equal to those in effect above; in the open unit.

    Never raises for what a tenant below refuses: it returns for whom and why, to be kept in ``route_row.problem``.
    """
    below = {copy_id: tenant_id for one in standings for tenant_id, copy_id in one.copies.items()}
    if not below:
        return {}
    wanted = places_of(standings)
    copies, present = await find_copies(ground, wanted), await group_routes.memberships_of(below)
    moves = moves_for(wanted, copies, present)
    await group_routes.hold_copies({(move.tenant_id, move.copy_id) for move in moves})
    refused = await _create(ground, {place: users for place, users in wanted.items() if place not in copies})
    for move in moves:
        refused |= await _apply(ground, move)
    await _end_deleted(ground, moves)
    return _problems(standings, refused)


async def hold_copies(
    ground: Ground, group_ids: Collection[GroupId], copies: Mapping[UserId, TenantId], tenant_ids: Collection[TenantId]
) -> None:
    """Hold the copies of groups that routing several users may touch, before anybody joins or leaves.

    ``group_ids`` are those of the super tenant that have the users, ``copies`` who they were below before, and
    ``tenant_ids`` where they are to be.
    """
    if runs_alone():
        return
    found = await group_routes.list_copies(ground.tenant.tenant_id, group_ids, tenant_ids)
    held = {(one.tenant_id, one.copy_id) for one in found}
    for tenant_id, pairs in (await group_routes.memberships_of(copies)).items():
        held |= {(tenant_id, group_id) for group_id, _ in pairs}
    await group_routes.hold_copies(held)


async def _create(ground: Ground, missing: Mapping[Place, set[UserId]]) -> dict[UserId, str]:
    """Make copies that are not there yet, with their first members; returns who was refused, and why."""
    if not missing:
        return {}
    refused: dict[UserId, str] = {}
    group_ids = {group_id for group_id, _ in missing}
    there = await hold_places(ground, missing)
    originals = await group_routes.find_originals(ground.tenant.tenant_id, group_ids)
    for group_id, tenant_id in sorted(missing, key=lambda place: (place[1], place[0])):
        members, original = frozenset(missing[group_id, tenant_id]), originals.get(group_id)
        if (copy_id := there.get((group_id, tenant_id))) is not None:
            refused |= await _apply(ground, GroupMove(tenant_id=tenant_id, copy_id=copy_id, join=members))
        elif original is not None and not original.is_over:
            try:
                await create_copy(ground, original, tenant_id, members)
            except UnavailableError:
                raise
            except DirectoryError as error:
                refused |= dict.fromkeys(members, str(error))
    await due.look_again(ground.tenant.tenant_id, "group", group_ids, ground.now)
    return refused


async def _apply(ground: Ground, move: GroupMove) -> dict[UserId, str]:
    """Let members join or leave a copy: all at once, or, if that is refused, one by one; returns who was refused."""
    why = await _edited(ground, move)
    people = sorted(move.join | move.leave)
    if not why or len(people) == 1:
        return dict.fromkeys(people, why) if why else {}
    refused: dict[UserId, str] = {}
    for user_id in people:
        one = frozenset({user_id})
        alone = GroupMove(tenant_id=move.tenant_id, copy_id=move.copy_id, join=move.join & one, leave=move.leave & one)
        if why := await _edited(ground, alone):
            refused[user_id] = why
    return refused


async def _edited(ground: Ground, move: GroupMove) -> str:
    """Edit a copy; returns why that was refused, or nothing."""
    edit = GroupEdit(add=frozenset(map(str, move.join)), remove=frozenset(map(str, move.leave)))
    try:
        async with acting_in(ground, move.tenant_id) as feed:
            await groups.edit_group(move.copy_id, edit, by=feed, now=ground.now)
    except UnavailableError:
        raise
    except DirectoryError as error:
        return str(error)
    return ""


async def _end_deleted(ground: Ground, moves: Sequence[GroupMove]) -> None:
    """Have groups looked at that are deleted above and kept somebody by a guard: perhaps that was the last one."""
    left = {(move.tenant_id, move.copy_id) for move in moves if move.leave}
    if left and (deleted := await group_routes.deleted_originals(ground.tenant.tenant_id, left)):
        await due.queue(ground.tenant.tenant_id, "group", deleted, ground.now, lets_pass=ground.lets_pass)


def _problems(standings: Sequence[Standing], refused: Mapping[UserId, str]) -> Problems:
    """Return refusals by the users above."""
    return {
        (one.user_id, tenant_id): refused[copy_id]
        for one in standings
        for tenant_id, copy_id in one.copies.items()
        if copy_id in refused
    }
