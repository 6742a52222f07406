"""What was noted while serving and is written a moment later; nothing here can fail a request."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from directory.model import RequestDraft, SecretId, SourceId, TenantId
from directory.store.bookkeeping import SecretUse

REQUEST_COUNT_MAX = 10_000
"""So many records wait at most; while the database is away, later ones are dropped and counted."""

STAMPED_EVERY = timedelta(minutes=1)


@dataclass(slots=True)
class Noted:
    """The queues of one process."""

    requests: deque[RequestDraft] = field(default_factory=deque)
    dropped_count: int = 0
    """Records dropped since the process started."""
    _untold_count: int = 0
    uses: dict[SecretId, SecretUse] = field(default_factory=dict)
    changes: dict[tuple[TenantId, SourceId], datetime] = field(default_factory=dict)
    _stamped: dict[object, datetime] = field(default_factory=dict)

    def add_request(self, draft: RequestDraft) -> None:
        """Queue a record, or count it as dropped."""
        if len(self.requests) < REQUEST_COUNT_MAX:
            self.requests.append(draft)
        else:
            self.drop(1)

    def drop(self, count: int) -> None:
        """Count records that are lost."""
        self.dropped_count += count
        self._untold_count += count

    def take_dropped(self) -> int:
        """Return how many records were lost since this was last asked."""
        count, self._untold_count = self._untold_count, 0
        return count

    def put_back(self, drafts: list[RequestDraft]) -> None:
        """Queue records again that could not be written, in front."""
        room = max(REQUEST_COUNT_MAX - len(self.requests), 0)
        self.drop(max(len(drafts) - room, 0))
        self.requests.extendleft(reversed(drafts[:room]))

    def add_use(self, use: SecretUse) -> None:
        """Remember the last use of a secret."""
        self.uses[use.secret_id] = use

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
        self.changes.clear()
        self._stamped.clear()

    def _is_due(self, key: object, now: datetime) -> bool:
        stamped_at = self._stamped.get(key)
        return stamped_at is None or not timedelta(0) <= now - stamped_at < STAMPED_EVERY


noted = Noted()
