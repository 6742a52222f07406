"""Scoped views in words."""

from collections.abc import Mapping
from types import MappingProxyType

from directory.routes.stays import StayState
from directory.scoped_view_model import Level, ViewPolicy, ViewState

STATE_WORDS: Mapping[ViewState, tuple[str, str, str]] = MappingProxyType(
    {
        "asked": ("Waits for an answer", "warn", "clock"),
        "granted": ("Agreed to", "info", "check"),
        "refused": ("Refused", "bad", "cross"),
        "open": ("Open", "good", "eye"),
        "ended": ("Over", "off", "check"),
        "expired": ("Not opened in time, or withdrawn", "off", "clock"),
    }
)
"""Word, colour and sign."""

STAY_WORDS: Mapping[StayState, tuple[str, str, str]] = MappingProxyType(
    {
        "held": ("Held by the guard there", "warn", "shield"),
        "met": ("Waits for adoption there", "warn", "clock"),
        "refused": ("Refused there", "bad", "cross"),
    }
)
UNROUTED_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "no rule": "No rule leads this user anywhere.",
        "tenant is gone": "The rule that fits leads only to tenants that are gone.",
        "name is unknown": "The user names a tenant that is not below this one.",
    }
)
LEVEL_CHOICES: tuple[tuple[Level, str, str], ...] = (
    ("look", "Only look", "You see what everybody who may open the portal there sees, and change nothing."),
    ("act", "Look and change", "You may do what your own role carries, but nothing that makes administrators."),
)
POLICY_CHOICES: tuple[tuple[ViewPolicy, str, str], ...] = (
    ("open", "At once", "They give a reason, and the log here says who came, why, and what they changed."),
    ("ask", "After asking", "An administrator here agrees or refuses; a request expires after a day."),
    ("closed", "Not at all", "Nobody of the super tenant opens this one. Who is in a view now is out within a second."),
)
