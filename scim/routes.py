"""Where the door stands: every path of ``/scim/v2``, and the same under ``/scim``."""

from collections.abc import Sequence

from litestar import Router, delete, get, patch, post, put
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler

from scim import discovery, groups, users
from scim.bodies import GROUP_BYTES_MAX, USER_BYTES_MAX
from scim.gate import Gate, word_exception

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
    return [*_user_handlers(), *_group_handlers(), *_discovery_handlers()]


# Litestar wants 204 for DELETE and 201 for POST by itself; the answers say their own status.
def _user_handlers() -> Sequence[HTTPRouteHandler]:
    limit = USER_BYTES_MAX
    return [
        get("/Users")(users.list_users),
        post("/Users", request_max_body_size=limit)(users.create_user),
        get("/Users/{user_id:str}")(users.get_user),
        put("/Users/{user_id:str}", request_max_body_size=limit)(users.replace_user),
        patch("/Users/{user_id:str}", request_max_body_size=limit)(users.patch_user),
        delete("/Users/{user_id:str}", status_code=200)(users.delete_user),
    ]


def _group_handlers() -> Sequence[HTTPRouteHandler]:
    limit = GROUP_BYTES_MAX
    return [
        get("/Groups")(groups.list_groups),
        post("/Groups", request_max_body_size=limit)(groups.create_group),
        get("/Groups/{group_id:str}")(groups.get_group),
        put("/Groups/{group_id:str}", request_max_body_size=limit)(groups.replace_group),
        patch("/Groups/{group_id:str}", request_max_body_size=limit)(groups.patch_group),
        delete("/Groups/{group_id:str}", status_code=200)(groups.delete_group),
    ]


def _discovery_handlers() -> Sequence[HTTPRouteHandler]:
    return [
        get("/ServiceProviderConfig")(discovery.get_config),
        get("/ResourceTypes")(discovery.list_resource_types),
        get("/ResourceTypes/{name:str}")(discovery.get_resource_type),
        get("/Schemas")(discovery.list_schemas),
        get("/Schemas/{urn:str}")(discovery.get_schema),
    ]
