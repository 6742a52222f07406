"""Pages of a run, staged together with the place behind them: what they say waits until all of it is there."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from directory.errors import NotFoundError
from directory.model import SourceId, TenantId
from directory.pull_run import RunId
from directory.pulls.edges import packed_by_group
from directory.pulls.merging import EXT_ID_MAX, Known, Merged, is_keepable, is_storable, merged, storable
from directory.pulls.model import Cursor, ObjectKind, Run, Seen, SeenPage
from directory.pulls.run_rows import cursor_from
from directory.store.pulls import cursors, said, staged
from directory.store.pulls import runs as rows
from directory.store.unit import Row, in_unit
from directory.threads import worked_out

SAMPLES = 1_000
"""Of so many people of a source it is kept what rules were given, so that others can be tried."""

WITHOUT_EDGES = frozenset({"scope", "users"})
"""Streams that give no memberships; every other may."""

_UNSTORABLE = "its id is too long, or it has signs that cannot be stored"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    """A page, ready to be written."""

    page: SeenPage
    by_kind: dict[ObjectKind, Merged]
    edges: dict[str, str]


async def read_cursors(tenant_id: TenantId, source_id: SourceId) -> dict[str, Cursor]:
    """Return how far each stream of a source got."""
    return {row["stream"]: cursor_from(row) for row in await cursors.list_cursors(tenant_id, source_id)}


async def stage_page(
    run: Run,
    stream: str | None,
    page: SeenPage,
    *,
    now: datetime,
    page_count: int = 1,
    targets: frozenset[str] | None = None,
) -> bool:
    """Keep what a page says, and from where its stream goes on; True if somebody wants the run to end.

    One page of a source after the other: what was said before is read ahead of the unit of work that writes.
    ``page_count`` is of how many pages it was put together, ``targets`` what the rules speak of by now. Without a
    stream the page is all there is.

    Raises:
        NotFoundError: the run does not fetch any more.
    """
    ready = await _prepared(run, _without_unstorable(page), targets)

    async def body() -> bool:
        counted = await rows.advance_pages(run.tenant_id, run.run_id, (page_count, len(page.objects)), now=now)
        if counted is None:
            raise NotFoundError("pull under way", run.run_id)
        await _write(run, ready, counted["page_count"])
        if stream is not None:
            place = (run.tenant_id, run.source_id, stream, run.run_id)
            await cursors.advance(place, page.resume or None, len(page.objects), now=now)
        return bool(counted["cancel_asked"])

    return await in_unit(run.tenant_id, body)


async def find_staged_user(run: Run) -> str | None:
    """Return the id of a user whom a run has seen; of a pull of one person the one. It looks at all that are known."""
    return await said.find_of_run(run.tenant_id, run.source_id, run.run_id)


async def restart_stream(run: Run, stream: str, *, now: datetime) -> None:
    """Let a stream begin from the start: memberships that it staged until now are forgotten."""
    if stream not in WITHOUT_EDGES:
        while await in_unit(run.tenant_id, lambda: staged.drop_edges(run.tenant_id, run.run_id)):
            pass

    async def body() -> None:
        await cursors.restart((run.tenant_id, run.source_id, stream, run.run_id), now=now)

    await in_unit(run.tenant_id, body)


async def end_stream(
    run: Run, stream: str, *, whole: bool, checkpoint: str | None, objects: int = 0, now: datetime
) -> None:
    """Note that a stream came to its end; ``objects`` were given since it was begun or resumed."""
    del objects  # what was staged is counted, across all who worked on the run

    async def body() -> None:
        place = (run.tenant_id, run.source_id, stream, run.run_id)
        await cursors.end(place, checkpoint, whole=whole, now=now)

    await in_unit(run.tenant_id, body)


async def commit_cursors(run: Run, now: datetime) -> None:
    """Let the next deltas begin where this run's streams ended: all of it has been applied."""

    async def body() -> None:
        await cursors.commit(run.tenant_id, run.source_id, run.run_id, now=now)

    await in_unit(run.tenant_id, body)


async def drop_staged(run: Run) -> None:
    """Forget what only a run that is over needed."""
    await drop_staged_of(run.tenant_id, run.run_id)


async def drop_staged_of(tenant_id: TenantId, run_id: RunId) -> None:
    """As ``drop_staged``, for whoever clears up."""
    for drop in (staged.drop_edges, staged.drop_assigned):
        while await in_unit(tenant_id, lambda drop=drop: drop(tenant_id, run_id)):  # type: ignore[misc]  # bound now
            pass


def _without_unstorable(page: SeenPage) -> SeenPage:
    """Return a page in which everything has an id and texts that can be kept; other objects are rejected."""
    bad = [one for one in page.objects if not (is_storable(one.ext_id) and is_keepable(dict(one.values)))]
    if not bad and all(is_storable(edge.group) for edge in page.edges):
        return page
    rejects = tuple((one.kind, _storable_text(one.ext_id), _UNSTORABLE) for one in bad)
    unkept = {id(one) for one in bad}
    return replace(
        page,
        objects=tuple(one for one in page.objects if id(one) not in unkept),
        edges=tuple(edge for edge in page.edges if is_storable(edge.group)),
        complete_groups=tuple(storable(page.complete_groups)),
        rejects=(*page.rejects, *rejects),
    )


def _storable_text(ext_id: str) -> str:
    return ext_id.replace("\0", "").encode(errors="replace").decode()[:EXT_ID_MAX]


async def _prepared(run: Run, page: SeenPage, targets: frozenset[str] | None) -> _Prepared:
    by_kind: dict[ObjectKind, Merged] = {}
    for kind in ("user", "group"):
        objects = [one for one in page.objects if one.kind == kind]
        if objects:
            by_kind[kind] = await _merged(run, kind, objects, targets if kind == "user" else None)
    count = len(page.edges)
    return _Prepared(page=page, by_kind=by_kind, edges=await worked_out(lambda: packed_by_group(page), count=count))


async def _merged(run: Run, kind: ObjectKind, objects: Sequence[Seen], targets: frozenset[str] | None) -> Merged:
    found = await said.find_said(run.tenant_id, run.source_id, kind, [one.ext_id for one in objects])
    known = {row["ext_id"]: _known_from(row) for row in found}
    samples = 0
    if kind == "user" and any(one.given for one in objects):
        samples = SAMPLES - await said.count_samples(run.tenant_id, run.source_id, SAMPLES)
    return await worked_out(lambda: merged(objects, known, targets=targets, samples=samples), count=10 * len(objects))


def _known_from(row: Row) -> Known:
    return Known(
        op=row["op"],
        reason=row["reason"],
        said=row["said"],
        hash=row["hash"],
        applied_hash=row["applied_hash"],
        pending=bool(row["pending"]),
        gone=bool(row["gone"]),
        sampled=bool(row["sampled"]),
    )


async def _write(run: Run, ready: _Prepared, seq: int) -> None:
    whose = (run.tenant_id, run.source_id)
    for kind, found in ready.by_kind.items():
        if found.same:
            await said.stamp_said(*whose, kind, run.run_id, found.same)
        await said.put_said(
            [
                (
                    *whose,
                    kind,
                    word.ext_id,
                    word.op,
                    word.reason,
                    word.said,
                    word.given,
                    word.hash,
                    run.run_id,
                    word.pending,
                )
                for word in found.words.values()
            ]
        )
    page = ready.page
    complete = set(page.complete_groups)
    mine = (run.tenant_id, run.run_id)
    await staged.put_edges([(*mine, group, seq, text, group in complete) for group, text in ready.edges.items()])
    await staged.put_assigned([(*mine, kind, ext_id) for kind, ext_id in dict.fromkeys(page.assigned)])
    if page.rejects:
        rejects = {(kind, ext_id[:EXT_ID_MAX]): reason for kind, ext_id, reason in page.rejects}
        await staged.put_rejects([(*mine, *key, reason[:300]) for key, reason in rejects.items()])
        for kind in ("user", "group"):  # whoever is rejected is there all the same
            await said.stamp_said(*whose, kind, run.run_id, [ext_id for of, ext_id in rejects if of == kind])
