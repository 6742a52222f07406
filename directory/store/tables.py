"""The tables as Piccolo knows them; the migrations make them, and a test compares the two."""

from piccolo.columns import JSONB, UUID, BigInt, Boolean, Text, Timestamptz
from piccolo.table import Table


class TenantRow(Table, tablename="tenant_row"):
    """Tenants."""

    id = UUID(primary_key=True, default=None)
    slug = Text()
    name = Text()
    parent_id = UUID(null=True, default=None)
    default_role_id = UUID(default=None)
    administrator_role_id = UUID(default=None)
    policy_version = BigInt()
    policy_mark = UUID(default=None)
    guard = Text()
    created_at = Timestamptz(default=None)
    suspended_at = Timestamptz(null=True, default=None)
    deleted_at = Timestamptz(null=True, default=None)
    ended_by = Text(null=True, default=None)
    erased_at = Timestamptz(null=True, default=None)
    routing_mark = UUID(null=True, default=None)
    routing = Text()
    scoped_views = Text()
    own_sources = Boolean()
    grace_days = BigInt()


class RoleRow(Table, tablename="role_row"):
    """Access roles; ``permissions`` is a JSON list."""

    tenant_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    name = Text()
    name_key = Text()
    shipped = Text(null=True, default=None)
    permissions = Text()
    created_at = Timestamptz(default=None)


class SourceRow(Table, tablename="source_row"):
    """Connections to identity providers; ``settings`` is a JSON object."""

    tenant_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    kind = Text()
    preset = Text()
    label = Text()
    settings = Text()
    created_at = Timestamptz(default=None)
    last_request_at = Timestamptz(null=True, default=None)
    last_change_at = Timestamptz(null=True, default=None)
    confirmed_at = Timestamptz(null=True, default=None)
    confirmed_by = UUID(null=True, default=None)
    drift_count = BigInt()


class SecretRow(Table, tablename="secret_row"):
    """SCIM bearer tokens, as hashes."""

    tenant_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    source_id = UUID(default=None)
    public_id = Text()
    digest = Text()
    last_four = Text()
    label = Text()
    created_by = Text()
    created_at = Timestamptz(default=None)
    expires_at = Timestamptz(default=None)
    retiring_until = Timestamptz(null=True, default=None)
    revoked_at = Timestamptz(null=True, default=None)
    last_used_at = Timestamptz(null=True, default=None)
    last_used_from = Text(null=True, default=None)
    last_used_software = Text(null=True, default=None)


class UserRow(Table, tablename="user_row"):
    """Users: the complete document as text, and what is promoted from it."""

    tenant_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    source_id = UUID(null=True, default=None)
    user_name = Text()
    user_name_key = Text()
    display_name = Text()
    display_name_key = Text()
    search_key = Text()
    email = Text(null=True, default=None)
    department = Text(null=True, default=None)
    title = Text(null=True, default=None)
    manager_ref = Text(null=True, default=None)
    document = Text()
    document_key = JSONB()
    reported_active = Boolean()
    active = Boolean()
    role_id = UUID(default=None)
    origin = Text()
    decided_group_id = UUID(null=True, default=None)
    unlocked_role_id = UUID(null=True, default=None)
    unlocked_group_id = UUID(null=True, default=None)
    decided_at = Timestamptz(default=None)
    decided_request_id = UUID(null=True, default=None)
    version = BigInt()
    created_at = Timestamptz(default=None)
    modified_at = Timestamptz(default=None)
    deleted_at = Timestamptz(null=True, default=None)
    reported_deleted_at = Timestamptz(null=True, default=None)
    erased_at = Timestamptz(null=True, default=None)


class EmailRow(Table, tablename="email_row"):
    """E-mail addresses, to find users by; never a key."""

    tenant_id = UUID(default=None)
    user_id = UUID(default=None)
    position = BigInt(primary_key=True)
    kind = Text(null=True, default=None)
    value_key = Text()


class LockRow(Table, tablename="lock_row"):
    """Role locks."""

    tenant_id = UUID(default=None)
    user_id = UUID(primary_key=True, default=None)
    role_id = UUID(default=None)
    reason = Text()
    owner = Text()
    created_at = Timestamptz(default=None)
    until = Timestamptz(null=True, default=None)


class GroupRow(Table, tablename="group_row"):
    """Groups: the document without members, and maintained counts."""

    tenant_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    source_id = UUID(default=None)
    display_name = Text()
    display_name_key = Text()
    claims_name = Boolean()
    document = Text()
    document_key = JSONB()
    member_count = BigInt()
    waiting_count = BigInt()
    nested_count = BigInt()
    version = BigInt()
    created_at = Timestamptz(default=None)
    modified_at = Timestamptz(default=None)
    deleted_at = Timestamptz(null=True, default=None)


class TallyRow(Table, tablename="tally_row"):
    """How many live users and groups a source has, and what moved; by triggers, in shards that writers rarely share."""

    tenant_id = UUID(default=None)
    source_id = UUID(default=None)
    kind = Text()
    shard = Text(primary_key=True)
    things = BigInt()
    moves = BigInt()


class UserLinkRow(Table, tablename="user_link_row"):
    """By which externalId a source knows a user."""

    tenant_id = UUID(default=None)
    source_id = UUID(default=None)
    external_id = Text(primary_key=True)
    user_id = UUID(default=None)


class GroupLinkRow(Table, tablename="group_link_row"):
    """By which externalId a source knows a group."""

    tenant_id = UUID(default=None)
    source_id = UUID(default=None)
    external_id = Text(primary_key=True)
    group_id = UUID(default=None)


class MemberRow(Table, tablename="member_row"):
    """Who is in which group; reported unless ``gone``, in effect unless ``withheld``: only the guard sets these."""

    tenant_id = UUID(default=None)
    group_id = UUID(default=None)
    user_id = UUID(primary_key=True, default=None)
    since = Timestamptz(default=None)
    label = Text(null=True, default=None)
    gone = Boolean()
    withheld = Boolean()


class NestedRow(Table, tablename="nested_row"):
    """Groups that are members of a group: kept and shown; nobody's role comes from them."""

    tenant_id = UUID(default=None)
    group_id = UUID(default=None)
    nested_id = UUID(primary_key=True, default=None)
    since = Timestamptz(default=None)
    label = Text(null=True, default=None)


class WaitingRow(Table, tablename="waiting_row"):
    """Values that name a member who has not arrived."""

    tenant_id = UUID(default=None)
    group_id = UUID(default=None)
    value = Text(primary_key=True)
    since = Timestamptz(default=None)


class MappingRow(Table, tablename="mapping_row"):
    """Lines of the ordered list of group mappings."""

    tenant_id = UUID(default=None)
    group_id = UUID(primary_key=True, default=None)
    role_id = UUID(default=None)
    position = BigInt()
    consented_by = Text(null=True, default=None)


class RedecisionRow(Table, tablename="redecision_row"):
    """Walks over users whose roles are decided anew; no group means those with the default role."""

    tenant_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    group_id = UUID(null=True, default=None)
    event_id = UUID(null=True, default=None)
    after_user_id = UUID(null=True, default=None)
    asked_at = Timestamptz(default=None)


class EventRow(Table, tablename="event_row"):
    """What happened; append-only but for its place in the chain."""

    tenant_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    at = Timestamptz(default=None)
    actor_kind = Text()
    actor_id = UUID(null=True, default=None)
    action = Text()
    subject_kind = Text()
    subject_id = UUID(default=None)
    request_id = UUID(null=True, default=None)
    run_id = UUID(null=True, default=None)
    commitment = Text()
    content_hash = Text()
    seq = BigInt(null=True, default=None)
    chain_hash = Text(null=True, default=None)


class EventValueRow(Table, tablename="event_value_row"):
    """What an event says of people; erasable."""

    tenant_id = UUID(default=None)
    event_id = UUID(primary_key=True, default=None)
    salt = Text()
    document = Text()


class EventMemberRow(Table, tablename="event_member_row"):
    """Whom an event of membership moved."""

    tenant_id = UUID(default=None)
    event_id = UUID(default=None)
    user_id = UUID(primary_key=True, default=None)
    joined = Boolean()


class ChainRow(Table, tablename="chain_row"):
    """The head of a tenant's chain of events."""

    tenant_id = UUID(primary_key=True, default=None)
    seq = BigInt()
    hash = Text()


class RequestRow(Table, tablename="request_row"):
    """What clients asked and got, redacted."""

    tenant_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    source_id = UUID(null=True, default=None)
    secret_id = UUID(null=True, default=None)
    reference = Text()
    method = Text()
    path = Text()
    status = BigInt()
    scim_type = Text(null=True, default=None)
    detail = Text(null=True, default=None)
    request_body = Text(null=True, default=None)
    software = Text()
    network = Text()
    leniencies = Text()
    started_at = Timestamptz(default=None)
    duration_us = BigInt()


class SigninLinkRow(Table, tablename="signin_link_row"):
    """One-time links, as hashes."""

    tenant_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    user_id = UUID(default=None)
    digest = Text()
    created_by = Text()
    created_at = Timestamptz(default=None)
    expires_at = Timestamptz(default=None)
    used_at = Timestamptz(null=True, default=None)
    purpose = Text()
    permissions = Text()


class WebSessionRow(Table, tablename="web_session_row"):
    """Web sessions, as hashes."""

    tenant_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    user_id = UUID(default=None)
    digest = Text()
    csrf_key = Text()
    created_at = Timestamptz(default=None)
    last_used_at = Timestamptz(default=None)
    network = Text()
    software = Text()
    ended_at = Timestamptz(null=True, default=None)
    way = Text()
    second_factor = Boolean()
    confirmed_at = Timestamptz(null=True, default=None)
    role_id = UUID(null=True, default=None)
    permissions = Text()
    begun_factor_id = UUID(null=True, default=None)


class ServerKeyRow(Table, tablename="server_key_row"):
    """Keys that the processes of an installation share, each made at its first use."""

    purpose = Text(primary_key=True)
    key = Text()


def columns_of(table: type[Table], *names: str) -> dict[str, str]:
    """Return the named columns of a table, or all of them, with their declared types, as ``Insert`` takes them."""
    declared = {column._meta.name: type(column).__name__.lower() for column in table._meta.columns}  # noqa: SLF001  # no other way
    return {name: declared[name] for name in names or declared}
