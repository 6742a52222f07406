"""The extension that says in which tenants a super tenant's users are, and where its source sends them, as data."""

from dataclasses import replace

from scim.schemas import USER_TYPE, Attribute, Schema, text

ROUTING_URN = "urn:rolebook:params:scim:schemas:extension:routing:2.0:User"

TENANTS = Attribute(
    name="tenants",
    kind="complex",
    multi_valued=True,
    description="The tenants that the user is in; decided by the routing rules.",
    mutability="readOnly",
    parts=(
        text("value", "The tenant, as it stands in addresses.", mutability="readOnly"),
        text("display", "The name of the tenant.", mutability="readOnly"),
        text("role", "The access role that the user has there.", mutability="readOnly"),
        Attribute(
            name="active",
            kind="boolean",
            description="Whether the user has access there.",
            mutability="readOnly",
        ),
        text(
            "state",
            "there; held: a leave or a disable waits there, or here, for somebody to approve it; met: somebody is "
            "there already, and the tenant decides; refused: the tenant could not take the user.",
            canonical_values=("there", "held", "met", "refused"),
            mutability="readOnly",
        ),
    ),
)
ROUTE_TO = text("routeTo", "The tenants that the user is to go to, where a routing rule follows it.", multi_valued=True)

_DESCRIPTION = "The tenants of a super tenant's user"
SHOWN = Schema(urn=ROUTING_URN, name="Routing", description=_DESCRIPTION, attributes=(TENANTS,))
TAKEN = Schema(urn=ROUTING_URN, name="Routing", description=_DESCRIPTION, attributes=(TENANTS, ROUTE_TO))

SHOWN_TYPE = replace(USER_TYPE, extensions=(*USER_TYPE.extensions, SHOWN))
TAKEN_TYPE = replace(USER_TYPE, extensions=(*USER_TYPE.extensions, TAKEN))

NO_TENANTS = "only a tenant with tenants below it has this"
NOT_ACCEPTED = (
    'this connection does not say where users go. Turn on "Takes the tenants of each user from the provider" under '
    "Configure SCIM > Policies, or remove the attribute from the mapping in your IdP"
)
UNREAD = {ROUTING_URN.lower(): NO_TENANTS}
UNREAD_HERE = {f"{ROUTING_URN}:routeTo".lower(): NOT_ACCEPTED}
