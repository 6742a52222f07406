"""Which tables hold what is of one person, and goes with them."""

from collections.abc import Mapping
from types import MappingProxyType

ERASED: Mapping[str, str] = MappingProxyType(
    {
        "adoption_row": "user_id",
        "alert_recipient_row": "user_id",
        "alias_row": "user_id",
        "audit_pair_row": "user_id",
        "conversion_item_row": "user_id",
        "drift_row": "user_id",
        "email_row": "user_id",
        "factor_row": "user_id",
        "field_value_row": "user_id",
        "held_change_row": "user_id",
        "left_name_row": "user_id",
        "lock_review_row": "user_id",
        "lock_row": "user_id",
        "member_row": "user_id",
        "password_row": "user_id",
        "recovery_code_row": "user_id",
        "run_item_row": "subject_id",
        "saved_view_row": "owner_id",
        "scoped_view_row": "user_id",
        "signin_block_row": "user_id",
        "signin_link_row": "user_id",
        "signin_step_row": "user_id",
        "undo_step_row": "user_id",
        "unrouted_row": "user_id",
        "user_link_row": "user_id",
        "web_session_row": "user_id",
    }
)
