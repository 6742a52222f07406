"""Tables of routing and of scoped views."""

from piccolo.columns import UUID, BigInt, Boolean, Text, Timestamptz
from piccolo.table import Table


class RoutingRuleRow(Table, tablename="routing_rule_row"):
    """Routing rules of a super tenant, in order; ``condition`` and ``goes_to`` are JSON."""

    tenant_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    kind = Text()
    position = BigInt()
    label = Text()
    condition = Text()
    goes_to = Text()
    role_key = Text(null=True, default=None)
    stops = Boolean()
    consented_by = Text(null=True, default=None)
    created_at = Timestamptz(default=None)


class RouteRow(Table, tablename="route_row"):
    """In which tenants a user of a super tenant is, as which user there, and why."""

    tenant_id = UUID(default=None)
    user_id = UUID(default=None)
    to_tenant_id = UUID(primary_key=True, default=None)
    rule_id = UUID(null=True, default=None)
    role_key = Text(null=True, default=None)
    copy_user_id = UUID(null=True, default=None)
    state = Text()
    problem = Text()
    since = Timestamptz(default=None)


class GroupRouteRow(Table, tablename="group_route_row"):
    """In which tenants a group of a super tenant is, as which group there."""

    tenant_id = UUID(default=None)
    group_id = UUID(default=None)
    to_tenant_id = UUID(primary_key=True, default=None)
    rule_id = UUID(null=True, default=None)
    copy_group_id = UUID(default=None)
    since = Timestamptz(default=None)


class UnroutedRow(Table, tablename="unrouted_row"):
    """Users of a super tenant whom no rule leads anywhere."""

    tenant_id = UUID(default=None)
    user_id = UUID(primary_key=True, default=None)
    since = Timestamptz(default=None)
    reason = Text()


class RouteDueRow(Table, tablename="route_due_row"):
    """Users and groups whose tenants are worked out anew behind the change that concerned them."""

    tenant_id = UUID(default=None)
    kind = Text()
    subject_id = UUID(primary_key=True, default=None)
    asked_at = Timestamptz(default=None)
    lets_pass = Boolean()
    asks = BigInt()
    tries = BigInt()
    not_before = Timestamptz(null=True, default=None)


class RouteWalkRow(Table, tablename="route_walk_row"):
    """Walks over all users of a super tenant after a change of its rules."""

    tenant_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    asked_at = Timestamptz(default=None)
    asked_by = Text()
    lets_pass = Boolean()
    phase = Text()
    after_id = UUID(null=True, default=None)
    done_count = BigInt()
    moved_count = BigInt()
    total_count = BigInt()
    ended_at = Timestamptz(null=True, default=None)


class ScopedViewRow(Table, tablename="scoped_view_row"):
    """Operators of a super tenant who look into a tenant below it, with the reason."""

    tenant_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    to_tenant_id = UUID(default=None)
    user_id = UUID(default=None)
    session_id = UUID(null=True, default=None)
    user_label = Text()
    reason = Text()
    level = Text()
    state = Text()
    asked_at = Timestamptz(default=None)
    decided_at = Timestamptz(null=True, default=None)
    decided_by = Text(null=True, default=None)
    begun_at = Timestamptz(null=True, default=None)
    until = Timestamptz(default=None)
    ended_at = Timestamptz(null=True, default=None)
    changed_count = BigInt(null=True, default=None)
