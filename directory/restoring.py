"""What a tenant needs after its database was brought back from a copy: nobody comes in by what was revoked since."""

from dataclasses import dataclass
from datetime import datetime

from directory import closing
from directory.commit import commit_plan, in_unit_of
from directory.model import Actor, Tenant
from directory.plan import AttributeChange, Event, Plan, UpdateRows
from directory.store import access

OPEN_WAYS = (("web_session_row", "ended_at"), ("signin_link_row", "used_at"), ("signin_step_row", "used_at"))
"""Tables of what lets somebody in, and the column that says when it stopped to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Secured:
    """What was shut after a copy was brought back."""

    turned_off: tuple[str, ...]
    """Labels of the connections that were on."""


async def secure_restored(tenant: Tenant, *, by: Actor, now: datetime) -> Secured:
    """Turn every connection of a tenant off and end all sessions and links: the copy knows nothing of what came later.

    A secret that was revoked after the copy was made is valid in it, a user who left since is active. A person looks
    first, rotates what was revoked, and turns each connection on again.
    """
    turned_off = []
    for source in await access.list_sources(tenant.tenant_id):
        if not source.settings.paused:
            await closing.turn_off(source.source_id, "keep", by=by, now=now)
            turned_off.append(source.label)
    where = {"tenant_id": tenant.tenant_id}
    ended = tuple(
        UpdateRows(table=table, values={column: now}, where={**where, column: None}) for table, column in OPEN_WAYS
    )
    told = Event(
        action="tenant:restored",
        subject_kind="tenant",
        subject_id=tenant.tenant_id,
        subject_label=tenant.name,
        changes=tuple(AttributeChange(name="turned off", old=None, new=label) for label in turned_off),
    )

    async def body() -> None:
        await commit_plan(Plan(changes=ended, events=(told,)), by=by, now=now)

    await in_unit_of(by, body)
    return Secured(turned_off=tuple(turned_off))
