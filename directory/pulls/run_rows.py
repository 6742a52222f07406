"""Runs and what belongs to them, as rows have them."""

from collections.abc import Mapping
from typing import Any

import msgspec

from directory.model import SourceId, TenantId, UserId
from directory.pull_run import RunId
from directory.pulls.model import Cursor, Run, RunItem
from directory.store.unit import Row

_SAME = (
    *("kind", "dry", "user_key", "cause", "state", "asked_at", "asked_label", "started_at", "ended_at", "beat_at"),
    *("phase", "page_count", "object_count", "expected_count", "request_count", "waited_ms", "waiting"),
    *("done_count", "to_do_count", "plan_hash", "error_kind", "error_words", "error_remedy", "cancel_asked"),
    "resumed_count",
)


def run_from(row: Row) -> Run:
    """Return a run from its row."""
    asked_by = row["asked_by"]
    return Run(
        run_id=RunId(row["id"]),
        tenant_id=TenantId(row["tenant_id"]),
        source_id=SourceId(row["source_id"]),
        asked_by=None if asked_by is None else UserId(asked_by),
        counts=_decoded(row["counts"], dict[str, int]),
        why={} if row["why"] is None else _decoded(row["why"], dict[str, list[int]]),
        steps=tuple(_decoded(row["steps"], list[dict[str, Any]])),
        timings=_decoded(row["timings"], dict[str, float]),
        **{name: row[name] for name in _SAME},
    )


def item_from(row: Row) -> RunItem:
    """Return what a run does to one object from its row."""
    return RunItem(
        seq=row["seq"],
        kind=row["kind"],
        action=row["action"],
        ext_id=row["ext_id"],
        subject_id=row["subject_id"],
        label=row["label"],
        detail=row["detail"],
        changes=tuple((name, old, new) for name, old, new in _decoded(row["changes"], list[tuple[str, Any, Any]])),
    )


def cursor_from(row: Row) -> Cursor:
    """Return how far a stream got from its row."""
    names = ("stream", "committed", "committed_at", "run_id", "resume", "begun_at")
    rest = ("done", "whole", "checkpoint", "object_count")
    return Cursor(**{name: row[name] for name in (*names, *rest)})


def text_of(value: Mapping[str, object] | list[Any] | tuple[Any, ...]) -> str:
    """Return a value as such a row keeps it."""
    return msgspec.json.encode(value).decode()


def _decoded(text: str, kind: Any) -> Any:  # noqa: ANN401 - a type goes in, its value comes out
    return msgspec.json.decode(text, type=kind)
