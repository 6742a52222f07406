"""Deeds of a user's timeline in words: what happened, what changed, and what gave the role."""

from collections.abc import Mapping, Sequence

from directory.plan import AttributeChange
from directory.provenance import flattened
from directory.timeline import Deed, Step
from portal.event_words import value_words, words_for

ROWS_MAX = 60
GIST = frozenset({"role", "reason", "note"})
GIST_MAX = 2


def step_words(step: Step) -> str:
    """Return what happened, as its user is concerned; of a group's members, which way the user went."""
    if step.joined is None:
        return words_for(step.action)
    return "Joined" if step.joined else "Left"


def gist(step: Step, names: Mapping[str, str]) -> list[tuple[str, str | None, str | None]]:
    """Return what of a change is worth a line: the role and the reason, or all of a change of one or two values."""
    told = [change for change in step.changes if change.name in GIST]
    if not told and len(step.changes) <= GIST_MAX:
        told = list(step.changes)
    rows = diff_rows(told, names)
    return rows if len(rows) <= GIST_MAX else []


def diff_rows(changes: Sequence[AttributeChange], names: Mapping[str, str]) -> list[tuple[str, str | None, str | None]]:
    """Return (attribute, before, after) of each value that changed; one inside another by its path."""
    rows: list[tuple[str, str | None, str | None]] = []
    for change in changes:
        if not isinstance(change.old, dict | list) and not isinstance(change.new, dict | list):
            old = None if change.old is None else value_words(change.old, names)
            rows.append((change.name, old, None if change.new is None else value_words(change.new, names)))
            continue
        before, after = flattened({change.name: change.old}), flattened({change.name: change.new})
        rows += [
            (path, before.get(path), after.get(path))
            for path in {**before, **after}
            if before.get(path) != after.get(path)
        ]
    return rows[:ROWS_MAX]


def cause_words(grant: Deed) -> str:
    """Return what led to a role: the start of a sentence that goes on with who did it."""
    if grant.lead is None or grant.lead.action == "user:role:granted":
        return "Set"
    if grant.lead.joined is not None:
        return f"Set on {'joining' if grant.lead.joined else 'leaving'} {grant.lead.subject_label}"
    return f"Set with “{words_for(grant.lead.action)}”"
