"""The record that a list left as a file: which list, by whom, and what it was narrowed by."""

from datetime import datetime

from directory.commit import commit_plan, in_unit_of
from directory.model import Actor
from directory.plan import AttributeChange, Event, Plan


async def record_list(name: str, narrowed_by: str, *, by: Actor, now: datetime) -> None:
    """Record that somebody takes a list away as a file, before its first line goes out.

    ``name`` and ``narrowed_by`` are words; the record outlives people, so neither may hold what identifies one.

    Raises:
        ForbiddenError: the actor may not see the portal.
    """
    by.require("portal:view")

    async def body() -> None:
        told = Event(
            action="data:exported",
            subject_kind="tenant",
            subject_id=by.tenant_id,
            subject_label=name,
            changes=(AttributeChange(name="narrowed by", old=None, new=narrowed_by or "nothing"),),
        )
        await commit_plan(Plan(events=(told,)), by=by, now=now)

    await in_unit_of(by, body)
