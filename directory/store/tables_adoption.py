"""Tables of who met whom, and of references to managers, as Piccolo knows them."""

from piccolo.columns import UUID, BigInt, Text, Timestamptz
from piccolo.table import Table


class AdoptionRow(Table, tablename="adoption_row"):
    """Whom a source sent who may be somebody here already, and what was decided; ``incoming`` is a JSON object."""

    tenant_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    source_id = UUID(default=None)
    known_as = Text()
    external_id = Text(null=True, default=None)
    user_id = UUID(default=None)
    matched = Text()
    own_user_id = UUID(null=True, default=None)
    incoming = Text()
    state = Text()
    first_seen_at = Timestamptz(default=None)
    last_seen_at = Timestamptz(default=None)
    seen_count = BigInt()
    decided_at = Timestamptz(null=True, default=None)
    decided_by = Text(null=True, default=None)
    applied_at = Timestamptz(null=True, default=None)


class ReferenceRow(Table, tablename="reference_row"):
    """What the users of a source call a manager, each once, and who that is; no source has the id of zeros."""

    tenant_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    source_id = UUID(default=None)
    mark = Text()
    said = Text()
    ref_key = Text()
    since = Timestamptz(default=None)
    manager_id = UUID(null=True, default=None)
    way = Text(null=True, default=None)


class ReferenceWalkRow(Table, tablename="reference_walk_row"):
    """Up to which event of its chain a tenant's references are settled."""

    tenant_id = UUID(primary_key=True, default=None)
    seq = BigInt()
