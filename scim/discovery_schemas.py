"""The schemas of the discovery resources themselves (RFC 7643 sections 5, 6 and 7), as data."""

from dataclasses import replace

from scim.schemas import Attribute, Schema, text

CONFIG_URN = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
RESOURCE_TYPE_URN = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
SCHEMA_URN = "urn:ietf:params:scim:schemas:core:2.0:Schema"


def _fixed(attribute: Attribute) -> Attribute:
    """Return the attribute, and all below it, as read-only."""
    return replace(attribute, mutability="readOnly", parts=tuple(_fixed(part) for part in attribute.parts))


def _complex(name: str, *parts: Attribute, multi_valued: bool = False, required: bool = False) -> Attribute:
    return Attribute(name=name, kind="complex", parts=parts, multi_valued=multi_valued, required=required)


def _uri(name: str, *kinds: str, required: bool = False) -> Attribute:
    return Attribute(name=name, kind="reference", reference_types=kinds, required=required, case_exact=True)


def _flag(name: str) -> Attribute:
    return Attribute(name=name, kind="boolean", required=True)


def _count(name: str) -> Attribute:
    return Attribute(name=name, kind="integer", required=True)


def _option(name: str, *more: Attribute) -> Attribute:
    return _complex(name, _flag("supported"), *more, required=True)


CONFIG = Schema(
    urn=CONFIG_URN,
    name="ServiceProviderConfig",
    description="What this service offers",
    attributes=tuple(
        _fixed(attribute)
        for attribute in (
            _uri("documentationUri", "external"),
            _option("patch"),
            _option("bulk", _count("maxOperations"), _count("maxPayloadSize")),
            _option("filter", _count("maxResults")),
            _option("changePassword"),
            _option("sort"),
            _option("etag"),
            _complex(
                "authenticationSchemes",
                text("type", required=True),
                text("name", required=True),
                text("description", required=True),
                _uri("specUri", "external"),
                _uri("documentationUri", "external"),
                Attribute(name="primary", kind="boolean"),
                multi_valued=True,
                required=True,
            ),
            _complex(
                "pagination",
                _flag("cursor"),
                _flag("index"),
                text("defaultPaginationMethod"),
                Attribute(name="defaultPageSize", kind="integer"),
                Attribute(name="maxPageSize", kind="integer"),
                Attribute(name="cursorTimeout", kind="integer"),
            ),
        )
    ),
)

RESOURCE_TYPE = Schema(
    urn=RESOURCE_TYPE_URN,
    name="ResourceType",
    description="What an endpoint serves",
    attributes=tuple(
        _fixed(attribute)
        for attribute in (
            text("id"),
            text("name", required=True),
            text("description"),
            _uri("endpoint", "uri", required=True),
            _uri("schema", "uri", required=True),
            _complex("schemaExtensions", _uri("schema", "uri", required=True), _flag("required"), multi_valued=True),
        )
    ),
)


def _characteristics(*deeper: Attribute) -> tuple[Attribute, ...]:
    """Return the parts that describe one attribute (RFC 7643 section 7)."""
    return (
        text("name", required=True, case_exact=True),
        text("type", required=True, canonical_values=_KINDS),
        _flag("multiValued"),
        text("description"),
        Attribute(name="required", kind="boolean"),
        text("canonicalValues", multi_valued=True, case_exact=True),
        Attribute(name="caseExact", kind="boolean"),
        text("mutability", canonical_values=("readOnly", "readWrite", "immutable", "writeOnly"), case_exact=True),
        text("returned", canonical_values=("always", "never", "default", "request"), case_exact=True),
        text("uniqueness", canonical_values=("none", "server", "global"), case_exact=True),
        text("referenceTypes", multi_valued=True, case_exact=True),
        *deeper,
    )


_KINDS = ("string", "boolean", "decimal", "integer", "dateTime", "binary", "reference", "complex")

SCHEMA = Schema(
    urn=SCHEMA_URN,
    name="Schema",
    description="The attributes of a schema",
    attributes=tuple(
        _fixed(attribute)
        for attribute in (
            text("id", required=True, case_exact=True),
            text("name"),
            text("description"),
            _complex(
                "attributes",
                *_characteristics(_complex("subAttributes", *_characteristics(), multi_valued=True)),
                multi_valued=True,
                required=True,
            ),
        )
    ),
)
