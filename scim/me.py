"""The person behind the secret: the connection's SCIM administrator user, if one was chosen (RFC 7644 section 3.11)."""

from collections.abc import Sequence

from directory import users as directory_users
from directory.errors import NotFoundError
from directory.model import UserId
from scim.errors import NoResourceError
from scim.gate import Exchange
from scim.projection import EVERYTHING
from scim.resources import etag_of, user_resource
from scim.responses import Answer, resource_answer
from scim.routing import Route, Served, routes_at
from scim.super_tenants import show_tenants

PATH = "/Me"


async def get_me(exchange: Exchange, _ident: str) -> Answer:
    """Return the user in whose name the connection acts."""
    source = exchange.caller.source
    chosen = source.settings.administrator_user_id
    if chosen is None:
        raise _nobody(exchange)
    try:
        user = await directory_users.get_user(source.tenant_id, UserId(chosen))
    except NotFoundError:
        raise _nobody(exchange) from None
    groups = (await directory_users.groups_of_users(source.tenant_id, [user.user_id]))[user.user_id]
    named = [(ref.group_id, ref.display_name) for ref in groups]
    resources = [user_resource(user, exchange.base_url, named)]
    (resource,) = await show_tenants(exchange, [user.user_id], resources, EVERYTHING)
    return resource_answer(resource, etag=etag_of(user.version), location=f"{exchange.base_url}/Users/{user.user_id}")


async def refuse_change(exchange: Exchange, _ident: str) -> Answer:
    """Say that nobody is changed through this address."""
    raise _nobody(exchange)


def me_routes() -> Sequence[Route]:
    """Return the routes: reading, and every other method."""
    others = dict.fromkeys(("POST", "PUT", "PATCH", "DELETE"), Served(refuse_change))
    return routes_at(PATH, {"GET": Served(get_me), **others})


def _nobody(exchange: Exchange) -> NoResourceError:
    return NoResourceError(
        f"The secret is the connection {exchange.caller.source.label!r}'s and no user's, so there is no resource for "
        "/Me that could be read or changed. Address users by their id below /Users."
    )
