"""The tables of equipment: items, loans, return tasks, imports, and keys of asset systems."""

from piccolo.columns import UUID, BigInt, Text, Timestamptz
from piccolo.table import Table


class EquipmentRow(Table, tablename="equipment_row"):
    """Items; ``words`` is what a search looks through, ``value_minor`` counts cents or their like."""

    tenant_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    tag = Text()
    tag_key = Text()
    name = Text()
    category = Text()
    category_key = Text()
    serial = Text()
    value_minor = BigInt(null=True, default=None)
    currency = Text(null=True, default=None)
    state = Text()
    note = Text()
    words = Text()
    version = BigInt()
    created_at = Timestamptz(default=None)
    modified_at = Timestamptz(default=None)


class LoanRow(Table, tablename="loan_row"):
    """Who has, or had, which item; one that is not returned is open, and an item has one at most."""

    tenant_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    item_id = UUID(default=None)
    user_id = UUID(default=None)
    out_at = Timestamptz(default=None)
    out_by = Text()
    due_at = Timestamptz(null=True, default=None)
    condition_out = Text()
    note = Text()
    returned_at = Timestamptz(null=True, default=None)
    returned_by = Text(null=True, default=None)
    condition_in = Text(null=True, default=None)


class ReturnTaskRow(Table, tablename="return_task_row"):
    """What somebody who left still has to give back; one open task for a user at most."""

    tenant_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    user_id = UUID(default=None)
    since = Timestamptz(default=None)
    opened_at = Timestamptz(default=None)
    manager_id = UUID(null=True, default=None)
    sent_to = Text(null=True, default=None)
    told_at = Timestamptz(null=True, default=None)
    told_count = BigInt()
    closed_at = Timestamptz(null=True, default=None)
    outcome = Text(null=True, default=None)


class EquipmentImportRow(Table, tablename="equipment_import_row"):
    """Files of items: what each comes to, and how far it is applied."""

    tenant_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    state = Text()
    file_name = Text()
    unknown_columns = Text()
    asked_by = UUID(null=True, default=None)
    asked_label = Text()
    plan_hash = Text()
    line_count = BigInt()
    new_count = BigInt()
    changed_count = BigInt()
    same_count = BigInt()
    wrong_count = BigInt()
    applied_count = BigInt()
    failed_count = BigInt()
    reached = BigInt()
    created_at = Timestamptz(default=None)
    started_at = Timestamptz(null=True, default=None)
    ended_at = Timestamptz(null=True, default=None)


class EquipmentImportLineRow(Table, tablename="equipment_import_line_row"):
    """One line of such a file: what it says, what it comes to, and what came of it."""

    tenant_id = UUID(default=None)
    import_id = UUID(default=None)
    number = BigInt(primary_key=True)
    verdict = Text()
    document = Text()
    reason = Text()
    outcome = Text(null=True, default=None)
