"""Return tasks: who left with equipment, who was asked to get it back, and reminding them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from directory.alerts import ALERT_KINDS
from directory.commit import commit_plan, in_unit_of
from directory.errors import InvalidError, NotFoundError
from directory.mail_addresses import parse_address
from directory.model import Actor, SourceId, TenantId, UserId
from directory.outbox import queue_message
from directory.plan import AttributeChange, Change, Event, Plan, UpdateRows
from directory.return_mail import render_return_mail
from directory.store import loans, profiles, return_tasks
from directory.store.loans import HeldItem
from directory.store.return_tasks import COUNTED_MAX, ReturnTask

__all__ = [
    "COUNTED_MAX",
    "ReturnTask",
    "count_tasks",
    "find_task",
    "has_untold_tasks",
    "list_contradictions",
    "remind",
    "tell_managers",
]

TOLD_BATCH = 20
RECIPIENTS_MAX = 50
"""As many as there can be of alerts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """Who is asked to see to a return."""

    manager_id: UserId | None
    addresses: tuple[str, ...]


async def has_untold_tasks(_now: datetime) -> bool:
    """Whether somebody left with equipment of whom nobody was told yet."""
    return bool(await return_tasks.list_untold(1))


async def tell_managers(*, now: datetime) -> int:
    """Ask managers of those who left with equipment, or whoever is told of all alerts; returns for how many."""
    untold = await return_tasks.list_untold(TOLD_BATCH)
    for tenant_id, task_id, user_id in untold:
        by = Actor(tenant_id=tenant_id, kind="system", label="return tasks")
        await _tell(task_id, user_id, by=by, now=now, reminder=False)
    return len(untold)


async def remind(user_id: UserId, *, by: Actor, now: datetime) -> str:
    """Ask again; returns whom.

    Raises:
        NotFoundError: the user has nothing to return.
        InvalidError: there is nobody to be asked: neither a manager with an address nor a recipient of all alerts.
        ForbiddenError: the actor may not manage users and what they hold.
    """
    by.require("users:manage")
    task = await return_tasks.find_open(by.tenant_id, user_id)
    if task is None:
        raise NotFoundError("return task", user_id)
    sent_to = await _tell(task.task_id, user_id, by=by, now=now, reminder=True)
    if not sent_to:
        raise InvalidError("mail", "has nobody to go to: the person has no manager with an address here")
    return sent_to


async def find_task(tenant_id: TenantId, user_id: UserId) -> ReturnTask | None:
    """Return the open task of a user, or None."""
    return await return_tasks.find_open(tenant_id, user_id)


async def count_tasks(tenant_id: TenantId) -> int:
    """Return how many tasks are open; ``COUNTED_MAX`` stands for so many or more."""
    return await return_tasks.count_open(tenant_id)


async def list_contradictions(tenant_id: TenantId) -> list[UserId]:
    """Return users whose tasks are not what their status and loans say; there are none."""
    return await return_tasks.list_contradictions(tenant_id)


async def _tell(task_id: UUID, user_id: UserId, *, by: Actor, now: datetime, reminder: bool) -> str:
    async def body() -> str:
        if not await return_tasks.hold_task(by.tenant_id, task_id):
            return ""
        task = await return_tasks.find_open(by.tenant_id, user_id)
        items = (await loans.held_by(by.tenant_id, [user_id])).get(user_id, [])
        if task is None or not items:
            return ""
        asked = await _find_asked(task)
        if reminder and not asked.addresses:
            return ""
        await commit_plan(_plan(task, items, asked, now=now, reminder=reminder), by=by, now=now)
        return ", ".join(asked.addresses)

    return await in_unit_of(by, body)


async def _find_asked(task: ReturnTask) -> _Asked:
    """Return the manager, if an address of it is known; otherwise those who are told of alerts of all kinds."""
    ref, source_id = task.person["manager_ref"], task.person["source_id"]
    found = None
    if ref:
        found = await profiles.find_manager(task.tenant_id, None if source_id is None else SourceId(source_id), ref)
    if found is not None and found.active and found.user_id != task.user_id:
        address = await return_tasks.find_address(task.tenant_id, found.user_id)
        if address is not None and (usable := _usable([address])):
            return _Asked(manager_id=found.user_id, addresses=usable)
    told = await return_tasks.list_recipients(task.tenant_id, limit=RECIPIENTS_MAX)
    others = _usable([address for address, kinds in told if kinds.issuperset(ALERT_KINDS)])
    return _Asked(manager_id=None if found is None else found.user_id, addresses=others)


def _usable(addresses: list[str]) -> tuple[str, ...]:
    """Return what mail can be sent to; what a source reports as an address may be anything."""
    found: list[str] = []
    for address in addresses:
        try:
            found.append(parse_address(address, "address"))
        except InvalidError:
            continue
    return tuple(dict.fromkeys(found))


def _plan(task: ReturnTask, items: list[HeldItem], asked: _Asked, *, now: datetime, reminder: bool) -> Plan:
    mails = [render_return_mail(task, items, address, reminder=reminder) for address in asked.addresses]
    values = {
        "manager_id": asked.manager_id,
        "sent_to": ", ".join(asked.addresses),
        "told_at": now,
        "told_count": task.told_count + 1,
    }
    where = {"tenant_id": task.tenant_id, "id": task.task_id, "closed_at": None}
    stamp: Change = UpdateRows(table="return_task_row", values=values, where=where, require=1)
    told = Event(
        action="user:return:reminded" if reminder else "user:return:asked",
        subject_kind="user",
        subject_id=task.user_id,
        subject_label=task.display_name or task.user_name,
        changes=(
            AttributeChange(name="items", old=None, new=", ".join(held.item.details.tag for held in items)[:1_000]),
            AttributeChange(name="mailed to", old=None, new=", ".join(asked.addresses) or "nobody"),
        ),
    )
    return Plan(
        changes=(stamp, *(queue_message(mail, tenant_id=task.tenant_id, now=now) for mail in mails)), events=(told,)
    )
