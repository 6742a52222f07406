"""Who would change from what role to what role, before anything is saved: by the rule that applying decides by."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from directory.effects import Line, Outcome, Tally, lines_of
from directory.errors import MovedError
from directory.model import AccessRole, Actor, RoleId, UserId
from directory.preview_case import Case, case_for, hash_of, named_roles, tally_of, touched_roles
from directory.preview_findings import Finding, Weighing, findings_for
from directory.proposals import Proposal
from directory.store import access, proposed
from directory.threads import worked_out

__all__ = [
    "ChangePage",
    "ChangedUser",
    "Finding",
    "PairCount",
    "Preview",
    "changes_nobody",
    "each_change",
    "list_changes",
    "preview",
]


TRIES = 3
PAGE_USERS = 500
"""How many are looked at first where a few are wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairCount:
    """How many users go from one role to another."""

    from_role: AccessRole
    to_role: AccessRole
    count: int
    disabled_count: int
    """Of them those who are disabled: the role is theirs when they return."""
    privileged: bool
    """Whether it gives administration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedUser:
    """One user of a preview."""

    user_id: UserId
    user_name: str
    display_name: str
    active: bool
    from_role: AccessRole
    to_role: AccessRole
    privileged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a proposal comes to."""

    proposal: Proposal
    subject: str
    """The name of the group or user that it is about."""
    given: AccessRole | None
    """The role that the proposal names."""
    plan_hash: str
    """Of the proposal, the policy it was weighed under and the exact set (user, from, to, locked)."""
    pairs: tuple[PairCount, ...]
    """The largest first, whatever gives administration before all others."""
    total: int
    """Users whose role changes."""
    locked_count: int
    """Users who would change but for their role lock."""
    kept_count: int
    """Users whose lock changes and whose role does not."""
    leaves_no_administrator: bool
    findings: tuple[Finding, ...]
    sample: tuple[ChangedUser, ...]

    @property
    def privileged_count(self) -> int:
        """Users who would be given administration."""
        return sum(pair.count for pair in self.pairs if pair.privileged)

    @property
    def disabled_count(self) -> int:
        """Users whose role changes while they are disabled."""
        return sum(pair.disabled_count for pair in self.pairs)

    @property
    def refused(self) -> bool:
        """Whether it cannot be applied like this."""
        return any(finding.refuses for finding in self.findings)

    @property
    def needs_consent(self) -> bool:
        """Whether applying it asks for consent."""
        return any(finding.kind == "consent" for finding in self.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePage:
    """Some of the users; ``next_after`` opens the next page."""

    users: list[ChangedUser]
    next_after: UserId | None


async def preview(proposal: Proposal, *, by: Actor, now: datetime) -> Preview:
    """Weigh a proposal against everybody it can concern; nothing is changed.

    ``from`` is the role that is stored, ``to`` what the role rule gives under the new policy, by the memberships and
    locks of now. What stands against applying comes as findings.

    Raises:
        NotFoundError: no such group, line or user.
        AlreadyExistsError: the group to be added is mapped.
        InvalidError: no such role; or a lock without reason, or one that would be over.
        ForbiddenError: the actor may not do such things.
        MovedError: roles were made and given faster than they could be read.
    """
    case, tally = await _weighed(proposal, by=by, now=now)
    leaves_none = await _leaves_no_administrator(case, tally)
    pairs = _pairs(case, tally)
    weighing = Weighing(
        proposal=proposal,
        given=case.given,
        touched_roles=touched_roles(case, tally),
        named_roles=named_roles(case),
        privileged_count=sum(pair.count for pair in pairs if pair.privileged),
        changed_count=tally.count("changes"),
        kept_count=tally.count("kept"),
        leaves_no_administrator=leaves_none,
        deciding=case.deciding,
    )
    return Preview(
        proposal=proposal,
        subject=case.subject,
        given=case.given,
        plan_hash=hash_of(case, tally),
        pairs=pairs,
        total=tally.count("changes"),
        locked_count=tally.count("locked"),
        kept_count=tally.count("kept"),
        leaves_no_administrator=leaves_none,
        findings=findings_for(weighing, by=by),
        sample=tuple(await _named(case, tally.sample)),
    )


async def changes_nobody(proposal: Proposal, *, by: Actor, now: datetime) -> bool:
    """Whether nobody's role would change: looks no further than the first who would."""
    case = await case_for(proposal, by=by, now=now)
    async for batch in proposed.each_alike(case.tenant_id, case.scope, first=PAGE_USERS):
        if lines_of(batch, case.effect, kind="changes"):
            return False
    return True


async def list_changes(
    proposal: Proposal, *, by: Actor, now: datetime, after: UserId | None, limit: int, locked: bool = False
) -> ChangePage:
    """Return users whose role would change, in the order of their ids; ``locked``: those whom a lock keeps from it."""
    case = await case_for(proposal, by=by, now=now)
    found: list[Line] = []
    async for lines in _each_line(case, after=after, locked=locked, first=PAGE_USERS):
        found += lines
        if len(found) > limit:
            break
    page = found[:limit]
    return ChangePage(
        users=await _named(case, page), next_after=UserId(UUID(page[-1].user_id)) if len(found) > limit else None
    )


async def each_change(
    proposal: Proposal, *, by: Actor, now: datetime, locked: bool = False
) -> AsyncIterator[list[ChangedUser]]:
    """Yield the same users, all of them, batch by batch."""
    case = await case_for(proposal, by=by, now=now)
    async for lines in _each_line(case, after=None, locked=locked):
        if lines:
            yield await _named(case, lines)


async def _weighed(proposal: Proposal, *, by: Actor, now: datetime) -> tuple[Case, Tally]:
    """Weigh everybody; again where somebody has a role by now that was made after the roles were read."""
    for _ in range(TRIES):
        case = await case_for(proposal, by=by, now=now)
        tally = await tally_of(case)
        if tally.role_ids <= case.roles.keys():
            return case, tally
    raise MovedError


def _pairs(case: Case, tally: Tally) -> tuple[PairCount, ...]:
    active: dict[Outcome, int] = {}
    disabled: dict[Outcome, int] = {}
    for outcome, count in tally.counts.items():
        if outcome.kind == "changes":
            among = active if outcome.active else disabled
            pair = outcome._replace(active=True, locked=False, locked_after=False)
            among[pair] = among.get(pair, 0) + count
    found = [
        PairCount(
            from_role=case.roles[pair.from_role_id],
            to_role=case.roles[pair.to_role_id],
            count=active.get(pair, 0) + disabled.get(pair, 0),
            disabled_count=disabled.get(pair, 0),
            privileged=tally.gives_administration(pair),
        )
        for pair in {**active, **disabled}
    ]
    found.sort(key=lambda pair: (not pair.privileged, -pair.count, pair.from_role.name, pair.to_role.name))
    return tuple(found)


async def _each_line(
    case: Case, *, after: UserId | None, locked: bool, first: int | None = None
) -> AsyncIterator[list[Line]]:
    kind = "locked" if locked else "changes"
    async for batch in proposed.each_alike(case.tenant_id, case.scope, after=after, first=first):
        count = sum(len(alike.user_ids) for alike in batch)
        yield await worked_out(partial(lines_of, batch, case.effect, kind=kind), count=count)


async def _named(case: Case, lines: Sequence[Line]) -> list[ChangedUser]:
    user_ids = [UserId(UUID(line.user_id)) for line in lines]
    names = await proposed.names_of(case.tenant_id, user_ids)
    roles = await _roles_in(case, lines)
    return [
        ChangedUser(
            user_id=user_id,
            user_name=names[user_id][0],
            display_name=names[user_id][1],
            active=outcome.active,
            from_role=roles[outcome.from_role_id],
            to_role=roles[outcome.to_role_id],
            privileged=roles[outcome.to_role_id].privileged and not roles[outcome.from_role_id].privileged,
        )
        for user_id, (_, outcome) in zip(user_ids, lines, strict=True)
    ]


async def _roles_in(case: Case, lines: Sequence[Line]) -> dict[RoleId, AccessRole]:
    """Return the roles, read anew where a line has one that was made after the case was put together."""
    if all(role_id in case.roles for _, outcome in lines for role_id in outcome[:2]):
        return case.roles
    return {role.role_id: role for role in await access.list_roles(case.tenant_id, gone=True)}


async def _leaves_no_administrator(case: Case, tally: Tally) -> bool:
    """Whether the tenant has active administrators, by the rule, and would have none: as the commit judges it."""
    if tally.administrators >= 0:
        return False
    return await proposed.count_administrators(case.tenant_id) + tally.administrators <= 0
