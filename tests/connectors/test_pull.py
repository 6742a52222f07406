from collections.abc import AsyncIterator

import pytest

from connectors.connector import Finding, Mode, Preflight
from connectors.errors import SourceError
from connectors.pull import each_page
from connectors.records import Done, Page

pytestmark = pytest.mark.anyio

PAGE = Page(resume="p")
DONE = Done(whole=True, checkpoint="c")


class Scripted:
    """A connector of somebody else's that gives what it is told to."""

    def __init__(self, *items: Page | Done) -> None:
        self._items = items

    def stages(self, mode: Mode) -> tuple[tuple[str, ...], ...]:
        del mode
        return (("users",),)

    async def pages(self, stream: str, cursor: str | None) -> AsyncIterator[Page | Done]:
        del stream, cursor
        for item in self._items:
            yield item

    async def preflight(self, now: object) -> Preflight:
        del now
        return Preflight(steps=())

    async def find_user(self, key: str) -> Finding:
        del key
        return Finding(steps=())

    async def aclose(self) -> None:
        pass


async def test_a_stream_that_ends_well_is_passed_on() -> None:
    assert [item async for item in each_page(Scripted(PAGE, PAGE, DONE), "users", None)] == [PAGE, PAGE, DONE]


@pytest.mark.parametrize("items", [(), (PAGE,), (PAGE, DONE, PAGE), (DONE, DONE)])
async def test_a_stream_that_just_stops_or_goes_on_is_an_error(items: tuple[Page | Done, ...]) -> None:
    with pytest.raises(SourceError) as caught:
        _ = [item async for item in each_page(Scripted(*items), "users", None)]

    assert caught.value.kind == "protocol"
