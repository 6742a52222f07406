"""What a place of the portal is: a page that has a name."""

from dataclasses import dataclass
from typing import Literal

from directory.model import Permission

Kin = Literal["any", "top", "super", "family"]
"""Which tenants have a place: all, those below none, those with others below, or all that are above or below."""

Shelf = Literal["main", "settings", "hidden"]
"""Where a place is listed: in the navigation, on the settings index, or only in the search."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One page that has a name."""

    segment: str
    """The path below the tenant's, such as ``group-mappings``; it may carry a query."""
    label: str
    sign: str
    """The icon."""
    sentence: str
    shelf: Shelf
    words: tuple[str, ...] = ()
    """What this place, or what is found on it, is called here and in other products' guides."""
    old_paths: tuple[str, ...] = ()
    """Addresses of other guides, without slash at either end; each leads here."""
    needs: Permission = "portal:view"
    """The permission of the page."""
    kin: Kin = "any"
    """Of which tenants it is."""
