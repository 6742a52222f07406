"""Users and groups as resources: what the directory holds, plus what every resource says of itself (RFC 7643)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from directory.model import Group, GroupId, JsonObject, JsonValue, Member, NestedGroup, User, UserView
from directory.routes.stays import Stay
from scim.errors import NoResourceError
from scim.schemas import GROUP_URN, USER_URN
from scim.tenant_schemas import ROUTING_URN

ID_LENGTH: Final = 36


def id_from(text: str, kind: str) -> UUID:
    """Return the id that a path names.

    Raises:
        NoResourceError: the text is no id of ours, so nothing has it.
    """
    try:
        # UUID() also reads braces, prefixes and no hyphens, which are no ids that we ever gave.
        if len(text) == ID_LENGTH:
            return UUID(text)
    except ValueError:
        pass
    raise NoResourceError(f"There is no {kind} {text[:80]!r} here. Ids are those that POST answered with.")


def etag_of(version: int) -> str:
    """Return the weak entity tag of a version; ``meta.version`` says the same."""
    return f'W/"{version}"'


def user_resource(user: User | UserView, base_url: str, groups: Sequence[tuple[GroupId, str]]) -> JsonObject:
    """Return a user; ``groups`` are ids and names, none where they are not asked for."""
    document, ident = user.attributes.document, str(user.user_id)
    extensions = [key for key in document if key[:4].lower() == "urn:"]
    resource: JsonObject = {"schemas": [USER_URN, *extensions], "id": ident, **document}
    if groups:
        resource["groups"] = [_group_reference(group_id, name, base_url) for group_id, name in groups]
    location = f"{base_url}/Users/{ident}"
    resource["meta"] = _meta("User", user.created_at, user.modified_at, location, user.version)
    return resource


def with_tenants(resource: JsonObject, stays: Sequence[Stay], *, takes_routing: bool) -> JsonObject:
    """Return a user of a super tenant with the tenants it is in; where it is to go is shown to who may say it."""
    stored = resource.get(ROUTING_URN)
    kept = dict(stored) if takes_routing and isinstance(stored, dict) else {}
    said = {"tenants": [_tenant(stay) for stay in stays], **kept} if stays else kept
    listed = resource["schemas"]
    schemas = [urn for urn in listed if urn != ROUTING_URN] if isinstance(listed, list) else []
    shown = {key: value for key, value in resource.items() if key != ROUTING_URN}
    return {**shown, "schemas": [*schemas, ROUTING_URN], ROUTING_URN: said} if said else {**shown, "schemas": schemas}


def _tenant(stay: Stay) -> JsonValue:
    told: JsonObject = {"value": stay.slug, "display": stay.tenant_name, "active": stay.active, "state": stay.state}
    return told if stay.role is None else {**told, "role": stay.role}


def _group_reference(group_id: GroupId, name: str, base_url: str) -> JsonValue:
    return {"value": str(group_id), "$ref": f"{base_url}/Groups/{group_id}", "display": name, "type": "direct"}


def group_resource(group: Group, base_url: str, members: Sequence[Member | NestedGroup] | None) -> JsonObject:
    """Return a group; ``members`` is None where they are not asked for."""
    document = group.attributes.document
    extensions = [key for key in document if key[:4].lower() == "urn:"]
    resource: JsonObject = {"schemas": [GROUP_URN, *extensions], "id": str(group.group_id), **document}
    if members is not None:
        resource["members"] = [_member(member, base_url) for member in members]
    location = f"{base_url}/Groups/{group.group_id}"
    resource["meta"] = _meta("Group", group.created_at, group.modified_at, location, group.version)
    return resource


def _member(member: Member | NestedGroup, base_url: str) -> JsonValue:
    if isinstance(member, NestedGroup):
        return {
            "value": str(member.group_id),
            "$ref": f"{base_url}/Groups/{member.group_id}",
            "display": member.label or member.display_name,
            "type": "Group",
        }
    return {
        "value": str(member.user_id),
        "$ref": f"{base_url}/Users/{member.user_id}",
        "display": member.label or member.display_name,
        "type": "User",
    }


def _meta(kind: str, created_at: datetime, modified_at: datetime, location: str, version: int) -> JsonValue:
    return {
        "resourceType": kind,
        "created": _moment(created_at),
        "lastModified": _moment(modified_at),
        "location": location,
        "version": etag_of(version),
    }


def _moment(at: datetime) -> str:
    moment = at if at.tzinfo is UTC else at.astimezone(UTC)
    return moment.isoformat(timespec="milliseconds")[:-6] + "Z"
