"""How far a pull is, on standard error: a bar on a terminal, a line for each phase elsewhere."""

from dataclasses import dataclass
from typing import TextIO

from directory.pulls.model import Run

BAR_WIDTH = 24
STATES = {"asked": "Waiting to begin", "done": "Done", "failed": "Failed", "cancelled": "Cancelled"}
"""Where there is no phase."""


@dataclass(slots=True)
class PullBar:
    """One line that is drawn again while a pull goes on."""

    stream: TextIO
    is_terminal: bool
    _shown: str = ""
    _phase: str = ""

    def show(self, run: Run) -> None:
        """Show how far a run is, if that is something new."""
        line = line_for(run)
        if self.is_terminal and line != self._shown:
            self.stream.write(f"\r\x1b[K{line}")
            self.stream.flush()
        elif not self.is_terminal and run.state != self._phase:
            self.stream.write(f"{line}\n")
            self.stream.flush()
        self._shown, self._phase = line, run.state

    def end(self) -> None:
        """Leave the line as it is."""
        if self.is_terminal and self._shown:
            self.stream.write("\n")
            self.stream.flush()


def line_for(run: Run) -> str:
    """Return how far a run is, in one line."""
    done, whole = progress_of(run)
    words = STATES.get(run.state) or run.waiting or run.phase
    if not whole:
        return f"{words}: {run.object_count:,} objects, {run.request_count:,} requests"
    filled = BAR_WIDTH * min(done, whole) // whole
    return f"[{'#' * filled}{'.' * (BAR_WIDTH - filled)}] {100 * min(done, whole) // whole:3} %  {words}"


def progress_of(run: Run) -> tuple[int, int]:
    """Return how much of the stage that a run is at is done, and how much there is; nothing where nobody knows."""
    if run.state == "fetching":
        return run.object_count, run.expected_count or 0
    return (run.done_count, run.to_do_count) if run.under_way else (0, 0)
