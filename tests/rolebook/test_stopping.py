"""Being told of a stop: in the event loop, at once, and before the server's own handler has run its course."""

import asyncio
import os
import signal
import threading
from types import FrameType

import pytest

from rolebook.stopping import told_of_stop

pytestmark = pytest.mark.anyio


async def test_a_stop_is_told_and_the_handler_before_is_called_too() -> None:
    told = asyncio.Event()
    seen: list[int] = []

    def servers_own(number: int, _frame: FrameType | None) -> None:
        seen.append(number)

    before = signal.signal(signal.SIGTERM, servers_own)
    try:
        with told_of_stop(told.set):
            os.kill(os.getpid(), signal.SIGTERM)
            async with asyncio.timeout(5):
                await told.wait()

        assert seen == [signal.SIGTERM]
        assert signal.getsignal(signal.SIGTERM) is servers_own
    finally:
        signal.signal(signal.SIGTERM, before)


async def test_a_signal_that_nobody_handles_stays_so() -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        with told_of_stop(lambda: None):
            assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGTERM, before)


async def test_outside_of_the_main_thread_nothing_is_touched() -> None:
    before = signal.getsignal(signal.SIGTERM)
    entered: list[bool] = []

    def elsewhere() -> None:
        with told_of_stop(lambda: None):
            entered.append(signal.getsignal(signal.SIGTERM) is before)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()

    assert entered == [True]
