"""From rows to the directory's values."""

from collections.abc import Mapping
from typing import Any

import msgspec

from directory.model import (
    Decision,
    Group,
    GroupAttributes,
    GroupId,
    GroupMapping,
    JsonObject,
    JsonValue,
    Member,
    NestedGroup,
    Promoted,
    RequestId,
    RoleId,
    RoleLock,
    SourceId,
    TenantId,
    User,
    UserAttributes,
    UserId,
    WaitingMember,
)
from directory.names import name_key
from directory.store.unit import Row

_object_decoder = msgspec.json.Decoder(dict[str, Any])


def document_from(text: str) -> JsonObject:
    """Return a stored document; documents are opaque text to SQL, alike on both databases."""
    return _object_decoder.decode(text)


def document_text(document: Any) -> str:  # noqa: ANN401  # whatever JSON can say
    """Return the text of a document as it is stored."""
    return msgspec.json.encode(document).decode()


def document_key_text(document: Mapping[str, JsonValue]) -> str:
    """Return the text of a document with every text replaced by its name key: what searches that ignore case read."""
    return document_text({name: _keyed(value) for name, value in document.items()})


def _keyed(value: JsonValue) -> JsonValue:
    if isinstance(value, str):
        return name_key(value)
    if isinstance(value, dict):
        return {name: _keyed(inner) for name, inner in value.items()}
    return [_keyed(inner) for inner in value] if isinstance(value, list) else value


def decision_from(row: Row) -> Decision:
    """Return the stored role decision of a user row."""
    group_id, unlocked_role_id = row["decided_group_id"], row["unlocked_role_id"]
    unlocked_group_id = row["unlocked_group_id"]
    return Decision(
        role_id=RoleId(row["role_id"]),
        origin=row["origin"],
        group_id=None if group_id is None else GroupId(group_id),
        unlocked_role_id=None if unlocked_role_id is None else RoleId(unlocked_role_id),
        unlocked_group_id=None if unlocked_group_id is None else GroupId(unlocked_group_id),
    )


def lock_from(row: Row) -> RoleLock | None:
    """Return the lock joined to a user row under ``lock_…`` names."""
    if row["lock_role_id"] is None:
        return None
    return RoleLock(
        role_id=RoleId(row["lock_role_id"]),
        reason=row["lock_reason"],
        owner=row["lock_owner"],
        created_at=row["lock_created_at"],
        until=row["lock_until"],
    )


USER_COLUMNS = (
    "u.id, u.tenant_id, u.source_id, u.document, u.display_name, u.email, u.department, u.title, u.manager_ref,"
    " u.active, u.role_id, u.origin, u.decided_group_id, u.unlocked_role_id, u.unlocked_group_id, u.decided_at,"
    " u.decided_request_id, u.version, u.created_at, u.modified_at, u.deleted_at, u.reported_deleted_at"
)
"""What ``user_from`` reads: not all, because SQLite works generated columns out for each row that asks for them."""


def user_from(row: Row) -> User:
    """Return a user from its row joined with its lock."""
    request_id, source_id = row["decided_request_id"], row["source_id"]
    return User(
        user_id=UserId(row["id"]),
        tenant_id=TenantId(row["tenant_id"]),
        source_id=None if source_id is None else SourceId(source_id),
        attributes=UserAttributes(document_from(row["document"])),
        promoted=Promoted(
            display_name=row["display_name"],
            email=row["email"],
            department=row["department"],
            title=row["title"],
            manager_ref=row["manager_ref"],
        ),
        active=row["active"],
        decision=decision_from(row),
        decided_at=row["decided_at"],
        decided_request_id=None if request_id is None else RequestId(request_id),
        lock=lock_from(row),
        version=row["version"],
        created_at=row["created_at"],
        modified_at=row["modified_at"],
        reported_deleted_at=row["reported_deleted_at"],
    )


def group_from(row: Row) -> Group:
    """Return a group from its row."""
    return Group(
        group_id=GroupId(row["id"]),
        tenant_id=TenantId(row["tenant_id"]),
        source_id=SourceId(row["source_id"]),
        attributes=GroupAttributes(document_from(row["document"])),
        member_count=row["member_count"],
        waiting_count=row["waiting_count"],
        nested_count=row["nested_count"],
        version=row["version"],
        created_at=row["created_at"],
        modified_at=row["modified_at"],
    )


def mapping_from(row: Row) -> GroupMapping:
    """Return a line of the mapping list from its row."""
    return GroupMapping(
        group_id=GroupId(row["group_id"]),
        role_id=RoleId(row["role_id"]),
        position=row["position"],
        consented_by=row["consented_by"],
    )


def member_from(row: Row) -> Member:
    """Return a member from a user row."""
    return Member(
        user_id=UserId(row["id"]),
        user_name=row["user_name"],
        display_name=row["display_name"],
        label=row["label"],
    )


def nested_from(row: Row) -> NestedGroup:
    """Return a group that is a member, from its row."""
    return NestedGroup(group_id=GroupId(row["id"]), display_name=row["display_name"], label=row["label"])


def waiting_from(row: Row) -> WaitingMember:
    """Return a value that waits for its user."""
    return WaitingMember(value=row["value"], since=row["since"])
