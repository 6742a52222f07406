"""What the members of groups come to in one run: who joins and who leaves, against who is there now."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from directory.pull_edges import Direct
from directory.pulls.edges import Said
from directory.pulls.ground import Ground
from directory.pulls.meant import Heard, direct_meant, hear, members_meant, members_now
from directory.store.pulls import present, seen_groups, staged_groups
from directory.store.pulls.present import GroupHere, Present
from directory.threads import worked_out

PAGES_AT_ONCE, MEMBERS_AT_ONCE, GROUPS_AT_ONCE = 40, 20_000, 100
"""Groups are looked at together up to so many; one alone may be larger."""


@dataclass(slots=True, kw_only=True)
class GroupMove:
    """What the members of one group come to."""

    ext_id: str
    here: GroupHere | None
    """None: the group is not here, or deleted."""
    join: set[str] = field(default_factory=set)
    leave: set[str] = field(default_factory=set)
    nest: set[str] = field(default_factory=set)
    unnest: set[str] = field(default_factory=set)
    direct: Direct | None = None
    """Direct members that are to be kept: of a group whose members here are others, or that is not here."""
    kept: Direct | None = None
    """Those that are kept now."""
    awaits: bool = False
    """Whether a group inside of it is not here; perhaps it is to be created."""

    @property
    def moves(self) -> bool:
        """Whether anybody joins or leaves."""
        return bool(self.join or self.leave or self.nest or self.unnest)

    @property
    def settled(self) -> bool:
        """Whether all is as it is to be."""
        return self.here is not None and not self.moves and not self.awaits and self.direct == self.kept


async def list_batch(ground: Ground, after: str) -> list[str]:
    """Return the next groups whose members may move, as many as are looked at together."""
    source_id = ground.source_id if ground.whole_groups else None
    touched = await staged_groups.list_touched(
        ground.tenant_id, ground.run_id, source_id, after=after, limit=GROUPS_AT_ONCE
    )
    found = await present.groups_here(ground.tenant_id, ground.source_id, [ext_id for ext_id, _ in touched])
    taken: list[str] = []
    pages = members = 0
    for ext_id, page_count in touched:
        pages += page_count
        members += found[ext_id].member_count if ext_id in found else 0
        if taken and (pages > PAGES_AT_ONCE + len(taken) or members > MEMBERS_AT_ONCE):
            break
        taken.append(ext_id)
    return taken


async def touched_among(ground: Ground, groups: Collection[str]) -> set[str]:
    """Return those of some groups of which the run has something to say that is not applied yet."""
    heard = await staged_groups.marks_of(ground.tenant_id, ground.run_id, list(groups))
    if not ground.whole_groups:
        return heard.spoken
    silent = [group for group in groups if group not in heard.spoken and group not in heard.applied]
    named = await seen_groups.named_by(ground.tenant_id, ground.source_id, ground.run_id, silent)
    return heard.spoken | (named - await seen_groups.rejected_by(ground.tenant_id, ground.run_id, silent))


async def moves_of(ground: Ground, groups: Collection[str]) -> list[GroupMove]:
    """Return what the members of groups come to, in the order of their ids."""
    heard = await hear(ground, groups)
    apart = {group for group in groups if group in heard.kept or (ground.expands and heard.said[group].there.groups)}
    now = await members_now(
        ground,
        heard,
        [group for group in groups if group in heard.here and (group in apart or heard.said[group].complete)],
    )
    meant = await direct_meant(ground, heard)
    found: list[GroupMove] = []
    for group in sorted(groups):
        if group not in heard.here:
            move = await _compared(ground, heard, group, meant[group], Present())
        elif group in now:
            move = await _compared(ground, heard, group, meant[group], now[group])
        else:
            move = await _told(ground, heard.here[group], group, heard.said[group])
        if group not in heard.here or group in apart:
            move.kept = heard.kept.get(group, Direct())
            move.direct = meant[group]
        found.append(move)
    await _only_here(ground, found)
    return found


async def _only_here(ground: Ground, moves: Iterable[GroupMove]) -> None:
    """Leave out groups inside of groups that are not here: nothing can be made of them."""
    inner = sorted({group for move in moves for group in move.nest})
    if not inner:
        return
    found = await present.groups_here(ground.tenant_id, ground.source_id, inner)
    here = {group for group, one in found.items() if not one.deleted}
    for move in moves:
        move.awaits = not move.nest <= here
        move.nest &= here


async def _compared(ground: Ground, heard: Heard, group: str, direct: Direct, now: Present) -> GroupMove:
    there = now.direct
    users = await members_meant(ground, group) if ground.expands and direct.groups else direct.users
    groups = set[str]() if ground.expands else direct.groups

    def differences() -> tuple[set[str], set[str]]:
        return users - there.users, there.users - users - direct.groups

    join, leave = await worked_out(differences, count=len(there.users) + len(users))
    if leave:
        others = await present.other_names(ground.tenant_id, ground.source_id, leave)
        leave -= {value for value, names in others.items() if names & users}
    return GroupMove(
        ext_id=group,
        here=heard.here.get(group),
        join=join,
        leave=leave,
        nest=groups - there.groups,
        unnest=there.groups - groups,
    )


async def _told(ground: Ground, here: GroupHere, group: str, said: Said) -> GroupMove:
    """Work out a delta: what it costs follows what was said, however many members there are."""
    named = said.there.users | said.left.users
    there = await present.members_among(ground.tenant_id, ground.source_id, here.group_id, named)
    light = {here.group_id: here} if here.waiting_count or here.nested_count else {}
    beside = (await present.beside_members(ground.tenant_id, ground.source_id, light)).get(here.group_id, Present())
    there |= beside.waiting & named
    nest, unnest = set[str](), set[str]()
    if not ground.expands:
        nest = said.there.groups - beside.direct.groups
        unnest = said.left.groups & beside.direct.groups
    return GroupMove(
        ext_id=group,
        here=here,
        join=said.there.users - there,
        leave=said.left.users & there,
        nest=nest,
        unnest=unnest,
    )
