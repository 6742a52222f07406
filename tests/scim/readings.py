"""How tests read: as the lenient presets do, or strictly."""

from directory.presets import PRESETS
from scim.quirks import Reading


def lenient() -> Reading:
    return Reading(PRESETS["okta"], [])


def strict() -> Reading:
    return Reading(PRESETS["strict"], [])
