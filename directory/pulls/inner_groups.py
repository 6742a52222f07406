"""Groups that contain groups: which of them a run touches, and when all is done for one."""

from collections.abc import Collection, Sequence

from directory.pulls.ground import Ground
from directory.store.pulls import kept_edges, seen_groups, staged_groups
from directory.store.unit import in_unit

LISTED_AT_ONCE = 1_000


async def mark_outer_groups(ground: Ground) -> None:
    """Have the groups looked at, too, that contain a group that the run touches; nobody tells changes of theirs."""
    touched = await _touched(ground)
    ending = await _ending(ground)
    around = await kept_edges.groups_around(ground.tenant_id, ground.source_id, touched | ending)
    around -= touched
    if around:
        await in_unit(
            ground.tenant_id, lambda: staged_groups.mark_inside(ground.tenant_id, ground.run_id, sorted(around))
        )


async def _touched(ground: Ground) -> set[str]:
    source_id = ground.source_id if ground.whole_groups else None
    found: set[str] = set()
    after = ""
    while some := await staged_groups.list_touched(
        ground.tenant_id, ground.run_id, source_id, after=after, limit=LISTED_AT_ONCE
    ):
        found.update(ext_id for ext_id, _ in some)
        after = some[-1][0]
    return found


async def _ending(ground: Ground) -> set[str]:
    found: set[str] = set()
    after = ""
    while some := await seen_groups.list_pending(
        ground.tenant_id, ground.source_id, after=after, of_run=ground.of_run, limit=LISTED_AT_ONCE
    ):
        found.update(one.ext_id for one in some if one.ends)
        after = some[-1].ext_id
    return found


async def settle_groups(ground: Ground, groups: Sequence[str], absent: Collection[str] = ()) -> None:
    """Forget, inside the open unit, what the run says of groups, since their members are as it says.

    Direct members stay kept of those ``absent`` here, and where members here are others.
    """
    await staged_groups.mark_applied(ground.tenant_id, ground.run_id, groups)
    if not ground.expands:
        here = [group for group in groups if group not in absent]
        await kept_edges.forget_kept(ground.tenant_id, ground.source_id, here)
