"""Tables of pulling."""

from piccolo.columns import UUID, BigInt, Boolean, Text, Timestamptz
from piccolo.table import Table


class PullRow(Table, tablename="pull_row"):
    """How a source is pulled: configuration, sealed credentials, rules and schedule."""

    tenant_id = UUID(default=None)
    source_id = UUID(primary_key=True, default=None)
    config = Text()
    sealed = Text(null=True, default=None)
    sealed_names = Text()
    sealed_at = Timestamptz(null=True, default=None)
    rules = Text(null=True, default=None)
    mode = Text()
    audits_source_id = UUID(null=True, default=None)
    match_target = Text(null=True, default=None)
    interval_min = BigInt()
    full_every_h = BigInt()
    paused = Boolean()
    next_at = Timestamptz(null=True, default=None)
    full_done_at = Timestamptz(null=True, default=None)
    identity = Text(null=True, default=None)
    identity_name = Text()
    credential_expires_at = Timestamptz(null=True, default=None)
    failures = BigInt()
    first_failed_at = Timestamptz(null=True, default=None)
    last_ok_at = Timestamptz(null=True, default=None)
    error_kind = Text(null=True, default=None)
    error_words = Text()
    error_remedy = Text()


class RunRow(Table, tablename="run_row"):
    """Pulls: what was asked for, how far each is, and what came of it."""

    tenant_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    source_id = UUID(default=None)
    kind = Text()
    dry = Boolean()
    user_key = Text(null=True, default=None)
    cause = Text()
    state = Text()
    asked_at = Timestamptz(default=None)
    asked_by = UUID(null=True, default=None)
    asked_label = Text()
    not_before = Timestamptz(null=True, default=None)
    started_at = Timestamptz(null=True, default=None)
    ended_at = Timestamptz(null=True, default=None)
    beat_at = Timestamptz(null=True, default=None)
    phase = Text()
    page_count = BigInt()
    object_count = BigInt()
    expected_count = BigInt(null=True, default=None)
    request_count = BigInt()
    waited_ms = BigInt()
    waiting = Text()
    done_count = BigInt()
    to_do_count = BigInt()
    reached = Text()
    counts = Text()
    why = Text(null=True, default=None)
    plan_hash = Text()
    steps = Text()
    timings = Text()
    error_kind = Text(null=True, default=None)
    error_words = Text()
    error_remedy = Text()
    cancel_asked = Boolean()
    resumed_count = BigInt()
    stuck_count = BigInt()
    identity = Text(null=True, default=None)
    identity_name = Text()
    credential_expires_at = Timestamptz(null=True, default=None)


class PullCursorRow(Table, tablename="pull_cursor_row"):
    """How far each stream of a source got: for good, and in the run under way."""

    tenant_id = UUID(default=None)
    source_id = UUID(default=None)
    stream = Text(primary_key=True)
    committed = Text(null=True, default=None)
    committed_at = Timestamptz(null=True, default=None)
    run_id = UUID(null=True, default=None)
    resume = Text(null=True, default=None)
    begun_at = Timestamptz(null=True, default=None)
    done = Boolean()
    whole = Boolean()
    checkpoint = Text(null=True, default=None)
    object_count = BigInt()


class SeenRow(Table, tablename="seen_row"):
    """What the directory elsewhere said last of each user and group, and whether it has been applied."""

    tenant_id = UUID(default=None)
    source_id = UUID(default=None)
    kind = Text()
    ext_id = Text(primary_key=True)
    op = Text()
    reason = Text()
    said = Text()
    given = Text(null=True, default=None)
    hash = Text()
    applied_hash = Text()
    in_scope = Boolean()
    left_out = Boolean()
    run_id = UUID(default=None)
    missing_run_id = UUID(null=True, default=None)
    missing_at = Timestamptz(null=True, default=None)
    gone = Boolean()
    pending = Boolean()
    problem = Text()


class StagedEdgeRow(Table, tablename="staged_edge_row"):
    """Memberships as pages of a run gave them; deleted once the group is applied."""

    tenant_id = UUID(default=None)
    run_id = UUID(default=None)
    group_ext = Text()
    seq = BigInt(primary_key=True)
    edges = Text()
    complete = Boolean()


class StagedAssignedRow(Table, tablename="staged_assigned_row"):
    """Who is assigned to the application, as a run found it."""

    tenant_id = UUID(default=None)
    run_id = UUID(default=None)
    kind = Text()
    ext_id = Text(primary_key=True)


class RunRejectRow(Table, tablename="run_reject_row"):
    """Objects that a run could not take over, and why."""

    tenant_id = UUID(default=None)
    run_id = UUID(default=None)
    kind = Text()
    ext_id = Text(primary_key=True)
    reason = Text()


class OuterEdgeRow(Table, tablename="outer_edge_row"):
    """Direct members of groups that contain groups, where these are expanded."""

    tenant_id = UUID(default=None)
    source_id = UUID(default=None)
    group_ext = Text()
    member_ext = Text(primary_key=True)
    is_group = Boolean()


class RunItemRow(Table, tablename="run_item_row"):
    """What a run would change, or changed: all that takes away, and samples of the rest."""

    tenant_id = UUID(default=None)
    run_id = UUID(default=None)
    seq = BigInt(primary_key=True)
    kind = Text()
    action = Text()
    ext_id = Text()
    subject_id = UUID(null=True, default=None)
    label = Text()
    detail = Text()
    changes = Text()


class DriftRow(Table, tablename="drift_row"):
    """Where a pull and a push of the same people differ."""

    tenant_id = UUID(default=None)
    source_id = UUID(default=None)
    kind = Text()
    ext_id = Text()
    target = Text(primary_key=True)
    audited_id = UUID(default=None)
    drift = Text()
    user_id = UUID(null=True, default=None)
    label = Text()
    here = Text(null=True, default=None)
    there = Text(null=True, default=None)
    newer = Text()
    run_id = UUID(default=None)
    since = Timestamptz(default=None)


class AuditPairRow(Table, tablename="audit_pair_row"):
    """Which pushed user an object of a directory that audits was found to be, and as what both were compared last."""

    tenant_id = UUID(default=None)
    source_id = UUID(default=None)
    user_id = UUID(primary_key=True, default=None)
    ext_id = Text()
    way = Text()
    hash = Text()
    version = BigInt()
