"""Taking back one deed inside the open unit of work: the one way in which it is tried out, done, and done for many."""

from dataclasses import replace
from uuid import UUID

from directory.commit import commit_plan
from directory.errors import InvalidError, MovedError, RefusedError
from directory.events import EventView
from directory.facts import Moment
from directory.inverse_users import ends
from directory.model import EventId, UserId
from directory.plan import AttributeChange, DecideRoles, Event, Plan, joined_plan
from directory.plan_roles import plan_decisions
from directory.plan_undo import plan_undo, told_rows
from directory.reach import check_within
from directory.store import people, undo
from directory.store.policy import read_policy
from directory.undo_facts import grants_administration, roles_as_restored, roles_touched
from directory.undo_ground import UndoGround
from directory.undo_steps import Conflict

UNDONE = "change:undone"
NOTHING_LEFT = Conflict(thing="change", text="What came since has left nothing of it that could be put back.")


class TouchedSinceError(RefusedError):
    """What a deed left is no longer so."""

    def __init__(self, conflicts: tuple[Conflict, ...]) -> None:
        super().__init__("its results were touched since")
        self.conflicts = conflicts


async def take_back(
    event: EventView, ground: UndoGround, *, consented_by: str | None, moment: Moment, job_id: UUID | None = None
) -> EventId:
    """Put back what a deed changed, and decide the roles that follow; returns the event that tells of it.

    ``consented_by``: whoever consented to mappings that grant administration again. ``job_id``: of an undo of many.

    Raises:
        TouchedSinceError: somebody or something touched its results.
        ForbiddenError: it gives or takes away more than the actor's own role carries.
        LastAdministratorError, AlreadyExistsError, InvalidError: as for the changes that it is made of.
    """
    if ground.conflicts:
        raise TouchedSinceError(ground.conflicts)
    by, facts = moment.by, ground.facts
    touched = [facts.roles[role_id] for role_id in sorted(roles_touched(facts) & facts.roles.keys())]
    for role in (*touched, *roles_as_restored(facts)):
        check_within(role, by=by)
    if consented_by is None and grants_administration(facts):
        raise InvalidError("consent", "is needed: it gives administration again. Undo it by itself")
    back = plan_undo(facts, consented_by=consented_by, moment=moment)
    if not back.changes:
        raise TouchedSinceError((NOTHING_LEFT,))
    plan = replace(joined_plan(_told(event, ground), back), demotes_administrator=True)
    event_id = await commit_plan(plan, by=by, now=moment.at, job_id=job_id)
    if event_id is None:
        raise MovedError
    await undo.mark_undone(by.tenant_id, ground.deed, by=event_id)
    await _decide(ground, moment=moment)
    return event_id


def _told(event: EventView, ground: UndoGround) -> Plan:
    """Return the record that leads: what was undone, and the rows that no other event tells of."""
    told = AttributeChange(name="change", old=None, new=ground.deed.action)
    lead = Event(
        action=UNDONE,
        subject_kind=event.subject_kind,  # type: ignore[arg-type]  # events are read back as they were written
        subject_id=event.subject_id,
        subject_label=event.subject_label,
        changes=(told, *told_rows(ground.facts)),
    )
    return Plan(events=(lead,))


async def _decide(ground: UndoGround, *, moment: Moment) -> None:
    """Decide anew the roles of those whose lock, life or status came back; mappings are followed by a walk."""
    going = {step.user_id for step, _ in ground.facts.steps if ends(step)}
    user_ids: list[UserId] = sorted(ground.facts.users.keys() - going)
    if not user_ids:
        return
    by = moment.by
    policy = await read_policy(by.tenant_id)
    decided = plan_decisions(policy, await people.list_role_facts(by.tenant_id, user_ids), at=moment.at)
    given = {after.role_id for change in decided.changes if isinstance(change, DecideRoles)
             for _, after in change.decisions}  # fmt: skip
    for role_id in sorted(given & policy.roles.keys()):
        check_within(policy.roles[role_id], by=by)
    # Before: that an administrator stays is judged by the rule, which the plan of before has already changed.
    await commit_plan(replace(decided, demotes_administrator=False), by=by, now=moment.at)
