"""Tables of what changes found and left, so that they can be taken back."""

from piccolo.columns import UUID, BigInt, Text, Timestamptz
from piccolo.table import Table


class UndoDeedRow(Table, tablename="undo_deed_row"):
    """One deed of an operator; its id is that of the event that leads. ``undone_by`` and ``undoes`` are deeds too."""

    tenant_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    job_id = UUID(null=True, default=None)
    action = Text()
    obstacle = Text()
    undone_by = UUID(null=True, default=None)
    undoes = UUID(null=True, default=None)
    left_reason = Text()


class UndoStepRow(Table, tablename="undo_step_row"):
    """One row as a deed found and as it left it; keys and images are JSON."""

    tenant_id = UUID(default=None)
    deed_id = UUID(default=None)
    place = BigInt(primary_key=True)
    table_name = Text()
    row_key = Text()
    before = Text(null=True, default=None)
    after = Text(null=True, default=None)
    user_id = UUID(null=True, default=None)


class UndoEventRow(Table, tablename="undo_event_row"):
    """To which deed an event belongs."""

    tenant_id = UUID(default=None)
    event_id = UUID(primary_key=True, default=None)
    deed_id = UUID(default=None)


class UndoRunRow(Table, tablename="undo_run_row"):
    """Undoing all that an action on many came to, batch by batch, the newest deed first."""

    tenant_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    job_id = UUID(default=None)
    asked_by = UUID(default=None)
    asked_label = Text()
    asked_at = Timestamptz(default=None)
    before_id = UUID(null=True, default=None)
    total_count = BigInt()
    done_count = BigInt()
    left_count = BigInt()
    ended_at = Timestamptz(null=True, default=None)
    end_reason = Text()
