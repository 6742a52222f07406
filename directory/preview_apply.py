"""Applying what was previewed: exactly that set, or nothing."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TypeAlias

from directory import locks, mappings
from directory.errors import InvalidError, MovedError
from directory.mappings import Still
from directory.model import Actor, GroupId
from directory.preview_case import Case, case_for, hash_of, tally_of, touched_roles
from directory.proposals import LockProposal, LockRole, Proposal
from directory.reach import check_within
from directory.store import people, policy, proposed
from directory.store.proposed import Mark, Members
from directory.store.unit import fenced

EXACT_MAX = 500
"""So many users are weighed again inside the unit that applies: 5 ms of SQLite's write lock (measured)."""

EXACT_AT_LAST_MAX = 5_000
"""So many at the last try, where something moved each time: 40 ms of that lock, rather than never to succeed."""

TRIES = 3


class _RestlessError(Exception):
    """Something moved between weighing and the unit that applies; perhaps nothing that matters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Expected:
    """What was previewed, as it stood a moment before the unit that applies it."""

    proposal: Proposal
    plan_hash: str
    policy_version: int
    scope_count: int
    group_ids: frozenset[GroupId]
    """The mapped groups that had anybody of those weighed."""
    mark: Mark
    last: bool = False
    """Whether it is not tried again."""


Deed: TypeAlias = Callable[[Still], Awaitable[None]]
"""Does by other means what a proposal says; asks first, in its unit of work, whether all stands as it was weighed."""


async def apply(
    proposal: Proposal, plan_hash: str, *, consent: bool, deed: Deed | None = None, by: Actor, now: datetime
) -> None:
    """Make a proposal true if it still does what the preview with this hash said, and to the same users.

    ``deed`` does it instead of the verb: an undo, which comes to the same roles and puts back more than the verb can.

    Raises:
        MovedError: it would now do something else; nothing was changed.
        NotFoundError, AlreadyExistsError, InvalidError, ForbiddenError, LastAdministratorError: as for the verbs that
            it stands for, ``mappings.change_policy``, ``locks.lock_role`` and ``locks.unlock_role``.
    """
    for tried in range(1, TRIES + 1):
        weighed = await _weighed(proposal, plan_hash, consent=consent, by=by, now=now)
        expected = replace(weighed, last=tried == TRIES)
        try:
            await _apply(expected, deed, consent=consent, by=by, now=now)
        except _RestlessError:
            continue
        return
    raise MovedError


async def _weighed(proposal: Proposal, plan_hash: str, *, consent: bool, by: Actor, now: datetime) -> _Expected:
    """Weigh everybody outside of any unit: it may take a second, and writers do not wait for it.

    The mark is read first: whatever moves after that shows in it.
    """
    case = await case_for(proposal, by=by, now=now)
    mark = await proposed.read_mark(by.tenant_id, case.scope)
    tally = await tally_of(case)
    if hash_of(case, tally) != plan_hash:
        raise MovedError
    gives = any(tally.gives_administration(outcome) for outcome in tally.counts if outcome.kind == "changes")
    if not isinstance(proposal, LockProposal):
        if gives:
            _check_consent(consent=consent, by=by)
        for role in touched_roles(case, tally):
            check_within(role, by=by)
    return _Expected(
        proposal=proposal,
        plan_hash=plan_hash,
        policy_version=case.policy.version,
        scope_count=tally.scope_count,
        group_ids=frozenset(tally.group_ids),
        mark=mark,
    )


async def _apply(expected: _Expected, deed: Deed | None, *, consent: bool, by: Actor, now: datetime) -> None:
    still = partial(_check_still, expected, by=by, now=now)
    proposal = expected.proposal
    if deed is not None:
        await deed(still)
        return
    if not isinstance(proposal, LockProposal):
        await mappings.change_policy(proposal, consent=consent, still=still, by=by, now=now)
        return
    with fenced(still):
        if isinstance(proposal, LockRole):
            await locks.lock_role(
                proposal.user_id, proposal.role_id, reason=proposal.reason, until=proposal.until, by=by, now=now
            )
        else:
            await locks.unlock_role(proposal.user_id, by=by, now=now)


async def _check_still(expected: _Expected, *, by: Actor, now: datetime) -> None:
    """Refuse, inside the unit that applies, what is no longer as it was weighed."""
    if isinstance(expected.proposal, LockProposal):
        await policy.read_policy(by.tenant_id, hold="to decide")
        await people.find_user_to_change(by.tenant_id, expected.proposal.user_id)
    case = await case_for(expected.proposal, by=by, now=now)
    if case.policy.version != expected.policy_version:
        raise MovedError
    if expected.scope_count <= EXACT_MAX:
        await _check_exactly(case, expected.plan_hash)
    elif not await _rested(case, expected):
        # Whoever decides a role holds the policy, which this unit holds alone: what is compared stays so.
        if not expected.last or expected.scope_count > EXACT_AT_LAST_MAX:
            raise _RestlessError
        await _check_exactly(case, expected.plan_hash)


async def _rested(case: Case, expected: _Expected) -> bool:
    """Whether it is certain, without looking at everybody, that nothing moved since the weighing that matters."""
    moved = (await proposed.read_mark(case.tenant_id, case.scope)).moved_groups(expected.mark)
    if not moved or not isinstance(case.scope, Members):
        return moved is not None and not moved
    # Another group that had nobody of the members, and has nobody now, says nothing of any of them.
    if case.scope.group_id in moved or moved & expected.group_ids:
        return False
    return await proposed.share_nobody(case.tenant_id, case.scope.group_id, moved)


async def _check_exactly(case: Case, plan_hash: str) -> None:
    if hash_of(case, await tally_of(case)) != plan_hash:
        raise MovedError


def _check_consent(*, consent: bool, by: Actor) -> None:
    """Somebody comes by administration through a group: as for a mapping to such a role, whatever brings it about."""
    if not consent:
        raise InvalidError("consent", "is needed: it gives administration")
    by.require("settings:manage")
