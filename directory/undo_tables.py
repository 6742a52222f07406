"""Which tables keep what operators decide: what of each is put back by an undo, and who may do that."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from directory.model import JsonValue, Permission


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A table whose rows are kept as a change found and as it left them."""

    key: tuple[str, ...]
    """The columns, beside the tenant's, that name a row."""
    thing: str
    """What a row is, in words."""
    permission: Permission
    """What whoever puts it back must be allowed to."""
    loose: frozenset[str] = frozenset()
    """Columns that move by themselves: kept, but neither compared nor put back into a row that is there."""
    unkept: Mapping[str, JsonValue] = field(default_factory=dict)
    """Columns that no image has, secrets and words about people; with what a row has there that comes back anew."""
    documents: frozenset[str] = frozenset()
    """Columns with a JSON object, of which each field is compared and put back by itself."""
    tenant_column: str = "tenant_id"
    user_column: str | None = None
    """The column that names the user whom the row is about, and with whom it is erased."""
    is_of_user: bool = True
    """Whether changing the row is acting on that user; not if it only names somebody."""


WATCHED: Mapping[str, Watched] = MappingProxyType(
    {
        "user_row": Watched(
            key=("id",),
            thing="user",
            permission="users:manage",
            documents=frozenset({"document"}),
            user_column="id",
        ),
        "lock_row": Watched(key=("user_id",), thing="role lock", permission="users:manage", user_column="user_id"),
        "lock_review_row": Watched(
            key=("user_id",), thing="review of the lock", permission="users:manage", user_column="user_id"
        ),
        "signin_block_row": Watched(
            key=("user_id",), thing="sign-in block", permission="users:manage", user_column="user_id"
        ),
        "member_row": Watched(
            key=("group_id", "user_id"),
            thing="membership",
            permission="users:manage",
            loose=frozenset({"since"}),
            user_column="user_id",
        ),
        "user_link_row": Watched(
            key=("source_id", "external_id"),
            thing="link to the source",
            permission="sources:manage",
            user_column="user_id",
        ),
        "mapping_row": Watched(key=(), thing="group mappings", permission="mappings:manage"),
        "tenant_row": Watched(
            key=(),
            thing="policy",
            permission="settings:manage",
            loose=frozenset({"policy_version", "policy_mark", "default_role_id", "routing_mark"}),
            tenant_column="id",
        ),
        "role_row": Watched(key=("id",), thing="access role", permission="settings:manage"),
        "retired_role_row": Watched(
            key=("role_id",), thing="access role", permission="settings:manage", loose=frozenset({"retired_at"})
        ),
        "source_row": Watched(
            key=("id",),
            thing="connection",
            permission="sources:manage",
            loose=frozenset({"last_request_at", "last_change_at", "confirmed_at", "confirmed_by", "drift_count"}),
            documents=frozenset({"settings"}),
        ),
        "pull_row": Watched(
            key=("source_id",),
            thing="pulling",
            permission="sources:manage",
            loose=frozenset(
                {
                    *("next_at", "full_done_at", "identity", "identity_name", "credential_expires_at", "failures"),
                    *("first_failed_at", "last_ok_at", "error_kind", "error_words", "error_remedy"),
                }
            ),
            # Credentials are in no image; those that are there open only for the place that they were entered for.
            unkept={"sealed": None, "sealed_names": "[]", "sealed_at": None},
            documents=frozenset({"config"}),
        ),
        "closing_row": Watched(
            key=("source_id",),
            thing="turning a connection off",
            permission="sources:manage",
            loose=frozenset({"after_user_id", "done_count", "kept_count", "finished_at"}),
        ),
        "held_change_row": Watched(
            key=("id",),
            thing="held change",
            permission="users:manage",
            loose=frozenset({"expires_at", "note"}),
            user_column="user_id",
        ),
        "guard_raise_row": Watched(
            key=("source_id", "kind"), thing="raised limit of the guard", permission="settings:manage"
        ),
        "equipment_row": Watched(
            key=("id",),
            thing="item",
            permission="users:manage",
            loose=frozenset({"words", "version", "modified_at"}),
        ),
        "loan_row": Watched(key=("id",), thing="loan", permission="users:manage", user_column="user_id"),
        "return_task_row": Watched(
            key=("id",),
            thing="return task",
            permission="users:manage",
            loose=frozenset({"since", "told_at", "told_count"}),
            unkept={"sent_to": None},
            user_column="user_id",
        ),
        "schedule_row": Watched(
            key=("id",),
            thing="schedule",
            permission="settings:manage",
            loose=frozenset({"next_at", "retry_at", "failure_count", "problem", "version"}),
        ),
        "alert_recipient_row": Watched(
            key=("id",),
            thing="recipient of alerts",
            permission="settings:manage",
            loose=frozenset({"mailed_at"}),
            user_column="user_id",
            is_of_user=False,
        ),
        "alert_row": Watched(
            key=("id",),
            thing="alert",
            permission="users:manage",
            loose=frozenset({"path", "level", "mark", "fresh", "changed_at", "seen_at"}),
            unkept={"label": "", "detail": ""},
        ),
        "webhook_row": Watched(
            key=("id",),
            thing="webhook",
            permission="settings:manage",
            loose=frozenset({"former_until", "rotated_at", "after_seq", "failing_since", "succeeded_at"}),
            unkept={"sealed_secret": None, "former_sealed": None},  # one that is deleted does not come back
        ),
    }
)

DEFAULT_ROLE = "default role"
"""Stands in the place of a table for the tenant's Default Access Role, which is decided by as the mappings are."""

BESIDE: frozenset[str] = frozenset(
    {
        "outbox_row",
        "alert_signal_row",
        "schedule_run_row",
        "web_session_row",
        "signin_link_row",
        "signin_step_row",
    }
)
"""Tables that follow a change: mails that are sent, sign-ins that ended. They stay as they are when it is undone."""


def permission_for(table: str) -> Permission:
    """Return what putting back a row of the table takes."""
    return "mappings:manage" if table == DEFAULT_ROLE else WATCHED[table].permission
