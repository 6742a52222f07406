"""Who has which item: lent, given back, and what disabled people still have."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from directory.commit import commit_plan, in_unit_of
from directory.equipment_model import Item, ItemId, Loan, LoanId, Money, Terms, checked_terms, plain_text
from directory.errors import InvalidError, NotFoundError
from directory.facts import Moment
from directory.ids import new_id
from directory.model import Actor, TenantId, UserId
from directory.page_keys import parse_key, render_key
from directory.plan import Plan, joined_plan
from directory.plan_equipment import HandIn, Keeper, check_in_stock, plan_check_in, plan_check_out, plan_new_terms
from directory.store import equipment, loan_people, loans, return_tasks
from directory.store.errors import ConcurrencyError
from directory.store.loans import HeldItem, Holder, PastLoan, find_holders
from directory.store.return_tasks import FIRST, ReturnTask

__all__ = [
    "CHECKED_IN_MAX",
    "DisabledHolder",
    "HeldItem",
    "Holder",
    "HolderPage",
    "PastLoan",
    "change_due",
    "check_in",
    "check_out",
    "count_disabled_holders",
    "counts_of",
    "find_holders",
    "find_loan",
    "held_by",
    "holds_equipment",
    "list_disabled_holders",
    "list_former",
    "list_loans",
]

CHECKED_IN_MAX = 200
"""So many items are taken back at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DisabledHolder:
    """Somebody disabled or deleted who still has equipment."""

    user_id: UserId
    name: str
    user_name: str
    department: str | None
    deleted: bool
    disabled_at: datetime
    days: int
    """Whole days since then."""
    manager: str
    manager_email: str | None
    items: tuple[HeldItem, ...]
    values: tuple[Money, ...]
    """What the items are worth together, a sum for each currency."""
    last_contact_at: datetime | None
    """When somebody was last written to about the return."""
    sent_to: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HolderPage:
    """Some of them, those who left first at the beginning; ``next_after`` opens the next page."""

    holders: list[DisabledHolder]
    next_after: str | None


async def check_out(item_id: ItemId, user_id: UserId, terms: Terms, *, by: Actor, now: datetime) -> Loan:
    """Give an item to a user; whoever has it already keeps it, as it is. Somebody disabled is asked to return it.

    Raises:
        NotFoundError: no such item, or no such user.
        InvalidError: somebody else has the item, or it is retired or lost.
        ForbiddenError: the actor may not manage users and what they hold.
    """
    by.require("users:manage")
    terms = checked_terms(terms)

    async def body() -> Loan:
        keepers = await loan_people.hold_people(by.tenant_id, [user_id])
        items = await equipment.hold_items(by.tenant_id, [item_id])
        if user_id not in keepers:
            raise NotFoundError("user", user_id)
        if not items:
            raise NotFoundError("item", item_id)
        known = (await loans.open_loans(by.tenant_id, [item_id])).get(item_id)
        if known is not None and known.user_id == user_id:
            return known
        check_in_stock(items[0])
        loan_id = LoanId(new_id(now))
        plan = plan_check_out(items[0], keepers[user_id], loan_id, terms, moment=Moment(at=now, by=by))
        await commit_plan(plan, by=by, now=now)
        return (await loans.open_loans(by.tenant_id, [item_id]))[item_id]

    return await in_unit_of(by, body)


async def check_in(item_ids: Collection[ItemId], given: HandIn, *, by: Actor, now: datetime) -> int:
    """Take items back, or give them up as lost; returns how many were out. What nobody has stays as it is.

    With the last item of somebody who left, the return task is done.

    Raises:
        NotFoundError: one of them is no item of the tenant.
        InvalidError: too many at once, or a text that cannot be kept.
        ForbiddenError: as for ``check_out``.
    """
    by.require("users:manage")
    wanted = sorted(set(item_ids))
    if len(wanted) > CHECKED_IN_MAX:
        raise InvalidError("items", f"are more than {CHECKED_IN_MAX}: take them back in several steps")
    given = HandIn(condition=plain_text("condition", given.condition), state=given.state)

    async def body() -> int:
        seen = await loans.open_loans(by.tenant_id, wanted)
        keepers = await loan_people.hold_people(by.tenant_id, [loan.user_id for loan in seen.values()], gone=True)
        items = await equipment.hold_items(by.tenant_id, wanted)
        if len(items) < len(wanted):
            raise NotFoundError("item", next(one for one in wanted if one not in {item.item_id for item in items}))
        out = await loans.open_loans(by.tenant_id, wanted)
        if {loan.user_id for loan in out.values()} - set(keepers):
            raise ConcurrencyError("an item changed hands meanwhile")
        moment = Moment(at=now, by=by)
        plan = await plan_of_check_in(items, out, keepers, given, moment=moment)
        await commit_plan(plan, by=by, now=now)
        return len(out)

    return await in_unit_of(by, body)


async def plan_of_check_in(
    items: Sequence[Item], out: dict[ItemId, Loan], keepers: dict[UserId, Keeper], given: HandIn, *, moment: Moment
) -> Plan:
    """Return the plan by which items come back whose rows, and whose holders, are held."""
    tenant_id = moment.by.tenant_id
    left = await loans.counts_of(tenant_id, list(keepers))
    tasks = await return_tasks.open_of(tenant_id, list(keepers))
    plans: list[Plan] = []
    for item in items:
        loan = out.get(item.item_id)
        if loan is None:
            continue
        left[loan.user_id] -= 1
        closes = tasks.get(loan.user_id) if left[loan.user_id] == 0 else None
        plans.append(plan_check_in(item, loan, keepers[loan.user_id], given, moment=moment, closes=closes))
    return joined_plan(*plans)


async def change_due(item_id: ItemId, due_at: datetime | None, *, by: Actor, now: datetime) -> None:
    """Say until when somebody has an item.

    Raises:
        NotFoundError: no such item, or nobody has it.
        ForbiddenError: as for ``check_out``.
    """
    by.require("users:manage")

    async def body() -> None:
        items = await equipment.hold_items(by.tenant_id, [item_id])
        loan = (await loans.open_loans(by.tenant_id, [item_id])).get(item_id)
        if not items or loan is None:
            raise NotFoundError("loan", item_id)
        keepers = await loan_people.find_people(by.tenant_id, [loan.user_id])
        await commit_plan(plan_new_terms(items[0], loan, keepers[loan.user_id], due_at), by=by, now=now)

    await in_unit_of(by, body)


async def find_loan(tenant_id: TenantId, item_id: ItemId) -> Loan | None:
    """Return the loan of an item that somebody has."""
    return (await loans.open_loans(tenant_id, [item_id])).get(item_id)


async def list_loans(tenant_id: TenantId, item_id: ItemId, *, before: LoanId | None, limit: int) -> list[PastLoan]:
    """Return who had an item and has it, the newest first."""
    return await loans.loans_of_item(tenant_id, item_id, before=before, limit=limit)


async def held_by(tenant_id: TenantId, user_id: UserId) -> list[HeldItem]:
    """Return what a user has, by tag."""
    return (await loans.held_by(tenant_id, [user_id])).get(user_id, [])


async def list_former(tenant_id: TenantId, user_id: UserId, *, limit: int) -> list[HeldItem]:
    """Return what a user had and gave back, the newest first."""
    return await loans.formerly_held_by(tenant_id, user_id, limit=limit)


async def counts_of(tenant_id: TenantId, user_ids: Sequence[UserId]) -> dict[UserId, int]:
    """Return how many items these users have; who has none is left out."""
    return await loans.counts_of(tenant_id, user_ids)


async def holds_equipment(tenant_id: TenantId, user_ids: Sequence[UserId]) -> set[UserId]:
    """Return which of these users, deleted ones too, have equipment: nobody forgets them before it is back."""
    return set(await loans.counts_of(tenant_id, user_ids))


async def count_disabled_holders(tenant_id: TenantId) -> int:
    """Return how many disabled or deleted people have equipment, counted up to 1,000."""
    return await return_tasks.count_open(tenant_id)


async def list_disabled_holders(tenant_id: TenantId, *, after: str | None, limit: int, now: datetime) -> HolderPage:
    """Return a page of disabled and deleted people who still have equipment, those who left first at the beginning.

    Raises:
        InvalidError: ``after`` was not made by an earlier page.
    """
    behind: tuple[datetime, UUID] = (datetime.min.replace(tzinfo=now.tzinfo), FIRST)
    if after is not None:
        behind = parse_key(after, "time")
    tasks = await return_tasks.list_open(tenant_id, after=behind, limit=limit + 1)
    more = len(tasks) > limit
    tasks = tasks[:limit]
    held = await loans.held_by(tenant_id, [task.user_id for task in tasks])
    return HolderPage(
        holders=[_holder(task, held.get(task.user_id, []), now) for task in tasks],
        next_after=render_key(tasks[-1].since, tasks[-1].task_id) if more else None,
    )


def _holder(task: ReturnTask, items: Sequence[HeldItem], now: datetime) -> DisabledHolder:
    sums: dict[str, int] = {}
    for held in items:
        if (value := held.item.details.value) is not None:
            sums[value.currency] = sums.get(value.currency, 0) + value.minor
    return DisabledHolder(
        user_id=task.user_id,
        name=task.display_name,
        user_name=task.user_name,
        department=task.department,
        deleted=task.gone,
        disabled_at=task.since,
        days=max((now - task.since).days, 0),
        manager=task.manager,
        manager_email=task.manager_email,
        items=tuple(items),
        values=tuple(Money(minor=minor, currency=currency) for currency, minor in sorted(sums.items())),
        last_contact_at=task.told_at,
        sent_to=task.sent_to,
    )
