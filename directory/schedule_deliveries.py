"""What became of the mails of a report that was sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from directory.model import TenantId
from directory.schedule_values import Run, RunId
from directory.store import schedules


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One recipient of one sending, and how far the mail is."""

    address: str
    name: str
    skipped: str
    state: str
    """As the outbox says; empty where nobody was written to, or the mail is no longer kept."""
    error: str = ""
    settled_at: datetime | None = None
    message_id: UUID | None = None
    """Of the mail; None where there is none, or none any more."""


async def list_deliveries(tenant_id: TenantId, runs: Sequence[Run]) -> dict[RunId, list[Delivery]]:
    """Return to whom sendings went, and what became of each mail."""
    mails = await schedules.find_mails(
        tenant_id, [one.dedupe_key for run in runs for one in run.recipients if one.dedupe_key]
    )
    return {
        run.run_id: [
            Delivery(
                address=one.address,
                name=one.name,
                skipped=one.skipped,
                state=mail.state if (mail := mails.get(one.dedupe_key)) else "",
                error=mail.error if mail else "",
                settled_at=mail.settled_at if mail else None,
                message_id=mail.message_id if mail else None,
            )
            for one in run.recipients
        ]
        for run in runs
    }
