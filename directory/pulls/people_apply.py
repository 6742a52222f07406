"""A run's people become true: a batch at a time, in units of a few verbs with the marks of what they did."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from uuid import UUID

from directory import users
from directory.commit import in_joined_followed_unit
from directory.errors import AlreadyExistsError, InvalidError, MetError, NotFoundError, RefusedError
from directory.meetings import known_by
from directory.model import UserAttributes, UserId
from directory.pulls.ground import Ground
from directory.pulls.newcomers import create_newcomers
from directory.pulls.outlooks import Outlook, SeenUser, edit_for
from directory.pulls.people_seen import meetings_of, outlooks_of, told_apart
from directory.pulls.progress import ApplyState, changes_in, counted, phase_of, with_state
from directory.pulls.renaming import Person, in_order_of_names, swap_names
from directory.store import adoptions
from directory.store.pulls import progress as run_rows
from directory.store.pulls import seen as seen_rows
from directory.store.pulls.plans import has_grown, look_anew
from directory.store.pulls.progress import Progress
from directory.store.unit import Row

BATCH = 100
"""People looked at together; so many newcomers are created in one unit, about 15 ms of SQLite's writer."""

VERBS = 15
"""Users changed one by one in one unit: about as long."""

IN_QUEUE = "waits in the adoption queue: somebody decides whether this is the one who is here"
REFUSED = "refused: somebody who is here has this user name or address"
WAITS_FOR_NAME = "has the user name of somebody whom this pull deletes; tried again behind that"
MOVED = "was changed here meanwhile; looked at again in the next pull"


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What became of some people."""

    counts: Counter[str] = field(default_factory=Counter)
    applied: list[Outlook] = field(default_factory=list)
    problems: dict[str, list[str]] = field(default_factory=dict)
    """Ids by what went wrong."""

    @property
    def settled(self) -> set[str]:
        """Everybody of whom something became."""
        return {one.ext_id for one in self.applied}.union(*self.problems.values())

    def did(self, outlook: Outlook) -> None:
        """Count one who is as was said."""
        self.applied.append(outlook)
        if outlook.action is not None:
            self.counts[outlook.action] += 1

    def failed(self, ext_id: str, problem: str, *, as_: str | None = "failed") -> None:
        """Note why one is not, and count it."""
        self.problems.setdefault(problem, []).append(ext_id)
        if as_ is not None:
            self.counts[as_] += 1


async def apply_people(ground: Ground, progress: Progress, state: ApplyState, *, now: datetime) -> bool:
    """Apply the next people of a part; False: there are no more.

    Each unit marks whom it settled and keeps how far it came, so that whoever goes on neither loses nor doubles any.
    """
    rows = await _rows(ground, state)
    if not rows:
        return False
    meant = [
        (seen, outlook)
        for seen, outlook in await outlooks_of(ground, rows)
        if seen.ext_id not in state.tried and (state.part == "late" or outlook.takes is (state.part == "leavers"))
    ]
    batch = _Batch(ground, progress, state, now=now)
    created = await batch.newcomers(meant)
    rest = [(seen, outlook) for seen, outlook in meant if seen.ext_id not in created]
    await batch.one_by_one(rest)
    await batch.end(rows[-1]["ext_id"])
    return True


async def _rows(ground: Ground, state: ApplyState) -> list[Row]:
    tenant_id, source_id = ground.tenant_id, ground.source_id
    if state.part == "late":
        return await seen_rows.list_with_problem(
            tenant_id, source_id, WAITS_FOR_NAME, after=state.after, limit=BATCH, of_run=ground.of_run
        )
    return await seen_rows.list_pending(tenant_id, source_id, after=state.after, limit=BATCH, of_run=ground.of_run)


class _Batch:
    """One batch of people in the making: its units follow each other."""

    def __init__(self, ground: Ground, progress: Progress, state: ApplyState, *, now: datetime) -> None:
        self._ground = ground
        self._progress = progress
        self._state = state
        self._now = now
        self._asked = frozenset[str]()

    async def newcomers(self, meant: Sequence[Person]) -> set[str]:
        """Create those who meet nobody, and mark those who are as was said already; returns whom that settled."""
        fresh = {one.ext_id: one for _, one in meant if one.action == "user:create"}
        settled = [one for _, one in meant if one.deed in {"nothing", "refuse"}]
        if not fresh and not settled:
            return set()

        async def body(outcome: Outcome) -> None:
            for ext_id in await create_newcomers(self._ground, [*fresh.values()], now=self._now) if fresh else ():
                outcome.did(fresh[ext_id])
            for one in settled:
                outcome.did(one) if one.deed == "nothing" else outcome.failed(one.ext_id, one.problem)

        before_count = self._progress.done_count
        done = await self._unit(body)
        if has_grown(before_count, self._progress.done_count):
            await look_anew()
        return done

    async def one_by_one(self, rest: Sequence[Person]) -> None:
        """Apply people by the verbs for one user, whoever leaves a user name before whoever takes it."""
        still = await self._still_queued(rest)
        self._asked = frozenset(seen.ext_id for seen, _ in rest)
        ordered = await in_order_of_names(self._ground, [person for person in rest if person[0].ext_id not in still])
        for circle in ordered.circles:
            await self._unit(partial(self._go_round, circle))
        late = ordered.late if self._state.part != "late" else frozenset[str]()
        for at in range(0, len(ordered.people), VERBS):
            await self._unit(partial(self._verbs, ordered.people[at : at + VERBS], late))

    async def end(self, after: str) -> None:
        """Keep that the batch is behind us."""
        self._state = replace(self._state, after=after, tried=())
        await self._unit(None)

    async def _still_queued(self, rest: Sequence[Person]) -> set[str]:
        """Return who waits for a decision since an earlier run, and meets the same still: no verb is needed to see."""
        queued = [outlook for seen, outlook in rest if seen.problem == IN_QUEUE and outlook.deed == "create"]
        met = await meetings_of(self._ground, queued)
        still = [
            one.ext_id
            for one in queued
            if one.ext_id in met
            and met[one.ext_id].matched is not None
            and not await told_apart(self._ground, one, met[one.ext_id])
            and await self._is_listed(one)
        ]
        if not still:
            return set()

        async def body(outcome: Outcome) -> None:
            for ext_id in still:
                outcome.failed(ext_id, IN_QUEUE, as_="user:meet")

        return await self._unit(body)

    async def _is_listed(self, one: Outlook) -> bool:
        """Whether the queue has them still: after 90 days it forgets, and whoever still waits is put there again."""
        ground = self._ground
        return bool(await adoptions.decided_pairs(ground.tenant_id, ground.source_id, known_by(one.ext_id)))

    async def _go_round(self, circle: Sequence[Person], outcome: Outcome) -> None:
        await swap_names(self._ground, [outlook for _, outlook in circle], now=self._now)
        await self._verbs(circle, frozenset(), outcome)

    async def _verbs(self, some: Sequence[Person], late: frozenset[str], outcome: Outcome) -> None:
        for seen, outlook in some:
            if seen.ext_id in late:
                outcome.failed(seen.ext_id, WAITS_FOR_NAME, as_=None)
            else:
                await self._one(seen, outlook, outcome)

    async def _one(self, seen: SeenUser, outlook: Outlook, outcome: Outcome) -> None:
        """Do what is done about one person; what is refused concerns nobody else, and waits for another run."""
        as_ = (
            "failed" if seen.ext_id in self._asked else None
        )  # others are looked at in a batch of their own, and count
        try:
            await do_deed(self._ground, seen, outlook, now=self._now)
        except MetError as error:
            outcome.failed(seen.ext_id, IN_QUEUE if error.queued else REFUSED, as_="user:meet")
        except NotFoundError:
            outcome.failed(seen.ext_id, MOVED, as_=as_)
        except (AlreadyExistsError, InvalidError, RefusedError) as error:
            outcome.failed(seen.ext_id, str(error), as_=as_)
        else:
            outcome.did(outlook)

    async def _unit(self, body: Callable[[Outcome], Awaitable[None]] | None) -> set[str]:
        """Run a part of the batch in one transaction with the marks of whom it settled; returns them."""

        async def marked() -> tuple[Outcome, ApplyState, Progress]:
            outcome = Outcome()
            if body is not None:
                await body(outcome)
            await self._mark(outcome)
            state = replace(self._state, tried=(*self._state.tried, *sorted(outcome.settled)))
            progress = _moved(self._progress, state, outcome)
            await run_rows.write_progress(self._ground.tenant_id, self._ground.run_id, progress, now=self._now)
            return outcome, state, progress

        outcome, self._state, self._progress = await in_joined_followed_unit(self._ground.tenant_id, marked)
        return outcome.settled

    async def _mark(self, outcome: Outcome) -> None:
        tenant_id, source_id = self._ground.tenant_id, self._ground.source_id
        for left_out in (False, True):
            some = [one.ext_id for one in outcome.applied if not one.ends and one.left_out is left_out]
            await seen_rows.mark_applied(tenant_id, source_id, some, left_out=left_out)
        await seen_rows.forget(tenant_id, source_id, [one.ext_id for one in outcome.applied if one.ends])
        # Whoever is not here and does not come any more asks for nobody: what is adopted then would never be heard of.
        away = [known_by(one.ext_id) for one in outcome.applied if one.deed == "nothing" and one.subject_id is None]
        await adoptions.withdraw(tenant_id, source_id, away)
        for problem, ext_ids in outcome.problems.items():
            await seen_rows.note_problem(tenant_id, source_id, ext_ids, problem)


async def do_deed(ground: Ground, seen: SeenUser, outlook: Outlook, *, now: datetime) -> None:
    """Create, edit or delete one user.

    Raises:
        DirectoryError: as the verbs do; nothing was changed then.
    """
    match outlook:
        case Outlook(deed="create", attributes=UserAttributes() as attributes):
            await users.create_user(attributes, by=ground.by, now=now, revive_inactive=False, on_match=ground.on_match)
        case Outlook(deed="edit", subject_id=UUID() as user_id):
            await users.edit_user(UserId(user_id), edit_for(seen, outlook), by=ground.by, now=now)
        case Outlook(deed="delete", subject_id=UUID() as user_id):
            await users.delete_user(UserId(user_id), by=ground.by, now=now)
        case _:
            raise NotFoundError("user", seen.ext_id)


def _moved(progress: Progress, state: ApplyState, outcome: Outcome) -> Progress:
    done = progress.done_count + changes_in(outcome.counts)
    return replace(
        with_state(progress, state),
        counts=counted(progress.counts, outcome.counts),
        done_count=done,
        phase=phase_of(state.part, done, progress.to_do_count),
    )
