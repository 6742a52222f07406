"""Bearer tokens of asset systems, as Piccolo knows their table."""

from piccolo.columns import UUID, Text, Timestamptz
from piccolo.table import Table


class EquipmentKeyRow(Table, tablename="equipment_key_row"):
    """Bearer tokens of asset systems, as hashes."""

    tenant_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
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
