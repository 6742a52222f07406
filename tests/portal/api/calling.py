"""An asset system that calls the door of equipment in process, and a checker of JSON against its description."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import httpx
from litestar import Litestar
from litestar.exceptions import HTTPException

from directory import equipment_keys
from portal.api.openapi import document
from portal.api.problems import problem_answer
from portal.api.routes import router
from tests.directory.world import World
from tests.portal.conftest import client_of

ITEMS = "/api/v1/equipment"
Json = dict[str, Any]
KINDS: dict[str, tuple[type, ...]] = {
    "object": (dict,), "array": (list,), "string": (str,), "integer": (int,), "boolean": (bool,), "null": (type(None),),
}  # fmt: skip


@lru_cache(maxsize=1)
def create_door() -> Litestar:
    """Return an application of nothing but this door, made once: it keeps nothing of a request."""
    return Litestar(
        route_handlers=[router()],
        exception_handlers={HTTPException: problem_answer, Exception: problem_answer},
        openapi_config=None,
        logging_config=None,
    )


@dataclass
class AssetSystem:
    """A client with a key; each answer is held against the description of the door."""

    client: httpx.AsyncClient
    token: str

    async def ask(self, method: str, path: str = "", body: Json | None = None, **headers: str) -> httpx.Response:
        """Send a request below ``/api/v1/equipment``."""
        named = {"Authorization": f"Bearer {self.token}"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        answer = await self.client.request(method, f"{ITEMS}{path}", json=body, headers=named)
        check_described(method, path, answer)
        return answer


async def connect(world: World) -> AssetSystem:
    """Return an asset system of a tenant."""
    issued = await equipment_keys.create_key("Snipe", by=world.system, now=world.now)
    return AssetSystem(client_of(create_door()), issued.token)


def check_described(method: str, path: str, answer: httpx.Response) -> None:
    """The document tells of this answer: the address, the status, the media type and the shape."""
    described = document()
    operation = described["paths"][_template(path)][method.lower()]
    told = operation["responses"][str(answer.status_code)]
    if "content" not in told:
        assert answer.content == b""
        return
    media_type = answer.headers["content-type"].partition(";")[0]
    problems = fit(answer.json(), told["content"][media_type]["schema"], described)
    assert problems == [], problems


def _template(path: str) -> str:
    parts = path.partition("?")[0].split("/")
    return ITEMS + "".join(f"/{'{tag}' if number == 1 else part}" for number, part in enumerate(parts) if number)


def fit(value: Any, schema: Json, document: Json) -> list[str]:  # noqa: ANN401  # any JSON
    """Return what of a value is not as its schema says; members that the schema does not know count."""
    if "$ref" in schema:
        return fit(value, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], document)
    if "anyOf" in schema:
        tries = [fit(value, one, document) for one in schema["anyOf"]]
        return [] if [] in tries else [f"{value!r} fits none: {tries}"]
    kinds = schema.get("type", [])
    wanted = [kinds] if isinstance(kinds, str) else kinds
    if wanted and not any(isinstance(value, KINDS[kind]) for kind in wanted):
        return [f"{value!r} is no {wanted}"]
    problems = [f"{value!r} is none of {schema['enum']}"] if "enum" in schema and value not in schema["enum"] else []
    if isinstance(value, dict):
        known = schema["properties"]
        problems += [f"{name} is missing" for name in schema.get("required", []) if name not in value]
        problems += [f"{name} is not described" for name in value if name not in known]
        for name in value.keys() & known.keys():
            problems += fit(value[name], known[name], document)
    if isinstance(value, list):
        problems += [problem for one in value for problem in fit(one, schema["items"], document)]
    return problems
