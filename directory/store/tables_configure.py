"""The tables of what setting a source up shows, as Piccolo knows them."""

from piccolo.columns import UUID, BigInt, Text, Timestamptz
from piccolo.table import Table


class EvidenceRow(Table, tablename="evidence_row"):
    """When each step of a set-up was first seen, and the request that showed it."""

    tenant_id = UUID(default=None)
    source_id = UUID(default=None)
    step = Text(primary_key=True)
    at = Timestamptz(default=None)
    reference = Text()


class EvidenceWalkRow(Table, tablename="evidence_walk_row"):
    """How far the request records of a source were looked through for evidence."""

    tenant_id = UUID(default=None)
    source_id = UUID(primary_key=True, default=None)
    after_request_id = UUID(default=None)


class CoverageRow(Table, tablename="coverage_row"):
    """In how many users of a source each attribute was seen; ``partial`` is the count under way."""

    tenant_id = UUID(default=None)
    source_id = UUID(primary_key=True, default=None)
    counted_at = Timestamptz(null=True, default=None)
    document = Text()
    began_at = Timestamptz(null=True, default=None)
    after_user_id = UUID(null=True, default=None)
    partial = Text()


class RefusalRow(Table, tablename="refusal_row"):
    """Requests that were refused at the door; of nobody where the secret named none of ours."""

    id = UUID(primary_key=True, default=None)
    tenant_id = UUID(null=True, default=None)
    source_id = UUID(null=True, default=None)
    secret_id = UUID(null=True, default=None)
    cause = Text()
    network = Text()
    software = Text()
    path = Text()
    first_at = Timestamptz(default=None)
    last_at = Timestamptz(default=None)
    things = BigInt()


class UsageRow(Table, tablename="usage_row"):
    """How many requests a secret opened on a day (UTC)."""

    tenant_id = UUID(default=None)
    secret_id = UUID(default=None)
    day = Text(primary_key=True)
    things = BigInt()


class ClosingRow(Table, tablename="closing_row"):
    """What becomes of the users of a source that was turned off, and how far that is."""

    tenant_id = UUID(default=None)
    source_id = UUID(primary_key=True, default=None)
    deed = Text()
    asked_at = Timestamptz(default=None)
    asked_by = Text()
    asked_by_id = UUID(null=True, default=None)
    after_user_id = UUID(null=True, default=None)
    done_count = BigInt()
    kept_count = BigInt()
    total_count = BigInt()
    finished_at = Timestamptz(null=True, default=None)
