"""Tables of former user names, of their conversion to e-mail, and of fields read from attributes."""

from piccolo.columns import UUID, BigInt, Boolean, Text, Timestamptz
from piccolo.table import Table


class AliasRow(Table, tablename="alias_row"):
    """Former user names that still match; nobody else can have them meanwhile."""

    tenant_id = UUID(default=None)
    user_name_key = Text(primary_key=True)
    user_name = Text()
    user_id = UUID(default=None)
    until = Timestamptz(default=None)
    reason = Text()
    words = Text()


class LeftNameRow(Table, tablename="left_name_row"):
    """Former user names of deleted users: nobody is found by them, but whoever brings one is asked about."""

    tenant_id = UUID(default=None)
    user_name_key = Text(primary_key=True)
    user_id = UUID(default=None)


class ConversionRow(Table, tablename="conversion_row"):
    """Conversions of user names to e-mail: how far each is, and whether it can be undone."""

    tenant_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    state = Text()
    asked_by = UUID(null=True, default=None)
    asked_label = Text()
    created_at = Timestamptz(default=None)
    reached = UUID(null=True, default=None)
    alias_days = BigInt()
    item_count = BigInt()
    settled_count = BigInt()
    applied_count = BigInt()
    restored_count = BigInt()
    total_count = BigInt()
    confirmed_by = Text(null=True, default=None)
    started_at = Timestamptz(null=True, default=None)
    ended_at = Timestamptz(null=True, default=None)
    undo_until = Timestamptz(null=True, default=None)
    undone_by = Text(null=True, default=None)
    undone_at = Timestamptz(null=True, default=None)
    advanced_at = Timestamptz(null=True, default=None)
    failure_count = BigInt()
    failure = Text()
    decision_count = BigInt()


class ConversionItemRow(Table, tablename="conversion_item_row"):
    """One user of a conversion: what was found, what was chosen, and what came of it."""

    tenant_id = UUID(default=None)
    job_id = UUID(default=None)
    user_id = UUID(primary_key=True, default=None)
    old_name = Text()
    email = Text(null=True, default=None)
    email_key = Text(null=True, default=None)
    kind = Text()
    reason = Text()
    other_id = UUID(null=True, default=None)
    new_name = Text(null=True, default=None)
    new_key = Text(null=True, default=None)
    chosen = Boolean()
    outcome = Text(null=True, default=None)
    former_name = Text(null=True, default=None)
    former_until = Timestamptz(null=True, default=None)


class FieldRow(Table, tablename="field_row"):
    """Which attributes have a name of their own; ``parts`` are the names on the way to one, joined by U+001F."""

    tenant_id = UUID(default=None)
    key = Text(primary_key=True)
    label = Text()
    scim_path = Text()
    parts = Text()
    position = BigInt()
    listed = Boolean()
    created_at = Timestamptz(default=None)
    reached = UUID(null=True, default=None)
    looked_count = BigInt()
    filled_at = Timestamptz(null=True, default=None)
    removed_at = Timestamptz(null=True, default=None)


class FieldValueRow(Table, tablename="field_value_row"):
    """What a user has in a field, kept by triggers."""

    tenant_id = UUID(default=None)
    user_id = UUID(default=None)
    field_key = Text(primary_key=True)
    value = Text()
    value_key = Text()
