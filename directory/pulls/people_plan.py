"""What a run would do with people, a batch at a time; nothing is held and nothing of the directory is written."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from directory.guard import PRIVILEGED_WEIGHT, Toll
from directory.pulls.ground import Ground
from directory.pulls.items import SAMPLES_MAX, item_for
from directory.pulls.model import RunItem
from directory.pulls.outlooks import Outlook, SeenUser
from directory.pulls.people_seen import Met, as_met, meetings_of, outlooks_of, told_apart
from directory.pulls.problems import label_in
from directory.store.policy import read_policy
from directory.store.pulls import seen as seen_rows
from directory.store.rows import document_from, document_text
from directory.threads import MANY, worked_out

BATCH = 400
"""People compared at once: about 25 ms, on a thread but for a few."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeoplePlanned:
    """What a batch of people comes to."""

    after: str
    looked_count: int
    counts: dict[str, int]
    toll: Toll
    moved_count: int
    """How many of them are given administration."""
    items: tuple[RunItem, ...]
    lines: tuple[str, ...]


async def plan_people(ground: Ground, *, after: str) -> PeoplePlanned | None:
    """Plan the next people behind an id; None: there are no more."""
    rows = await seen_rows.list_pending(
        ground.tenant_id, ground.source_id, after=after, limit=BATCH, of_run=ground.of_run
    )
    if not rows:
        return None
    looked = await outlooks_of(ground, rows)
    newcomers = [outlook for _, outlook in looked if outlook.deed == "create"]
    met = await meetings_of(ground, newcomers)
    outlooks = [await _met(ground, outlook, met.get(outlook.ext_id)) for _, outlook in looked]
    await _note_problems(ground, looked)
    granted = await _granted(ground, outlooks, met)
    return await worked_out(lambda: _summed(outlooks, granted), count=MANY)


async def plan_missing(ground: Ground) -> tuple[dict[str, int], tuple[RunItem, ...]]:
    """Return what is said of those whom a whole pull did not find for the first time, and how many were as before."""
    counts: dict[str, int] = {}
    if ground.of_run is not None:
        return counts, ()
    if ground.whole_users:
        counts["unchanged"] = await seen_rows.count_settled(ground.tenant_id, ground.source_id, ground.run_id)
    missed = ground.tenant_id, ground.source_id, ground.run_id
    counts["missing:once"] = await seen_rows.count_missing_once(*missed)
    rows = await seen_rows.list_missing_once(*missed, limit=SAMPLES_MAX)
    items = [
        RunItem(
            seq=0,
            kind=row["kind"],
            action="missing:once",
            ext_id=row["ext_id"],
            subject_id=None,
            label=label_in(document_from(row["said"]), row["ext_id"]),
            detail="not in this pull; removed if the next whole pull does not find it either",
            changes=(),
        )
        for row in rows
    ]
    return counts, tuple(items)


async def _met(ground: Ground, outlook: Outlook, met: Met | None) -> Outlook:
    if met is None or met.matched is None or await told_apart(ground, outlook, met):
        return outlook
    return as_met(outlook, met)


async def _note_problems(ground: Ground, looked: Sequence[tuple[SeenUser, Outlook]]) -> None:
    """Keep why somebody cannot be a user: a dry run has no other place for it."""
    for seen, outlook in looked:
        if outlook.deed == "refuse" and seen.problem != outlook.problem:
            await seen_rows.note_problem(ground.tenant_id, ground.source_id, [outlook.ext_id], outlook.problem)


async def _granted(ground: Ground, outlooks: Sequence[Outlook], met: dict[str, Met]) -> int:
    """Return how many are given administration as they come, since groups that grant it wait for them."""
    awaited = {one.ext_id: met[one.ext_id].group_ids for one in outlooks if one.ext_id in met}
    if not any(awaited.values()):
        return 0
    policy = await read_policy(ground.tenant_id)
    grants = {line.group_id for line in policy.mappings if line.consented_by is not None}
    coming = (one for one in outlooks if one.action in {"user:create", "user:return"})
    return sum(bool(awaited.get(one.ext_id, frozenset()) & grants) for one in coming)


def _summed(outlooks: Sequence[Outlook], granted: int) -> PeoplePlanned:
    counts = Counter(str(one.action) for one in outlooks if one.action is not None)
    counts["unchanged"] = sum(one.deed == "nothing" for one in outlooks)
    counts["failed"] = sum(one.deed == "refuse" for one in outlooks)
    items = (item_for(one) for one in outlooks)
    return PeoplePlanned(
        after=outlooks[-1].ext_id,
        looked_count=len(outlooks),
        counts=dict(counts),
        toll=Toll(users=sum(one.toll.users for one in outlooks), roles=granted * PRIVILEGED_WEIGHT),
        moved_count=granted,
        items=tuple(one for one in items if one is not None),
        lines=tuple(_line(one) for one in outlooks if one.deed != "nothing"),
    )


def _line(outlook: Outlook) -> str:
    said = None if outlook.attributes is None else outlook.attributes.document
    return f"{outlook.ext_id} {outlook.deed} {outlook.action} {document_text(said)} {outlook.problem}"
