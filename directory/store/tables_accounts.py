"""Tables of what operators keep about the list of users: saved views, and actions on many users at once."""

from piccolo.columns import UUID, BigInt, Boolean, Text, Timestamptz
from piccolo.table import Table


class SavedViewRow(Table, tablename="saved_view_row"):
    """Filters of the list of users under a name; ``query`` is the address's."""

    tenant_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    owner_id = UUID(default=None)
    owner = Text()
    name = Text()
    name_key = Text()
    query = Text()
    shared = Boolean()
    created_at = Timestamptz(default=None)


class BulkJobRow(Table, tablename="bulk_job_row"):
    """Actions on many users: what was asked, and how far it is; ``wanted``, ``tally`` and ``carried`` are JSON."""

    tenant_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    state = Text()
    deed = Text()
    role_id = UUID(null=True, default=None)
    reason = Text()
    until = Timestamptz(null=True, default=None)
    wanted = Text()
    words = Text()
    asked_by = UUID(default=None)
    asked_label = Text()
    created_at = Timestamptz(default=None)
    reached = UUID(null=True, default=None)
    plan_hash = Text()
    tally = Text()
    item_count = BigInt()
    change_count = BigInt()
    applied_count = BigInt()
    skipped_count = BigInt()
    started_at = Timestamptz(null=True, default=None)
    ended_at = Timestamptz(null=True, default=None)
    carried = Text()
    advanced_at = Timestamptz(null=True, default=None)
    failure_count = BigInt()
    end_reason = Text()


class BulkItemRow(Table, tablename="bulk_item_row"):
    """One user of such an action: what was shown, and what came of it."""

    tenant_id = UUID(default=None)
    job_id = UUID(default=None)
    user_id = UUID(primary_key=True, default=None)
    effect = Text()
    from_role_id = UUID(default=None)
    to_role_id = UUID(default=None)
    from_active = Boolean()
    to_active = Boolean()
    locked = Boolean()
    outcome = Text(null=True, default=None)
