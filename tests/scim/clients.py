"""Clients of the door, in process: a tenant, a source of a preset, and its bearer secret."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec

from directory.model import Preset, Source, Tenant
from directory.noted import noted
from directory.secret_keys import issue_secret
from directory.sources import create_source
from directory.tenants import create_tenant, system_actor
from scim.door import Door
from scim.routes import door

PUBLIC_URL = "https://rolebook.example"
BASE_URL = f"{PUBLIC_URL}/scim/v2"


@dataclass(frozen=True, slots=True)
class Client:
    """An identity provider that holds a secret."""

    http: httpx.AsyncClient
    tenant: Tenant
    source: Source
    token: str

    async def send(self, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        """Send a request below the base URL; header names are given with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        content = None if body is None else body if isinstance(body, bytes) else msgspec.json.encode(body)
        typed = {"content-type": "application/scim+json"} if content is not None else {}
        return await self.http.request(method, f"/scim/v2{path}", content=content, headers={**typed, **named})

    async def create(self, path: str, **body: Any) -> str:  # noqa: ANN401 any JSON
        """Create a resource and return its id."""
        response = await self.send("POST", path, body)
        assert response.status_code == 201, response.text
        return str(response.json()["id"])


def minimal_app() -> Door:
    """Return an application of this door alone."""
    return door(public_url=PUBLIC_URL)


async def new_source(preset: Preset, slug: str) -> tuple[Tenant, Source, str]:
    """Create a tenant with one source, and return its secret too."""
    now = datetime.now(UTC)
    tenant = await create_tenant(slug.title(), slug=slug, now=now)
    by = system_actor(tenant)
    source = await create_source(kind="scim", preset=preset, label=preset.title(), by=by, now=now)
    issued = await issue_secret(source.source_id, label="test", by=by, now=now)
    return tenant, source, issued.token


@asynccontextmanager
async def client_of(preset: Preset, slug: str = "acme") -> AsyncIterator[Client]:
    """Give a client of a new tenant; the store is open already."""
    # What earlier tests left unwritten belongs to tenants of databases that are gone.
    noted.clear()
    tenant, source, token = await new_source(preset, slug)
    transport = httpx.ASGITransport(app=minimal_app(), raise_app_exceptions=False)  # type: ignore[arg-type]  # httpx types ASGI loosely
    headers = {"authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as http:
        yield Client(http, tenant, source, token)
