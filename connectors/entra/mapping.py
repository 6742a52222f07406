"""From users and groups of Microsoft Graph to records; pure."""

from collections.abc import Mapping
from typing import Any

import msgspec

from connectors.attribute_rules import Direct, FirstOf, Mapper, Rules, looked_up
from connectors.errors import SourceError
from connectors.records import Edge, ObjectKind, Record, Reject
from directory.errors import InvalidError
from directory.model import GroupAttributes, UserAttributes
from directory.person import ENTERPRISE, check_group, check_user
from directory.pulls.targets import MANAGER, document_for

DEFAULT_RULES: Rules = (
    Direct("userName", "userPrincipalName"),
    Direct("active", "accountEnabled"),
    Direct("displayName", "displayName"),
    Direct("name.givenName", "givenName"),
    Direct("name.familyName", "surname"),
    Direct("title", "jobTitle"),
    # Guests have their own address there, and only in their user principal name that of this directory.
    FirstOf("emails[work]", ("mail", "otherMails.0")),
    Direct("preferredLanguage", "preferredLanguage"),
    Direct(f"{ENTERPRISE}:department", "department"),
    Direct(f"{ENTERPRISE}:employeeNumber", "employeeId"),
    Direct(MANAGER, "manager"),
)
ALWAYS = frozenset({"id", "userPrincipalName", "displayName", "accountEnabled", "userType"})
MEMBER_KINDS: dict[str, ObjectKind] = {"#microsoft.graph.user": "user", "#microsoft.graph.group": "group"}


class Removed(msgspec.Struct):
    """Why an object is told of that is not there."""

    reason: str = ""


class Reference(msgspec.Struct):
    """An object of a relation."""

    id: str
    type: str = msgspec.field(default="#microsoft.graph.user", name="@odata.type")
    removed: Removed | None = msgspec.field(default=None, name="@removed")


class GraphGroup(msgspec.Struct):
    """A group of a delta page, with a part of its members."""

    id: str
    displayName: str | None = None  # noqa: N815 as Graph has it
    removed: Removed | None = msgspec.field(default=None, name="@removed")
    members: list[Reference] = msgspec.field(default_factory=list, name="members@delta")


class _Identified(msgspec.Struct):
    id: str


def selected_for(mapper: Mapper) -> list[str]:
    """Return what to select of users: what is always needed, and what the rules look at."""
    return sorted(ALWAYS | mapper.inputs)


def user_record(found: Mapping[str, Any], mapper: Mapper, *, guests: bool, whole: bool) -> Record | Reject:
    """Return a user of a delta page, or of a single read.

    ``whole`` says that a missing key was never set. In a later round so it is, too, but for what Graph is known to
    leave out without meaning anything: the status (docs#2255) and the manager (graph-explorer-v4#4018).

    Raises:
        SourceError: Graph shows ids only, because the application may not read users.
    """
    ext_id = str(found["id"])
    if "@removed" in found:
        restorable = looked_up(found, "@removed.reason") == "changed"
        return Record(kind="user", ext_id=ext_id, op="soft_deleted" if restorable else "purged")
    check_shown(found)
    inputs = {name: value for name, value in found.items() if "@" not in name}
    unsaid = set[str]()
    if "manager@delta" in found:
        inputs["manager"] = _manager_id(found["manager@delta"])
    elif not whole:
        unsaid.add("manager")
    if found.get("accountEnabled") is None:
        unsaid.add("accountEnabled")
    return _mapped(ext_id, inputs, mapper, frozenset(unsaid), guests=guests)


def _manager_id(relation: object) -> str | None:
    """Return who the manager is, of a relation in which the last word counts."""
    last = relation[-1] if isinstance(relation, list) and relation else None
    if not isinstance(last, dict) or "@removed" in last:
        return None
    return str(last["id"]) if "id" in last else None


def check_shown(found: Mapping[str, Any]) -> None:
    """Refuse a user of whom Graph shows nothing but the id.

    Raises:
        SourceError: taking these nulls over would clear everybody's names.
    """
    if all(found.get(name) is None for name in ("userPrincipalName", "displayName", "accountEnabled")):
        words = "Microsoft Graph shows the ids of users and nothing else"
        remedy = "Grant the application permission User.Read.All, with admin consent."
        raise SourceError("permission", words, remedy=remedy, final=True)


def _mapped(
    ext_id: str, inputs: dict[str, Any], mapper: Mapper, unsaid: frozenset[str], *, guests: bool
) -> Record | Reject:
    try:
        values = mapper.values_for(inputs, unsaid=unsaid)
        check_user(UserAttributes(document_for(values, ext_id=ext_id)))
    except (ValueError, InvalidError) as error:
        return Reject("user", ext_id, str(error)[:300])
    if inputs.get("userType") == "Guest" and not guests:
        reason = "a guest, and guests are left out"
        return Record(kind="user", ext_id=ext_id, op="out_of_scope", values=values, reason=reason, raw=inputs)
    return Record(kind="user", ext_id=ext_id, values=values, raw=inputs)


def group_from(raw: bytes) -> GraphGroup | Reject:
    """Return a group of a delta page as it came, or why it cannot be read.

    Raises:
        SourceError: it has no id.
    """
    try:
        return msgspec.json.decode(raw, type=GraphGroup)
    except msgspec.MsgspecError as error:
        try:
            ext_id = msgspec.json.decode(raw, type=_Identified).id
        except msgspec.MsgspecError:
            raise SourceError("protocol", "Microsoft Graph sent an object without an id") from error
        return Reject("group", ext_id, "Microsoft Graph shows it in another form than it should")


def group_record(group: GraphGroup) -> Record | Reject:
    """Return a group of a delta page, without its members."""
    if group.removed is not None:
        op = "soft_deleted" if group.removed.reason == "changed" else "purged"
        return Record(kind="group", ext_id=group.id, op=op)  # type: ignore[arg-type]  # both are operations
    values = {"displayName": group.displayName}
    try:
        check_group(GroupAttributes(document_for(values, ext_id=group.id)))
    except InvalidError as error:
        return Reject("group", group.id, str(error)[:300])
    return Record(kind="group", ext_id=group.id, values={**values}, raw={**values})


def edges_of(group: GraphGroup) -> list[Edge]:
    """Return who joins and leaves a group; devices and service principals are nobody's members here."""
    return [
        Edge(group.id, member.id, MEMBER_KINDS[member.type], "add" if member.removed is None else "remove")
        for member in group.members
        if member.type in MEMBER_KINDS
    ]
