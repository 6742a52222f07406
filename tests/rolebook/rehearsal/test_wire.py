"""The provider's patience, and what it never tells."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import httpx
import pytest

from rolebook.rehearsal.checks import refuses, removed
from rolebook.rehearsal.connection import test_connection as try_connection
from rolebook.rehearsal.exchange import Request, literal, query
from rolebook.rehearsal.wire import TRIES_MAX, AbandonedError, UnreachableError, Wire, connected, known_id

pytestmark = pytest.mark.anyio

SECRET = "tell-nobody"
DELETE = Request("DELETE", "/Users/u1")


@dataclass
class Waiting:
    """A pause that only writes down how long it would have been."""

    seconds: list[float] = field(default_factory=list)

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def wire_to(answers: Callable[[httpx.Request], httpx.Response], waiting: Waiting | None = None) -> Wire:
    http = httpx.AsyncClient(transport=httpx.MockTransport(answers), base_url="http://x/scim/v2")
    return Wire(http, SECRET, pause=waiting or Waiting())


def in_turn(answers: Iterable[httpx.Response]) -> Callable[[httpx.Request], httpx.Response]:
    following = iter(answers)
    return lambda _: next(following)


async def test_it_waits_as_long_as_it_is_told_and_sends_again() -> None:
    waiting = Waiting()
    answers = [
        httpx.Response(429, headers={"Retry-After": "7"}),
        httpx.Response(503, headers={"Retry-After": "2"}),
        httpx.Response(503),
        httpx.Response(204),
    ]
    wire = wire_to(in_turn(answers), waiting)
    await wire.ask("delete", DELETE, removed())

    assert waiting.seconds == [7, 2, 1]
    assert (wire.tally.requests, wire.tally.wrong) == (1, 0)
    assert (wire.tally.waits, wire.tally.waited_s) == (3, 10)


@pytest.mark.parametrize("retry_after", ["", "soon", "1.5", "-1"])
async def test_a_429_without_whole_seconds_is_wrong(retry_after: str) -> None:
    answers = [httpx.Response(429, headers={"Retry-After": retry_after}), httpx.Response(204)]
    wire = wire_to(in_turn(answers))
    await wire.ask("delete", DELETE, removed())

    assert [one.expected for one in wire.tally.examples] == ["429 with Retry-After in whole seconds"]


async def test_it_gives_up_after_ten_tries() -> None:
    waiting = Waiting()
    wire = wire_to(lambda _: httpx.Response(429, headers={"Retry-After": "100000"}), waiting)
    await wire.ask("delete", DELETE, removed())

    assert waiting.seconds == [300] * (TRIES_MAX - 1)
    assert wire.tally.wrong == 1


async def test_an_answer_is_wrong_once_however_much_is_wrong_with_it() -> None:
    wire = wire_to(lambda _: httpx.Response(500, text="Traceback"))
    await wire.ask("delete", DELETE, removed(), refuses(404))

    assert (wire.tally.requests, wire.tally.wrong) == (1, 1)


async def test_examples_hide_the_secret() -> None:
    wire = wire_to(lambda request: httpx.Response(500, text=f"you sent {request.headers['authorization']}"))
    await wire.ask("delete", DELETE, removed())

    assert [one.got for one in wire.tally.examples] == ["500 you sent Bearer [hidden]"]


async def test_a_create_without_an_id_ends_the_sequence() -> None:
    wire = wire_to(lambda _: httpx.Response(201, json={"id": None}))
    with pytest.raises(AbandonedError):
        await wire.ask_for_id("create", Request("POST", "/Users", {"userName": "ann"}))
    with pytest.raises(AbandonedError):
        known_id({}, 1)


def refusing(_: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused")


def silent(_: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("")


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        (refusing, "http://x/scim/v2 cannot be reached: refused"),
        (silent, "no answer within 60 s to GET /Users"),
        (lambda _: httpx.Response(401, json={}), "http://x/scim/v2 refuses the secret with 401"),
        (lambda _: httpx.Response(404, text="<html>"), "is no SCIM endpoint: GET /Users was answered with 404 <html>"),
        (lambda _: httpx.Response(302, headers={"Location": "/sign-in"}), "is no SCIM endpoint"),
    ],
)
async def test_without_an_endpoint_nothing_begins(
    answers: Callable[[httpx.Request], httpx.Response], says: str
) -> None:
    with pytest.raises(UnreachableError) as raised:
        await try_connection(wire_to(answers), Request("GET", "/Users"))

    assert says in str(raised.value)
    assert SECRET not in str(raised.value)


async def test_the_address_is_told_as_it_was_given() -> None:
    async with connected("http://x/scim/v2", SECRET, concurrency=1) as wire:
        assert wire.address == "http://x/scim/v2"


async def test_filters_arrive_as_they_were_meant() -> None:
    arrived: list[httpx.URL] = []

    def keep(request: httpx.Request) -> httpx.Response:
        arrived.append(request.url)
        return httpx.Response(204)

    name = "o'brién+a&b=100%\"x@y"
    wanted = f"userName eq {literal(name)}"
    await wire_to(keep).ask("find", Request("GET", query("/Users", filter=wanted, startIndex=1)))

    assert b" " not in arrived[0].query
    assert b"%2Ba%26b%3D100%25" in arrived[0].query
    assert dict(arrived[0].params) == {"filter": wanted, "startIndex": "1"}
