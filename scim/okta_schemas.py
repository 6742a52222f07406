"""Okta's resource types Role and Entitlement as data: what its console offers for assignment, here read-only."""

from scim.schemas import ResourceType, Schema, text

ROLE_URN = "urn:okta:scim:schemas:core:1.0:Role"
ENTITLEMENT_URN = "urn:okta:scim:schemas:core:1.0:Entitlement"

_ATTRIBUTES = (
    text("displayName", "The name shown to people.", mutability="readOnly"),
    text("type", "What kind of thing it is.", mutability="readOnly"),
    text("description", "What it means for those who have it.", mutability="readOnly"),
)

ROLE_TYPE = ResourceType(
    name="Role",
    endpoint="/Roles",
    description="Access roles; which one a user has is decided here, by the group mappings",
    schema=Schema(urn=ROLE_URN, name="Role", description="An access role", attributes=_ATTRIBUTES),
)
ENTITLEMENT_TYPE = ResourceType(
    name="Entitlement",
    endpoint="/Entitlements",
    description="What access roles permit",
    schema=Schema(urn=ENTITLEMENT_URN, name="Entitlement", description="A permission", attributes=_ATTRIBUTES),
)
OKTA_TYPES: tuple[ResourceType, ...] = (ROLE_TYPE, ENTITLEMENT_TYPE)
