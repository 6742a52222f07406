"""Who would change from what to what: the role rule, once for all who stand alike, and what their outcomes come to."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from directory.model import GroupId, RoleId
from directory.roles import RolePolicy, role_for

SAMPLE_MAX = 10
"""People of each kind that a tally keeps to show."""


class Standing(NamedTuple):
    """What the role of a user follows from, and the role that is stored."""

    role_id: RoleId
    active: bool
    locked_role_id: RoleId | None
    unlocked_role_id: RoleId | None
    """The stored role that the user would have without the lock; None without one."""
    group_ids: frozenset[GroupId]
    """The mapped groups that have the user."""


class Alike(NamedTuple):
    """Users who stand alike, so that the rule says the same of them; their ids as text, in any order."""

    standing: Standing
    user_ids: Sequence[str]


class Outcome(NamedTuple):
    """From what to what: ``from_role_id`` is the stored role, ``to_role_id`` what the rule gives then."""

    from_role_id: RoleId
    to_role_id: RoleId
    active: bool
    locked: bool
    locked_after: bool
    kind: Literal["changes", "kept", "locked"]
    """``kept``: touched, with the role of before; ``locked``: would change but for the lock."""


class Weighed(NamedTuple):
    """What a proposal does to a user."""

    outcome: Outcome | None
    administrators: int
    """By how many it changes the number of active administrators, as the rule sees them: -1, 0 or 1."""


Effect = Callable[[Standing], Weighed]
"""What a proposal does to whoever stands so; pure."""


class Line(NamedTuple):
    """One user with the outcome."""

    user_id: str
    outcome: Outcome


def policy_effect(before: RolePolicy, after: RolePolicy, *, joined: frozenset[GroupId] = frozenset()) -> Effect:
    """Return what another policy does; ``joined`` is a group that it maps anew and that has every user in question."""
    administrator = before.administrator_role_id

    def weighed(standing: Standing) -> Weighed:
        locked = standing.locked_role_id
        was = role_for(before, locked_role_id=locked, group_ids=standing.group_ids)
        becomes = role_for(after, locked_role_id=locked, group_ids=standing.group_ids | joined)
        moved = _difference(was.role_id, becomes.role_id, administrator) if standing.active else 0
        if locked is not None:
            held = becomes.unlocked_role_id != standing.unlocked_role_id
            return Weighed(_outcome(standing, standing.role_id, kind="locked") if held else None, moved)
        changes = becomes.role_id != standing.role_id
        return Weighed(_outcome(standing, becomes.role_id) if changes else None, moved)

    return weighed


def lock_effect(policy: RolePolicy, role_id: RoleId | None) -> Effect:
    """Return what it does to lock users at a role or, with None, to unlock them."""
    administrator = policy.administrator_role_id

    def weighed(standing: Standing) -> Weighed:
        if role_id is None and standing.locked_role_id is None:
            return Weighed(None, 0)
        was = role_for(policy, locked_role_id=standing.locked_role_id, group_ids=standing.group_ids)
        becomes = role_for(policy, locked_role_id=role_id, group_ids=standing.group_ids)
        moved = _difference(was.role_id, becomes.role_id, administrator) if standing.active else 0
        kept = becomes.role_id == standing.role_id
        outcome = _outcome(standing, becomes.role_id, kind="kept" if kept else "changes")
        return Weighed(outcome._replace(locked_after=role_id is not None), moved)

    return weighed


def lines_of(batch: Iterable[Alike], effect: Effect, *, kind: str) -> list[Line]:
    """Return the users of a batch whose outcome is of that kind, in the order of their ids."""
    found = [
        Line(user_id, outcome)
        for standing, user_ids in batch
        if (outcome := effect(standing).outcome) is not None and outcome.kind == kind
        for user_id in user_ids
    ]
    return sorted(found)


@dataclass(slots=True, kw_only=True)
class Tally:
    """What outcomes come to, added batch by batch in the order of the users' ids."""

    privileged_role_ids: frozenset[RoleId]
    counts: dict[Outcome, int] = field(default_factory=dict)
    scope_count: int = 0
    administrators: int = 0
    """By how many the number of active administrators changes."""
    group_ids: set[GroupId] = field(default_factory=set)
    """The mapped groups that have anybody of those weighed."""
    _digests: dict[bytes, "hashlib._Hash"] = field(default_factory=dict)
    _privileged: list[Line] = field(default_factory=list)
    _others: list[Line] = field(default_factory=list)

    def add(self, batch: Iterable[Alike], effect: Effect) -> None:
        """Weigh a batch of people: once for all who stand alike."""
        moved: dict[Outcome, list[str]] = {}
        for standing, user_ids in batch:
            outcome, administrators = effect(standing)
            self.scope_count += len(user_ids)
            self.group_ids |= standing.group_ids
            self.administrators += administrators * len(user_ids)
            if outcome is not None:
                moved.setdefault(outcome, []).extend(user_ids)
        self._digest(moved)
        for outcome, user_ids in moved.items():
            self.counts[outcome] = self.counts.get(outcome, 0) + len(user_ids)
        self._keep(
            Line(user_id, outcome) for outcome, user_ids in moved.items() for user_id in sorted(user_ids)[:SAMPLE_MAX]
        )

    def count(self, kind: str) -> int:
        """Return how many users have an outcome of that kind."""
        return sum(count for outcome, count in self.counts.items() if outcome.kind == kind)

    @property
    def role_ids(self) -> set[RoleId]:
        """The roles that anybody goes from or to."""
        return {role_id for outcome in self.counts for role_id in (outcome.from_role_id, outcome.to_role_id)}

    @property
    def sample(self) -> list[Line]:
        """Some of those who change, whoever would be given administration first."""
        return (self._privileged + self._others)[:SAMPLE_MAX]

    @property
    def digest(self) -> bytes:
        """Return the hash of the exact set (user, from, to, locked)."""
        whole = hashlib.sha256()
        for key in sorted(self._digests):
            whole.update(key + self._digests[key].digest())
        return whole.digest()

    def gives_administration(self, outcome: Outcome) -> bool:
        """Whether it gives what the user does not have: a role that carries administration."""
        privileged = self.privileged_role_ids
        return outcome.to_role_id in privileged and outcome.from_role_id not in privileged

    def _digest(self, moved: dict[Outcome, list[str]]) -> None:
        alike: dict[bytes, list[str]] = {}
        for outcome, user_ids in moved.items():
            alike.setdefault(outcome_key(outcome), []).extend(user_ids)
        for key, user_ids in alike.items():
            user_ids.sort()
            self._digests.setdefault(key, hashlib.sha256()).update("".join(user_ids).encode())

    def _keep(self, lines: Iterator[Line]) -> None:
        for line in sorted(line for line in lines if line.outcome.kind == "changes"):
            kept = self._privileged if self.gives_administration(line.outcome) else self._others
            if len(kept) < SAMPLE_MAX:
                kept.append(line)


def outcome_key(outcome: Outcome) -> bytes:
    """Return what of an outcome must be the same when it is applied.

    Not the status: a source may disable somebody meanwhile without changing who goes from which role to which.
    """
    flags = outcome.locked | outcome.locked_after << 1
    return outcome.from_role_id.bytes + outcome.to_role_id.bytes + bytes([flags])


def _outcome(standing: Standing, role_id: RoleId, *, kind: Literal["changes", "kept", "locked"] = "changes") -> Outcome:
    locked = standing.locked_role_id is not None
    return Outcome(standing.role_id, role_id, standing.active, locked, locked, kind)


def _difference(was: RoleId, becomes: RoleId, wanted: RoleId) -> int:
    return (becomes == wanted) - (was == wanted)
