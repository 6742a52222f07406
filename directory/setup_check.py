"""How far the set-up of a source is: steps ticked by evidence, attributes seen in its users, and what seems wrong."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from directory.attribute_guide import Tally, add_users
from directory.client_signs import Sample
from directory.diagnosis import Finding, SetupFacts, findings_for
from directory.ids import first_id_at
from directory.model import JsonObject, Source, TenantId
from directory.refusal_kinds import RefusalCause, RefusalView
from directory.setup_steps import STEPS, Seen, Step, steps_for, steps_in
from directory.store import setup
from directory.store.rows import document_from
from directory.store.setup import FIRST_ID, Place
from directory.store.unit import Row, in_unit
from directory.threads import worked_out

COUNTED_AT_ONCE_MAX = 500
"""A source with more users is counted in the background: 500 documents take about 5 ms to read and count."""

COUNT_BATCH = 1_000
COUNTED_EVERY = timedelta(minutes=10)
LOOKED_AT = 500
"""Request records looked through in one transaction."""

SETTLED = timedelta(seconds=10)
"""Records are written up to so much later than their ids say, so that much is looked through again."""

SAMPLE_REQUESTS = 200
SAMPLE_GROUPS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """One line of the checklist."""

    step: Step
    at: datetime | None
    reference: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """In how many users each attribute was seen; ``counted_at`` None means that nobody counted yet."""

    tally: Tally
    counted_at: datetime | None
    is_live: bool
    """Counted for this page; otherwise in the background."""

    @property
    def is_complete(self) -> bool:
        """Whether every user has all that is required or recommended."""
        return self.counted_at is not None and self.tally.user_count > 0 and not self.tally.missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """The checklist of a source."""

    steps: list[StepView]
    coverage: Coverage

    @property
    def is_done(self) -> bool:
        """Whether everything is ticked."""
        return self.done_count == len(self.steps) + 1

    @property
    def done_count(self) -> int:
        """How many lines are ticked, the one of the mapping included."""
        return sum(step.at is not None for step in self.steps) + self.coverage.is_complete


async def get_setup(source: Source, *, now: datetime) -> Setup:
    """Return how far the set-up of a source is."""
    rows = {row["step"]: row for row in await setup.list_evidence(source.tenant_id, source.source_id)}
    steps = [
        StepView(step=step, at=rows[step]["at"], reference=rows[step]["reference"])
        if step in rows
        else StepView(step=step, at=None, reference=None)
        for step in steps_for(source.preset)
    ]
    return Setup(steps=steps, coverage=await get_coverage(source, now=now))


async def get_coverage(source: Source, *, now: datetime) -> Coverage:
    """Return in how many users of a source each attribute was seen: now for few users, else as last counted."""
    tenant_id, source_id = source.tenant_id, source.source_id
    if await setup.count_users(tenant_id, source_id) <= COUNTED_AT_ONCE_MAX:
        rows = await setup.list_documents(tenant_id, source_id, FIRST_ID, limit=COUNTED_AT_ONCE_MAX)
        return Coverage(tally=add_users(Tally(), _documents(rows)), counted_at=now, is_live=True)
    row = await setup.find_coverage(tenant_id, source_id)
    if row is None or row["counted_at"] is None:
        return Coverage(tally=Tally(), counted_at=None, is_live=False)
    return Coverage(tally=_tally_from(row["document"]), counted_at=row["counted_at"], is_live=False)


async def list_findings(
    source: Source, coverage: Coverage, refusals: Iterable[RefusalView], *, now: datetime
) -> list[Finding]:
    """Return what seems to be set up wrongly at the source, the gravest first.

    Judged by the newest 200 requests, the first 1,000 groups, the attributes counted and the refusals of the last hour.
    """
    tenant_id, source_id = source.tenant_id, source.source_id
    rows = await setup.list_sample(tenant_id, source_id, limit=SAMPLE_REQUESTS)
    figures = await setup.find_group_figures(tenant_id, source_id, limit=SAMPLE_GROUPS)
    causes: Counter[RefusalCause] = Counter()
    for one in refusals:
        causes[one.cause] += one.count
    facts = SetupFacts(
        preset=source.preset,
        tally=coverage.tally,
        requests=[_sample_from(row) for row in rows],
        refusals=causes,
        user_count=await setup.count_users(tenant_id, source_id),
        group_count=figures.groups,
        filled_group_count=figures.filled,
        waiting_count=figures.waiting,
        nested_count=figures.nested,
        now=now,
    )
    return findings_for(facts)


async def has_unseen_requests(_now: datetime) -> bool:
    """Whether a source that is not set up yet has requests that nobody looked through."""
    return bool(await setup.list_open_sources(len(STEPS), limit=1))


async def collect_evidence(*, now: datetime) -> int:
    """Look through new requests of sources that are being set up; returns how many were looked at for the last time.

    0 means that nothing is left but what came within the last seconds, which is looked at again.
    """
    looked = 0
    for place in await setup.list_open_sources(len(STEPS), limit=50):
        looked += await _look_through(place, now=now)
    return looked


async def has_users_to_count(now: datetime) -> bool:
    """Whether a large source changed since its users were counted."""
    return await setup.find_source_to_count(now - COUNTED_EVERY, more_than=COUNTED_AT_ONCE_MAX) is not None


async def count_attributes(*, now: datetime) -> int:
    """Count one batch of users of a large source; returns how many, 0 when nothing is due."""
    due = await setup.find_source_to_count(now - COUNTED_EVERY, more_than=COUNTED_AT_ONCE_MAX)
    if due is None:
        return 0
    tenant_id, source_id = due
    row = await setup.find_coverage(tenant_id, source_id)
    before = (None, "{}") if row is None else (row["counted_at"], row["document"])
    under_way = row is not None and row["began_at"] is not None
    tally = _tally_from(row["partial"]) if row is not None and under_way else Tally()
    began_at = row["began_at"] if row is not None and under_way else now
    after: UUID = (row["after_user_id"] if row is not None and under_way else None) or FIRST_ID
    rows = await setup.list_documents(tenant_id, source_id, after, limit=COUNT_BATCH)
    tally = await worked_out(lambda: add_users(tally, _documents(rows)), count=COUNT_BATCH * 2)
    text = msgspec.json.encode(tally).decode()
    is_over = len(rows) < COUNT_BATCH
    values = (began_at, text, None, None, "{}") if is_over else (*before, began_at, rows[-1]["id"], text)
    await in_unit(tenant_id, lambda: setup.put_coverage(tenant_id, source_id, *values))
    return max(len(rows), 1)


async def _look_through(place: Place, *, now: datetime) -> int:
    """Look at the next records; written is only what is new: a step, or that none of these needs another look."""
    rows = await setup.list_ahead(place, limit=LOOKED_AT)
    if not rows:
        return 0
    deeds = await _deeds_of(place.tenant_id, [row["id"] for row in rows])
    seen = steps_in([_seen_from(row, deeds.get(row["id"], frozenset())) for row in rows])
    if seen:
        known = {row["step"] for row in await setup.list_evidence(place.tenant_id, place.source_id)}
        seen = {step: request for step, request in seen.items() if step not in known}
    last: UUID = rows[-1]["id"]
    is_settled = last < first_id_at(now - SETTLED)
    if seen or is_settled:
        await in_unit(place.tenant_id, lambda: _note_looked(place, seen, last if is_settled else place.after))
    return len(rows) if is_settled and len(rows) == LOOKED_AT else 0


async def _note_looked(place: Place, seen: Mapping[Step, Seen], after: UUID) -> None:
    for step, request in seen.items():
        await setup.put_evidence(place, step, at=request.at, reference=request.reference)
    if after != place.after:
        await setup.put_walk(place, after)


async def _deeds_of(tenant_id: TenantId, request_ids: list[UUID]) -> dict[UUID, frozenset[str]]:
    found: dict[UUID, set[str]] = {}
    for row in await setup.list_deeds(tenant_id, request_ids) if request_ids else ():
        found.setdefault(row["request_id"], set()).update([row["action"], *(["joined"] if row["joined"] else [])])
    return {request_id: frozenset(actions) for request_id, actions in found.items()}


def _seen_from(row: Row, deeds: frozenset[str]) -> Seen:
    return Seen(
        method=row["method"],
        path=row["path"],
        status=row["status"],
        at=row["started_at"],
        reference=row["reference"],
        deeds=deeds,
    )


def _sample_from(row: Row) -> Sample:
    return Sample(
        method=row["method"],
        path=row["path"],
        status=row["status"],
        scim_type=row["scim_type"],
        detail=row["detail"] or "",
        body=_object_from(row["request_body"]),
        software=row["software"],
        leniencies=tuple(msgspec.json.decode(row["leniencies"], type=list[str])),
        at=row["started_at"],
        reference=row["reference"],
    )


def _object_from(text: str | None) -> JsonObject:
    try:
        value = msgspec.json.decode(text or "{}")
    except msgspec.DecodeError:  # a long body is kept cut short
        return {}
    return value if isinstance(value, dict) else {}


def _documents(rows: list[Row]) -> list[JsonObject]:
    return [document_from(row["document"]) for row in rows]


def _tally_from(text: str) -> Tally:
    return msgspec.json.decode(text, type=Tally)
