"""What the door offers: ServiceProviderConfig, ResourceTypes and Schemas (RFC 7643 sections 5 to 7)."""

from collections.abc import Callable, Iterable
from functools import cache
from typing import NamedTuple, Protocol

import msgspec

from directory.model import JsonObject
from scim.bulk_plan import BYTES_MAX, OPERATIONS_MAX
from scim.cursors import TIMEOUT_S
from scim.discovery_schemas import CONFIG, CONFIG_URN, RESOURCE_TYPE, RESOURCE_TYPE_URN, SCHEMA, SCHEMA_URN
from scim.errors import NoResourceError, NotAllowedError
from scim.gate import Exchange
from scim.okta_schemas import OKTA_TYPES
from scim.queries import COUNT_DEFAULT, COUNT_MAX, parameters_of
from scim.responses import Answer, answer, list_body
from scim.schemas import GROUP_TYPE, USER_TYPE, Attribute, ResourceType, Schema
from scim.super_tenants import user_names

_encode = msgspec.json.Encoder().encode


class Audience(NamedTuple):
    """What decides which types a client is told of."""

    okta: bool = False
    users: ResourceType = USER_TYPE
    """A super tenant's users have an extension more."""


class Build(Protocol):
    """From the base URL and the audience to resources."""

    def __call__(self, base_url: str, audience: Audience) -> tuple[JsonObject, ...]:
        """Return the resources."""


def types_for(audience: Audience) -> tuple[ResourceType, ...]:
    """Return the resource types that a client is told of; roles and entitlements are Okta's."""
    # Entra's validator takes the first resource type for its users.
    return (audience.users, GROUP_TYPE, *(OKTA_TYPES if audience.okta else ()))


def schemas_for(audience: Audience) -> tuple[Schema, ...]:
    """Return the schemas that a client is told of, those of the discovery resources included."""
    kinds = types_for(audience)
    return (*(schema for kind in kinds for schema in (kind.schema, *kind.extensions)), CONFIG, RESOURCE_TYPE, SCHEMA)


async def get_config(exchange: Exchange, _ident: str) -> Answer:
    """Answer with what is supported; nothing is advertised that is not there."""
    return _single(exchange, config_resource)


async def list_resource_types(exchange: Exchange, _ident: str) -> Answer:
    """Answer with the resource types, users first."""
    return _listed(exchange, resource_type_resources)


async def get_resource_type(exchange: Exchange, name: str) -> Answer:
    """Answer with one resource type."""
    return _one_of(exchange, resource_type_resources, name)


async def list_schemas(exchange: Exchange, _ident: str) -> Answer:
    """Answer with every schema, those of the discovery resources included."""
    return _listed(exchange, schema_resources)


async def get_schema(exchange: Exchange, urn: str) -> Answer:
    """Answer with one schema."""
    return _one_of(exchange, schema_resources, urn)


def _refuse_filter(exchange: Exchange) -> str:
    """Return the base URL of a request that has no filter (RFC 7644 section 4)."""
    if "filter" in parameters_of(exchange.request.query_string):
        raise NotAllowedError("Discovery endpoints take no filter. Remove it from the request.")
    return exchange.base_url


def _audience(exchange: Exchange) -> Audience:
    return Audience(exchange.caller.source.preset == "okta", user_names(exchange).resource_type)


def _single(exchange: Exchange, build: Callable[[str], JsonObject]) -> Answer:
    return answer(_encode(build(_refuse_filter(exchange))))


def _listed(exchange: Exchange, build: Build) -> Answer:
    found = build(_refuse_filter(exchange), _audience(exchange))
    return answer(list_body(found, total=len(found), start=1))


def _one_of(exchange: Exchange, build: Build, wanted: str) -> Answer:
    lowered = wanted.lower()
    for resource in build(_refuse_filter(exchange), _audience(exchange)):
        if str(resource["id"]).lower() == lowered:
            return answer(_encode(resource))
    raise NoResourceError(f"There is no {wanted[:200]} here. The list of this endpoint names what there is.")


@cache
def config_resource(base_url: str) -> JsonObject:
    """Return the ServiceProviderConfig."""
    return {
        "schemas": [CONFIG_URN],
        "patch": {"supported": True},
        "bulk": {"supported": True, "maxOperations": OPERATIONS_MAX, "maxPayloadSize": BYTES_MAX},
        "filter": {"supported": True, "maxResults": COUNT_MAX},
        "changePassword": {"supported": False},
        "sort": {"supported": True},
        "etag": {"supported": True},
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken",
                "name": "Bearer secret",
                "description": "The secret that the portal shows once, sent as a bearer token.",
                "specUri": "https://www.rfc-editor.org/rfc/rfc6750",
                "primary": True,
            }
        ],
        "pagination": {
            "cursor": True,
            "index": True,
            "defaultPaginationMethod": "index",
            "defaultPageSize": COUNT_DEFAULT,
            "maxPageSize": COUNT_MAX,
            "cursorTimeout": TIMEOUT_S,
        },
        "meta": {"resourceType": "ServiceProviderConfig", "location": f"{base_url}/ServiceProviderConfig"},
    }


@cache
def resource_type_resources(base_url: str, audience: Audience) -> tuple[JsonObject, ...]:
    """Return the resource types as resources."""
    return tuple(_resource_type(kind, base_url) for kind in types_for(audience))


def _resource_type(kind: ResourceType, base_url: str) -> JsonObject:
    return {
        "schemas": [RESOURCE_TYPE_URN],
        "id": kind.name,
        "name": kind.name,
        "endpoint": kind.endpoint,
        "description": kind.description,
        "schema": kind.schema.urn,
        "schemaExtensions": [{"schema": schema.urn, "required": False} for schema in kind.extensions],
        "meta": {"resourceType": "ResourceType", "location": f"{base_url}/ResourceTypes/{kind.name}"},
    }


@cache
def schema_resources(base_url: str, audience: Audience) -> tuple[JsonObject, ...]:
    """Return the schemas as resources."""
    return tuple(_schema(schema, base_url) for schema in schemas_for(audience))


def _schema(schema: Schema, base_url: str) -> JsonObject:
    return {
        "schemas": [SCHEMA_URN],
        "id": schema.urn,
        "name": schema.name,
        "description": schema.description,
        "attributes": [*_attributes(schema.attributes)],
        "meta": {"resourceType": "Schema", "location": f"{base_url}/Schemas/{schema.urn}"},
    }


def _attributes(attributes: Iterable[Attribute]) -> list[JsonObject]:
    return [_attribute(attribute) for attribute in attributes]


def _attribute(attribute: Attribute) -> JsonObject:
    described: JsonObject = {
        "name": attribute.name,
        "type": attribute.kind,
        "multiValued": attribute.multi_valued,
        "description": attribute.description or attribute.name,
        "required": attribute.required,
        "mutability": attribute.mutability,
        "returned": attribute.returned,
    }
    if attribute.kind != "complex":
        described |= {"caseExact": attribute.case_exact, "uniqueness": attribute.uniqueness}
    if attribute.canonical_values:
        described["canonicalValues"] = list(attribute.canonical_values)
    if attribute.reference_types:
        described["referenceTypes"] = list(attribute.reference_types)
    if attribute.parts:
        described["subAttributes"] = [*_attributes(attribute.parts)]
    return described
