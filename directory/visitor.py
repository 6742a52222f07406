"""Who stands before the door: from where, with what proof, and how far it let them in."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from directory.model import AccessRole

Way = Literal["link", "password"]
"""What was shown first."""

Purpose = Literal["sign in", "invite", "reset"]
"""What a link is for; the last two lead to choosing a password."""

Stage = Literal["session", "code", "enrolment"]
"""How far a visitor is: in, or asked for a code, or asked to set a second factor up."""

LINK_LIFETIMES: dict[Purpose, timedelta] = {
    "sign in": timedelta(hours=1),
    "invite": timedelta(hours=72),
    "reset": timedelta(hours=1),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """A browser that wants in."""

    network: str = ""
    software: str = ""
    beyond_loopback: bool = False
    """Whether others than this machine reach the portal: then privileged roles need a second factor."""

    def must_have_factor(self, role: AccessRole) -> bool:
        """Whether nobody comes in with this role but with a second factor."""
        return self.beyond_loopback and role.privileged


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a visitor gets: a web session, or a sign-in half way."""

    stage: Stage
    token: str = field(repr=False)
    """Of the session, or of the step."""
    slug: str
    """The tenant's."""
    lands_at: str
    """What was asked for: a whole path, or one below the tenant's; empty for its overview."""
    device: str | None = field(default=None, repr=False)
    """What the browser keeps, in order to be known again at the next sign-in."""


def stage_for(role: AccessRole, visitor: Visitor, *, has_factor: bool) -> Stage:
    """Return what comes after a right password or link: whoever has a second factor shows it, always."""
    if has_factor:
        return "code"
    return "enrolment" if visitor.must_have_factor(role) else "session"
