"""The portal in process, over both databases, with people of every role who can sign in."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, cast

import httpx
import pytest
from litestar import Litestar
from litestar.exceptions import HTTPException

from directory import locks, signins
from directory.pulls.kinds import offer_connectors
from directory.store.compiled import Statement
from directory.store.unit import Engine, execute
from portal.errors import error_answerer
from portal.routes import router, static_router
from portal.streams import open_streams
from portal.visit import Site
from rolebook.simulation import Simulator
from tests.directory.world import World, create_world
from tests.portal.browsing import ORIGIN, SAME_ORIGIN, Browser
from tests.portal.pulling import QuietConnectors

SignIn = Callable[..., Awaitable[Browser]]


def create_portal(public_url: str = ORIGIN) -> Litestar:
    """Return an application of nothing but this door."""
    open_streams.end_all()  # clients in process read whole answers: a stream says what there is, and is over
    return _portal_at(public_url)


@lru_cache(maxsize=8)
def _portal_at(public_url: str) -> Litestar:
    """Make it once: registering all routes takes half a second, and the application keeps nothing of a request."""
    word = error_answerer(Site(public_url=public_url))
    return Litestar(
        route_handlers=[
            static_router(public_url=public_url),
            router(public_url=public_url, simulate=Simulator(public_url)),
        ],
        exception_handlers={HTTPException: word, Exception: word},
        openapi_config=None,
        logging_config=None,
    )


def client_of(app: Litestar, base_url: str = ORIGIN) -> httpx.AsyncClient:
    """Return a client of the application in this event loop."""
    transport = httpx.ASGITransport(app=cast("Any", app), raise_app_exceptions=False)  # the same calls, other names
    return httpx.AsyncClient(transport=transport, base_url=base_url)


@pytest.fixture
async def world(store: Engine) -> World:
    assert store is not None
    made = await create_world("northwind")
    made.now = datetime.now(UTC)
    return made


@pytest.fixture(autouse=True)
def connectors() -> Iterator[QuietConnectors]:
    """Our connectors, whose checks send nothing: what they find is the test's choice."""
    quiet = QuietConnectors()
    offer_connectors(quiet)
    yield quiet
    offer_connectors(None)


@pytest.fixture
async def portal(store: Engine) -> AsyncIterator[httpx.AsyncClient]:
    """A browser that is not signed in."""
    assert store is not None
    async with client_of(create_portal()) as client:
        yield client


async def link_for(world: World, role: str, name: str | None = None) -> str:
    """Create a local user with the role and return the path of their sign-in link."""
    user = await locks.create_local_user(
        name or role,
        display_name=(name or role).title(),
        role_id=world.roles[role].role_id,
        by=world.system,
        now=datetime.now(UTC),
    )
    return f"/sign-in/{await signins.create_link(user.user_id, by=world.system, now=datetime.now(UTC))}"


@pytest.fixture
async def sign_in(store: Engine, world: World) -> AsyncIterator[SignIn]:
    """Sign somebody of a role in and return their browser."""
    assert store is not None
    clients: list[httpx.AsyncClient] = []

    async def signed_in(role: str = "administrator", where: World = world, name: str | None = None) -> Browser:
        client = client_of(create_portal())
        clients.append(client)
        answer = await client.post(await link_for(where, role, name), headers=SAME_ORIGIN)
        assert answer.status_code == 303
        return Browser(client, where.tenant.slug)

    yield signed_in
    for client in clients:
        await client.aclose()


async def make_stale(*, minutes: int = 11) -> None:
    """Let every sign-in be so long ago: the next weightier deed asks who it is."""
    past = Statement(
        "UPDATE web_session_row SET confirmed_at = $1::timestamptz, created_at = $1::timestamptz", house=True
    )
    await execute(past, datetime.now(UTC) - timedelta(minutes=minutes))


@pytest.fixture
async def admin(sign_in: SignIn) -> Browser:
    return await sign_in("administrator")
