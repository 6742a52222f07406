"""Direct members of a group as a directory elsewhere has them, and what one page of a pull says of them."""

from dataclasses import dataclass, field

APPLIED = ""
"""Staged in place of edges: the group has all of them by now."""

AS_IS = "[]"
"""Staged in place of edges: nothing was said of the group itself, but groups inside of it changed."""


@dataclass(frozen=True, slots=True)
class StagedRow:
    """What one page says of one group, as it is stored."""

    edges: str
    complete: bool

    @property
    def says(self) -> bool:
        """Whether it is a page's word, rather than a mark of ours."""
        return self.complete or self.edges not in {APPLIED, AS_IS}


@dataclass(slots=True)
class Direct:
    """Direct members of a group, by the ids of the source."""

    users: set[str] = field(default_factory=set)
    groups: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        """Whether anybody is in it."""
        return bool(self.users or self.groups)
