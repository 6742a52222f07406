"""What the house mounts: the addresses of asset systems, behind a guard of their own."""

from litestar import Router

from portal.api import items, openapi
from portal.api.gate import BODY_BYTES_MAX, admit
from portal.api.problems import problem_answer
from portal.turns import in_own_turn

PREFIX = "/api/"


def owns(path: str) -> bool:
    """Whether a path belongs to this door."""
    return path.startswith(PREFIX)


def router() -> Router:
    """Return the door: every address asks for a key, but for the description of them all."""
    return Router(
        path="/",
        route_handlers=[*items.HANDLERS, *openapi.HANDLERS],
        before_request=admit,
        middleware=[in_own_turn],
        exception_handlers={Exception: problem_answer},
        request_max_body_size=BODY_BYTES_MAX,
        include_in_schema=False,
    )
