"""Webhooks and schedules that come back go on from now: nobody is sent what was due while they were gone."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from directory.plan import Change, InsertRow, UpdateRows
from directory.rhythms import Rhythm, next_due
from directory.undo_steps import Image

_RHYTHM = ("every", "minute", "zone", "weekday", "month_day")


def going_on(change: Change, current: Image | None, *, head_seq: int, at: datetime) -> Change:
    """Return a change of a row with the place, or the time, that it goes on from; other changes as they are.

    ``head_seq`` is the place of the newest event in the tenant's chain.
    """
    if not isinstance(change, InsertRow | UpdateRows):
        return change
    values: dict[str, Any] = {**change.values}
    if change.table == "webhook_row" and values.get("state") == "on":
        values |= {"after_seq": head_seq, "failing_since": None}
    elif change.table == "schedule_row" and {*_RHYTHM, "paused_at"} & values.keys():
        rhythm: dict[str, Any] = {name: values.get(name, (current or {}).get(name)) for name in _RHYTHM}
        values |= {"next_at": next_due(Rhythm(**rhythm), at), "retry_at": None, "failure_count": 0, "problem": ""}
    return replace(change, values=values)
