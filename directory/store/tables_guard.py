"""Tables of the guard: what it holds, what of the limits is spent, and what an operator lets pass."""

from piccolo.columns import UUID, BigInt, Boolean, Text, Timestamptz
from piccolo.table import Table


class HeldChangeRow(Table, tablename="held_change_row"):
    """Changes that a source reported and the guard held; ``in_force`` while reported and effective differ by it."""

    tenant_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    batch_id = UUID(default=None)
    kind = Text()
    source_id = UUID(default=None)
    user_id = UUID(default=None)
    group_id = UUID(null=True, default=None)
    from_role_id = UUID(null=True, default=None)
    to_role_id = UUID(null=True, default=None)
    request_id = UUID(null=True, default=None)
    why = Text()
    at = Timestamptz(default=None)
    expires_at = Timestamptz(default=None)
    state = Text()
    in_force = Boolean()
    decided_by = Text(null=True, default=None)
    decided_by_id = UUID(null=True, default=None)
    decided_at = Timestamptz(null=True, default=None)
    ended_at = Timestamptz(null=True, default=None)
    note = Text()


class GuardSpentRow(Table, tablename="guard_spent_row"):
    """What a source took away or granted in an hour, in the measure of the limits."""

    tenant_id = UUID(default=None)
    source_id = UUID(default=None)
    kind = Text()
    hour = Timestamptz(primary_key=True, default=None)
    things = BigInt()


class GuardRaiseRow(Table, tablename="guard_raise_row"):
    """What an operator lets a source pass once, beyond the limits."""

    tenant_id = UUID(default=None)
    source_id = UUID(default=None)
    kind = Text(primary_key=True)
    given_count = BigInt()
    left_count = BigInt()
    given_by = Text()
    given_at = Timestamptz(default=None)
    until = Timestamptz(default=None)
