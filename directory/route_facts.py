"""What routing is told: users of a super tenant, where they were led, and their copies in the tenants below."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from directory.model import JsonObject, SourceId, TenantId, User, UserId


class Origin(NamedTuple):
    """A user of a super tenant, and what of it the tenants below are told."""

    user_id: UserId
    source_id: SourceId | None
    document: JsonObject
    label: str
    manager_ref: str | None
    active: bool
    """As the tenants below are to see it: a sign-in block here is not theirs, and a held disable has not happened."""
    is_gone: bool


class Route(NamedTuple):
    """That a user is in a tenant below, or why not, as it was left the last time."""

    user_id: UserId
    to_tenant_id: TenantId
    rule_id: UUID | None
    role_key: str | None
    copy_user_id: UserId | None
    state: str
    problem: str
    since: datetime


class Copy(NamedTuple):
    """Whom a tenant's feed knows by the id of a user of its super tenant."""

    user: User
    is_gone: bool


def origin_of(user: User) -> Origin:
    """Return a user that is loaded whole."""
    return Origin(
        user_id=user.user_id,
        source_id=user.source_id,
        document=dict(user.attributes.document),
        label=user.promoted.display_name,
        manager_ref=user.promoted.manager_ref,
        active=user.active or user.attributes.active,
        is_gone=False,
    )
