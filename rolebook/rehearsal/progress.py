"""How far a rehearsal is, on standard error: a bar on a terminal, a line for each act elsewhere."""

from dataclasses import dataclass, field
from time import perf_counter
from typing import TextIO

from rolebook.rehearsal.stage import Act
from rolebook.rehearsal.tally import Tally, rate

BAR_WIDTH = 24
DRAWN_EVERY_S = 0.1


class Silence:
    """Says nothing."""

    def begin(self, act: Act) -> None:
        """Say nothing."""

    def advance(self) -> None:
        """Say nothing."""

    def end(self) -> None:
        """Say nothing."""


@dataclass(slots=True)
class Bar:
    """One line that is drawn again and again while an act goes on, and stays when it is over."""

    stream: TextIO
    tally: Tally
    total: int
    """Objects of all acts."""
    is_terminal: bool
    done: int = 0
    _act: str = ""
    _count: int = 0
    _act_done: int = 0
    _requests_before: int = 0
    _began_at_s: float = 0.0
    _drawn_at_s: float = field(default=0.0)

    def begin(self, act: Act) -> None:
        """Start a line."""
        self._act, self._count, self._act_done = act.name, len(act.objects), 0
        self._requests_before, self._began_at_s = self.tally.requests, perf_counter()
        if self.is_terminal:
            self._draw()

    def advance(self) -> None:
        """Count one object; the line is drawn ten times a second at most."""
        self.done += 1
        self._act_done += 1
        if self.is_terminal and perf_counter() - self._drawn_at_s >= DRAWN_EVERY_S:
            self._draw()

    def end(self) -> None:
        """Leave the line as it is in the end."""
        if self.is_terminal:
            self._draw()
        else:
            self.stream.write(self._line())
        self.stream.write("\n")
        self.stream.flush()

    def _draw(self) -> None:
        self._drawn_at_s = perf_counter()
        filled = BAR_WIDTH * self.done // max(1, self.total)
        self.stream.write(f"\r\x1b[K[{'#' * filled}{'.' * (BAR_WIDTH - filled)}] {self._line()}")
        self.stream.flush()

    def _line(self) -> str:
        percent = 100 * self.done // max(1, self.total)
        requests = self.tally.requests - self._requests_before
        speed = rate(requests, perf_counter() - self._began_at_s)
        counted = f"{self._act_done}/{self._count}"
        return f"{percent:3} %  {self._act:<18} {counted:>13}  {speed:>7.0f} requests/s  {self.tally.wrong} wrong"
