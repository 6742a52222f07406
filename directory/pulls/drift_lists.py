"""What audits found, page by page: of a source, and of one user."""

from dataclasses import dataclass
from datetime import datetime

from directory.errors import InvalidError
from directory.model import SourceId, TenantId, UserId
from directory.page_keys import parse_texts, render_texts
from directory.pulls.audit_sights import drift_from
from directory.pulls.model import Drift, DriftKind
from directory.store.pulls import drift
from directory.store.pulls.drift import COUNTED_MAX as COUNTED_MAX  # noqa: PLC0414  # a bound of the counts below

KINDS: tuple[DriftKind, ...] = ("extra", "status", "missing", "attribute")
"""The riskiest first: whoever should have no access any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftPage:
    """Some differences; ``next_after`` opens the next page."""

    drifts: list[Drift]
    next_after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Auditor:
    """A source that audits another one, and how that came out last."""

    source_id: SourceId
    label: str
    audited_id: SourceId
    audited_label: str
    confirmed_at: datetime | None
    """When it compared last; None: it has not yet."""
    drift_count: int
    """People missing, extra or of another status."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserDrift:
    """A difference of a user, with the source that found it."""

    drift: Drift
    source_id: SourceId
    source_label: str


async def list_auditors(tenant_id: TenantId) -> list[Auditor]:
    """Return the sources of a tenant that audit, the oldest first."""
    return [
        Auditor(
            source_id=SourceId(row["source_id"]),
            label=row["source_label"],
            audited_id=SourceId(row["audits_source_id"]),
            audited_label=row["audited_label"],
            confirmed_at=row["confirmed_at"] if row["confirmed_by"] == row["source_id"] else None,
            drift_count=int(row["drift_count"]),
        )
        for row in await drift.list_auditors(tenant_id)
    ]


async def find_auditor(tenant_id: TenantId, source_id: SourceId) -> Auditor | None:
    """Return a source that audits, or None if it does not."""
    return next((one for one in await list_auditors(tenant_id) if one.source_id == source_id), None)


async def count_drifts(tenant_id: TenantId, source_id: SourceId) -> dict[DriftKind, int]:
    """Return how many differences of which kind there are, each counted up to 10,000."""
    counts = await drift.count_kinds(tenant_id, source_id)
    return {kind: counts[kind] for kind in KINDS}


async def list_drifts(
    tenant_id: TenantId, source_id: SourceId, *, kind: DriftKind | None = None, after: str | None = None, limit: int
) -> DriftPage:
    """Return differences, the riskiest kind first, in each by name.

    Raises:
        InvalidError: ``after`` was not made by an earlier page.
    """
    kinds = KINDS if kind is None else (kind,)
    rows = await drift.list_drifts(tenant_id, source_id, kinds, after=_parsed(after), limit=limit + 1)
    page = [drift_from(row) for row in rows[:limit]]
    return DriftPage(drifts=page, next_after=_rendered(page[-1]) if len(rows) > limit else None)


async def list_of_user(tenant_id: TenantId, user_id: UserId) -> list[UserDrift]:
    """Return the differences of one user, up to 50."""
    return [
        UserDrift(drift=drift_from(row), source_id=SourceId(row["source_id"]), source_label=row["source_label"])
        for row in await drift.list_of_user(tenant_id, user_id)
    ]


def _rendered(last: Drift) -> str:
    return render_texts(last.kind, last.label, last.ext_id, last.target)


def _parsed(after: str | None) -> tuple[str, str, str, str] | None:
    if after is None:
        return None
    kind, label, ext_id, target = parse_texts(after, 4)
    if kind not in KINDS:
        raise InvalidError("after", "is not a place in this list")
    return kind, label, ext_id, target
