"""Tables of what operators decide about one person, and of roles that are gone."""

from piccolo.columns import UUID, Text, Timestamptz
from piccolo.table import Table


class SigninBlockRow(Table, tablename="signin_block_row"):
    """Users whom an operator keeps from signing in, whatever their source reports."""

    tenant_id = UUID(default=None)
    user_id = UUID(primary_key=True, default=None)
    reason = Text()
    owner = Text()
    created_at = Timestamptz(default=None)


class LockReviewRow(Table, tablename="lock_review_row"):
    """When somebody last looked at a role lock and let it stand; it goes with the lock."""

    tenant_id = UUID(default=None)
    user_id = UUID(primary_key=True, default=None)
    reviewed_at = Timestamptz(default=None)
    reviewed_by = Text()
    note = Text()


class RetiredRoleRow(Table, tablename="retired_role_row"):
    """Roles that were deleted: their rows stay, since events and tombstones name them."""

    tenant_id = UUID(default=None)
    role_id = UUID(primary_key=True, default=None)
    moved_to = UUID(default=None)
    retired_at = Timestamptz(default=None)
