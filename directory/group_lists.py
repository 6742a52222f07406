"""Groups as people look through them, and the names that a group had."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from directory.model import Group, GroupId, SourceId, TenantId
from directory.page_keys import parse_key, render_key
from directory.store import group_list, timelines
from directory.store.circles import parsed_id
from directory.store.group_list import GroupFilter, GroupOrder, Order
from directory.store.rows import document_from
from directory.store.unit import Row

RENAMES_MAX = 20
_KINDS: dict[Order, Literal["text", "number", "time"]] = {"name": "text", "members": "number", "pushed": "time"}

__all__ = [
    "FedMapping",
    "GroupFilter",
    "GroupLine",
    "GroupOrder",
    "GroupPage",
    "Order",
    "Rename",
    "count_groups",
    "find_mapping",
    "list_groups",
    "list_renames",
    "names_of_groups",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupLine:
    """A group as a line of a list."""

    group_id: GroupId
    display_name: str
    external_id: str | None
    source_id: SourceId
    source_label: str
    member_count: int
    waiting_count: int
    nested_count: int
    position: int | None
    """Its place among the group mappings; None if it is not mapped."""
    role_name: str | None
    modified_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupPage:
    """Some groups; ``next_after`` opens the next page in the same order."""

    groups: list[GroupLine]
    next_after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rename:
    """A name that a group had before, and when it lost it."""

    before: str
    after: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FedMapping:
    """The line of the group mappings that a group feeds."""

    position: int
    role_name: str
    decided_count: int
    """Users whose role it decides."""


async def list_groups(
    tenant_id: TenantId, wanted: GroupFilter, order: GroupOrder, *, after: str | None, limit: int
) -> GroupPage:
    """Return a page of groups.

    Raises:
        InvalidError: ``after`` was not made by an earlier page in this order.
    """
    behind = None if after is None else parse_key(after, _KINDS[order.column])
    rows = await group_list.page_of_groups(tenant_id, wanted, order, after=behind, limit=limit + 1)
    next_after = render_key(_sorted_by(rows[limit - 1], order), rows[limit - 1]["id"]) if len(rows) > limit else None
    return GroupPage(groups=[_line_from(row) for row in rows[:limit]], next_after=next_after)


async def count_groups(tenant_id: TenantId, wanted: GroupFilter) -> int:
    """Return how many groups the filter finds."""
    return await group_list.count_groups(tenant_id, wanted)


async def find_mapping(tenant_id: TenantId, group_id: GroupId) -> FedMapping | None:
    """Return the mapping of a group, or None."""
    row = await group_list.find_mapping(tenant_id, group_id)
    if row is None:
        return None
    return FedMapping(position=row["position"], role_name=row["role_name"], decided_count=row["decided_count"])


async def names_of_groups(tenant_id: TenantId, said: Collection[str]) -> dict[GroupId, str]:
    """Return the names of the groups whose ids are among these texts, also of those that are gone."""
    ids = {ident for ident in map(parsed_id, said) if ident is not None}
    names = await timelines.names_of_groups(tenant_id, sorted(ids))
    return {GroupId(group_id): name for group_id, name in names.items()}


async def list_renames(group: Group) -> list[Rename]:
    """Return the names that a group had before, the last one first."""
    rows = await group_list.list_former_names(group.tenant_id, group.group_id, limit=RENAMES_MAX)
    names = [group.attributes.display_name, *(row["name"] for row in rows)]
    return [Rename(before=row["name"], after=after, at=row["until"]) for row, after in zip(rows, names, strict=False)]


def _sorted_by(row: Row, order: GroupOrder) -> object:
    return row[group_list.SORT_COLUMNS[order.column][0].removeprefix("g.")]


def _line_from(row: Row) -> GroupLine:
    external_id = document_from(row["document"]).get("externalId")
    return GroupLine(
        group_id=GroupId(row["id"]),
        display_name=row["display_name"],
        external_id=None if external_id is None else str(external_id),
        source_id=SourceId(row["source_id"]),
        source_label=row["source_label"],
        member_count=row["member_count"],
        waiting_count=row["waiting_count"],
        nested_count=row["nested_count"],
        position=row["position"],
        role_name=row["role_name"],
        modified_at=row["modified_at"],
    )
