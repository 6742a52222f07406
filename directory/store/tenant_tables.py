"""What of a tenant is erased with it, in an order that leaves no row without what it names."""

# fmt: off
ERASED_WITH_TENANT: tuple[str, ...] = (
    "activity_hour_row", "adoption_row", "alert_signal_row", "alert_told_row", "alias_row", "audit_pair_row",
    "bulk_item_row", "closing_row", "conversion_item_row", "coverage_row", "drift_row", "email_row",
    "equipment_import_line_row", "equipment_key_row", "event_value_row", "evidence_row", "evidence_walk_row",
    "factor_row", "field_value_row", "group_link_row", "group_name_row", "group_route_row", "guard_raise_row",
    "guard_spent_row", "held_change_row", "left_name_row", "loan_row", "lock_review_row", "mapping_row",
    "member_row", "nested_row", "outbox_row", "outer_edge_row", "password_row", "pull_cursor_row", "pull_row",
    "recovery_code_row", "redecision_row", "reference_row", "reference_walk_row", "refusal_row", "request_gap_row",
    "request_row", "retired_role_row", "return_task_row", "route_due_row", "route_row", "route_walk_row",
    "routing_rule_row", "run_item_row", "run_reject_row", "saved_view_row", "schedule_run_row", "scoped_view_row",
    "secret_row", "seen_row", "signin_block_row", "signin_link_row", "signin_step_row", "staged_assigned_row",
    "staged_edge_row", "undo_event_row", "undo_run_row", "undo_step_row", "unrouted_row", "usage_row",
    "user_link_row", "waiting_row", "web_session_row", "webhook_delivery_row",
    "alert_recipient_row", "alert_row", "bulk_job_row", "conversion_row", "equipment_import_row", "equipment_row",
    "field_row", "group_row", "lock_row", "run_row", "schedule_row", "undo_deed_row", "webhook_row",
    "user_row",
    "role_row", "source_row",
    "tally_row",
)
# fmt: on
"""Tables whose rows go: those that name others before those that are named. Counts come last: they count what goes."""

KEPT_OF_TENANT = frozenset({"chain_row", "event_member_row", "event_row"})
"""Tables whose rows stay: that something happened and when, by ids that lead nowhere, under hashes."""
