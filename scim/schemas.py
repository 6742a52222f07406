"""RFC 7643 schemas as data: the one source for discovery, validation, path resolution, defaults and projection."""

from dataclasses import dataclass, replace
from typing import Literal, TypedDict, Unpack

Kind = Literal["string", "boolean", "decimal", "integer", "dateTime", "binary", "reference", "complex", "any"]
Mutability = Literal["readWrite", "readOnly", "immutable", "writeOnly"]
Returned = Literal["always", "never", "default", "request"]
Uniqueness = Literal["none", "server", "global"]

USER_URN = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP_URN = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE_URN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One attribute and its characteristics (RFC 7643 section 2.2); ``parts`` are its sub-attributes."""

    name: str
    kind: Kind = "string"
    multi_valued: bool = False
    description: str = ""
    required: bool = False
    canonical_values: tuple[str, ...] = ()
    case_exact: bool = False
    mutability: Mutability = "readWrite"
    returned: Returned = "default"
    uniqueness: Uniqueness = "none"
    reference_types: tuple[str, ...] = ()
    parts: tuple["Attribute", ...] = ()

    def part(self, name: str) -> "Attribute | None":
        """Return the sub-attribute of that name, in any case."""
        wanted = name.lower()
        return next((part for part in self.parts if part.name.lower() == wanted), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """A named list of attributes."""

    urn: str
    name: str
    description: str
    attributes: tuple[Attribute, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceType:
    """What an endpoint serves: a core schema and the extensions it may carry."""

    name: str
    endpoint: str
    description: str
    schema: Schema
    extensions: tuple[Schema, ...] = ()


class Traits(TypedDict, total=False):
    """Characteristics of a text attribute, where they are not the usual ones."""

    multi_valued: bool
    required: bool
    canonical_values: tuple[str, ...]
    case_exact: bool
    mutability: Mutability
    uniqueness: Uniqueness
    returned: Returned


def text(name: str, description: str = "", **traits: Unpack[Traits]) -> Attribute:
    """Return a text attribute."""
    return Attribute(name=name, description=description, **traits)


def plural(name: str, description: str, *parts: Attribute) -> Attribute:
    """Return a multi-valued complex attribute."""
    return Attribute(name=name, kind="complex", multi_valued=True, description=description, parts=parts)


def flag(name: str, description: str) -> Attribute:
    """Return a boolean attribute."""
    return Attribute(name=name, kind="boolean", description=description)


def entry_parts(*types: str, what: str) -> tuple[Attribute, ...]:
    """Return the parts that most multi-valued attributes share (RFC 7643 section 2.4).

    Entra's schema reader writes ``x[type eq "work"].value`` for a ``type`` with canonical values, and
    ``x[primary eq "True"].value`` for one without.
    """
    return (
        text("value", f"The {what}."),
        text("display", f"A name for the {what}, for people to read."),
        text("type", f"What the {what} is for.", canonical_values=types),
        flag("primary", f"Whether this is the preferred {what}; at most one is."),
    )


URI_VALUE = Attribute(name="value", kind="reference", description="The address.", reference_types=("external",))
REF_TO_USER = Attribute(
    name="$ref", kind="reference", description="The address of the user.", reference_types=("User",), case_exact=True
)

EXTERNAL_ID = text(
    "externalId",
    "The identity provider's own id of the resource. RFC 7643 has it on every resource and lists it in no schema; "
    "Entra ID maps only what a schema lists.",
    case_exact=True,
)

NAME = Attribute(
    name="name",
    kind="complex",
    description="The parts of the user's name.",
    parts=(
        text("formatted", "The whole name as people write it."),
        text("familyName", "The family name."),
        text("givenName", "The given name."),
        text("middleName", "The middle name."),
        text("honorificPrefix", "What stands before the name, such as Dr."),
        text("honorificSuffix", "What stands behind the name, such as III."),
    ),
)

ADDRESSES = plural(
    "addresses",
    "Postal addresses.",
    text("formatted", "The whole address, with line breaks."),
    text("streetAddress", "Street and number; may have line breaks."),
    text("locality", "City."),
    text("region", "State or region."),
    text("postalCode", "Postal code."),
    text("country", "Country."),
    text("type", "What the address is for.", canonical_values=("work", "home", "other")),
    flag("primary", "Whether this is the preferred address; at most one is."),
)

USER_GROUPS = Attribute(
    name="groups",
    kind="complex",
    multi_valued=True,
    description="The groups that the user is a member of; changed through the groups.",
    mutability="readOnly",
    parts=(
        text("value", "The id of the group.", mutability="readOnly"),
        Attribute(
            name="$ref",
            kind="reference",
            description="The address of the group.",
            reference_types=("Group",),
            mutability="readOnly",
            case_exact=True,
        ),
        text("display", "The name of the group.", mutability="readOnly"),
        text("type", "How the user belongs.", canonical_values=("direct", "indirect"), mutability="readOnly"),
    ),
)

USER = Schema(
    urn=USER_URN,
    name="User",
    description="User Account",
    attributes=(
        text("userName", "The name by which the user is known; one of a kind.", required=True, uniqueness="server"),
        NAME,
        text("displayName", "The name shown to people."),
        text("nickName", "What the user is called."),
        Attribute(
            name="profileUrl",
            kind="reference",
            description="A page about the user; any text is kept.",
            reference_types=("external",),
        ),
        text("title", "The title in the organisation."),
        text("userType", "How the user belongs to the organisation."),
        text("preferredLanguage", "The preferred language."),
        text("locale", "Where the user is, for formats."),
        text("timezone", "The time zone."),
        flag("active", "Whether the user may have access."),
        plural("emails", "E-mail addresses.", *entry_parts("work", "home", "other", what="e-mail address")),
        plural(
            "phoneNumbers",
            "Telephone numbers.",
            *entry_parts("work", "home", "mobile", "fax", "pager", "other", what="telephone number"),
        ),
        plural("ims", "Instant messaging addresses.", *entry_parts(what="messaging address")),
        plural("photos", "Pictures.", URI_VALUE, *entry_parts("photo", "thumbnail", what="picture")[1:]),
        ADDRESSES,
        USER_GROUPS,
        plural("entitlements", "What the user is entitled to, as the source says.", *entry_parts(what="entitlement")),
        plural("roles", "Roles as the source says; they grant nothing here.", *entry_parts(what="role")),
        plural(
            "x509Certificates",
            "Certificates.",
            Attribute(name="value", kind="binary", description="The certificate in base64.", case_exact=True),
            *entry_parts(what="certificate")[1:],
        ),
        EXTERNAL_ID,
    ),
)

MEMBERS = Attribute(
    name="members",
    kind="complex",
    multi_valued=True,
    description="The users, and groups, in the group.",
    parts=(
        text("value", "The id of the member.", mutability="immutable", case_exact=True),
        replace(REF_TO_USER, reference_types=("User", "Group"), mutability="immutable"),
        text("display", "What the member is called.", mutability="immutable"),
        text("type", "What the member is.", canonical_values=("User", "Group"), mutability="immutable"),
    ),
)

GROUP = Schema(
    urn=GROUP_URN,
    name="Group",
    description="Group",
    attributes=(
        text("displayName", "The name of the group.", required=True),
        MEMBERS,
        EXTERNAL_ID,
    ),
)

ENTERPRISE = Schema(
    urn=ENTERPRISE_URN,
    name="EnterpriseUser",
    description="Enterprise User",
    attributes=(
        text("employeeNumber", "The number that the organisation knows the user by."),
        text("costCenter", "The cost centre."),
        text("organization", "The organisation."),
        text("division", "The division."),
        text("department", "The department."),
        Attribute(
            name="manager",
            kind="complex",
            description="The user's manager.",
            parts=(
                text("value", "The id of the manager; need not be known here yet.", case_exact=True),
                REF_TO_USER,
                text("displayName", "The name of the manager.", mutability="readOnly"),
            ),
        ),
    ),
)

USER_TYPE = ResourceType(
    name="User", endpoint="/Users", description="User Account", schema=USER, extensions=(ENTERPRISE,)
)
GROUP_TYPE = ResourceType(name="Group", endpoint="/Groups", description="Group", schema=GROUP)

COMMON_ATTRIBUTES: tuple[Attribute, ...] = (
    Attribute(
        name="schemas",
        kind="reference",
        multi_valued=True,
        description="The schemas of the resource.",
        mutability="readOnly",
        returned="always",
        case_exact=True,
    ),
    text("id", "Our id.", mutability="readOnly", returned="always", uniqueness="server", case_exact=True),
    Attribute(
        name="meta",
        kind="complex",
        description="What is known about the resource.",
        mutability="readOnly",
        parts=(
            text("resourceType", mutability="readOnly", case_exact=True),
            Attribute(name="created", kind="dateTime", mutability="readOnly"),
            Attribute(name="lastModified", kind="dateTime", mutability="readOnly"),
            Attribute(name="location", kind="reference", mutability="readOnly", case_exact=True),
            text("version", mutability="readOnly", case_exact=True),
        ),
    ),
)
"""What every resource has and no schema lists (RFC 7643 section 3.1)."""
