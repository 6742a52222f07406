"""What an operator of the super tenant never does in a scoped view: deeds that are of the tenant's own people."""

from directory.errors import GuestError
from directory.model import Actor
from directory.plan import Plan, UpdateRows

CLOSED_DEEDS = frozenset(
    {
        # The keys to other people's accounts, and to one's own, which is at home.
        "user:link:created", "user:password:set", "user:password:changed", "user:factor:added",
        "user:factor:removed", "user:factor:replaced", "user:factor:reset", "user:recovery:renewed",
        # Secrets that are shown once: whoever sees them keeps them when the view is over.
        "source:secret:issued", "source:secret:rotated", "equipment:key:created", "equipment:key:rotated",
        "webhook:created", "webhook:rotated",
        # What goes on sending the tenant's data to whomever a guest names, long after the view is over.
        "webhook:changed", "schedule:created", "schedule:changed", "alert:recipient:added",
        # Whom the tenant lets in is the tenant's own matter.
        "tenant:views:changed", "tenant:view:granted", "tenant:view:refused",
    }
)  # fmt: skip
"""Events of such deeds. Administrators are out of a guest's reach as well (``Actor.reach``): none is made or unmade."""


def check_guest(plan: Plan, *, by: Actor) -> None:
    """Refuse what a guest must not do; whoever is no guest does as the role allows.

    Raises:
        GuestError: the plan tells such a deed, or moves whom the tenant lets in.
    """
    if by.visiting and (any(event.action in CLOSED_DEEDS for event in plan.events) or _opens_door(plan)):
        raise GuestError


def _opens_door(plan: Plan) -> bool:
    """Whether the plan, perhaps an undo, touches who may look in."""
    changes = (change for change in plan.changes if isinstance(change, UpdateRows) and change.table == "tenant_row")
    return any("scoped_views" in change.values for change in changes)
