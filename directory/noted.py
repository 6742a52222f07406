"""What was noted while serving and is written a moment later; nothing here can fail a request."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from directory.model import RequestDraft, SecretId, SourceId, TenantId
from directory.store.bookkeeping import SecretUse
from directory.store.hours import GapRecord
from directory.store.secret_days import SecretDay
from directory.tallies import NOBODY, HourTally, TallyKind, is_failure

REQUEST_COUNT_MAX = 10_000
"""So many records wait at most; while the database is away, later ones are dropped and counted."""

STAMPED_EVERY = timedelta(minutes=1)


COUNTED_EVERY = timedelta(seconds=5)


class Gap(NamedTuple):
    """When the lost records of a tenant were made, and how many there are."""

    from_at: datetime
    until_at: datetime
    lost_count: int


@dataclass(slots=True)
class Noted:
    """The queues of one process."""

    requests: deque[RequestDraft] = field(default_factory=deque)
    dropped_count: int = 0
    """Records dropped since the process started."""
    _untold_count: int = 0
    uses: dict[SecretId, SecretUse] = field(default_factory=dict)
    changes: dict[tuple[TenantId, SourceId], datetime] = field(default_factory=dict)
    gaps: dict[TenantId, Gap] = field(default_factory=dict)
    is_writing: bool = False
    """Whether times and counts are being written now."""
    _counts: dict[tuple[TenantId, int, SourceId, TallyKind], int] = field(default_factory=dict)
    _counted_at: datetime | None = None
    _opened: dict[tuple[TenantId, SecretId, date], int] = field(default_factory=dict)
    _stamped: dict[object, datetime] = field(default_factory=dict)

    def add_request(self, draft: RequestDraft) -> None:
        """Queue a record, or count it as dropped."""
        if len(self.requests) < REQUEST_COUNT_MAX:
            self.requests.append(draft)
        else:
            self.lose([draft])

    def drop(self, count: int) -> None:
        """Count records that are lost."""
        self.dropped_count += count
        self._untold_count += count

    def lose(self, drafts: Iterable[RequestDraft]) -> None:
        """Count records that are lost, and remember from when to when."""
        for draft in drafts:
            self.drop(1)
            before = self.gaps.get(draft.tenant_id, Gap(draft.started_at, draft.started_at, 0))
            first, last = min(before.from_at, draft.started_at), max(before.until_at, draft.started_at)
            self.gaps[draft.tenant_id] = Gap(first, last, before.lost_count + 1)

    def settle_gaps(self, kept: Iterable[GapRecord]) -> None:
        """Forget the gaps that were written, unless more was lost meanwhile."""
        for tenant_id, _, *bounds in kept:
            if self.gaps.get(tenant_id) == tuple(bounds):
                del self.gaps[tenant_id]

    def count(self, draft: RequestDraft) -> None:
        """Count an answered request in its hour."""
        hour = int(draft.started_at.timestamp()) // 3600
        key = (draft.tenant_id, hour, draft.source_id or NOBODY)
        self._counts[*key, "requests"] = self._counts.get((*key, "requests"), 0) + 1
        if draft.status >= 400 and is_failure(draft.method, draft.status):
            self._counts[*key, "failed"] = self._counts.get((*key, "failed"), 0) + 1

    def due_tallies(self, *, now: datetime) -> list[HourTally]:
        """Return the counts that may be written, every few seconds. They stay until ``settle_tallies``."""
        if self._counted_at is not None and timedelta(0) <= now - self._counted_at < COUNTED_EVERY:
            return []
        return [
            HourTally(tenant_id, datetime.fromtimestamp(hour * 3600, UTC), source_id, kind, things)
            for (tenant_id, hour, source_id, kind), things in self._counts.items()
        ]

    def settle_tallies(self, tallies: Iterable[HourTally], *, now: datetime) -> None:
        """Take off what was written; what was counted meanwhile stays."""
        self._counted_at = now
        for tenant_id, hour, source_id, kind, things in tallies:
            key = (tenant_id, int(hour.timestamp()) // 3600, source_id, kind)
            self._counts[key] -= things
            if not self._counts[key]:
                del self._counts[key]

    def take_dropped(self) -> int:
        """Return how many records were lost since this was last asked."""
        count, self._untold_count = self._untold_count, 0
        return count

    def put_back(self, drafts: list[RequestDraft]) -> None:
        """Queue records again that could not be written, in front."""
        room = max(REQUEST_COUNT_MAX - len(self.requests), 0)
        self.lose(drafts[room:])
        self.requests.extendleft(reversed(drafts[:room]))

    def add_use(self, use: SecretUse) -> None:
        """Remember the last use of a secret."""
        self.uses[use.secret_id] = use
        key = (use.tenant_id, use.secret_id, use.at.date())
        self._opened[key] = self._opened.get(key, 0) + 1

    def due_days(self, *, now: datetime) -> list[SecretDay]:
        """Return how many requests each secret opened by day, once a minute. They stay until ``settle_days``."""
        return [SecretDay(*key, count) for key, count in self._opened.items()] if self._is_due("days", now) else []

    def settle_days(self, days: Iterable[SecretDay], *, now: datetime) -> None:
        """Take off what was written; what was counted meanwhile stays."""
        self._stamped["days"] = now
        for *key, count in days:
            left = self._opened[tuple(key)] - count  # type: ignore[index]  # the three parts of the key
            if left:
                self._opened[tuple(key)] = left  # type: ignore[index]  # as above
            else:
                del self._opened[tuple(key)]  # type: ignore[arg-type]  # as above

    def add_change(self, tenant_id: TenantId, source_id: SourceId, at: datetime) -> None:
        """Remember the last change that a source made."""
        self.changes[tenant_id, source_id] = at

    def take_requests(self, count: int) -> list[RequestDraft]:
        """Take the oldest records off the queue."""
        return [self.requests.popleft() for _ in range(min(count, len(self.requests)))]

    def due_uses(self, *, now: datetime) -> list[SecretUse]:
        """Return the uses that may be written: each secret's once a minute. They stay until ``settle``."""
        return [use for secret_id, use in self.uses.items() if self._is_due(secret_id, now)]

    def due_changes(self, *, now: datetime) -> list[tuple[TenantId, SourceId, datetime]]:
        """Return the times of change that may be written: each source's once a minute."""
        return [(*source, at) for source, at in self.changes.items() if self._is_due(source, now)]

    def settle(
        self, uses: list[SecretUse], changes: list[tuple[TenantId, SourceId, datetime]], *, now: datetime
    ) -> None:
        """Forget what was written, unless it was noted anew meanwhile."""
        self._stamped = {key: at for key, at in self._stamped.items() if now - at < STAMPED_EVERY}
        for use in uses:
            self._stamped[use.secret_id] = now
            if self.uses.get(use.secret_id) == use:
                del self.uses[use.secret_id]
        for tenant_id, source_id, at in changes:
            source = (tenant_id, source_id)
            self._stamped[source] = now
            if self.changes.get(source) == at:
                del self.changes[source]

    def clear(self) -> None:
        """Forget everything, for a process that turns to another database."""
        self.requests.clear()
        self.uses.clear()
        self._opened.clear()
        self.changes.clear()
        self.gaps.clear()
        self._counts.clear()
        self._counted_at = None
        self._stamped.clear()
        self.is_writing = False

    def _is_due(self, key: object, now: datetime) -> bool:
        stamped_at = self._stamped.get(key)
        return stamped_at is None or not timedelta(0) <= now - stamped_at < STAMPED_EVERY


noted = Noted()
