"""The application in the test's own event loop, and the clients that watch it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from litestar import Litestar

from rolebook.app import create_app
from rolebook.settings import Settings


def settings_for(database_url: str, **variables: str) -> Settings:
    """Return the settings of an environment that holds nothing else."""
    return Settings.from_env({"ROLEBOOK_DATABASE_URL": database_url, **variables})


@asynccontextmanager
async def open_house(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """Run the application and give a client from this machine; faults come as answers, as they do from a server."""
    app = create_app(settings)
    async with app.lifespan(), client_of(app) as http:
        yield http


def client_of(app: Litestar, *, address: str = "127.0.0.1") -> httpx.AsyncClient:
    """Return a client that calls from ``address``."""
    transport = httpx.ASGITransport(app=app, client=(address, 1), raise_app_exceptions=False)  # type: ignore[arg-type]  # httpx's own idea of a scope
    return httpx.AsyncClient(transport=transport, base_url="http://localhost:8000")
