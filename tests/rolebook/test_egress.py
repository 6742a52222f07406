"""The one way out for webhooks leads to the public internet, and to where the check looked."""

import asyncio

import pytest

from rolebook import egress
from rolebook.egress import Egress, EgressError
from tests.fakes.webhook_receiver import webhook_receiver

pytestmark = pytest.mark.anyio


async def test_a_name_that_leads_inside_is_refused_at_each_delivery() -> None:
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> list[str]:
        """Answer a public address the first time, and one of this machine afterwards."""
        asked.append(f"{host}:{port}")
        return ["93.184.216.34"] if len(asked) == 1 else ["127.0.0.1"]

    async def mixed(host: str, port: int) -> list[str]:
        return ["93.184.216.34", f"::ffff:10.0.0.{len(host) + port % 2}"]

    async with webhook_receiver() as receiver:
        url = f"https://rebind.example:{receiver.port}/"
        egress = Egress(allow_private=False, resolver=rebinding)
        await rebinding("first", 0)
        for way in (egress, Egress(allow_private=False, resolver=mixed)):
            with pytest.raises(EgressError, match="private network"):
                await way.post(url, b"{}", {})

    assert receiver.received == []
    assert asked[1:] == [f"rebind.example:{receiver.port}"]  # once for the request: what was checked is connected to


async def test_the_environment_sets_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    async with webhook_receiver() as canary, webhook_receiver() as receiver:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{canary.port}")
        answer = await Egress(allow_private=True).post(f"http://127.0.0.1:{receiver.port}/", b"{}", {})

    assert (answer.status, canary.received, len(receiver.received)) == (204, [], 1)


async def test_the_name_stays_in_the_request_though_the_address_is_connected_to() -> None:
    async def here(host: str, port: int) -> list[str]:
        return ["127.0.0.1"] if host and port else []

    async with webhook_receiver() as receiver:
        egress = Egress(allow_private=True, resolver=here)
        await egress.post(f"http://hooks.example:{receiver.port}/a?b=c", b"{}", {})

    assert receiver.received[0].headers["host"] == f"hooks.example:{receiver.port}"
    assert receiver.received[0].line == "POST /a?b=c HTTP/1.1"


async def test_the_status_decides_even_if_the_rest_of_the_answer_never_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(egress, "BODY_S", 0.05)
    over = asyncio.Event()

    async def dribble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nbegin")
        await over.wait()
        writer.close()

    server = await asyncio.start_server(dribble, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    answer = await Egress(allow_private=True).post(f"http://127.0.0.1:{port}/", b"{}", {})
    over.set()
    server.close()

    assert (answer.status, answer.beginning) == (200, b"begin")
