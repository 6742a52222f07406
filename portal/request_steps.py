"""What became of a request, step by step: told from its record and its events, decided by nobody anew."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from directory.events import EventView
from directory.traffic import RequestView
from portal.event_words import value_words, words_for

StepState = Literal["done", "wrong", "skipped"]
TITLES = ("Authenticate", "Parse", "Match", "Decide", "Effect")
READS = frozenset({"GET", "HEAD"})
DECISIONS_TOLD = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a request."""

    title: str
    state: StepState
    sentences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A request with what is known around it."""

    record: RequestView
    source_label: str | None
    secret_label: str | None
    events: Sequence[EventView] = ()
    names: Mapping[str, str]
    """What ids of roles and groups stand for."""


def failed_step(status: int, scim_type: str | None) -> int | None:
    """Return at which of the five steps an answer ended a request; None for an answer that is no error."""
    if status < 400:
        return None
    if status in {401, 429}:
        return 0
    if status in {405, 408, 413, 415} or (status == 400 and scim_type not in {"noTarget", "mutability"}):
        return 1
    if status in {400, 404, 409, 412}:
        return 2
    return 3 if status == 403 else 4


def steps_for(story: Story) -> list[Step]:
    """Return the five steps of a request; what came after the one that failed was not reached."""
    record = story.record
    failed = failed_step(record.status, record.scim_type)
    told = (_authenticate, _parse, _match, _decide, _effect)
    steps: list[Step] = []
    for place, (title, tell) in enumerate(zip(TITLES, told, strict=True)):
        if failed is None or place < failed:
            steps.append(Step(title=title, state="done", sentences=tell(story)))
        elif place == failed:
            steps.append(Step(title=title, state="wrong", sentences=_why(record)))
        else:
            steps.append(Step(title=title, state="skipped"))
    return steps


def _why(record: RequestView) -> tuple[str, ...]:
    said = record.detail or "The record holds no words about it."
    return (f"Answered {record.status}{f' {record.scim_type}' if record.scim_type else ''}.", said)


def _authenticate(story: Story) -> tuple[str, ...]:
    record = story.record
    secret = f"Secret “{story.secret_label}”" if story.secret_label else "A secret"
    caller = f" by {record.software}" if record.software else ""
    network = f" from {record.network}" if record.network else ""
    return (f"{secret} of {story.source_label or 'a connection'}, used{caller}{network}.",)


def _parse(story: Story) -> tuple[str, ...]:
    record = story.record
    body = f"a body of {len(record.request_body):,} characters" if record.request_body else "no body"
    count = len(record.leniencies)
    if count == 0:
        return (f"{record.method} with {body}, as the standard says.",)
    return (f"{record.method} with {body}. {count} {'leniency' if count == 1 else 'leniencies'} applied:",
            *record.leniencies)  # fmt: skip


def _match(story: Story) -> tuple[str, ...]:
    path, _, query = story.record.path.partition("?")
    segments = [part for part in path.split("/") if part]
    kind = next((part for part in segments if part in {"Users", "Groups"}), None)
    if kind is None:
        return ("Asks for no user and no group.",)
    thing = "user" if kind == "Users" else "group"
    named = segments[segments.index(kind) + 1 :]
    if named:
        return (f"The {thing} {named[0]} of this connection.",)
    if story.record.method == "POST":
        return (f"A new {thing}: nobody else of this connection has its names.",)
    return (f"Searches {thing}s{': ' + query if query else ''}.",)


def _decide(story: Story) -> tuple[str, ...]:
    if story.record.method in READS:
        return ("A read: nothing to decide.",)
    decided = [event for event in story.events if event.action.startswith("user:role:")]
    if not decided:
        return ("No access role follows another rule than before.",)
    told = [_decision_words(event, story.names) for event in decided[:DECISIONS_TOLD]]
    more = len(decided) - len(told)
    return (*told, *([f"and {more} more."] if more else []))


def _decision_words(event: EventView, names: Mapping[str, str]) -> str:
    values = {change.name: change for change in event.changes}
    role = values.get("role")
    if role is None:
        return f"{event.subject_label}: {words_for(event.action)}."
    before = "" if role.old is None else f"{value_words(role.old, names)} → "
    group = values.get("group")
    by = f", by the mapping of {value_words(group.new, names)}" if group and group.new is not None else ""
    return f"{event.subject_label}: {before}{value_words(role.new, names)}{by}."


def _effect(story: Story) -> tuple[str, ...]:
    record, count = story.record, len(story.events)
    took = f"Answered {record.status} after {record.duration_us / 1000:,.1f} ms."
    if record.method in READS:
        return ("Nothing was changed.", took)
    if not count:
        return ("What was sent is what is stored: nothing was changed.", took)
    return (f"{count} {'change' if count == 1 else 'changes'} recorded, all in one transaction.", took)
