"""Looking again until a page says what a duty does soon; by time, since a busy machine has few and long looks."""

import time
from collections.abc import Callable

PATIENCE_S = 30.0


def look_until(is_there: Callable[[], object], again: Callable[[], object]) -> None:
    """Look again, by a reload or a click, until it is there; after half a minute it is not to be expected any more."""
    deadline = time.monotonic() + PATIENCE_S
    while not is_there():
        assert time.monotonic() < deadline, "what was waited for never came"
        again()
