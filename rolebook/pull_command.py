"""``rolebook pull``: one pull now, done here or watched where a server does it."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import click

from directory import tenants
from directory.errors import NotFoundError
from directory.model import SourceId
from directory.pulls import run_life, runs
from directory.pulls.kinds import offer_connectors
from directory.pulls.model import PullSource, Run, RunItem, RunKind
from directory.pulls.sources import find_pull_source
from directory.sealing_keys import use_key_ring
from rolebook import command as commands
from rolebook.command import Answer, command
from rolebook.connecting import offered_connectors
from rolebook.keys import key_ring_for
from rolebook.provision import ACTOR
from rolebook.pull_means import Means, connecting
from rolebook.pull_progress import PullBar
from rolebook.pulling import LOOKED_AT, Puller

LOOKS_S = 0.5
ITEMS_MAX = 200
TAKING = ("user:disable", "user:delete", "group:delete", "members:leave")
RED = ("failed", "rejected")


@click.command()
@click.argument("source_id", metavar="ID", type=click.UUID)
@click.option("--dry-run", "dry", is_flag=True, help="Say what would change, and change nothing.")
@click.option("--full", "whole", is_flag=True, help="Pull everybody and every group, not only what changed.")
@click.option("--user", "user_key", help="Pull this person only, by user name or by the id in the directory.")
@command
def pull(run: commands.Run, source_id: SourceId, user_key: str | None, *, dry: bool, whole: bool) -> None:
    """Pull the source ID once, now; the status is 1 if it failed or somebody could not be taken over."""
    if user_key is not None and whole:
        raise click.UsageError("--full and --user exclude each other.")
    kind: RunKind = "one" if user_key is not None else "full" if whole else "delta"
    use_key_ring(key_ring_for(run.settings, may_make=False))
    offered = offered_connectors(run.settings)
    offer_connectors(offered)
    puller = Puller(Means(connect=connecting(offered)))
    bar = PullBar(stream=sys.stderr, is_terminal=sys.stderr.isatty() and not run.as_json)

    async def work() -> Answer:
        source = await _source(source_id)
        by = tenants.system_actor(await tenants.get_tenant(source.tenant_id), ACTOR)
        asked = await runs.ask_run(
            source_id, kind, cause="command line", by=by, now=run.now, dry=dry, user_key=user_key
        )
        ended = await _carried_out(asked, puller, None if run.as_json else bar)
        taking = [item for action in TAKING for item in await _items(ended, action)]
        return answer_for(ended, taking)

    answer = run.with_directory(work, may_create=False)
    run.say(answer, *lines_for(answer))
    if answer["state"] != "done" or answer["error"] or any(answer["counts"].get(name) for name in RED):
        raise SystemExit(1)


async def _source(source_id: SourceId) -> PullSource:
    source = await find_pull_source(source_id)
    if source is None:
        raise NotFoundError("pulled source", source_id)
    return source


async def _carried_out(asked: Run, puller: Puller, bar: PullBar | None) -> Run:
    """Return the run once it is over: what its source has under way before it comes first, whoever does it."""
    async with _shown(asked, bar):
        while True:
            run = await runs.get_run(asked.tenant_id, asked.run_id)
            if run_life.is_over(run.state):
                return run
            if not await _worked(run, puller):
                await asyncio.sleep(LOOKS_S)


async def _worked(run: Run, puller: Puller) -> bool:
    """Do what comes next of the source, if nobody else does; False: there is nothing to do here now."""
    now: datetime = puller.now()
    mine = [found for found in await run_life.list_next_runs(now, limit=LOOKED_AT) if found[1] == run.source_id]
    if not mine or (lease := await puller.claim(run.source_id)) is None:
        return False
    await puller.work(run.tenant_id, mine[0][2], lease)
    return True


@asynccontextmanager
async def _shown(asked: Run, bar: PullBar | None) -> AsyncIterator[None]:
    """Draw how far the run is for as long as the body works."""
    if bar is None:
        yield
        return

    async def draw() -> None:
        while True:
            bar.show(await runs.get_run(asked.tenant_id, asked.run_id))
            await asyncio.sleep(LOOKS_S)

    async with asyncio.TaskGroup() as group:
        drawing = group.create_task(draw())
        try:
            yield
        finally:
            drawing.cancel()
    bar.show(await runs.get_run(asked.tenant_id, asked.run_id))
    bar.end()


async def _items(run: Run, action: Any) -> list[RunItem]:  # noqa: ANN401 - one of TAKING
    return await runs.list_items(run.tenant_id, run.run_id, action=action, limit=ITEMS_MAX)


def answer_for(run: Run, taking: list[RunItem]) -> Answer:
    """Return what is printed of a run that is over."""
    error = {"kind": run.error_kind, "words": run.error_words, "remedy": run.error_remedy}
    return {
        "run": str(run.run_id),
        "state": run.state,
        "kind": run.kind,
        "dry_run": run.dry,
        "counts": run.counts,
        "beyond_limits": run.why,
        "plan_hash": run.plan_hash,
        "pages": run.page_count,
        "objects": run.object_count,
        "requests": run.request_count,
        "timings": run.timings,
        "error": error if run.error_words else None,
        "steps": list(run.steps),
        "taking": [{"action": one.action, "id": one.ext_id, "label": one.label, "why": one.detail} for one in taking],
    }


def lines_for(answer: Mapping[str, Any]) -> list[str]:
    """Return a run that is over as a person reads it."""
    verb = "would be" if answer["dry_run"] else "were"
    lines = [f"{step['words']}: {step['outcome']}. {step['detail']}".rstrip() for step in answer["steps"]]
    width = max(map(len, answer["counts"]), default=0)
    lines += [f"  {name:<{width}}  {count:>9,}" for name, count in sorted(answer["counts"].items())]
    if not answer["counts"] and answer["state"] == "done":
        lines.append("Nothing to change.")
    if answer["taking"]:
        lines.append(f"Access that {verb} taken:")
        lines += [
            f"  {one['action']:<14} {one['label'] or one['id']}  {one['why']}".rstrip() for one in answer["taking"]
        ]
    if answer["beyond_limits"]:
        lines.append("The guard holds what takes access away: it is more than its limits allow.")
    error = answer["error"]
    if error:
        lines += [f"{answer['state'].capitalize()}: {error['words']}", *filter(None, [error["remedy"]])]
    return lines
