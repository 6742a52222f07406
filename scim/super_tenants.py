"""What is different about the users of a super tenant: they say which tenants they are in, and may say where to go."""

from collections.abc import Mapping, Sequence

from directory.model import JsonObject, JsonValue, UserId
from directory.query import Query
from directory.routes.stays import by_tenant_id, slugs_below, stays_of
from scim.attributes import SHOWN_NAMES, TAKEN_NAMES, USER_NAMES, Vocabulary
from scim.gate import Exchange
from scim.projection import Projection
from scim.resources import with_tenants
from scim.tenant_schemas import ROUTING_URN


def user_names(exchange: Exchange) -> Vocabulary:
    """Return the attributes that users have for a client."""
    if not exchange.caller.tenant.is_super:
        return USER_NAMES
    return TAKEN_NAMES if exchange.reading.settings.accepts_routing else SHOWN_NAMES


async def show_tenants(
    exchange: Exchange, user_ids: Sequence[UserId], resources: Sequence[JsonObject], projection: Projection
) -> list[JsonObject]:
    """Return users as resources with the tenants that they are in, read only at a super tenant and if asked for."""
    caller = exchange.caller
    if not caller.tenant.is_super or not resources:
        return list(resources)
    asked = projection.asks_for("tenants", ROUTING_URN)
    stays = await stays_of(caller.tenant.tenant_id, user_ids) if asked else {}
    takes = exchange.reading.settings.accepts_routing
    return [
        with_tenants(resource, stays.get(user_id, []), takes_routing=takes)
        for user_id, resource in zip(user_ids, resources, strict=True)
    ]


def keeps_place(exchange: Exchange, document: Mapping[str, JsonValue]) -> JsonObject:
    """Return what a replacement leaves as it is: where the user is to go, if this client has no say in that."""
    if user_names(exchange) is SHOWN_NAMES and ROUTING_URN in document:
        return {ROUTING_URN: document[ROUTING_URN]}
    return {}


async def search_for(exchange: Exchange, query: Query | None) -> Query | None:
    """Return a search as the directory does it: tenants are compared by id."""
    if query is None or not exchange.caller.tenant.is_super:
        return query
    return by_tenant_id(query, await slugs_below(exchange.caller.tenant.tenant_id))
