"""What pulling is made of, as values."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from directory.model import JsonObject, JsonValue, SourceId, TenantId, UserId
from directory.pull_run import RunId

ObjectKind = Literal["user", "group"]
SeenOp = Literal["upsert", "out_of_scope", "soft_deleted", "purged"]
PullMode = Literal["provision", "audit"]
RunKind = Literal["delta", "full", "one"]
RunCause = Literal["schedule", "operator", "command line", "first run", "daily", "cursor lost", "mapping changed"]
RunState = Literal["asked", "fetching", "planning", "applying", "done", "failed", "cancelled"]
UNDER_WAY: frozenset[RunState] = frozenset({"fetching", "planning", "applying"})

INTERVAL_MIN_MIN, INTERVAL_MIN_MAX = 20, 40
"""Minutes between two pulls of a source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PullSource:
    """How a source is pulled. Credentials are never part of it: only their names."""

    tenant_id: TenantId
    source_id: SourceId
    kind: str
    """``graph``, ``okta``, or what an entry point brings along."""
    label: str
    config: JsonObject
    secret_names: tuple[str, ...]
    """Which credentials are set."""
    secrets_at: datetime | None
    rules: tuple[JsonObject, ...] | None
    """The attribute mapping; None: what the kind begins with."""
    mode: PullMode
    audits_source_id: SourceId | None
    """The source of the same tenant that ``audit`` compares with."""
    match_target: str | None
    """The attribute that people are also matched by in ``audit``, behind external id and user name."""
    interval_min: int
    full_every_h: int
    paused: bool
    next_at: datetime | None
    full_done_at: datetime | None
    """When a whole pull was last applied; None: never."""
    identity: str | None
    """The directory that answered first; another one is never applied."""
    identity_name: str
    credential_expires_at: datetime | None
    failures: int
    """In a row."""
    first_failed_at: datetime | None
    last_ok_at: datetime | None
    error_kind: str | None
    error_words: str
    error_remedy: str
    off: bool = False
    """Whether the connection is turned off: it is not pulled, whoever asks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A user or a group as one page of a pull says it."""

    kind: ObjectKind
    ext_id: str
    op: SeenOp = "upsert"
    values: dict[str, JsonValue] = field(default_factory=dict)
    """By target; a target that is missing was not spoken of, None clears it."""
    reason: str = ""
    given: JsonObject | None = None
    """What rules were given; kept of a sample, so that other rules can be tried."""


class SeenEdge(msgspec.Struct, frozen=True):
    """A direct membership that is there or, with ``there`` False, no longer.

    A Struct: a pull has a million of them, and a dataclass takes ten times as long to make.
    """

    group: str
    member: str
    is_group: bool = False
    there: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenPage:
    """One page of a stream, staged together with the place behind it."""

    objects: tuple[Seen, ...] = ()
    edges: tuple[SeenEdge, ...] = ()
    rejects: tuple[tuple[ObjectKind, str, str], ...] = ()
    """(kind, ext id, reason)"""
    assigned: tuple[tuple[ObjectKind, str], ...] = ()
    complete_groups: tuple[str, ...] = ()
    resume: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One pull: what was asked for, how far it is, and what came of it."""

    run_id: RunId
    tenant_id: TenantId
    source_id: SourceId
    kind: RunKind
    dry: bool
    user_key: str | None
    """Of ``one``: the user name or the source's id of whom is meant."""
    cause: RunCause
    state: RunState
    asked_at: datetime
    asked_by: UserId | None
    asked_label: str
    started_at: datetime | None
    ended_at: datetime | None
    beat_at: datetime | None
    """When its holder last wrote."""
    phase: str
    """What it does now, as people read it."""
    page_count: int
    object_count: int
    expected_count: int | None
    request_count: int
    waited_ms: int
    waiting: str
    """Why it waits now ("Microsoft Graph asked us to wait 27 s"), or empty."""
    done_count: int
    to_do_count: int
    """Of planning or applying: objects compared or changed, and how many there are."""
    counts: dict[str, int]
    """By action (``ACTIONS``), and ``unchanged``, ``rejected``, ``held``, ``failed``."""
    why: dict[str, list[int]]
    """The measures in which the whole run is beyond the guard: wanted, limit, spent."""
    plan_hash: str
    steps: tuple[JsonObject, ...]
    """Of ``one`` and of a preflight that failed: ``CheckStep`` as JSON."""
    timings: dict[str, float]
    """Seconds by phase."""
    error_kind: str | None
    error_words: str
    error_remedy: str
    cancel_asked: bool
    resumed_count: int

    @property
    def under_way(self) -> bool:
        """Whether somebody works on it."""
        return self.state in UNDER_WAY


Action = Literal[
    "user:create",
    "user:change",
    "user:disable",
    "user:enable",
    "user:delete",
    "user:return",
    "user:meet",
    "group:create",
    "group:change",
    "group:delete",
    "members:join",
    "members:leave",
    "missing:once",
]
"""What a run does to one object; ``user:meet`` waits in the adoption queue, ``missing:once`` waits for another pull."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunItem:
    """One thing that a run would do, or did, as its page shows it."""

    seq: int
    kind: ObjectKind
    action: Action
    ext_id: str
    subject_id: UUID | None
    label: str
    detail: str
    changes: tuple[tuple[str, JsonValue, JsonValue], ...]
    """(attribute, old, new)"""


DriftKind = Literal["missing", "extra", "attribute", "status"]
"""``missing``: there, not here; ``extra``: here, not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One difference between what a source pushes and what its directory says when it is asked."""

    kind: DriftKind
    ext_id: str
    target: str
    """Of ``attribute``; else empty."""
    user_id: UserId | None
    label: str
    here: str | None
    there: str | None
    newer: Literal["here", "there", ""]
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """How far one stream of a source got."""

    stream: str
    committed: str | None
    """From where the next delta begins."""
    committed_at: datetime | None
    run_id: RunId | None
    """The run that ``resume`` and what follows belong to."""
    resume: str | None
    begun_at: datetime | None
    done: bool
    whole: bool
    checkpoint: str | None
    object_count: int
