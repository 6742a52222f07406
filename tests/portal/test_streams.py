"""Server-sent events: what goes over the wire, who makes room, and what ends a stream."""

from typing import Any, cast
from uuid import UUID

import pytest

from directory.model import UserId
from portal.streams import DONE, HEARTBEAT, STREAMS_MAX, OpenStreams, Update, message_text
from tests.directory.world import World
from tests.portal.browsing import Browser

ROSA, SAM = UserId(UUID(int=1)), UserId(UUID(int=2))


def test_a_fragment_of_several_lines_is_one_message() -> None:
    text = message_text(Update(mark="7", html="<ul>\n<li>a</li>\n</ul>"))

    assert text == "id: 7\ndata: <ul>\ndata: <li>a</li>\ndata: </ul>\n\n"


@pytest.mark.parametrize("name", ["x\revent: done", "x\r\nid: 9", "x\ndata: y", "x\r\rdata: <b>"])
def test_a_name_cannot_begin_a_field_of_its_own(name: str) -> None:
    lines = message_text(Update(mark="7", html=f"<p>{name}</p>")).rstrip("\n").splitlines()

    assert lines[0] == "id: 7"
    assert all(line.startswith("data: ") for line in lines[1:])


def test_the_last_message_says_that_it_was_the_last() -> None:
    assert message_text(Update(mark="7", html="", done=True)) == f"id: 7\n\n{DONE}"


@pytest.mark.parametrize("mark", ["", "a\nb", "ä", "x" * 201, "\0"])
def test_a_mark_that_the_wire_cannot_carry_is_a_mistake_of_ours(mark: str) -> None:
    with pytest.raises(AssertionError):
        message_text(Update(mark=mark, html=""))


@pytest.mark.anyio
async def test_the_oldest_stream_of_an_operator_makes_room() -> None:
    streams = OpenStreams()
    entered = [streams.entered(ROSA) for _ in range(STREAMS_MAX + 1)]
    with streams.entered(SAM) as other:
        places = [one.__enter__() for one in entered]

        assert [place.is_surplus for place in places] == [True, *[False] * STREAMS_MAX]
        assert await places[0].ended(within_s=0.01)
        assert not await places[1].ended(within_s=0.01)
        assert not await other.ended(within_s=0.01)

        for one in entered:
            one.__exit__(None, None, None)
    assert (streams.count(ROSA), streams.count(SAM)) == (0, 0)


@pytest.mark.anyio
async def test_all_operators_together_have_so_many_streams_and_a_newer_one_is_told_to_stay_away() -> None:
    streams = OpenStreams(of_all_max=2)
    with streams.entered(ROSA) as first, streams.entered(SAM) as second, streams.entered(SAM) as third:
        assert [place.is_surplus for place in (first, second, third)] == [False, False, True]
        assert await third.ended(within_s=10)
    with streams.entered(SAM) as later:
        assert not later.is_surplus


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["activity/live", "activity/live/requests"])
@pytest.mark.parametrize("query", ["text=ann", "to=2026-01-31"])
async def test_what_its_page_does_not_offer_live_is_refused(admin: Browser, path: str, query: str) -> None:
    assert (await admin.open(f"{path}?{query}")).status == 422


@pytest.mark.anyio
async def test_a_process_that_stops_ends_all_streams_and_keeps_none_open() -> None:
    streams = OpenStreams()
    with streams.entered(ROSA) as place:
        streams.end_all()

        assert await place.ended(within_s=10)
        assert not place.is_surplus
    with streams.entered(SAM) as late:
        assert await late.ended(within_s=10)
    streams.reopen()
    with streams.entered(SAM) as again:
        assert not await again.ended(within_s=0.01)


@pytest.mark.anyio
async def test_what_the_browser_shows_already_is_not_sent_again(admin: Browser, world: World) -> None:
    await world.push_user("ann", displayName="Ann Archer")
    first = (await admin.open("activity/live")).response
    mark = first.text.partition("id: ")[2].partition("\n")[0]
    by_address = (await admin.open(f"activity/live?since={mark}")).response.text
    by_header = (await admin.open("activity/live", last_event_id=mark)).response.text
    await world.push_user("ben", displayName="Ben Baker")
    after = (await admin.open("activity/live", last_event_id=mark)).response.text

    assert "Ann Archer" in first.text
    assert (by_address, by_header) == (HEARTBEAT, HEARTBEAT)
    assert "Ben Baker" in after
    assert "Ann Archer" in after


@pytest.mark.anyio
async def test_a_stream_is_neither_kept_nor_held_back_and_runs_no_code(admin: Browser) -> None:
    headers = (await admin.open("activity/live/requests")).response.headers

    assert headers["content-type"].startswith("text/event-stream")
    assert (headers["cache-control"], headers["x-accel-buffering"]) == ("no-store", "no")
    assert "default-src 'none'" in headers["content-security-policy"]


@pytest.mark.anyio
async def test_a_mark_that_somebody_made_up_shows_everything(admin: Browser, world: World) -> None:
    await world.push_user("ann", displayName="Ann Archer")

    for made_up in ("x" * 500, "ä", "\x7f", "nobody's"):
        page = await admin.open("activity/live", last_event_id=cast("Any", made_up.encode()))

        assert "Ann Archer" in page.response.text
