import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from connectors.connector import Connector, Finding, Mode, Preflight
from connectors.errors import SourceError
from connectors.pulling import QUEUED_PAGES, fetch, seen_page, weightiest
from connectors.records import Done, Edge, Page, Principal, Record, Reject
from directory.pulls.model import SeenEdge, SeenPage

pytestmark = pytest.mark.anyio

Item = Page | Done | SourceError


@dataclass
class Listed:
    """Streams as a test lists them."""

    streams: dict[str, list[Item]]
    begun: list[tuple[str, str | None]] = field(default_factory=list)
    read: list[str] = field(default_factory=list)
    unread: asyncio.Event = field(default_factory=asyncio.Event)

    def stages(self, mode: Mode) -> tuple[tuple[str, ...], ...]:
        del mode
        return (tuple(self.streams),)

    async def pages(self, stream: str, cursor: str | None) -> AsyncIterator[Page | Done]:
        self.begun.append((stream, cursor))
        items = self.streams[stream]
        while items:
            item = items.pop(0)
            await asyncio.sleep(0)
            self.read.append(stream)
            if isinstance(item, SourceError):
                raise item
            yield item

    async def preflight(self, now: object) -> Preflight:
        raise NotImplementedError(now)

    async def find_user(self, key: str) -> Finding:
        raise NotImplementedError(key)

    async def aclose(self) -> None:
        self.unread.set()


@dataclass
class Kept:
    """A desk that keeps what it is given."""

    done: set[str] = field(default_factory=set)
    cursors: dict[str, str | None] = field(default_factory=dict)
    staged: list[tuple[str, str, int]] = field(default_factory=list)
    """Stream, place behind it, pages put together."""
    ended: dict[str, Done] = field(default_factory=dict)
    restarted: list[str] = field(default_factory=list)
    refusing: Exception | None = None
    turn: asyncio.Event | None = None

    def is_done(self, stream: str) -> bool:
        return stream in self.done

    async def cursor_for(self, stream: str) -> str | None:
        return self.cursors.get(stream)

    async def stage(self, stream: str, page: SeenPage, page_count: int) -> None:
        if self.turn is not None:
            await self.turn.wait()
        if self.refusing is not None:
            raise self.refusing
        self.staged.append((stream, page.resume, page_count))

    async def end(self, stream: str, done: Done) -> None:
        self.ended[stream] = done

    async def restart(self, stream: str) -> None:
        self.restarted.append(stream)


def user_page(name: str, *, records: int = 1) -> Page:
    return Page(records=[Record(kind="user", ext_id=f"{name}{at}") for at in range(records)], resume=name)


END = Done(whole=True, checkpoint="end")


async def pulled(source: Connector, desk: Kept) -> Kept:
    await fetch(source, "delta", desk)
    return desk


async def test_every_page_is_staged_and_every_stream_ends() -> None:
    source = Listed({"users": [user_page("a"), user_page("b"), END], "groups": [user_page("c"), END]})

    desk = await pulled(source, Kept(cursors={"users": "from here"}))

    assert sorted(source.begun) == [("groups", None), ("users", "from here")]
    assert sum(count for _, _, count in desk.staged) == 3
    assert [place for stream, place, _ in desk.staged if stream == "users"][-1] == "b"
    assert desk.ended == {"users": END, "groups": END}


async def test_a_stream_that_was_done_before_is_not_read_again() -> None:
    source = Listed({"users": [END], "groups": [END]})

    await pulled(source, Kept(done={"users"}))

    assert [stream for stream, _ in source.begun] == ["groups"]


async def test_an_error_comes_behind_the_pages_before_it() -> None:
    trouble = SourceError("protocol", "half a page")
    desk = Kept()

    with pytest.raises(SourceError, match="half a page"):
        await pulled(Listed({"users": [user_page("a"), user_page("b"), trouble]}), desk)

    assert desk.staged[-1][1] == "b"
    assert desk.ended == {}


async def test_a_stream_that_just_stops_is_an_error() -> None:
    with pytest.raises(SourceError, match="stopped without"):
        await pulled(Listed({"users": [user_page("a")]}), Kept())


async def test_a_stream_that_was_forgotten_begins_anew_and_twice_at_most() -> None:
    def expired() -> SourceError:
        return SourceError("cursor_expired", "forgotten")

    once = Listed({"users": [user_page("a"), expired(), user_page("b"), END]})
    desk = await pulled(once, Kept(cursors={"users": "old"}))
    assert (once.begun, desk.restarted) == ([("users", "old"), ("users", None)], ["users"])

    with pytest.raises(SourceError, match="forgotten"):
        await pulled(Listed({"users": [expired(), expired(), expired()]}), Kept())


async def test_pages_that_wait_are_staged_together_but_not_too_many() -> None:
    turn = asyncio.Event()
    desk = Kept(turn=turn)
    source = Listed({"users": [*(user_page(str(at), records=200) for at in range(12)), END]})
    async with asyncio.TaskGroup() as group:
        group.create_task(pulled(source, desk))
        for _ in range(50):
            await asyncio.sleep(0)
        read = len(source.read)
        turn.set()

    counts = [count for _, _, count in desk.staged]
    assert read <= 2 + QUEUED_PAGES
    assert (sum(counts), max(counts)) == (12, 3)


async def test_what_the_desk_raises_ends_the_pull() -> None:
    class LostError(Exception):
        """Somebody else pulls by now."""

    with pytest.raises(LostError):
        await pulled(Listed({"users": [user_page("a"), END], "groups": [END]}), Kept(refusing=LostError()))


def test_of_several_errors_the_one_that_somebody_has_to_act_on_is_told() -> None:
    passing, permanent = SourceError("transient", "away"), SourceError("auth", "no entry")
    other = ValueError("ours")

    assert weightiest(ExceptionGroup("", [passing, permanent])) is permanent
    assert weightiest(ExceptionGroup("", [permanent, ExceptionGroup("", [other])])) is other
    assert weightiest(ExceptionGroup("", [passing])) is passing


def test_pages_become_one_in_their_order() -> None:
    first = Page(records=[Record(kind="user", ext_id="u", raw={"a": 1})], edges=[Edge("g", "u", "user")], resume="1")
    second = Page(
        records=[Record(kind="group", ext_id="g", raw={"b": 1})],
        edges=[Edge("g", "u", "user", "remove"), Edge("g", "h", "group")],
        rejects=[Reject("user", "x", "no name")],
        assigned=[Principal("group", "g")],
        complete_groups=["g"],
        resume="2",
    )

    page = seen_page([first, second])

    assert [(one.kind, one.ext_id, one.given) for one in page.objects] == [
        ("user", "u", {"a": 1}),
        ("group", "g", None),
    ]
    assert page.edges == (
        SeenEdge("g", "u"),
        SeenEdge("g", "u", there=False),
        SeenEdge("g", "h", is_group=True),
    )
    assert (page.rejects, page.assigned) == ((("user", "x", "no name"),), (("group", "g"),))
    assert (page.complete_groups, page.resume) == (("g",), "2")
