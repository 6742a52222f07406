"""What is told the moment a server process is asked to stop."""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

STOPS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def told_of_stop(tell: Callable[[], None]) -> Iterator[None]:
    """Call ``tell`` in the event loop as soon as the process is asked to stop; the server's own handler follows.

    The server waits for answers under way before it ends the application. An event stream is under way for as long as
    a browser looks at it, so the end of the application would be too late to end it.
    """
    if threading.current_thread() is not threading.main_thread():  # Python runs handlers in the main thread only
        yield
        return
    loop = asyncio.get_running_loop()
    before = {number: handler for number in STOPS if callable(handler := signal.getsignal(number))}

    def on_stop(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(tell)
        before[signal.Signals(number)](number, frame)

    for number in before:
        signal.signal(number, on_stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
