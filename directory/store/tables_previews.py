"""The table of what previews and the list of mappings show, as Piccolo knows it."""

from piccolo.columns import UUID, Text, Timestamptz
from piccolo.table import Table


class GroupNameRow(Table, tablename="group_name_row"):
    """Names that groups had before, and until when; kept by a trigger."""

    tenant_id = UUID(default=None)
    group_id = UUID(default=None)
    until = Timestamptz(primary_key=True)
    name = Text()
