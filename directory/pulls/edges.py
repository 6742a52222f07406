"""Direct memberships: what pages of a run say of one group, and what the group is to have after that."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from directory.pull_edges import APPLIED, Direct, StagedRow
from directory.pulls.model import SeenEdge, SeenPage


class Packed(msgspec.Struct, array_like=True, frozen=True):
    """What one page says of one group, as it is staged; no member stands in two lists of a kind."""

    users: list[str] = []
    groups: list[str] = []
    users_left: list[str] = []
    groups_left: list[str] = []


_PACKED = msgspec.json.Decoder(Packed)


def packed_by_group(page: SeenPage) -> dict[str, str]:
    """Return what a page says of each group, as it is staged; also of groups that are complete without a member."""
    by_group: dict[str, dict[tuple[bool, str], SeenEdge]] = {group: {} for group in page.complete_groups}
    for edge in page.edges:
        by_group.setdefault(edge.group, {})[edge.is_group, edge.member] = edge
    return {group: _packed(edges.values()) for group, edges in by_group.items()}


def _packed(edges: Iterable[SeenEdge]) -> str:
    packed = Packed([], [], [], [])
    there, left = (packed.users, packed.groups), (packed.users_left, packed.groups_left)
    for edge in edges:
        (there if edge.there else left)[edge.is_group].append(edge.member)
    return msgspec.json.encode(packed).decode()


@dataclass(slots=True)
class Said:
    """What all pages of a run say of one group together."""

    there: Direct = field(default_factory=Direct)
    left: Direct = field(default_factory=Direct)
    complete: bool = False
    """Whether whoever is not named is not in the group."""


def said_by(rows: Iterable[StagedRow], *, whole: bool) -> Said:
    """Return what pages say together, in their order: of several words on a member the last one counts.

    ``whole`` says that the run read all members of all groups: a group of which no page speaks has none.
    """
    rows = list(rows)
    said = Said()
    for row in rows:
        if row.edges != APPLIED:
            _hear(said, row.edges)
    as_is = bool(rows) and not any(row.says for row in rows)
    said.complete = any(row.complete for row in rows) or (whole and not as_is)
    return said


def _hear(said: Said, text: str) -> None:
    page = _PACKED.decode(text)
    there, left = said.there, said.left
    for present, absent, come, gone in (
        (there.users, left.users, page.users, page.users_left),
        (there.groups, left.groups, page.groups, page.groups_left),
    ):
        present.difference_update(gone)
        present.update(come)
        absent.difference_update(come)
        absent.update(gone)


def direct_after(before: Direct, said: Said) -> Direct:
    """Return the direct members of a group after what was said of it; hearing it twice changes nothing."""
    if said.complete:
        return said.there
    return Direct(
        users=(before.users - said.left.users) | said.there.users,
        groups=(before.groups - said.left.groups) | said.there.groups,
    )
