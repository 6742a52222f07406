"""What a door asks for: pure edits of attributes, and deltas of membership."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from directory.model import GroupAttributes, UserAttributes

UserEdit = Callable[[UserAttributes], UserAttributes]
"""Pure: called twice on the same attributes it gives the same result."""


Expect = Callable[[int], bool] | None
"""The caller's test of the version that is there (If-Match); None expects nothing."""


def unchanged(attributes: GroupAttributes) -> GroupAttributes:
    """Return the attributes as they are."""
    return attributes


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupEdit:
    """What a door asks of a group: new attributes, and who joins or leaves.

    Members are named as the source names them: our user id, or the user's externalId. ``replace`` means that ``add`` is
    the whole list; who leaves is then found by the store. Otherwise ``remove`` and ``add`` are disjoint.
    """

    change: Callable[[GroupAttributes], GroupAttributes] = unchanged
    add: frozenset[str] = frozenset()
    remove: frozenset[str] = frozenset()
    replace: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    """What the source calls members that it adds, by the value that names them."""
    nested: frozenset[str] = frozenset()
    """Those of ``add`` that the source says are groups."""
    by_external_id: bool = False
    """Whether values are meant as externalIds first, as a pull names them: most are found by one look."""
