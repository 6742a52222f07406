"""A matrix with all its names: what pages show of a change of the rules before it is applied."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from directory.guard import PRIVILEGED_WEIGHT, Budget
from directory.model import TenantId, UserId
from directory.route_weighing import Move, Mover, Placement, Tally
from directory.routes.drafts import AddRule, EditRule
from directory.routes.findings import Finding, GuardNote, Weighed, findings_for
from directory.routes.preview import Case, Matrix, each_weighed, weigher_for
from directory.routes.rules import privileged_below
from directory.routes.walks import find_walk
from directory.store import guard_budget
from directory.store.routes import preview as rows
from directory.store.routes import rules
from directory.store.routes.facts import find_feed
from directory.store.routes.preview import FIRST, Belongings, Person
from directory.store.routes.rules import Below, RoleBelow
from directory.store.unit import as_tenant

GUARDS_MAX = 200
"""Tenants whose guards are asked, those that most leave first."""

Where = tuple[Below, ...]
"""Some tenants, by slug; none is the queue, or nowhere yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """How many go from where to where."""

    before: Where
    after: Where
    count: int

    @property
    def stays(self) -> bool:
        """Whether only the role that a rule gives is another one."""
        return self.before == self.after


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedUser:
    """One user who goes anywhere else."""

    user_id: UserId
    person: Person
    before: Where
    after: Where
    role: str
    """What becomes of the role that rules give; empty where nothing does."""
    belongings: tuple[tuple[Below, Belongings], ...] = ()
    """What the user leaves behind, by tenant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MoverPage:
    """Some of those who move; ``next_after`` opens the next page."""

    users: list[MovedUser]
    next_after: UserId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A matrix as people see it."""

    matrix: Matrix
    cells: tuple[Cell, ...]
    """The largest first."""
    befores: tuple[Where, ...]
    afters: tuple[Where, ...]
    """Rows and columns of the table."""
    guards: tuple[GuardNote, ...]
    """Those whose limits do not let all leave."""
    holders: tuple[MovedUser, ...]
    groups: tuple[tuple[Below, int, int], ...]
    """(tenant, groups that come by rules of their own, groups that these no longer lead there)"""
    sample: tuple[MovedUser, ...]
    findings: tuple[Finding, ...]
    needs_consent: bool

    @property
    def over_count(self) -> int:
        """How many would be held by guards."""
        return sum(note.held_count for note in self.guards)

    def count_at(self, before: Where, after: Where) -> int:
        """Return the number in a cell of the table."""
        return next((cell.count for cell in self.cells if (cell.before, cell.after) == (before, after)), 0)


async def show(matrix: Matrix, *, now: datetime) -> Shown:
    """Return a matrix with the names of tenants, people and limits."""
    case, sides = matrix.case, matrix.sides
    below = {one.tenant_id: one for one in await rules.list_below(case.tenant_id)}
    cells = _cells(matrix.tally.counts, below)
    people = await rows.list_people(
        case.tenant_id, [*(one.user_id for one in sides.holders), *(one.user_id for one in sides.sample)]
    )
    privileged = await _privileged(case)
    roles = await rules.list_roles_below(case.tenant_id, _role_keys(matrix.tally.counts))
    granted = _granted(matrix.tally.counts, roles)
    guards = await _guards(sides.leaving, granted, below, now=now)
    walk = await find_walk(case.tenant_id)
    weighed = Weighed(
        change=case.change,
        total=matrix.total,
        newly_unrouted_count=sum(count for move, count in matrix.tally.counts.items() if not move.after),
        guards=guards,
        holder_count=sides.holder_count,
        meeting_counts=[(below[one].name, count) for one, count in sides.meeting.most_common() if count],
        privileged_names=[below[one].name for one in privileged if one in below],
        privileged_count=max(granted.values(), default=0),
        missing=_missing(matrix.tally.counts, roles, below),
        gone=[rule.label for rule in case.after.rules if not set(rule.goes_to) <= below.keys()],
        walking=walk is not None and walk.ended_at is None,
    )
    return Shown(
        matrix=matrix,
        cells=cells,
        befores=tuple(dict.fromkeys(cell.before for cell in cells)),
        afters=tuple(dict.fromkeys(cell.after for cell in cells)),
        guards=tuple(guards),
        holders=tuple(_holders(sides.holders, people, below)),
        groups=_groups(matrix.groups, below),
        sample=tuple(_moved(mover, people, below) for mover in sides.sample),
        findings=findings_for(weighed),
        needs_consent=bool(privileged),
    )


async def list_movers(
    case: Case, *, before: Sequence[str] | None, after: Sequence[str] | None, behind: UserId | None, limit: int
) -> MoverPage:
    """Return some of those who move, in the order of their ids, behind a user.

    ``before`` and ``after`` are the slugs of a cell; None asks for all.
    """
    below = {one.tenant_id: one for one in await rules.list_below(case.tenant_id)}
    found: list[Mover] = []
    async for batch in each_weighed(case, await weigher_for(case), tally=Tally(), after=behind or FIRST):
        found += [one for one in batch if _is_in(one.move, before, after, below)]
        if len(found) > limit:
            break
    page = found[:limit]
    return MoverPage(
        users=await _with_names(case, page, below),
        next_after=UserId(UUID(page[-1].user_id)) if len(found) > limit else None,
    )


async def each_mover(case: Case) -> AsyncIterator[list[MovedUser]]:
    """Yield everybody who moves, with what they leave behind, batch by batch."""
    below = {one.tenant_id: one for one in await rules.list_below(case.tenant_id)}
    async for batch in each_weighed(case, await weigher_for(case), tally=Tally()):
        for start in range(0, len(batch), rows.ASKED_USERS):
            yield await _with_names(case, batch[start : start + rows.ASKED_USERS], below)


async def _with_names(case: Case, movers: Sequence[Mover], below: dict[TenantId, Below]) -> list[MovedUser]:
    people = await rows.list_people(case.tenant_id, [mover.user_id for mover in movers])
    left = {mover.user_id: mover.move.left for mover in movers if mover.move.left}
    belongings: dict[str, list[Belongings]] = {}
    for one in await rows.list_belongings(case.tenant_id, list(left), ours=case.owner):
        if one.tenant_id in left[one.user_id] and (one.item_count or one.lock_role is not None):
            belongings.setdefault(one.user_id, []).append(one)
    return [_moved(mover, people, below, belongings.get(mover.user_id, ())) for mover in movers]


async def _guards(
    leaving: Counter[TenantId], granted: Counter[TenantId], below: dict[TenantId, Below], *, now: datetime
) -> list[GuardNote]:
    """Return whose limits, by what is left of them now, do not let all leave or get administration."""
    notes: list[GuardNote] = []
    for tenant_id, _ in (leaving + granted).most_common(GUARDS_MAX):
        async with as_tenant(tenant_id):
            feed = await find_feed(tenant_id)
            # Nothing was ever led there: its first limit is the least that there is.
            budget = (
                Budget(limits=await guard_budget.read_limits(tenant_id), active_count=0)
                if feed is None
                else await guard_budget.read_budget(tenant_id, feed["id"], now=now)
            )
        if budget.limits.on:
            notes += _notes_of(below[tenant_id].name, leaving[tenant_id], granted[tenant_id], budget)
    return [note for note in notes if note.held_count]


def _notes_of(name: str, leaving_count: int, granted_count: int, budget: Budget) -> Iterator[GuardNote]:
    left = max(budget.limit - budget.spent.users, 0) + budget.raised.users
    yield GuardNote(kind="leavers", name=name, wanted_count=leaving_count, left_count=left)
    # One alone passes while anything is left.
    left = -(-max(budget.limit - budget.spent.roles, 0) // PRIVILEGED_WEIGHT)
    left += budget.raised.roles // PRIVILEGED_WEIGHT
    yield GuardNote(kind="grants", name=name, wanted_count=granted_count, left_count=left)


async def _privileged(case: Case) -> list[TenantId]:
    change = case.change
    if not isinstance(change, AddRule | EditRule):
        return []
    return await privileged_below(case.tenant_id, change.draft)


def _cells(counts: Counter[Move], below: dict[TenantId, Below]) -> tuple[Cell, ...]:
    together: Counter[tuple[Where, Where]] = Counter()
    for move, count in counts.items():
        together[_where(move.before, below), _where(move.after, below)] += count
    return tuple(Cell(before=before, after=after, count=count) for (before, after), count in together.most_common())


def _where(placement: Placement, below: dict[TenantId, Below]) -> Where:
    return tuple(sorted((below[one] for one, _ in placement if one in below), key=_slug))


def _slug(one: Below) -> str:
    return one.slug


def _is_in(move: Move, before: Sequence[str] | None, after: Sequence[str] | None, below: dict[TenantId, Below]) -> bool:
    return all(
        wanted is None or [one.slug for one in _where(placement, below)] == sorted(wanted)
        for placement, wanted in ((move.before, before), (move.after, after))
    )


def _moved(
    mover: Mover,
    people: dict[str, Person],
    below: dict[TenantId, Below],
    belongings: Iterable[Belongings] = (),
) -> MovedUser:
    return MovedUser(
        user_id=UserId(UUID(mover.user_id)),
        person=people.get(mover.user_id, Person("", "", active=False)),
        before=_where(mover.move.before, below),
        after=_where(mover.move.after, below),
        role=_role_words(mover.move, below),
        belongings=tuple((below[one.tenant_id], one) for one in belongings if one.tenant_id in below),
    )


def _holders(
    holders: Iterable[Belongings], people: dict[str, Person], below: dict[TenantId, Below]
) -> Iterable[MovedUser]:
    for one in holders:
        if one.tenant_id in below:
            yield MovedUser(
                user_id=UserId(UUID(one.user_id)),
                person=people.get(one.user_id, Person("", "", active=False)),
                before=(below[one.tenant_id],),
                after=(),
                role="",
                belongings=((below[one.tenant_id], one),),
            )


def _role_words(move: Move, below: dict[TenantId, Below]) -> str:
    """Return in words what becomes of the roles that rules give."""
    was, becomes = dict(move.before), dict(move.after)
    told = [
        f"{below[one].name}: {role or 'as its mappings say'}"
        for one, role in becomes.items()
        if one in below and role != was.get(one)
    ]
    return "; ".join(told)


def _role_keys(counts: Counter[Move]) -> set[str]:
    return {role for move in counts for _, role in move.after if role is not None}


def _granted(counts: Counter[Move], roles: Sequence[RoleBelow]) -> Counter[TenantId]:
    """Return how many get administration by the role of a rule, by tenant."""
    privileged = {(role.tenant_id, key) for role in roles if role.privileged for key in role.keys}
    granted: Counter[TenantId] = Counter()
    for move, count in counts.items():
        granted.update({place[0]: count for place in move.after if place in privileged and place not in move.before})
    return granted


def _missing(counts: Counter[Move], roles: Sequence[RoleBelow], below: dict[TenantId, Below]) -> list[tuple[str, str]]:
    there = {(role.tenant_id, key) for role in roles for key in role.keys}
    wanted = {(one, role) for move in counts for one, role in move.after if role is not None}
    return sorted((below[one].name, role) for one, role in wanted - there if one in below)


def _groups(groups: Counter[tuple[TenantId, bool]], below: dict[TenantId, Below]) -> tuple[tuple[Below, int, int], ...]:
    tenants = sorted((below[one] for one in {one for one, _ in groups} if one in below), key=_slug)
    return tuple((one, groups[one.tenant_id, True], groups[one.tenant_id, False]) for one in tenants)
