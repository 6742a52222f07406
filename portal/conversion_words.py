"""Conversions of user names in words."""

from collections.abc import Mapping
from types import MappingProxyType

from directory.conversions import Conversion
from directory.plan_conversions import Kind, Outcome, Reason

KINDS: Mapping[Kind, str] = MappingProxyType(
    {"convert": "Will convert", "already": "E-mail already", "conflict": "Conflict"}
)
REASONS: Mapping[Reason, str] = MappingProxyType(
    {
        "": "",
        "missing": "No e-mail",
        "invalid": "E-mail is no address",
        "spelling": "Differs from the e-mail by case or spelling only",
        "twice": "E-mail of somebody else too",
        "disabled": "E-mail of a disabled account",
        "taken": "User name of somebody else",
        "alias": "Former user name of somebody else, which still matches",
    }
)
ADVICE: Mapping[Reason, str] = MappingProxyType(
    {
        "": "",
        "missing": "Have the identity provider send an e-mail, or type one.",
        "invalid": "Correct it at the identity provider, or type one.",
        "spelling": "User names match whatever their case. Take the e-mail to have it written like that.",
        "twice": "One of them can have it; choose another address for the others.",
        "disabled": "Take it if the disabled account is of the past, else choose another one.",
        "taken": "Choose another one, or have the other user renamed or deleted first, also if it is disabled.",
        "alias": "Choose another one, or wait until the former name has ended.",
    }
)
OUTCOMES: Mapping[Outcome, str] = MappingProxyType(
    {
        "done": "Converted",
        "changed": "Left alone: changed since the scan",
        "gone": "Left alone: deleted since the scan",
        "taken": "Left alone: the name is taken by now",
        "beyond": "Left alone: the role carries more than that of whoever converts",
        "invalid": "Left alone: the attributes cannot be changed as they are",
        "restored": "Restored",
        "undo changed": "Not restored: renamed since",
        "undo gone": "Not restored: deleted since",
        "undo taken": "Not restored: the former name is taken by now",
        "undo beyond": "Not restored: the role carries more than that of whoever undoes it",
        "undo invalid": "Not restored: the attributes cannot be changed as they are",
    }
)
SKIPPED: tuple[Outcome, ...] = ("changed", "gone", "taken", "beyond", "invalid")
KEPT: tuple[Outcome, ...] = ("undo changed", "undo gone", "undo taken", "undo beyond", "undo invalid")
STATES: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "scanning": ("Scanning", "info", "clock"),
        "judging": ("Scanning", "info", "clock"),
        "scanned": ("To be confirmed", "warn", "eye"),
        "running": ("Converting", "info", "play"),
        "stopped": ("Stopped", "warn", "pause"),
        "done": ("Done", "good", "check"),
        "dropped": ("Dropped", "off", "cross"),
        "undoing": ("Undoing", "info", "undo"),
        "undo stopped": ("Undo stopped", "warn", "pause"),
        "undone": ("Undone", "off", "undo"),
    }
)
"""Text, kind and icon of the badge."""

FAILURES: Mapping[str, str] = MappingProxyType(
    {
        "": "",
        "asked": "Stopped by an operator.",
        "operator": "Stopped: whoever began it may no longer manage settings. Whoever resumes it answers for it.",
        "failed": "Stopped: a batch could not be done, three times in a row. Nobody in it was changed.",
    }
)


def mark_of(job: Conversion) -> str:
    """Return a text that is another one whenever the conversion got further."""
    return f"{job.state}-{job.item_count}-{job.settled_count}-{job.restored_count}-{job.reached or ''}"


def step_of(job: Conversion) -> int:
    """Return which of the steps scan, preview, convert, report it is at."""
    match job.state:
        case "scanning" | "judging" | "dropped":
            return 1
        case "scanned":
            return 2
        case "running" | "stopped":
            return 3
        case _:
            return 5
