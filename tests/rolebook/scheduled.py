"""A process that sends reports as the duty does, and writes down how far it is; for tests of kills and freezes."""

import asyncio
import sys
from datetime import datetime
from pathlib import Path

from directory import schedule_runs
from directory.model import TenantId
from directory.report_sending import Made, Occasion, make_sending
from directory.schedule_values import Schedule
from directory.store.unit import open_store
from rolebook import schedule_duties
from rolebook.jobs import Duty, Jobs
from rolebook.metrics import Metrics
from tests.rolebook.dutiful import Diary

LEASE_S = 1.0
NAME = "send_reports"


async def send(diary: Diary) -> None:
    """Send whatever is due, for as long as the process lives."""

    async def work(now: datetime) -> int:
        diary.write("began")
        count = await schedule_duties.send_reports(now)
        diary.write("ended")
        return count

    jobs = Jobs(Metrics(), (), lease_s=LEASE_S)
    while True:
        await jobs.run(Duty(name=NAME, every_s=0, waits=schedule_duties.has_reports_to_send, work=work))
        await asyncio.sleep(0.01)


async def hold(diary: Diary) -> None:
    """Take the duty, read the first report, wait for a line of standard input as if frozen, then go on to send it."""

    async def make_and_wait(tenant_id: TenantId, schedule: Schedule, occasion: Occasion, *, now: datetime) -> Made:
        made = await make_sending(tenant_id, schedule, occasion, now=now)
        diary.write("began")
        sys.stdin.readline()
        return made

    vars(schedule_runs)["make_sending"] = make_and_wait
    jobs = Jobs(Metrics(), (), lease_s=LEASE_S)
    await jobs.run(Duty(name=NAME, every_s=0, work=schedule_duties.send_reports))
    diary.write("lost" if NAME in jobs.failures else "done")


async def main(database_url: str, path: str, deed: str) -> None:
    """Do ``deed`` with the database open."""
    diary = Diary(Path(path))
    async with open_store(database_url):
        await (hold if deed == "hold" else send)(diary)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
