"""What a run would do to groups, as its page shows it."""

from collections.abc import Collection, Mapping, Sequence
from heapq import nsmallest
from uuid import UUID

from directory.model import JsonValue
from directory.pulls.ground import Ground
from directory.pulls.group_moves import GroupMove
from directory.pulls.group_puts import ACTION_OF, GroupPut
from directory.pulls.model import Action, RunItem
from directory.store.pulls import present

NAMED_MAX = 5
"""People whom an item calls by name."""


def put_item(put: GroupPut) -> RunItem:
    """Return a group that is created or changed."""
    subject_id = None if put.here is None else put.here.group_id
    label = put.label if put.attributes is None else put.attributes.display_name
    return _item(ACTION_OF[put.deed], (put.ext_id, subject_id, label), changes=put.changes)


def deletion_item(put: GroupPut) -> RunItem:
    """Return a group that ends."""
    assert put.here is not None  # noqa: S101  # what is not here is not deleted
    detail = "missing from two whole pulls" if put.seen.gone else "deleted there"
    members = put.here.member_count
    return _item(
        "group:delete", (put.ext_id, put.here.group_id, put.label), detail=detail, changes=(("members", members, 0),)
    )


async def move_items(ground: Ground, moves: Sequence[GroupMove], names: Mapping[str, str]) -> tuple[RunItem, ...]:
    """Return who joins and who leaves, one item for each group; ``names`` are those of groups that are new."""
    some = {move.ext_id: _first(move.join) + _first(move.leave) for move in moves}
    wanted = {value for values in some.values() for value in values}
    called = await present.users_called(ground.tenant_id, ground.source_id, wanted)
    people = {value: name for value, (_, name) in called.items()}
    items: list[RunItem] = []
    for move in moves:
        here = move.here
        known = (None, names[move.ext_id]) if here is None else (here.group_id, here.display_name)
        subject = (move.ext_id, *known)
        before = 0 if here is None else here.member_count
        if move.leave or move.unnest:
            items.append(_moved("members:leave", subject, (move.leave, move.unnest), before, people))
        if move.join or move.nest:
            items.append(_moved("members:join", subject, (move.join, move.nest), before, people))
    return tuple(items)


def _moved(
    action: Action,
    subject: tuple[str, UUID | None, str],
    moved: tuple[set[str], set[str]],
    before: int,
    people: Mapping[str, str],
) -> RunItem:
    users, groups = moved
    named = [people.get(value, value) for value in _first(users)]
    rest = len(users) - len(named)
    parts = [", ".join(named) + (f" and {rest:,} more" if rest else "")] if users else []
    if groups:
        parts.append(f"{len(groups)} groups")
    after = before + len(users) if action == "members:join" else before - len(users)
    return _item(action, subject, detail="; ".join(parts), changes=(("members", before, max(after, 0)),))


def _first(values: Collection[str]) -> list[str]:
    return nsmallest(NAMED_MAX, values)


def _item(
    action: Action,
    subject: tuple[str, UUID | None, str],
    *,
    detail: str = "",
    changes: tuple[tuple[str, JsonValue, JsonValue], ...] = (),
) -> RunItem:
    ext_id, subject_id, label = subject
    return RunItem(
        seq=0,
        kind="group",
        action=action,
        ext_id=ext_id,
        subject_id=subject_id,
        label=label,
        detail=detail,
        changes=changes,
    )
