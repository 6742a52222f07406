"""Schedules of reports as values: what is sent to whom and when, and what each sending came to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NewType
from uuid import UUID

import msgspec

from directory.errors import InvalidError
from directory.mail_addresses import parse_address
from directory.model import UserId
from directory.rhythms import Rhythm, check_rhythm

ScheduleId = NewType("ScheduleId", UUID)
RunId = NewType("RunId", UUID)
RunKind = Literal["due", "asked", "test"]
"""A due time, "Send now" to everybody, or a test to one address."""

Outcome = Literal["waiting", "sent", "empty", "nobody", "failed"]
"""``empty``: nothing was in the report, so nobody was written to. ``nobody``: no recipient could be written to."""

NAME_CHARS_MAX = 80
RECIPIENTS_MAX = 20


class Recipient(msgspec.Struct, frozen=True, kw_only=True):
    """Who gets a report: an operator, at the address they have then, or a fixed address."""

    user_id: UUID | None = None
    address: str = ""


class Addressed(msgspec.Struct, frozen=True, kw_only=True):
    """A recipient as one sending found them."""

    address: str
    name: str = ""
    skipped: str = ""
    """Why they were not written to; empty for those who were."""
    dedupe_key: str = ""
    """What the mail is found by among those that are to be sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What an operator says of a schedule."""

    name: str
    report: str
    options: Mapping[str, str]
    rhythm: Rhythm
    recipients: Sequence[Recipient]
    skips_empty: bool
    """Whether nobody is written to when there is nothing to report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A report that is sent again and again."""

    schedule_id: ScheduleId
    terms: Terms
    next_at: datetime
    paused_at: datetime | None
    retry_at: datetime | None
    failure_count: int
    """Failures in a row of the time that is due."""
    problem: str
    """Why the last try failed; empty when it did not."""
    version: int
    created_by: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One sending."""

    run_id: RunId
    schedule_id: ScheduleId
    kind: RunKind
    due_at: datetime
    """The time it was due, or asked for."""
    missed_count: int
    """Due times before this one that passed while no server ran; they are not made up for."""
    asked_by: str
    address: str
    """Of a test: where it goes."""
    outcome: Outcome
    problem: str
    row_count: int
    recipients: Sequence[Addressed]
    failure_count: int
    done_at: datetime | None


def checked_terms(terms: Terms) -> Terms:
    """Return the terms as they are kept: a name, addresses that mail can be sent to, each once.

    Raises:
        InvalidError: something of them cannot be.
    """
    name = " ".join(terms.name.split())
    if not name or len(name) > NAME_CHARS_MAX or not name.isprintable():
        raise InvalidError("name", f"must be one line of 1 to {NAME_CHARS_MAX} characters")
    check_rhythm(terms.rhythm)
    people = {one.user_id: one for one in terms.recipients if one.user_id is not None}
    parsed = [_parsed(one.address) for one in terms.recipients if one.user_id is None]
    addresses = {address.casefold(): Recipient(address=address) for address in parsed}
    recipients = (*people.values(), *addresses.values())
    if not recipients:
        raise InvalidError("recipients", "are missing: pick an operator, or enter an address")
    if len(recipients) > RECIPIENTS_MAX:
        raise InvalidError("recipients", f"are more than {RECIPIENTS_MAX}: use a mailing list")
    return Terms(
        name=name,
        report=terms.report,
        options=dict(terms.options),
        rhythm=terms.rhythm,
        recipients=recipients,
        skips_empty=terms.skips_empty,
    )


def _parsed(text: str) -> str:
    try:
        return parse_address(text)
    except InvalidError as error:
        raise InvalidError("addresses", f"include {text[:60]}, which {error.reason}") from error


def addresses_in(text: str) -> list[Recipient]:
    """Return the addresses that people type into one field: one a line, or with commas or semicolons between them."""
    parts = text.replace(",", "\n").replace(";", "\n").splitlines()
    return [Recipient(address=part.strip()) for part in parts if part.strip()]


def user_ids_of(recipients: Sequence[Recipient]) -> list[UserId]:
    """Return the operators among recipients."""
    return [UserId(one.user_id) for one in recipients if one.user_id is not None]
