"""The person behind the secret: no source has one, and the answer says so (RFC 7644 section 3.11)."""

from litestar import route
from litestar.handlers import HTTPRouteHandler

from scim.bodies import ScimRequest
from scim.errors import NoResourceError
from scim.gate import exchange_of
from scim.responses import Answer

PATH = "/Me"


async def refuse_me(request: ScimRequest) -> Answer:
    """Say that the secret stands for a connection and for nobody's account."""
    label = exchange_of(request).caller.source.label
    raise NoResourceError(
        f"The secret is the connection {label!r}'s and no user's, so there is no resource for /Me. "
        "Address users by their id below /Users."
    )


def me_handler() -> HTTPRouteHandler:
    """Return the handler of every method: none of them finds anybody."""
    return route(PATH, http_method=["GET", "POST", "PUT", "PATCH", "DELETE"], status_code=200)(refuse_me)
