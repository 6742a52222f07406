"""How one source is read, answered and limited."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

Preset = Literal["entra", "okta", "onelogin", "jumpcloud", "strict"]
SourceKind = Literal["scim", "graph", "okta", "routed"]
"""``routed``: what a super tenant leads here; no client and no pull, only its routing acts as this source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSettings:
    """How one source is read and answered; the preset gives the starting values (reference: SCIM divergences)."""

    patch_response: Literal["body", "no_content"] = "body"
    unknown_members: Literal["pending", "reject"] = "pending"
    string_booleans: bool = True
    create_on_missing_value_path: bool = True
    post_existing_inactive: Literal["reactivate", "409"] = "reactivate"
    group_displayname_unique: bool = False
    lenient_reader: bool = True
    """Off only for the strict preset: every deviation of the reader's is an error."""

    on_match: Literal["queue", "refuse", "apart"] = "queue"
    """What becomes of a new user with the e-mail address of somebody who is not the source's, or with the name of one
    whom it deleted under another externalId: it waits for a decision, is refused for good, or is somebody else."""
    grace_days: int = 30
    """So long a user whom the source deleted can come back; then it is erased."""

    accepts_routing: bool = False
    """Of a source of a super tenant: whether it may say of each user which tenants to go to (``routeTo``)."""

    accepted_domains: tuple[str, ...] = ()
    """Lower-case domains that e-mail addresses may be of; empty accepts all."""
    networks: tuple[str, ...] = ()
    """Networks (CIDR) that requests may come from; empty accepts all."""
    rate_per_s: int = 0
    """Requests a second, with a burst of four times as many; 0 sets no limit."""
    paused: bool = False
    """Whether SCIM is off: no secret opens anything."""
    administrator_user_id: UUID | None = None
    """The user in whose name the source acts; what /Me answers with."""
