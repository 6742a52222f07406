"""The queue of those who met somebody here: what speaks for one person and for two, and what an operator decides."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal, get_args
from uuid import UUID

from directory.adoption_cases import Case, Entry, State, entry_from, read_case, read_entry, read_facts, values_of
from directory.commit import commit_plan, in_unit_of
from directory.errors import InvalidError, LastLocalAdministratorError, MovedError
from directory.facts import Moment
from directory.meetings import Matched
from directory.model import Actor, SourceId, TenantId
from directory.plan import AttributeChange, Event, Plan, UpdateRows, joined_plan
from directory.plan_adoptions import plan_adoption, plan_gone_adoption
from directory.reach import check_within, role_within
from directory.store import adoptions, circles, people
from directory.store.policy import hold_tenant, read_policy
from directory.store.unit import in_unit

STATES: tuple[State, ...] = ("open", "adopted", "apart", "rejected")
"""Those that a list is narrowed to."""

MATCHES: tuple[Matched, ...] = get_args(Matched)
Verdict = Literal["adopt", "apart", "reject", "reopen"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
AFTER: Mapping[Verdict, State] = MappingProxyType(
    {"adopt": "adopted", "apart": "apart", "reject": "rejected", "reopen": "open"}
)
FROM: Mapping[Verdict, tuple[State, ...]] = MappingProxyType(
    {
        "adopt": ("open", "apart", "rejected"),
        "apart": ("open", "rejected"),
        "reject": ("open", "apart"),
        "reopen": ("apart", "rejected"),
    }
)

COUNTED_MAX = 5_000
KEPT_FOR = timedelta(days=90)
"""Entries that their source has not sent for so long are forgotten, with what it had sent."""

FORGOTTEN_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFilter:
    """Which entries are wanted; None wants all."""

    state: State | None = "open"
    source_id: SourceId | None = None
    matched: Matched | None = None

    def columns(self) -> dict[str, object]:
        """Return what the columns of the wanted entries hold."""
        return {"state": self.state, "source_id": self.source_id, "matched": self.matched}


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryPage:
    """Some entries, the newest first; ``next_before`` opens the next page."""

    entries: list[Entry]
    next_before: UUID | None


async def list_entries(
    tenant_id: TenantId, wanted: EntryFilter, *, before: UUID | None = None, limit: int
) -> EntryPage:
    """Return a page of the queue, the newest first."""
    rows = await adoptions.page_of_entries(tenant_id, wanted.columns(), before=before, limit=limit + 1)
    entries = [entry_from(row) for row in rows[:limit]]
    return EntryPage(entries=entries, next_before=entries[-1].entry_id if len(rows) > limit else None)


async def count_entries(tenant_id: TenantId, wanted: EntryFilter) -> int:
    """Return how many entries the filter finds; ``COUNTED_MAX`` stands for so many or more."""
    return await adoptions.count_entries(tenant_id, wanted.columns(), at_most=COUNTED_MAX)


async def get_case(tenant_id: TenantId, entry_id: UUID) -> Case:
    """Return an entry with what is known of both.

    Raises:
        NotFoundError: no such entry, or whom it met is erased.
    """
    return await read_case(await read_entry(tenant_id, entry_id), tenant_id)


async def decide(entry_id: UUID, verdict: Verdict, *, seen: str, by: Actor, now: datetime) -> None:
    """Decide on an entry, as it was seen.

    *adopt*: the source owns the user from now on, and the next time it sends it, it is taken. *apart*: the next time it
    is another person. *reject*: it goes on being refused. *reopen*: it waits again.

    Raises:
        NotFoundError: no such entry.
        MovedError: the entry or the user is no longer as it was seen.
        InvalidError: that cannot be decided of this one; says why.
        LastLocalAdministratorError: the last local administrator would belong to a feed.
        LastAdministratorError: the tenant would have no active administrator.
        AlreadyExistsError: the source knows somebody else by that externalId.
        ForbiddenError: the actor may not manage users, or the user's role carries more than the actor's own.
    """
    by.require("users:manage")

    async def body() -> None:
        await read_policy(by.tenant_id, hold="to decide")
        entry = await read_entry(by.tenant_id, entry_id)
        await circles.hold_names(by.tenant_id, entry.source_id, values_of(entry))
        await people.group_ids_to_change(by.tenant_id, entry.user_id)
        if not entry.user_deleted:
            await people.find_user_to_change(by.tenant_id, entry.user_id)
        state = await adoptions.hold_entry(by.tenant_id, entry_id)
        case = await read_case(await read_entry(by.tenant_id, entry_id), by.tenant_id)
        if case.seen != seen or state != case.entry.state:
            raise MovedError
        await role_within(case.role.role_id, by=by, gone=True)
        if case.entry.state not in FROM[verdict]:
            raise InvalidError("entry", "is decided already")
        plan = await _PLANS[verdict](case, by, now)
        await commit_plan(joined_plan(plan, _settled(case, verdict, by=by, now=now)), by=by, now=now)

    await in_unit_of(by, body)


async def forget_entries(*, now: datetime) -> int:
    """Delete entries whose source has not sent them for 90 days; returns how many."""

    async def body() -> int:
        return await adoptions.delete_old(now - KEPT_FOR, limit=FORGOTTEN_BATCH)

    return await in_unit(None, body)


async def _adoption(case: Case, by: Actor, now: datetime) -> Plan:
    if case.obstacle:
        raise InvalidError("entry", case.obstacle)
    entry, user = case.entry, case.user
    moment = Moment(at=now, by=by)
    if entry.user_deleted:
        return plan_gone_adoption(user, entry.source_id, entry.external_id or "")
    for role in (case.role_after, *case.under_lock):
        check_within(role, by=by)
    policy = await read_policy(by.tenant_id)
    is_local_administrator = (
        user.source_id is None and user.active and user.decision.role_id == policy.administrator_role_id
    )
    if is_local_administrator:
        await hold_tenant(by.tenant_id)  # of two at once, the second sees that the first is local no more
        if not await adoptions.has_other_local_administrator(by.tenant_id, user.user_id):
            raise LastLocalAdministratorError
    return plan_adoption(await read_facts(entry, user), policy=policy, moment=moment)


async def _told_apart(case: Case, by: Actor, now: datetime) -> Plan:
    del by, now
    if case.entry.matched in {"user name", "external id"} and case.entry.own_user_id is None:
        raise InvalidError("entry", "cannot be told apart: a user name belongs to one person")
    return _verdict_plan(case, "user:adoption:apart")


async def _rejection(case: Case, by: Actor, now: datetime) -> Plan:
    del by, now
    return _verdict_plan(case, "user:adoption:rejected")


async def _reopening(case: Case, by: Actor, now: datetime) -> Plan:
    del by, now
    return _verdict_plan(case, "user:adoption:reopened")


_PLANS: Mapping[Verdict, Callable[[Case, Actor, datetime], Awaitable[Plan]]] = MappingProxyType(
    {"adopt": _adoption, "apart": _told_apart, "reject": _rejection, "reopen": _reopening}
)


def _verdict_plan(case: Case, action: str) -> Plan:
    told = AttributeChange(name="connection", old=None, new=case.source.label)
    event = Event(
        action=action,
        subject_kind="user",
        subject_id=case.user.user_id,
        subject_label=case.user.promoted.display_name,
        changes=(told,),
    )
    return Plan(events=(event,))


def _settled(case: Case, verdict: Verdict, *, by: Actor, now: datetime) -> Plan:
    waits = verdict == "reopen"
    put = UpdateRows(
        table="adoption_row",
        values={
            "state": AFTER[verdict],
            "decided_at": None if waits else now,
            "decided_by": None if waits else by.label,
            "applied_at": None,
        },
        where={"tenant_id": by.tenant_id, "id": case.entry.entry_id},
        require=1,
    )
    return Plan(changes=(put,))
