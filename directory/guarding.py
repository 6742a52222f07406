"""What the guard makes of the changes that a source reports: inside the unit that commits them."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from uuid import UUID

from directory.alerts import AlertCase, alert_change
from directory.edits import UserEdit
from directory.facts import UNGUARDED, Arrival, Guarded, MembershipFacts, Moment, RoleFacts
from directory.guard import (
    FREE,
    PRIVILEGED_WEIGHT,
    Limits,
    Move,
    Toll,
    Verdict,
    counted,
    earlier_groups,
    is_emptied,
    later_grants,
    move_of,
    moves_at_large,
    moves_for,
    over_limits,
    toll_of,
    verdict_for,
)
from directory.held_changes import HeldChange, HeldKind, Hold, SpendBudget, Why
from directory.ids import new_id
from directory.model import Actor, Group, GroupId, RoleId, User, UserId
from directory.plan import EndSignins, Plan, PutUser, joined_plan
from directory.plan_held import plan_reported_end
from directory.plan_users import plan_user_edit, plan_user_end
from directory.roles import RolePolicy
from directory.store import access, guard_budget
from directory.store import held as held_rows
from directory.tallies import hour_of
from directory.threads import worked_out

ONE_LEAVER = Toll(users=1, people=1)
ONE_GRANT = Toll(roles=PRIVILEGED_WEIGHT, people=1)


class Holding:
    """What the changes that one request or one run brings have in common when they are held."""

    def __init__(self, limits: Limits, why: Why, *, moment: Moment) -> None:
        """Begin one batch."""
        self._moment = moment
        self._why = why
        run = moment.by.run
        self._batch_id: UUID = new_id(moment.at) if run is None else run.run_id
        self._expires_at = moment.at + timedelta(days=limits.hold_days)

    def change(
        self,
        kind: HeldKind,
        user_id: UserId,
        *,
        group_id: GroupId | None = None,
        roles: tuple[RoleId | None, RoleId | None] = (None, None),
    ) -> HeldChange:
        """Return one held change; ``roles`` are from and to."""
        by = self._moment.by
        assert by.source_id is not None  # noqa: S101  # nobody else is guarded
        return HeldChange(
            held_id=new_id(self._moment.at),
            batch_id=self._batch_id,
            tenant_id=by.tenant_id,
            source_id=by.source_id,
            kind=kind,
            user_id=user_id,
            group_id=group_id,
            from_role_id=roles[0],
            to_role_id=roles[1],
            request_id=self._moment.request_id,
            why=self._why,
            at=self._moment.at,
            expires_at=self._expires_at,
        )


def is_guarded(by: Actor) -> bool:
    """Whether the guard looks at what an actor does: sources are guarded, operators decide."""
    return by.kind == "source" and by.source_id is not None


def with_alert(plan: Plan, *, moment: Moment) -> Plan:
    """Return the plan that also tells the recipients of alerts, if it holds anything."""
    held = [one for change in plan.changes if isinstance(change, Hold) for one in change.held]
    by = moment.by
    if not held or by.source_id is None:
        return plan
    case = AlertCase(
        kind="changes_held",
        subject=str(by.source_id),
        label=by.label,
        detail=f"The guard held changes from {by.label}: nothing of them has taken effect. Approve or reject them"
        f" before {held[0].expires_at:%d %B %Y}; after that they stay without effect.",
        path="held",
    )
    return joined_plan(plan, Plan(changes=(alert_change(case, tenant_id=by.tenant_id, now=moment.at),)))


async def judged(toll: Toll, *, moment: Moment) -> tuple[Verdict, Limits]:
    """Return whether a change of a source fits what it has left, which nobody else uses until the unit ends."""
    by = moment.by
    if not toll or by.source_id is None or not is_guarded(by):
        return FREE, Limits()
    await guard_budget.hold_budget(by.tenant_id, by.source_id)
    budget = await guard_budget.read_budget(by.tenant_id, by.source_id, now=moment.at)
    if by.lets_pass:
        return counted(toll, budget), budget.limits
    if by.run is not None:
        over = over_limits(toll, by.run.over)
        if over is not None and budget.limits.on:
            return Verdict(why=over), budget.limits
        budget = replace(budget, active_count=max(budget.active_count, by.run.active_count))
    return verdict_for(toll, budget), budget.limits


def spends_of(verdict: Verdict, *, moment: Moment) -> tuple[SpendBudget, ...]:
    """Return what is counted of a change that passes."""
    source_id = moment.by.source_id
    if source_id is None:
        return ()
    return tuple(
        SpendBudget(
            source_id=source_id,
            measure=measure,
            spent_count=spent,
            raised_count=raised,
            hour=hour_of(moment.at),
        )
        for measure, spent, raised in verdict.spends
    )


async def guard_leaver(user: User, kind: HeldKind, *, moment: Moment) -> Guarded:
    """Judge that an active user is disabled or deleted by its source."""
    if not user.active:
        return UNGUARDED
    verdict, limits = await judged(ONE_LEAVER, moment=moment)
    if verdict.why is None:
        return Guarded(spends=spends_of(verdict, moment=moment))
    return Guarded(held=(Holding(limits, verdict.why, moment=moment).change(kind, user.user_id),))


async def plan_guarded_edit(user: User, edit: UserEdit, *, moment: Moment, blocked: bool) -> Plan:
    """Plan an edit of a user as far as the guard lets it take effect; see ``plan_user_edit``."""
    plan = plan_user_edit(user, edit, moment=moment, blocked=blocked)
    if not plan:
        return plan
    guarded = UNGUARDED
    if any(isinstance(change, EndSignins) for change in plan.changes) and is_guarded(moment.by):
        guarded = await guard_leaver(user, "disable", moment=moment)
    if any(isinstance(change, PutUser) and change.user.active and not user.active for change in plan.changes):
        guarded = replace(guarded, spends=(*guarded.spends, *await _enabling(user, moment=moment)))
    if user.reported_deleted_at is not None:
        guarded = replace(guarded, held=(*guarded.held, *await _held_leaves(user, moment=moment)))
    if guarded == UNGUARDED:
        return plan
    return plan_user_edit(user, edit, moment=moment, blocked=blocked, guarded=guarded)


async def _enabling(user: User, *, moment: Moment) -> tuple[SpendBudget, ...]:
    """Return what it counts that a source enables a user, which is never held.

    Whom it disabled within the hours that count is given back. Anybody else who comes back with administration counts
    as a grant, and leaves less for others.
    """
    source_id = moment.by.source_id
    if source_id is None or not is_guarded(moment.by):
        return ()
    disabled_at = await guard_budget.find_disabled_at(user.tenant_id, user.user_id, source_id, now=moment.at)
    if disabled_at is not None:
        back = SpendBudget(
            source_id=source_id, measure="users", spent_count=-1, raised_count=0, hour=hour_of(disabled_at)
        )
        return (back,)
    role = await access.find_role(user.tenant_id, user.decision.role_id)
    if role is None or not role.privileged:
        return ()
    granted = Verdict(spends=(("roles", PRIVILEGED_WEIGHT, 0),))
    return spends_of(granted, moment=moment)


async def plan_guarded_end(user: User, group_ids: tuple[GroupId, ...], *, moment: Moment) -> Plan:
    """Plan a deletion by a source as far as the guard lets it take effect."""
    guarded = await guard_leaver(user, "delete", moment=moment)
    if guarded.held:
        return plan_reported_end(user, group_ids, guarded, moment=moment)
    held = bool(await held_rows.list_of_user(user.tenant_id, user.user_id))
    return plan_user_end(user, group_ids, moment=moment, held=held, spends=guarded.spends)


async def _held_leaves(user: User, *, moment: Moment) -> list[HeldChange]:
    """Return the memberships of a user who is back from a held deletion: the source has not reported them again."""
    known = await held_rows.list_of_user(user.tenant_id, user.user_id)
    deleted = next((one for one in known if one.kind == "delete"), None)
    gone = await held_rows.list_gone_groups(user.tenant_id, user.user_id)
    rest = set(gone) - {one.group_id for one in known if one.kind == "leave"}
    if deleted is None:
        return []
    limits = await guard_budget.read_limits(user.tenant_id)
    holding = Holding(limits, deleted.why, moment=moment)
    return [holding.change("leave", user.user_id, group_id=group_id) for group_id in sorted(rest)]


async def guard_arrival(arrival: Arrival, user_id: UserId, *, policy: RolePolicy, moment: Moment) -> Arrival:
    """Judge that a user who arrives joins a group whose mapping grants administration."""
    grants = {line.group_id for line in policy.mappings if line.consented_by is not None}
    granted = sorted(grants & {group_id for group_id, _ in arrival.waiting})
    if not granted:
        return arrival
    verdict, limits = await judged(ONE_GRANT, moment=moment)
    if verdict.why is None:
        return replace(arrival, guarded=Guarded(spends=spends_of(verdict, moment=moment)))
    holding = Holding(limits, verdict.why, moment=moment)
    to_role = {line.group_id: line.role_id for line in policy.mappings}
    held = tuple(
        holding.change("join", user_id, group_id=group_id, roles=(None, to_role[group_id])) for group_id in granted
    )
    return replace(arrival, withheld=frozenset(granted), guarded=Guarded(held=held))


async def guard_link(arrival: Arrival, facts: RoleFacts, *, policy: RolePolicy, moment: Moment) -> Arrival:
    """Judge that a user who is here joins the groups that wait for its id: all of them, or in effect none."""
    joining = frozenset(group_id for group_id, _ in arrival.waiting) & (policy.mapped_group_ids - facts.group_ids)
    move = move_of(policy, facts, facts.group_ids | joining, joins=True)
    if move is None:
        return arrival
    verdict, limits = await judged(toll_of([move]), moment=moment)
    if verdict.why is None:
        return replace(arrival, guarded=Guarded(spends=spends_of(verdict, moment=moment)))
    holding = Holding(limits, verdict.why, moment=moment)
    roles = move.from_role_id, move.to_role_id
    held = tuple(holding.change("join", facts.user_id, group_id=one, roles=roles) for one in sorted(joining))
    return replace(arrival, withheld=joining, guarded=Guarded(held=held))


async def guard_members(group: Group, facts: MembershipFacts, *, policy: RolePolicy, moment: Moment) -> MembershipFacts:
    """Judge an edit of a mapped group's members: what it takes away or grants passes as a whole, or is held.

    A group of more than ten that loses over half of them keeps them all in effect, whatever is left of the limits.
    """
    if not is_guarded(moment.by) or group.group_id not in policy.mapped_group_ids:
        return facts
    settled = frozenset(facts.overtaking)
    if settled.issuperset(facts.joining) and settled.issuperset(facts.leaving):
        return facts
    moves = [move for move in await _moves(group, facts, policy=policy) if move.user_id not in settled]
    held: list[HeldChange] = []
    emptied = is_emptied(member_count=group.member_count, leaving_count=len(facts.leaving))
    if emptied and not moment.by.lets_pass:
        limits = await guard_budget.read_limits(group.tenant_id)
        if limits.on:
            held += await _keep_all(group, facts, moves, Holding(limits, _emptied(group, facts), moment=moment))
            moves = [move for move in moves if move.joins]
    verdict, limits = await judged(toll_of(moves), moment=moment)
    if verdict.why is not None:
        holding = Holding(limits, verdict.why, moment=moment)
        held += await worked_out(partial(_held, group, moves, holding), count=len(moves))
    spends = spends_of(verdict, moment=moment)
    if not held and not spends:
        return facts
    return replace(
        facts,
        kept=frozenset(one.user_id for one in held if one.kind == "leave"),
        withheld=frozenset(one.user_id for one in held if one.kind == "join"),
        guarded=Guarded(held=tuple(held), spends=spends),
    )


def _emptied(group: Group, facts: MembershipFacts) -> Why:
    return Why(rule="emptied", wanted=len(facts.leaving), limit=group.member_count, spent=0)


async def _moves(group: Group, facts: MembershipFacts, *, policy: RolePolicy) -> list[Move]:
    joining = frozenset(facts.joining)
    if not facts.deferred:
        return moves_for(policy, group.group_id, facts.deciders, joining)
    moving = [*facts.joining, *facts.leaving]
    standings = await guard_budget.list_standings(group.tenant_id, moving)
    later = sorted(later_grants(policy, group.group_id))
    heirs = await guard_budget.list_heirs(group.tenant_id, list(facts.leaving), later)
    first = sorted(earlier_groups(policy, group.group_id))
    earlier = await guard_budget.list_heirs(group.tenant_id, moving, first)
    weighing = partial(moves_at_large, policy, group.group_id, standings, joining, earlier, heirs)
    return await worked_out(weighing, count=len(moving))


async def _keep_all(group: Group, facts: MembershipFacts, moves: Iterable[Move], holding: Holding) -> list[HeldChange]:
    """Hold that anybody leaves, who is in the group in effect."""
    settled = frozenset(facts.overtaking)
    known = {move.user_id: (move.from_role_id, move.to_role_id) for move in moves if not move.joins}

    def held() -> list[HeldChange]:
        return [
            holding.change("leave", user_id, group_id=group.group_id, roles=known.get(user_id, (None, None)))
            for user_id in facts.leaving
            if user_id not in settled
        ]

    return await worked_out(held, count=len(facts.leaving))


def _held(group: Group, moves: Iterable[Move], holding: Holding) -> list[HeldChange]:
    return [
        holding.change(
            "join" if move.joins else "leave",
            move.user_id,
            group_id=group.group_id,
            roles=(move.from_role_id, move.to_role_id),
        )
        for move in moves
    ]
