"""What a scoped view does not open: pages and forms for the tenant's own people, by their addresses, in one list."""

CLOSED = frozenset(
    {
        # The operator's own account and ways in are at home.
        "/t/{slug}/own-account",
        "/t/{slug}/own-account/password",
        "/t/{slug}/own-account/second-factor",
        "/t/{slug}/own-account/second-factor/begin",
        "/t/{slug}/own-account/second-factor/recovery-codes",
        "/t/{slug}/own-account/second-factor/remove",
        "/t/{slug}/own-account/sessions/end-others",
        "/t/{slug}/own-account/sessions/{session_id}/end",
        # The ways in of other people.
        "/t/{slug}/sub-accounts/new",
        "/t/{slug}/sub-accounts/{user_id}/invite",
        "/t/{slug}/sub-accounts/{user_id}/second-factor",
        # Secrets that are shown once.
        "/t/{slug}/configure-scim/{source_id}/secrets/new",
        "/t/{slug}/configure-scim/{source_id}/secrets/{secret_id}/rotate",
        "/t/{slug}/equipment-api/new",
        "/t/{slug}/equipment-api/{key_id}/rotate",
        "/t/{slug}/webhooks/new",
        "/t/{slug}/webhooks/{webhook_id}/rotate",
        # What goes on sending the tenant's data when the view is over.
        "/t/{slug}/reports/schedules/new",
        "/t/{slug}/reports/schedules/{schedule_id}/edit",
        # Lists that somebody of the tenant keeps for themselves.
        "/t/{slug}/sub-accounts/views/new",
        "/t/{slug}/sub-accounts/views",
        "/t/{slug}/sub-accounts/views/{view_id}/edit",
        "/t/{slug}/sub-accounts/views/{view_id}/delete",
        # Whom the tenant lets in.
        "/t/{slug}/scoped-views/policy",
        "/t/{slug}/scoped-views/{look_id}/decide",
        "/t/{slug}/scoped-views/{look_id}/end",
    }
)
"""The room refuses the same deeds again (``directory.guests``), and keeps administrators out of reach altogether."""


def is_closed(path_template: str) -> bool:
    """Whether the page at an address with these parameters is closed to somebody who looks in."""
    return path_template.replace(":str", "") in CLOSED
