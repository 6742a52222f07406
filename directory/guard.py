"""The guard: what one change takes away or grants, whether that still fits the limits, and what is held if not."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from directory.facts import RoleFacts
from directory.held_changes import Measure, Why
from directory.model import AccessRole, Decision, GroupId, RoleId, UserId
from directory.plan_roles import decision_for
from directory.pull_run import OverLimits
from directory.roles import RolePolicy

PRIVILEGED_WEIGHT = 10
"""What a grant or a loss of administration counts."""

EMPTIED_MIN = 10
"""A group of more members than this is emptied when it loses over half of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a source may take away or grant in 24 hours before a change is held; stored as JSON."""

    on: bool = True
    at_least: int = 10
    percent: int = 10
    """Of the source's active users, if that is more than ``at_least``."""
    hold_days: int = 14
    """After so many days nobody is asked any more: what was held stays without effect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Toll:
    """What a change costs of the limits."""

    users: int = 0
    """Active users who lose access."""
    roles: int = 0
    """Role losses, each counted once, and grants and losses of administration, each counted ten times."""
    people: int = 0
    """How many users it concerns: one alone is not delayed while anything is left."""

    def __bool__(self) -> bool:
        """Whether it costs anything."""
        return bool(self.users or self.roles)

    def of(self, measure: Measure) -> int:
        """Return what it costs in one measure."""
        return self.users if measure == "users" else self.roles


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What is left to a source."""

    limits: Limits
    active_count: int
    spent: Toll = Toll()
    """In the last 24 hours."""
    raised: Toll = Toll()
    """What an operator lets pass once, beyond the limits."""

    @property
    def limit(self) -> int:
        """How much a source may take away in 24 hours."""
        return max(self.limits.at_least, self.active_count * self.limits.percent // 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a change takes effect; if so what it uses up, in each measure (of the limit, of what was raised)."""

    why: Why | None = None
    """Why it is held; None: it passes."""
    spends: tuple[tuple[Measure, int, int], ...] = ()

    @property
    def passes(self) -> bool:
        """Whether it takes effect."""
        return self.why is None


FREE = Verdict()
_MEASURES: tuple[Measure, Measure] = ("users", "roles")


def verdict_for(toll: Toll, budget: Budget) -> Verdict:
    """Return whether a change fits what is left, as a whole or not at all."""
    if not toll or not budget.limits.on:
        return FREE
    spends: list[tuple[Measure, int, int]] = []
    for measure in _MEASURES:
        wanted, spent = toll.of(measure), budget.spent.of(measure)
        if not wanted:
            continue
        raised = min(wanted, budget.raised.of(measure))
        needed = wanted - raised
        alone = toll.people == 1 and spent < budget.limit
        if needed and spent + needed > budget.limit and not alone:
            return Verdict(why=Why(rule=measure, wanted=wanted, limit=budget.limit, spent=spent))
        spends.append((measure, needed, raised))
    return Verdict(spends=tuple(spends))


def counted(toll: Toll, budget: Budget) -> Verdict:
    """Return what a change uses up that an operator confirmed beforehand: it passes, and leaves less for others."""
    if not toll or not budget.limits.on:
        return FREE
    spends = ((measure, toll.of(measure)) for measure in _MEASURES)
    return Verdict(spends=tuple((measure, wanted, 0) for measure, wanted in spends if wanted))


def over_limits(toll: Toll, over: OverLimits) -> Why | None:
    """Return why a part of a run is held, whose whole is beyond a limit that this part counts in."""
    numbers_by: dict[Measure, tuple[int, int, int] | None] = {"users": over.users, "roles": over.roles}
    for measure, numbers in numbers_by.items():
        if numbers is not None and toll.of(measure):
            return Why(rule=measure, wanted=numbers[0], limit=numbers[1], spent=numbers[2])
    return None


def is_emptied(*, member_count: int, leaving_count: int) -> bool:
    """Whether a group that loses so many of its members loses over half of more than ten."""
    return member_count > EMPTIED_MIN and 2 * leaving_count > member_count


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a user has by what is stored: enough to judge one of very many who move at once."""

    user_id: UserId
    active: bool
    decision: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A user who loses permissions, or gets administration, by joining or leaving a group."""

    user_id: UserId
    joins: bool
    weight: int
    from_role_id: RoleId | None
    to_role_id: RoleId | None


def moves_for(
    policy: RolePolicy,
    group_id: GroupId,
    deciders: Iterable[RoleFacts],
    joining: AbstractSet[UserId],
) -> list[Move]:
    """Return who loses permissions or gets administration by an edit of a group, from all that decides their roles."""
    moves: list[Move] = []
    for facts in deciders:
        joins = facts.user_id in joining
        group_ids = facts.group_ids | {group_id} if joins else facts.group_ids - {group_id}
        move = move_of(policy, facts, group_ids, joins=joins)
        if move is not None:
            moves.append(move)
    return moves


def move_of(policy: RolePolicy, facts: RoleFacts, group_ids: frozenset[GroupId], *, joins: bool) -> Move | None:
    """Return what it costs that a user is in these groups from now on; None if that costs nothing.

    Under a lock nothing is lost, but administration that is granted there would be in effect as soon as the lock ends.
    """
    bare = replace(facts, lock=None)
    before_role = decision_for(policy, bare).role_id
    after_role = decision_for(policy, replace(bare, group_ids=group_ids)).role_id
    active = facts.active and facts.lock is None
    weight = weight_of(policy.roles.get(before_role), policy.roles.get(after_role), active=active)
    if not weight:
        return None
    return Move(user_id=facts.user_id, joins=joins, weight=weight, from_role_id=before_role, to_role_id=after_role)


def weight_of(before: AccessRole | None, after: AccessRole | None, *, active: bool) -> int:
    """Return what it counts that one role takes another's place; 0 if nothing is lost and no administration granted.

    Whoever may not sign in has nothing to lose, but would have administration as soon as it may. None is a role that
    carries nothing.
    """
    was_privileged = before is not None and before.privileged
    is_privileged = after is not None and after.privileged
    if is_privileged and not was_privileged:
        return PRIVILEGED_WEIGHT
    if not active or before is None or before.permissions <= (frozenset() if after is None else after.permissions):
        return 0
    return PRIVILEGED_WEIGHT if was_privileged and not is_privileged else 1


def moves_at_large(  # what is known of very many
    policy: RolePolicy,
    group_id: GroupId,
    standings: Iterable[Standing],
    joining: AbstractSet[UserId],
    earlier: AbstractSet[UserId] = frozenset(),
    heirs: AbstractSet[UserId] = frozenset(),
) -> list[Move]:
    """Return who may lose permissions, or get administration, when too many move to decide each role.

    ``earlier`` are in a group further up, which decides: told by memberships, since stored decisions lag behind while a
    walk is under way. ``heirs`` are in a group further down that grants administration: it would be theirs if they left
    this one. Where the other leavers end is not worked out: they count as if they kept nothing. Whoever joins a group
    that grants administration counts, also under a lock.
    """
    line = next((line for line in policy.mappings if line.group_id == group_id), None)
    if line is None:
        return []
    granted = policy.roles.get(line.role_id)
    grants = granted is not None and granted.privileged
    moves: list[Move] = []
    for standing in standings:
        if standing.user_id in earlier:
            continue
        joins, own = standing.user_id in joining, standing.decision
        from_role_id = own.role_id if joins else line.role_id
        active = standing.active and own.origin != "lock"
        weight = weight_of(policy.roles.get(from_role_id), granted if joins else None, active=active)
        if grants if joins else standing.user_id in heirs:
            weight = PRIVILEGED_WEIGHT
        if weight:
            moves.append(
                Move(
                    user_id=standing.user_id,
                    joins=joins,
                    weight=weight,
                    from_role_id=from_role_id,
                    to_role_id=line.role_id if joins else None,
                )
            )
    return moves


def earlier_groups(policy: RolePolicy, group_id: GroupId) -> frozenset[GroupId]:
    """Return the groups further up the list: whoever is in one of them has its role, whatever becomes of this one."""
    places = [line.group_id for line in policy.mappings]
    return frozenset(places[: places.index(group_id)]) if group_id in places else frozenset()


def later_grants(policy: RolePolicy, group_id: GroupId) -> frozenset[GroupId]:
    """Return the groups further down the list whose mappings grant administration."""
    places = [line.group_id for line in policy.mappings]
    behind = places.index(group_id) + 1 if group_id in places else len(places)
    return frozenset(line.group_id for line in policy.mappings[behind:] if line.consented_by is not None)


def toll_of(moves: Iterable[Move]) -> Toll:
    """Return what the moves of one request cost together."""
    weights = [move.weight for move in moves]
    return Toll(roles=sum(weights), people=len(weights))
