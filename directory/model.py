"""The things the directory knows, as values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args

from directory.errors import ForbiddenError
from directory.idents import EventId as EventId  # noqa: PLC0414  # values of this module for everybody else
from directory.idents import GroupId as GroupId  # noqa: PLC0414  # as above
from directory.idents import RequestId as RequestId  # noqa: PLC0414  # as above
from directory.idents import RoleId as RoleId  # noqa: PLC0414  # as above
from directory.idents import SecretId as SecretId  # noqa: PLC0414  # as above
from directory.idents import SourceId as SourceId  # noqa: PLC0414  # as above
from directory.idents import TenantId as TenantId  # noqa: PLC0414  # as above
from directory.idents import UserId as UserId  # noqa: PLC0414  # as above
from directory.pull_run import Audited, PullRun
from directory.secret_model import SECRET_LIFETIME as SECRET_LIFETIME  # noqa: PLC0414  # as above
from directory.secret_model import SECRET_LIFETIME_MAX as SECRET_LIFETIME_MAX  # noqa: PLC0414  # as above
from directory.secret_model import SecretKey as SecretKey  # noqa: PLC0414  # as above
from directory.source_settings import Preset as Preset  # noqa: PLC0414  # values of this module for everybody else
from directory.source_settings import SourceKind as SourceKind  # noqa: PLC0414  # as above
from directory.source_settings import SourceSettings as SourceSettings  # noqa: PLC0414  # as above

JsonScalar = str | int | float | bool | None
JsonValue = JsonScalar | list["JsonValue"] | dict[str, "JsonValue"]
JsonObject = dict[str, JsonValue]

Permission = Literal["portal:view", "users:manage", "mappings:manage", "sources:manage", "settings:manage"]
PERMISSIONS: tuple[Permission, ...] = get_args(Permission)
PRIVILEGED: frozenset[Permission] = frozenset({"mappings:manage", "sources:manage", "settings:manage"})
"""A role with one of these carries administration: granting it through a mapping needs consent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRole:
    """What a user may do; every user has exactly one."""

    role_id: RoleId
    name: str
    permissions: frozenset[Permission] = frozenset()
    shipped: str | None = None
    """The key of a role that every tenant is born with: ``administrator``, ``user_manager``, ``editor``, ``viewer``,
    ``loanee``; None for a role of the tenant's own."""

    @property
    def privileged(self) -> bool:
        """Whether the role carries administration."""
        return bool(self.permissions & PRIVILEGED)

    @property
    def may_be_default(self) -> bool:
        """Whether whoever is pushed may have it: it manages nobody and nothing."""
        return not self.privileged and "users:manage" not in self.permissions

    @property
    def may_sign_in(self) -> bool:
        """Whether its holders can become operators: a role without permissions has no login (Loanee)."""
        return bool(self.permissions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """One organisation; a tenant with children is a super tenant."""

    tenant_id: TenantId
    slug: str
    name: str
    parent_id: TenantId | None
    default_role_id: RoleId
    policy_version: int
    """Counts the changes of group mappings and of the default role."""
    is_super: bool = False
    """Whether it has, or had, tenants below it, in which its users are led by rules."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source(Audited):
    """A connection to an identity provider."""

    source_id: SourceId
    tenant_id: TenantId
    kind: SourceKind
    preset: Preset
    label: str
    settings: SourceSettings
    created_at: datetime
    last_request_at: datetime | None = None
    last_change_at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class RequestDraft:
    """One HTTP request of a client, filled in while it is served and kept as a request record.

    A write carries it to the commit, which stores the record in the same transaction and sets ``recorded``. Reads and
    refusals are stored within a second, in batches.
    """

    request_id: RequestId
    tenant_id: TenantId
    source_id: SourceId | None
    secret_id: SecretId | None
    reference: str
    """Short text shown to the identity provider's administrator; finds the record in the portal."""
    method: str
    path: str
    started_at: datetime
    elapsed_us: Callable[[], int]
    status: int = 200
    scim_type: str | None = None
    detail: str | None = None
    request_body: str | None = None
    """Redacted JSON text."""
    software: str = ""
    network: str = ""
    leniencies: list[str] = field(default_factory=list)
    recorded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who causes a change, in which tenant, and through what."""

    tenant_id: TenantId
    kind: Literal["source", "operator", "system"]
    label: str
    """As people read it: "Entra (SCIM)", "R. Diaz", "command line"."""
    source_id: SourceId | None = None
    user_id: UserId | None = None
    permissions: frozenset[Permission] = frozenset()
    request: RequestDraft | None = None
    run: PullRun | None = None
    lets_pass: bool = False
    """Whether an operator confirmed what follows: the guard counts it of the limits, and holds nothing."""
    visiting: bool = False
    """Whether it is an operator of the super tenant in a scoped view, a guest of this tenant."""

    @property
    def reach(self) -> frozenset[Permission]:
        """What a role may carry that the actor gives or takes away; guests neither make nor unmake administrators."""
        return self.permissions - PRIVILEGED if self.visiting else self.permissions

    def require(self, permission: Permission) -> None:
        """Refuse what the actor may not do. A source never may: identity providers write no roles, locks or rules.

        Raises:
            ForbiddenError: the permission is missing.
        """
        if self.kind != "system" and permission not in self.permissions:
            raise ForbiddenError(permission)


@dataclass(frozen=True, slots=True, kw_only=True)
class Promoted:
    """What the directory itself reads from a user's attributes."""

    display_name: str
    email: str | None
    department: str | None
    title: str | None
    manager_ref: str | None


@dataclass(frozen=True, slots=True)
class UserAttributes:
    """All that is said of a user: one document with RFC 7643's names, complete but for what the directory adds.

    ``document`` holds ``userName`` (non-empty text), ``active`` (bool, as reported), ``externalId`` (text or absent)
    and every other attribute and extension. It never holds ``id``, ``meta``, ``schemas``, ``groups`` or ``password``.
    It is never changed in place.
    """

    document: Mapping[str, JsonValue]

    @property
    def user_name(self) -> str:
        """The name the identity provider knows the user by."""
        return str(self.document["userName"])

    @property
    def external_id(self) -> str | None:
        """The source's own id of the user."""
        value = self.document.get("externalId")
        return None if value is None else str(value)

    @property
    def active(self) -> bool:
        """The status as reported; absent means active."""
        return self.document.get("active") is not False


@dataclass(frozen=True, slots=True)
class GroupAttributes:
    """All that is said of a group but its members; ``document`` as for users, with ``displayName`` as its name."""

    document: Mapping[str, JsonValue]

    @property
    def display_name(self) -> str:
        """The group's name."""
        return str(self.document["displayName"])

    @property
    def external_id(self) -> str | None:
        """The source's own id of the group."""
        value = self.document.get("externalId")
        return None if value is None else str(value)


Origin = Literal["lock", "mapping", "default"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Which role a user has and why (role rule: lock, else first mapping in order, else the default)."""

    role_id: RoleId
    origin: Origin
    group_id: GroupId | None = None
    """The group whose mapping decided; None for a lock or the default."""
    unlocked_role_id: RoleId | None = None
    """What the role would be without the lock; None when there is no lock."""
    unlocked_group_id: GroupId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleLock:
    """Keeps a user's role whatever groups and mappings say; never the status."""

    role_id: RoleId
    reason: str
    owner: str
    created_at: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person in a tenant, provisioned by a source or local."""

    user_id: UserId
    tenant_id: TenantId
    source_id: SourceId | None
    attributes: UserAttributes
    promoted: Promoted
    active: bool
    """Effective status: what decides access. ``attributes.active`` is what the source reported."""
    decision: Decision
    decided_at: datetime
    decided_request_id: RequestId | None
    lock: RoleLock | None
    version: int
    created_at: datetime
    modified_at: datetime
    reported_deleted_at: datetime | None = None
    """When the source deleted a user whom the guard keeps: the source is shown it no more."""

    @property
    def held_active(self) -> bool:
        """Whether the source reports the user disabled, and the guard keeps it active."""
        return self.active and not self.attributes.active


@dataclass(frozen=True, slots=True, kw_only=True)
class UserView:
    """What a source is shown of a user: its own words, and which version of them."""

    user_id: UserId
    attributes: UserAttributes
    version: int
    created_at: datetime
    modified_at: datetime
    groups: tuple[tuple[GroupId, str], ...] = ()
    """Ids and names of the groups that have the user, in the order of the ids; none where they were not asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group of a source; its members live in rows of their own and are read by page."""

    group_id: GroupId
    tenant_id: TenantId
    source_id: SourceId
    attributes: GroupAttributes
    member_count: int
    waiting_count: int
    version: int
    created_at: datetime
    modified_at: datetime
    nested_count: int = 0
    """Groups that it has as members; nobody's role comes from them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A user as a member of a group, or the group as seen from the user."""

    user_id: UserId
    user_name: str
    display_name: str
    label: str | None = None
    """What the source called the member when it was added; forgotten when the user is renamed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NestedGroup:
    """A group as a member of a group: kept and shown, without effect on roles."""

    group_id: GroupId
    display_name: str
    label: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingMember:
    """A member that was pushed before its user: joins when a user with this id or externalId arrives."""

    value: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupMapping:
    """One line of the ordered list: members of the group get the role, unless a line above fits."""

    group_id: GroupId
    role_id: RoleId
    position: int
    consented_by: str | None = None
    """The administrator who allowed this mapping to grant a privileged role."""
