"""From where to where users would go: the rules, asked once for all who look alike to them. Pure."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from directory.model import GroupId, JsonObject, SourceId, TenantId
from directory.routing import RoutedPerson, RoutingPolicy, domain_of, is_like, outcome_for, texts_at

Placement = tuple[tuple[TenantId, str | None], ...]
"""In which tenants a user is, in the order of their ids, each with the role that a rule gives there."""

READS_DOCUMENT = frozenset({"attribute", "domain", "named_tenant"})
"""Conditions that look at what the source said of a user."""


class Weighable(NamedTuple):
    """A user as the rules see it, and where it is now."""

    user_id: str
    source_id: SourceId | None
    document: JsonObject
    """Empty where no rule reads it."""
    group_ids: frozenset[GroupId]
    """Of the groups that any rule asks for, those that have the user in effect."""
    before: Placement


class Move(NamedTuple):
    """From where to where; both may be nowhere, and of several tenants some may stay."""

    before: Placement
    after: Placement

    @property
    def left(self) -> frozenset[TenantId]:
        """The tenants that whoever goes so leaves."""
        return frozenset(where for where, _ in self.before) - frozenset(where for where, _ in self.after)

    @property
    def entered(self) -> frozenset[TenantId]:
        """The tenants that whoever goes so comes to."""
        return frozenset(where for where, _ in self.after) - frozenset(where for where, _ in self.before)


class Mover(NamedTuple):
    """One user who moves."""

    user_id: str
    move: Move


class Weigher:
    """Says of users where a policy leads them; it asks the rules once for all who look alike to them."""

    def __init__(self, policy: RoutingPolicy, group_names: Mapping[GroupId, str]) -> None:
        """``group_names`` are the groups that any rule asks for."""
        self._policy = policy
        self._group_names = group_names
        conditions = [rule.condition for rule in policy.rules if rule.kind == "user"]
        self._paths = sorted({one.path for one in conditions if one.kind in {"attribute", "named_tenant"}})
        self._asks_domain = any(one.kind == "domain" for one in conditions)
        self._known: dict[tuple[object, ...], tuple[Placement, str]] = {}

    def after(self, user: Weighable) -> tuple[Placement, str]:
        """Return where the user belongs and, if that is nowhere, why."""
        document = user.document
        key = (
            user.source_id,
            user.group_ids,
            domain_of(document) if self._asks_domain else "",
            *(tuple(texts_at(document, path)) for path in self._paths),
        )
        found = self._known.get(key)
        if found is None:
            groups = {group_id: self._group_names.get(group_id, "") for group_id in user.group_ids}
            person = RoutedPerson(document=document, source_id=user.source_id, groups=groups)
            outcome = outcome_for(person, self._policy)
            places = sorted(((one.tenant_id, one.role_key) for one in outcome.destinations), key=_by_tenant)
            found = self._known[key] = (tuple(places), outcome.unrouted)
        return found

    @property
    def group_ids(self) -> frozenset[GroupId]:
        """The groups that any rule asks for."""
        return frozenset(self._group_names)


@dataclass(slots=True, kw_only=True)
class Tally:
    """What moves come to, added batch by batch in the order of the users' ids."""

    counts: Counter[Move] = field(default_factory=Counter)
    weighed_count: int = 0
    unrouted_count: int = 0
    """Users who would be in the queue, those who are there already included."""
    _digests: dict[bytes, "hashlib._Hash"] = field(default_factory=dict)

    def add(self, users: Sequence[Weighable], weigher: Weigher) -> list[Mover]:
        """Weigh a batch of users; returns those who move."""
        movers: list[Mover] = []
        together: dict[Move, list[str]] = {}
        for user in users:
            after, _ = weigher.after(user)
            self.unrouted_count += not after
            if after != user.before:
                move = Move(user.before, after)
                movers.append(Mover(user.user_id, move))
                together.setdefault(move, []).append(user.user_id)
        self.weighed_count += len(users)
        for move, user_ids in together.items():
            self.counts[move] += len(user_ids)
            self._digests.setdefault(move_key(move), hashlib.sha256()).update("".join(sorted(user_ids)).encode())
        return movers

    @property
    def total(self) -> int:
        """Users who move."""
        return sum(self.counts.values())

    @property
    def digest(self) -> bytes:
        """Return the hash of the exact set (user, from, to)."""
        whole = hashlib.sha256()
        for key in sorted(self._digests):
            whole.update(key + self._digests[key].digest())
        return whole.digest()


def move_key(move: Move) -> bytes:
    """Return what of a move must be the same when it is applied: the tenants and the roles that rules give there."""
    return repr([[(str(where), role) for where, role in place] for place in move]).encode()


def asked_groups(policy: RoutingPolicy, names: Mapping[GroupId, str]) -> dict[GroupId, str]:
    """Return those of a tenant's groups that any rule for users asks for, by id or by name."""
    conditions = [rule.condition for rule in policy.rules if rule.kind == "user"]
    wanted = {one.value for one in conditions if one.kind == "group"}
    patterns = [pattern for one in conditions if one.kind == "group_name" for pattern in one.values]
    return {
        group_id: name
        for group_id, name in names.items()
        if group_id in wanted or any(is_like(pattern, name) for pattern in patterns)
    }


def reads_documents(policy: RoutingPolicy) -> bool:
    """Whether any rule for users looks at what sources said of them."""
    return any(rule.kind == "user" and rule.condition.kind in READS_DOCUMENT for rule in policy.rules)


def reads_names(policy: RoutingPolicy) -> bool:
    """Whether any rule for users asks for the names of groups."""
    return any(rule.kind == "user" and rule.condition.kind == "group_name" for rule in policy.rules)


def _by_tenant(place: tuple[TenantId, str | None]) -> int:
    return place[0].int
