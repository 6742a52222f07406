"""Access roles and permissions as Okta's resource types Role and Entitlement, for sources with its preset."""

from collections.abc import Awaitable, Callable, Sequence

from directory.access_roles import list_roles
from directory.model import PERMISSIONS, AccessRole, JsonObject, Permission
from scim.attributes import Vocabulary, vocabulary_of
from scim.errors import NoResourceError
from scim.filters import parse_filter
from scim.gate import Exchange
from scim.matching import matches
from scim.okta_schemas import ENTITLEMENT_TYPE, ROLE_TYPE
from scim.projection import projection_from
from scim.queries import page_from, parameters_of
from scim.responses import Answer, answer, json_answer, list_body
from scim.routing import Route, Served

PRESET = "okta"

_MEANINGS: dict[Permission, str] = {
    "portal:view": "Sees users, groups, mappings and events in the portal.",
    "users:manage": "Changes users and locks roles.",
    "mappings:manage": "Decides which group gives which role.",
    "sources:manage": "Connects identity providers and issues their secrets.",
    "settings:manage": "Changes the settings of the tenant.",
}

Listing = Callable[[Exchange], Awaitable[list[JsonObject]]]


def catalogue_routes() -> Sequence[Route]:
    """Return the routes of both types; they only read."""
    return [
        *_routes_for(vocabulary_of(ROLE_TYPE), _roles),
        *_routes_for(vocabulary_of(ENTITLEMENT_TYPE), _entitlements),
    ]


def _routes_for(names: Vocabulary, listing: Listing) -> Sequence[Route]:
    path, kind = names.resource_type.endpoint, names.resource_type.name

    async def listed(exchange: Exchange, _ident: str) -> Answer:
        _check_preset(exchange)
        parameters = parameters_of(exchange.request.query_string)
        projection, page = projection_from(parameters, names, exchange.reading), page_from(parameters)
        text = parameters.get("filter")
        query = parse_filter(text, names, exchange.reading) if text is not None else None
        # The roles of a tenant are few, so all of them are read.
        found = [one for one in await listing(exchange) if query is None or matches(query, one)]
        shown = [projection.apply(one) for one in found[page.start - 1 :][: page.count]]
        return answer(list_body(shown, total=len(found), start=page.start))

    async def find(exchange: Exchange, ident: str) -> Answer:
        _check_preset(exchange)
        projection = projection_from(parameters_of(exchange.request.query_string), names, exchange.reading)
        for one in await listing(exchange):
            if one["id"] == ident:
                return json_answer(projection.apply(one))
        raise NoResourceError(f"There is no {kind} {ident[:80]!r} here. {path} lists what there is.")

    return [Route("GET", path, Served(listed)), Route("GET", f"{path}/{{ident}}", Served(find))]


def _check_preset(exchange: Exchange) -> None:
    if exchange.caller.source.preset != PRESET:
        path = exchange.request.scope["path"][:200]
        raise NoResourceError(f"There is no endpoint {path} for this connection: it is for connections of Okta.")


async def _roles(exchange: Exchange) -> list[JsonObject]:
    roles = await list_roles(exchange.caller.tenant.tenant_id)
    return [
        _resource(exchange, ROLE_TYPE.name, str(role.role_id), display_name=role.name, description=_meaning(role))
        for role in roles
    ]


def _meaning(role: AccessRole) -> str:
    permitted = [permission for permission in PERMISSIONS if permission in role.permissions]
    return f"Permits {', '.join(permitted)}." if permitted else "Permits nothing here: its holders cannot sign in."


async def _entitlements(exchange: Exchange) -> list[JsonObject]:
    return [
        _resource(exchange, ENTITLEMENT_TYPE.name, permission, display_name=permission, description=meaning)
        for permission, meaning in _MEANINGS.items()
    ]


def _resource(exchange: Exchange, kind: str, ident: str, *, display_name: str, description: str) -> JsonObject:
    of = ROLE_TYPE if kind == ROLE_TYPE.name else ENTITLEMENT_TYPE
    return {
        "schemas": [of.schema.urn],
        "id": ident,
        "displayName": display_name,
        "type": "access role" if of is ROLE_TYPE else "permission",
        "description": description,
        "meta": {"resourceType": kind, "location": f"{exchange.base_url}{of.endpoint}/{ident}"},
    }
