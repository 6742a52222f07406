"""Applying a change of the rules that was previewed: exactly that set, or nothing."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from directory.errors import MovedError
from directory.model import Actor
from directory.routes.drafts import AddRule, EditRule, RuleChange
from directory.routes.preview import Matrix, preview
from directory.routes.rules import change_rules, privileged_below
from directory.routes.walks import count_everybody
from directory.routing import RoutingPolicy
from directory.store.routes.preview import newest_event

EXACT_MAX = 500
"""So many users are weighed again inside the unit that applies."""

UNSEEN_MAX = 2_000
"""Of more users nobody is weighed before somebody asks to see what a change does."""

TRIES = 3


class _RestlessError(Exception):
    """Something moved between weighing and the unit that applies; perhaps nothing that matters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Expected:
    """What was previewed, as it stood a moment before the unit that applies it."""

    matrix: Matrix
    plan_hash: str
    newest: UUID | None
    """The newest event, read before the weighing: whatever moves after that tells one."""
    is_last: bool


async def apply(
    change: RuleChange, plan_hash: str, *, consent: bool = False, lets_pass: bool = False, by: Actor, now: datetime
) -> None:
    """Make a change of the rules if it still does what the preview with this hash said, and to the same users.

    Everybody is weighed once more outside of any unit, so that no writer waits for it. Up to 500 users are weighed
    again in the unit itself; of more the newest event is compared, and another one means to weigh again. Where a
    source never rests, the third weighing counts: what it did not see came after it, and the walk sees it.

    Raises:
        MovedError: it would now do something else; nothing was changed.
        NotFoundError, InvalidError, ForbiddenError: as for ``rules.change_rules``.
    """
    for tried in range(1, TRIES + 1):
        newest = await newest_event(by.tenant_id)
        matrix = await preview(change, by=by, now=now)
        if matrix.plan_hash != plan_hash:
            raise MovedError
        expected = _Expected(matrix=matrix, plan_hash=plan_hash, newest=newest, is_last=tried == TRIES)
        try:
            still = partial(_check_still, expected, change, by, now)
            await change_rules(change, consent=consent, lets_pass=lets_pass, still=still, by=by, now=now)
        except _RestlessError:
            continue
        return


async def _check_still(expected: _Expected, change: RuleChange, by: Actor, now: datetime, held: RoutingPolicy) -> None:
    """Refuse, inside the unit that applies, what is no longer as it was weighed."""
    if held != expected.matrix.case.before:
        raise MovedError
    if expected.matrix.tally.weighed_count <= EXACT_MAX:
        again = await preview(change, by=by, now=now)
        if again.plan_hash != expected.plan_hash:
            raise MovedError
        return
    if not expected.is_last and await newest_event(by.tenant_id) != expected.newest:
        raise _RestlessError


async def apply_unseen(change: RuleChange, *, by: Actor, now: datetime) -> bool:
    """Make a change at once where a small tenant shows that nobody goes anywhere by it; tells whether it did.

    Raises as ``apply`` does.
    """
    if await count_everybody(by.tenant_id) > UNSEEN_MAX:
        return False
    matrix = await preview(change, by=by, now=now)
    gives = isinstance(change, AddRule | EditRule) and await privileged_below(by.tenant_id, change.draft)
    if matrix.total or matrix.groups or gives:
        return False
    await apply(change, matrix.plan_hash, by=by, now=now)
    return True
