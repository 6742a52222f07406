"""Which of the things that a run would do are noted: all that takes away, and samples of the rest."""

from collections.abc import Iterable
from dataclasses import replace

import msgspec

from directory.pulls.model import Action, RunItem
from directory.pulls.outlooks import Outlook
from directory.pulls.progress import PlanState

TAKING: frozenset[Action] = frozenset({"user:disable", "user:delete", "group:delete", "members:leave"})
TAKING_MAX = 10_000
SAMPLES_MAX = 200
_TAKEN = "all that takes away"


def item_for(outlook: Outlook) -> RunItem | None:
    """Return what is shown of one person; None where nothing is done."""
    if outlook.action is None:
        return None
    return RunItem(
        seq=0,
        kind="user",
        action=outlook.action,
        ext_id=outlook.ext_id,
        subject_id=outlook.subject_id,
        label=outlook.label,
        detail=outlook.detail,
        changes=outlook.changes,
    )


def numbered(state: PlanState, items: Iterable[RunItem]) -> tuple[PlanState, list[RunItem]]:
    """Return those that are noted, with their numbers, and the state behind them."""
    noted, seq, kept = dict(state.noted), state.seq, list[RunItem]()
    for one in items:
        name, most = (_TAKEN, TAKING_MAX) if one.action in TAKING else (one.action, SAMPLES_MAX)
        if noted.get(name, 0) < most:
            seq += 1
            noted[name] = noted.get(name, 0) + 1
            kept.append(replace(one, seq=seq))
    return replace(state, seq=seq, noted=noted), kept


def item_values(item: RunItem) -> tuple[object, ...]:
    """Return an item as it is stored."""
    changes = msgspec.json.encode(item.changes).decode()
    return (item.seq, item.kind, item.action, item.ext_id, item.subject_id, item.label, item.detail, changes)
