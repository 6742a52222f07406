"""scim2-server (Apache-2.0) as a second opinion: another server on our own discovery documents, in this process."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx
from scim2_models import ResourceType, Schema, ScimProvider, ServiceProviderConfig
from scim2_server.applications.asgi import ASGIApplication
from scim2_server.memory import AsyncInMemoryStorage

from tests.scim.clients import BASE_URL, Client
from tests.scim.conformance.twins import Request

_OWN_BASES = re.compile(rf"{re.escape(BASE_URL)}|http://oracle/v2")
_UNSEEN = {"created", "lastModified", "version", "detail", "groups"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server says, in words that both share: ids by their names, without times, versions and details."""

    status: int
    body: Any


@dataclass(slots=True)
class Side:
    """One of the two servers, and the ids it gave to what the requests name."""

    http: httpx.AsyncClient
    base_path: str
    ids: dict[str, str] = field(default_factory=dict)

    async def send(self, request: Request) -> Answer:
        """Send a request with this side's ids."""
        query = "&".join(f"{name}={quote(self._named(value), safe='')}" for name, value in request.query)
        url = f"{self.base_path}{self._named(request.path)}" + (f"?{query}" if query else "")
        content = None if request.body is None else self._named(request.body.decode()).encode()
        headers = {} if content is None else {"content-type": request.media_type}
        response = await self.http.request(request.method, url, content=content, headers=headers)
        if request.keep and response.status_code == 201:
            self.ids[request.keep] = response.json()["id"]
        is_sorted = any(name == "sortBy" for name, _ in request.query)
        return Answer(response.status_code, self._shared(response.text, is_sorted=is_sorted))

    def _named(self, text: str) -> str:
        for name, ident in self.ids.items():
            text = text.replace(f"{{{name}}}", ident)
        return text

    def _shared(self, text: str, *, is_sorted: bool) -> Any:  # noqa: ANN401 any JSON
        if not text:
            return None
        for name, ident in self.ids.items():
            text = text.replace(ident, f"{{{name}}}")
        body = json.loads(_OWN_BASES.sub("", text))
        resources = [plain(one) for one in body["Resources"]] if is_sorted and "Resources" in body else None
        return plain(body) if resources is None else {**plain(body), "Resources": resources}


def plain(value: Any) -> Any:  # noqa: ANN401 any JSON
    """Return JSON without what two right servers may word or order differently.

    What we compute of references, and the other server stores as sent or not at all, is left out: the decision
    ``computed_references``.
    """
    if isinstance(value, dict):
        kept = {key: plain(part) for key, part in value.items() if key not in _UNSEEN}
        if isinstance(value.get("members"), list):
            kept["members"] = sorted(str(member["value"]) for member in value["members"])
        return {key: part for key, part in kept.items() if part not in (None, [], {}) or key == "Resources"}
    if isinstance(value, list):
        return sorted((plain(part) for part in value), key=lambda part: json.dumps(part, sort_keys=True))
    return value


async def provider_for(client: Client) -> ScimProvider:
    """Return what the oracle needs to know of the schemas and resource types that ``client`` discovers."""
    paths = ("/Schemas", "/ResourceTypes", "/ServiceProviderConfig")
    schemas, types, config = [(await client.send("GET", path)).json() for path in paths]
    config.pop("pagination", None)  # cursors would need a package more, and they cannot be compared
    return ScimProvider.from_discovery(
        [Schema.model_validate(one) for one in schemas["Resources"]],
        [ResourceType.model_validate(one) for one in types["Resources"]],
        config=ServiceProviderConfig.model_validate(config),
    )


@asynccontextmanager
async def oracle_on(provider: ScimProvider) -> AsyncIterator[Side]:
    """Give an empty scim2-server."""
    transport = httpx.ASGITransport(app=ASGIApplication(AsyncInMemoryStorage(), provider))  # type: ignore[arg-type]  # httpx types ASGI loosely
    async with httpx.AsyncClient(transport=transport, base_url="http://oracle") as http:
        yield Side(http, "/v2")
