import logging
import os
from contextlib import aclosing

import pytest
from aiohttp.abc import ResolveResult

from connectors.errors import SourceError
from connectors.okta.transport import GuardedResolver
from tests.connectors.okta.oktas import connect
from tests.connectors.pulling import Mirror
from tests.fakes.faults import Fault
from tests.fakes.okta import FakeOkta
from tests.fakes.okta_tokens import TOKEN

pytestmark = pytest.mark.anyio


class Rebinding(GuardedResolver):
    """Names that lead where they are told to."""

    def __init__(self, *addresses: str) -> None:
        super().__init__(private=False)
        self._inner = self  # type: ignore[assignment]  # answers for the network
        self.addresses = addresses

    async def resolve(self, host: str, port: int = 0, family: object = 0) -> list[ResolveResult]:
        if host == "asked":
            return [
                ResolveResult(hostname=host, host=one, port=port, family=2, proto=0, flags=0) for one in self.addresses
            ]
        return await super().resolve("asked", port, family)


async def test_a_name_with_an_inner_address_is_not_connected_to() -> None:
    for addresses in (("127.0.0.1",), ("8.8.8.8", "10.0.0.1"), ("::ffff:169.254.169.254",)):
        with pytest.raises(SourceError):
            await Rebinding(*addresses).resolve("example.okta.com")

    assert len(await Rebinding("8.8.8.8").resolve("example.okta.com")) == 1


async def test_no_secret_is_logged_whatever_happens(okta: FakeOkta, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    okta.faults.cause(Fault("reset", path=r"/users\?", begin=1))
    async with aclosing(connect(okta)) as connector:
        await Mirror().pull(connector, "users")

    assert TOKEN not in caplog.text


async def test_the_environment_has_no_say(okta: FakeOkta, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setitem(os.environ, name, "http://127.0.0.1:9")
    monkeypatch.setitem(os.environ, "OKTA_CLIENT_TOKEN", "somebody-elses")
    monkeypatch.setitem(os.environ, "OKTA_CLIENT_ORGURL", "https://elsewhere.example")
    mirror = Mirror()
    async with aclosing(connect(okta)) as connector:
        await mirror.pull(connector, "users")

    assert len(mirror.users) == 90
