"""A process that pulls as a server does, and writes down whose runs it has; for tests of kills and freezes.

Its settings come from the environment, as a server's; it pulls what is due or asked for until it is stopped.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from directory.model import TenantId
from directory.pull_run import RunId
from directory.pulls import applying, staging
from directory.pulls.ground import Ground
from directory.pulls.kinds import offer_connectors
from directory.sealing_keys import use_key_ring
from directory.store.unit import open_store
from rolebook import pull_course, pulling
from rolebook.connecting import offered_connectors
from rolebook.jobs import clock
from rolebook.pull_means import Means, connecting
from rolebook.pull_work import carry_out
from rolebook.pulling import Puller
from rolebook.settings import Settings
from tests.conftest import RING
from tests.rolebook.dutiful import Diary

LEASE_S = 1.5
LOOK_EVERY_S = 0.05


def note_runs(diary: Diary) -> None:
    """Let carrying out write down whose run begins here, and how it is left."""

    async def carry_out_and_note(tenant_id: TenantId, run_id: RunId, means: Means) -> None:
        diary.write(f"began:{run_id}")
        left = "lost"
        try:
            await carry_out(tenant_id, run_id, means)
            left = "ended"
        finally:
            diary.write(f"{left}:{run_id}")

    vars(pulling)["carry_out"] = carry_out_and_note


def note_steps(diary: Diary) -> None:
    """Let each page that is staged, and each batch that is planned or applied, be written down when it is done."""
    for module, name in ((staging, "stage_page"), (pull_course, "plan_batch"), (pull_course, "apply_batch")):
        vars(module)[name] = _noted(vars(module)[name], diary)


def _noted(step: Callable[..., Awaitable[bool]], diary: Diary) -> Callable[..., Awaitable[bool]]:
    async def step_and_note(*args: Any, **named: Any) -> bool:  # noqa: ANN401 - those of the step
        result = await step(*args, **named)
        diary.write("step")
        return result

    return step_and_note


def hold_the_second_batch(diary: Diary) -> None:
    """Let applying wait for a line of standard input between two batches, as if the process were frozen there."""
    batches = 0

    async def apply_and_hold(ground: Ground, *, now: datetime) -> bool:
        nonlocal batches
        batches += 1
        if batches == 3:
            diary.write("holds")
            sys.stdin.readline()
        return await applying.apply_batch(ground, now=now)

    vars(pull_course)["apply_batch"] = apply_and_hold


async def main(path: str, *deeds: str) -> None:
    """Pull until the process ends."""
    use_key_ring(RING)
    settings = Settings.from_env()
    offered = offered_connectors(settings)
    offer_connectors(offered)
    diary = Diary(Path(path))
    note_runs(diary)
    note_steps(diary)
    if "hold" in deeds:
        hold_the_second_batch(diary)
    puller = Puller(Means(connect=connecting(offered)), lease_s=LEASE_S)
    async with open_store(settings.database_url.reveal()), puller.running():
        diary.write("looks")
        while True:
            await puller.look(clock())
            await asyncio.sleep(LOOK_EVERY_S)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
