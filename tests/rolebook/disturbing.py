"""Processes that send reports, watched by what they write down, killed and frozen."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.shape.tree import ROOT

PATIENCE_S = 90.0


@contextmanager
def scheduled(database_url: str, diary: Path, deed: str) -> Iterator[subprocess.Popen[str]]:
    """Give a process that does ``deed``, and end it afterwards."""
    words = [sys.executable, "-m", "tests.rolebook.scheduled", database_url, str(diary), deed]
    with subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def lines_of(diary: Path) -> list[list[str]]:
    """Return what was written down: a process and a word a line."""
    return [line.split() for line in diary.read_text(encoding="utf-8").splitlines()] if diary.exists() else []


def words_in(diary: Path) -> list[str]:
    """Return the words, without the processes."""
    return [word for _, word in lines_of(diary)]


def pids_in(diary: Path) -> list[int]:
    """Return which processes wrote, line by line."""
    return [int(pid) for pid, _ in lines_of(diary)]


def wait_until(is_so: Callable[[], bool]) -> None:
    """Return when it is so; it must be soon."""
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def wait_for_count(diary: Path, count: int) -> None:
    """Return when so many reports were sent."""
    wait_until(lambda: words_in(diary).count("ended") >= count)


def freeze(holder: subprocess.Popen[str], diary: Path) -> None:
    """Stop a process in the middle of whatever it does until another one works, and let it go on."""
    os.kill(holder.pid, signal.SIGSTOP)
    seen = len(pids_in(diary))
    try:
        wait_until(lambda: any(pid != holder.pid for pid in pids_in(diary)[seen:]))
    finally:
        os.kill(holder.pid, signal.SIGCONT)
