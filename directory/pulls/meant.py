"""Who is to be in a source's groups once a run is applied: what it said, over what was there."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from directory.pull_edges import Direct, StagedRow
from directory.pulls.edges import Said, direct_after, said_by
from directory.pulls.ground import Ground
from directory.pulls.nesting import effective_members, groups_within
from directory.store.pulls import kept_edges, present, seen_groups, staged_groups
from directory.store.pulls.present import GroupHere, Present
from directory.threads import worked_out

_A_MEMBER = 30
"""Characters of one member in what is staged, at least where there are many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a run says of some groups, beside what is here and what is kept."""

    here: dict[str, GroupHere]
    """Those that are here; tombstones are left out."""
    said: dict[str, Said]
    kept: dict[str, Direct]
    """Direct members of groups whose members here are others, or that are not here."""
    ended: set[str] = field(default_factory=set)


async def hear(ground: Ground, groups: Collection[str]) -> Heard:
    """Return what a run says of some groups."""
    tenant_id, source_id, asked = ground.tenant_id, ground.source_id, list(groups)
    rows = await staged_groups.staged_of(tenant_id, ground.run_id, asked)
    whole = await _known_whole(ground, rows)
    found = await present.groups_here(tenant_id, source_id, asked)

    def heard() -> dict[str, Said]:
        return {group: said_by(pages, whole=group in whole) for group, pages in rows.items()}

    return Heard(
        here={ext_id: group for ext_id, group in found.items() if not group.deleted},
        said=await worked_out(
            heard, count=sum(len(page.edges) for pages in rows.values() for page in pages) // _A_MEMBER
        ),
        kept=await kept_edges.kept_of(tenant_id, source_id, asked),
        ended=await seen_groups.ended_among(tenant_id, source_id, asked),
    )


async def _known_whole(ground: Ground, rows: Mapping[str, Collection[StagedRow]]) -> set[str]:
    """Return of which groups a whole pull read all members: those that it spoke of and could read."""
    if not ground.whole_groups:
        return set()
    silent = [group for group, pages in rows.items() if not pages]
    named = await seen_groups.named_by(ground.tenant_id, ground.source_id, ground.run_id, silent) if silent else set()
    spoken = {group for group, pages in rows.items() if pages or group in named}
    return spoken - await seen_groups.rejected_by(ground.tenant_id, ground.run_id, sorted(spoken))


async def direct_meant(ground: Ground, heard: Heard) -> dict[str, Direct]:
    """Return the direct members that these groups are to have; those that end have none."""
    needed = [
        group
        for group, said in heard.said.items()
        if group in heard.here and not said.complete and group not in heard.kept and group not in heard.ended
    ]
    before = {group: members.direct for group, members in (await members_now(ground, heard, needed)).items()}
    before |= heard.kept
    return {
        group: Direct() if group in heard.ended else direct_after(before.get(group, Direct()), said)
        for group, said in heard.said.items()
    }


async def members_now(ground: Ground, heard: Heard, groups: Collection[str]) -> dict[str, Present]:
    """Return who is in groups that are here now."""
    names = {heard.here[group].group_id: group for group in groups}
    found = await present.present_in(
        ground.tenant_id, ground.source_id, {group_id: heard.here[group] for group_id, group in names.items()}
    )
    return {names[group_id]: members for group_id, members in found.items()}


async def members_meant(ground: Ground, group_ext: str) -> set[str]:
    """Return the users that a group is to have; where the source expands groups, also those of groups inside."""
    direct = await direct_meant(ground, await hear(ground, [group_ext]))
    if not ground.expands:
        return direct[group_ext].users
    while missing := [group for group in groups_within(group_ext, _inner(direct)) if group not in direct]:
        direct |= await direct_meant(ground, await hear(ground, missing))
    return effective_members(group_ext, {group: one.users for group, one in direct.items()}, _inner(direct))


def _inner(direct: Mapping[str, Direct]) -> dict[str, set[str]]:
    return {group: one.groups for group, one in direct.items()}
