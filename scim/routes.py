"""Where the door stands: every path of ``/scim/v2``, and the same under ``/scim``."""

from collections.abc import Sequence

from scim import bulk, discovery
from scim.bodies import GROUP_BYTES_MAX, USER_BYTES_MAX
from scim.bulk_plan import BYTES_MAX
from scim.catalogue import catalogue_routes
from scim.door import STATE_KEY, Door
from scim.endpoints import routes_for, search_route
from scim.groups import GROUPS
from scim.me import me_routes
from scim.routing import Route, Routes, Served
from scim.users import USERS

BASE_PATH = "/scim/v2"
ALIAS_PATH = "/scim"

__all__ = ["BASE_PATH", "STATE_KEY", "door", "owns"]


def owns(path: str) -> bool:
    """Whether a path belongs to this door, known or not; a base URL that ends in a slash doubles the first one."""
    lowered = f"/{path.lstrip('/').lower()}"
    return lowered == ALIAS_PATH or lowered.startswith(f"{ALIAS_PATH}/")


def door(*, public_url: str) -> Door:
    """Return the door; resources are found under ``public_url``, never under the request's Host."""
    routes = _routes()
    return Door(Routes([(BASE_PATH, routes), (ALIAS_PATH, routes)]), base_url=public_url.rstrip("/") + BASE_PATH)


def _routes() -> Sequence[Route]:
    return [
        *routes_for(USERS, bytes_max=USER_BYTES_MAX),
        *routes_for(GROUPS, bytes_max=GROUP_BYTES_MAX),
        search_route([USERS, GROUPS], path="/.search", bytes_max=USER_BYTES_MAX),
        Route("POST", bulk.PATH, Served(bulk.run_bulk, BYTES_MAX)),
        *me_routes(),
        *catalogue_routes(),
        Route("GET", "/ServiceProviderConfig", Served(discovery.get_config)),
        Route("GET", "/ResourceTypes", Served(discovery.list_resource_types)),
        Route("GET", "/ResourceTypes/{name}", Served(discovery.get_resource_type)),
        Route("GET", "/Schemas", Served(discovery.list_schemas)),
        Route("GET", "/Schemas/{urn}", Served(discovery.get_schema)),
    ]
