"""Where the door stands: every path of ``/scim/v2``, and the same under ``/scim``."""

from collections.abc import Sequence

from litestar import Router, get, post
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler

from scim import bulk, discovery
from scim.bodies import GROUP_BYTES_MAX, USER_BYTES_MAX
from scim.bulk_plan import BYTES_MAX
from scim.catalogue import catalogue_handlers
from scim.endpoints import handlers_for, search_handler
from scim.gate import Gate, word_exception
from scim.groups import GROUPS
from scim.me import me_handler
from scim.users import USERS

BASE_PATH = "/scim/v2"
ALIAS_PATH = "/scim"

__all__ = ["BASE_PATH", "owns", "router", "word_exception"]


def owns(path: str) -> bool:
    """Whether a path belongs to this door, known or not: its errors are worded by ``word_exception``."""
    lowered = path.lower()
    return lowered == ALIAS_PATH or lowered.startswith(f"{ALIAS_PATH}/")


def router(*, public_url: str) -> Router:
    """Return the door's routes; resources are found under ``public_url``, never under the request's Host."""
    return Router(
        path="/",
        route_handlers=[
            Router(path=BASE_PATH, route_handlers=_handlers()),
            Router(path=ALIAS_PATH, route_handlers=_handlers()),
        ],
        middleware=[Gate(public_url.rstrip("/") + BASE_PATH)],
        exception_handlers={HTTPException: word_exception, Exception: word_exception},
        include_in_schema=False,
    )


def _handlers() -> Sequence[HTTPRouteHandler]:
    return [
        *handlers_for(USERS, bytes_max=USER_BYTES_MAX),
        *handlers_for(GROUPS, bytes_max=GROUP_BYTES_MAX),
        search_handler([USERS, GROUPS], path="/.search", bytes_max=USER_BYTES_MAX),
        post(bulk.PATH, status_code=200, request_max_body_size=BYTES_MAX)(bulk.run_bulk),
        me_handler(),
        *catalogue_handlers(),
        *_discovery_handlers(),
    ]


def _discovery_handlers() -> Sequence[HTTPRouteHandler]:
    return [
        get("/ServiceProviderConfig")(discovery.get_config),
        get("/ResourceTypes")(discovery.list_resource_types),
        get("/ResourceTypes/{name:str}")(discovery.get_resource_type),
        get("/Schemas")(discovery.list_schemas),
        get("/Schemas/{urn:str}")(discovery.get_schema),
    ]
