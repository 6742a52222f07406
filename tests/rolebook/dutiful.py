"""A process that does one duty again and again, and writes down when it began and ended; for tests of leases."""

import asyncio
import os
import sys
from datetime import datetime
from pathlib import Path

from directory.store import claims
from directory.store.unit import in_unit, open_store
from rolebook.jobs import Duty, Jobs
from rolebook.metrics import Metrics

LEASE_S = 1.0
DUTY = "tested"
LATE_WRITE = "written late"


class Diary:
    """Lines that processes append to one file; each is one write, so that they never mix."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def write(self, word: str) -> None:
        """Append a line with the process and a word."""
        os.write(self._file, f"{os.getpid()} {word}\n".encode())


async def take_turns(diary: Diary, runs: int) -> None:
    """Do the duty until this process has done it ``runs`` times."""
    left = runs

    async def work(_now: datetime) -> int:
        nonlocal left
        diary.write("began")
        await asyncio.sleep(0.001)
        diary.write("ended")
        left -= 1
        return 0

    jobs = Jobs(Metrics(), (), lease_s=30)
    while left > 0:
        await jobs.run(Duty(name=DUTY, every_s=0, work=work))


async def hold_on(diary: Diary) -> None:
    """Take the duty, wait for a line of standard input as if frozen, then write as if nothing had happened."""

    async def work(now: datetime) -> int:
        diary.write("began")
        sys.stdin.readline()
        await in_unit(None, lambda: claims.stamp_duty(LATE_WRITE, now=now))
        diary.write("ended")
        return 0

    jobs = Jobs(Metrics(), (), lease_s=LEASE_S)
    await jobs.run(Duty(name=DUTY, every_s=0, work=work))
    diary.write("lost" if DUTY in jobs.failures else "done")


async def take_over(diary: Diary) -> None:
    """Try until the duty is this process's, once."""
    is_done = False

    async def work(_now: datetime) -> int:
        nonlocal is_done
        is_done = True
        diary.write("took over")
        return 0

    jobs = Jobs(Metrics(), (), lease_s=LEASE_S)
    while not is_done:
        await jobs.run(Duty(name=DUTY, every_s=0, work=work))
        await asyncio.sleep(0.02)


async def main(database_url: str, path: str, deed: str) -> None:
    """Do ``deed`` with the database open."""
    diary = Diary(Path(path))
    async with open_store(database_url):
        match deed:
            case "hold":
                await hold_on(diary)
            case "take over":
                await take_over(diary)
            case runs:
                await take_turns(diary, int(runs))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
