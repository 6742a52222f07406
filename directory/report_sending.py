"""What one sending of a report comes to: the report read, worded, and a mail for each recipient; nothing is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from directory.errors import InvalidError, NotFoundError
from directory.mail_addresses import parse_address
from directory.model import Tenant, TenantId
from directory.outbox import PORTAL_ADDRESS, Attachment, Message
from directory.report_mail import ReportFacts, ReportMail, report_mail
from directory.report_shapes import ReportRow, option_words
from directory.reports import asked_for, each_row, get_report
from directory.rhythms import rhythm_words, zone_of
from directory.schedule_recipients import addressed_now
from directory.schedule_values import Addressed, Outcome, RunKind, Schedule
from directory.store import access
from directory.threads import worked_out

ROWS_MAX = 10_000
"""So many rows go into one mail: about a megabyte of CSV."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """Why a report is sent now."""

    kind: RunKind
    key: str
    """Tells this sending from all others: of the same key each recipient gets one mail, whatever happens."""
    missed_count: int = 0
    address: str = ""
    """Of a test: where it goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A report as it is to be sent: read before the unit that sends it, so that no writer waits for the reading."""

    kind: RunKind
    outcome: Outcome
    row_count: int
    addressed: Sequence[Addressed]
    messages: Sequence[Message]


async def make_sending(tenant_id: TenantId, schedule: Schedule, occasion: Occasion, *, now: datetime) -> Made:
    """Read the report of a schedule and word its mails; nothing is written.

    Raises:
        NotFoundError: this version has no such report.
        InvalidError: the zone, or a choice of the report, is not known here.
    """
    terms = schedule.terms
    report = get_report(terms.report)
    asked = asked_for(report, tenant_id, terms.options, now=now)
    rows: list[ReportRow] = []
    async for row in each_row(report, asked):
        rows.append(row)
        if len(rows) > ROWS_MAX:
            break
    if not rows and terms.skips_empty and occasion.kind == "due":
        return Made(kind=occasion.kind, outcome="empty", row_count=0, addressed=(), messages=())
    tenant = await _tenant(tenant_id)
    facts = ReportFacts(
        report=report,
        options=option_words(report, asked.options),
        tenant_name=tenant.name,
        rows=rows[:ROWS_MAX],
        more=len(rows) > ROWS_MAX,
        summary=await report.summarise(asked),
        checked_at=now,
        zone=zone_of(terms.rhythm.zone),
        link=f"{PORTAL_ADDRESS}/reports/{report.key}",
        why=f"You get this {rhythm_words(terms.rhythm)}: schedule “{terms.name}” of {tenant.name}.",
        missed_count=occasion.missed_count,
        is_test=occasion.kind == "test",
    )
    mail = await worked_out(partial(report_mail, facts), count=len(rows))
    if occasion.kind == "test":
        found = [Addressed(address=occasion.address)]
    else:
        found = await addressed_now(tenant_id, terms.recipients)
    file = Attachment(name=f"{tenant.slug}-{report.key}-{now:%Y-%m-%d}.csv", media_type="text/csv", content=mail.file)
    to, messages = _addressed(found, mail, file, key=f"report {occasion.key}")
    outcome: Outcome = "sent" if messages else "nobody"
    return Made(kind=occasion.kind, outcome=outcome, row_count=len(facts.rows), addressed=to, messages=messages)


def _addressed(
    found: Sequence[Addressed], mail: ReportMail, file: Attachment, *, key: str
) -> tuple[list[Addressed], list[Message]]:
    """Return a mail for each address that can be one."""
    addressed: list[Addressed] = []
    messages: list[Message] = []
    for place, one in enumerate(found):
        if one.skipped:
            addressed.append(one)
            continue
        try:
            parse_address(one.address)
        except InvalidError as error:
            addressed.append(_skipped(one, f"has an address that {error.reason}"))
            continue
        dedupe_key = f"{key} {place}"
        addressed.append(Addressed(address=one.address, name=one.name, dedupe_key=dedupe_key))
        messages.append(
            Message(
                kind="report",
                recipient=one.address,
                subject=mail.subject,
                text=mail.text,
                html=mail.html,
                attachments=(file,),
                dedupe_key=dedupe_key,
            )
        )
    return addressed, messages


def _skipped(one: Addressed, reason: str) -> Addressed:
    return Addressed(address=one.address, name=one.name, skipped=reason)


async def _tenant(tenant_id: TenantId) -> Tenant:
    tenant = await access.find_tenant(tenant_id)
    if tenant is None:
        raise NotFoundError("tenant", tenant_id)
    return tenant
