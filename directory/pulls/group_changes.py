"""Groups themselves, given to the directory: created with their first members, renamed, deleted."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from directory import groups
from directory.commit import in_joined_followed_unit
from directory.edits import GroupEdit
from directory.errors import DirectoryError, UnavailableError
from directory.model import GroupAttributes
from directory.pulls.ground import Ground
from directory.pulls.group_moves import GroupMove, moves_of
from directory.pulls.group_puts import ACTION_OF, GroupPut, put_for
from directory.pulls.group_steps import EDITS_IN_UNIT, MEMBERS_IN_UNIT
from directory.pulls.inner_groups import settle_groups
from directory.pulls.progress import note_applied
from directory.store.pulls import kept_edges, present, seen_groups, staged_groups


@dataclass(slots=True, kw_only=True)
class _Put:
    put: GroupPut
    members: frozenset[str] = frozenset()
    """Of a group that is created: those it begins with."""
    settles: bool = False
    """Whether it has all its members with that."""
    done: bool = False
    """Whether the directory took it."""


async def apply_puts(ground: Ground, after: str, *, now: datetime) -> tuple[str, Mapping[str, int]] | None:
    """Create and change the next groups; None: there are no more."""
    planned = await _next_puts(ground, after)
    if not planned:
        return None
    puts = _as_many_as_fit(await _with_members(ground, planned))
    reached = f"puts:{puts[-1].put.ext_id}"

    async def body() -> Mapping[str, int]:
        counts: Counter[str] = Counter()
        for one in puts:
            one.done = False  # this may be another try
            counts.update(await _put(ground, one, now=now))
        await _settle(ground, [one for one in puts if one.done])
        await note_applied(ground, reached, counts, now)
        return counts

    return reached, await in_joined_followed_unit(ground.tenant_id, body)


async def _next_puts(ground: Ground, after: str) -> list[GroupPut]:
    seen = await seen_groups.list_pending(
        ground.tenant_id, ground.source_id, after=after, of_run=ground.of_run, limit=EDITS_IN_UNIT
    )
    here = await present.groups_here(ground.tenant_id, ground.source_id, [one.ext_id for one in seen])
    return [put_for(one, here.get(one.ext_id)) for one in seen]


async def _with_members(ground: Ground, puts: Sequence[GroupPut]) -> list[_Put]:
    new = [put.ext_id for put in puts if put.deed == "create"]
    moves = {move.ext_id: move for move in await moves_of(ground, new)} if new else {}
    return [_begun(put, moves.get(put.ext_id)) for put in puts]


def _begun(put: GroupPut, move: GroupMove | None) -> _Put:
    if move is None or (move.direct is not None and move.direct.groups) or len(move.join) > MEMBERS_IN_UNIT:
        return _Put(put=put)
    return _Put(put=put, members=frozenset(move.join), settles=True)


def _as_many_as_fit(puts: Sequence[_Put]) -> list[_Put]:
    taken: list[_Put] = []
    members = 0
    for one in puts:
        members += len(one.members)
        if taken and members > MEMBERS_IN_UNIT:
            break
        taken.append(one)
    return taken


async def _put(ground: Ground, one: _Put, *, now: datetime) -> Mapping[str, int]:
    put, attributes = one.put, one.put.attributes
    if put.seen.ends:
        return {} if put.deed == "delete" else await _ended(ground, put)
    problem = put.problem
    if attributes is not None and put.deed in {"create", "edit"}:
        problem = await _tried(ground, one, attributes, now=now)
    if problem:
        await seen_groups.note_problem(ground.tenant_id, ground.source_id, put.ext_id, problem)
        return {"failed": 1}
    one.done = True
    counts: dict[str, int] = {ACTION_OF[put.deed]: 1} if put.deed in ACTION_OF else {}
    return {**counts, "members:join": len(one.members)} if one.members else counts


async def _tried(ground: Ground, one: _Put, attributes: GroupAttributes, *, now: datetime) -> str:
    """Create or change a group; returns why that was refused, or nothing."""
    try:
        if one.put.deed == "create":
            await groups.create_group(
                attributes,
                GroupEdit(add=one.members, by_external_id=True),
                by=ground.by,
                now=now,
                unique_name=False,
                unknown="pending",
            )
        elif one.put.here is not None:
            edit = GroupEdit(change=lambda _: attributes)
            await groups.edit_group(one.put.here.group_id, edit, by=ground.by, now=now)
    except UnavailableError:
        raise
    except DirectoryError as error:
        return str(error)
    return ""


async def _settle(ground: Ground, puts: Sequence[_Put]) -> None:
    """Note which groups the directory has now, and which of them have all their members, or are to be looked at."""
    if puts:
        await seen_groups.settle(ground.tenant_id, ground.source_id, [one.put.ext_id for one in puts])
    new = [one for one in puts if one.put.deed == "create"]
    if settled := [one.put.ext_id for one in new if one.settles]:
        await settle_groups(ground, settled)
    if begun := [one.put.ext_id for one in new if not one.settles]:
        await staged_groups.mark_inside(ground.tenant_id, ground.run_id, begun)


async def apply_ends(ground: Ground, after: str, *, now: datetime) -> tuple[str, Mapping[str, int]] | None:
    """Delete the next groups that are not there any more; None: there are no more."""
    planned = await _next_puts(ground, after)
    if not planned:
        return None
    ends = _few_members([put for put in planned if put.deed == "delete"])
    rest = len(ends) < sum(put.deed == "delete" for put in planned)
    reached = f"ends:{ends[-1].ext_id if rest else planned[-1].ext_id}"

    async def body() -> Mapping[str, int]:
        counts: Counter[str] = Counter()
        for put in ends:
            counts.update(await _end(ground, put, now=now))
        await note_applied(ground, reached, counts, now)
        return counts

    return reached, await in_joined_followed_unit(ground.tenant_id, body)


def _few_members(puts: Sequence[GroupPut]) -> list[GroupPut]:
    taken: list[GroupPut] = []
    members = 0
    for put in puts:
        members += 0 if put.here is None else put.here.member_count
        if taken and members > MEMBERS_IN_UNIT:
            break
        taken.append(put)
    return taken


async def _end(ground: Ground, put: GroupPut, *, now: datetime) -> Mapping[str, int]:
    assert put.here is not None  # noqa: S101  # what is not here is not deleted
    try:
        await groups.delete_group(put.here.group_id, by=ground.by, now=now)
    except UnavailableError:
        raise
    except DirectoryError as error:
        await seen_groups.note_problem(ground.tenant_id, ground.source_id, put.ext_id, str(error))
        return {"failed": 1}
    return {"group:delete": 1, **await _ended(ground, put)}


async def _ended(ground: Ground, put: GroupPut) -> Mapping[str, int]:
    """Forget what was said of a group that is not here; of one that may come back only its members."""
    place = ground.tenant_id, ground.source_id, [put.ext_id]
    await kept_edges.forget_kept(*place)
    await (seen_groups.settle(*place) if put.seen.op == "soft_deleted" else seen_groups.forget(*place))
    return {}
