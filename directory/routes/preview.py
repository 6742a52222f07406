"""Who would go from which tenants to which by a change of the rules, before anything is saved."""

import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from uuid import UUID

from directory.ids import new_id
from directory.model import Actor, TenantId
from directory.route_weighing import Mover, Tally, Weigher, asked_groups, reads_documents, reads_names
from directory.routes.drafts import RuleChange, checked_change, text_of
from directory.routes.plan_rules import policy_after
from directory.routes.rules import check_named, get_routing
from directory.routing import RoutingPolicy, group_destinations
from directory.store import access
from directory.store.routes import preview as rows
from directory.store.routes.preview import FIRST, Belongings
from directory.store.unit import Row
from directory.threads import worked_out

HOLDERS_MAX = 50
"""People with equipment or locks who are named on the page; the file has them all."""
SAMPLE_MAX = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A change with what it is weighed by."""

    tenant_id: TenantId
    change: RuleChange | None
    """None: the rules as they are, for whoever is not where they lead."""
    before: RoutingPolicy
    after: RoutingPolicy
    owner: str
    """In whose name rules lock roles in tenants below."""


@dataclass(slots=True, kw_only=True)
class Sides:
    """What those who move have where they are, and meet where they come, added batch by batch."""

    leaving: Counter[TenantId] = field(default_factory=Counter)
    """Active copies that go, by tenant: they count of its guard's limits."""
    holders: list[Belongings] = field(default_factory=list)
    """The first of those who leave equipment or a lock behind."""
    holder_count: int = 0
    meeting: Counter[TenantId] = field(default_factory=Counter)
    """Users who come to where somebody has their name or address already."""
    sample: list[Mover] = field(default_factory=list)
    _arriving: dict[TenantId, list[str]] = field(default_factory=dict)

    async def add(self, case: Case, movers: Sequence[Mover]) -> None:
        """Look up a batch of users who move."""
        self.sample += movers[: SAMPLE_MAX - len(self.sample)]
        left = {mover.user_id: mover.move.left for mover in movers if mover.move.left}
        for one in await rows.list_belongings(case.tenant_id, list(left), ours=case.owner):
            if one.tenant_id in left[one.user_id]:
                self._note(one)
        for mover in movers:
            for tenant_id in mover.move.entered:
                self._arriving.setdefault(tenant_id, []).append(mover.user_id)
        await self._meet(case, at_least=rows.ASKED_USERS)

    async def finish(self, case: Case) -> None:
        """Look up whoever is left."""
        await self._meet(case, at_least=1)

    def _note(self, one: Belongings) -> None:
        self.leaving[one.tenant_id] += one.active
        if one.item_count or one.lock_role is not None:
            self.holder_count += 1
            if len(self.holders) < HOLDERS_MAX:
                self.holders.append(one)

    async def _meet(self, case: Case, *, at_least: int) -> None:
        for tenant_id, user_ids in self._arriving.items():
            if len(user_ids) >= at_least:
                self.meeting[tenant_id] += len(await rows.list_meeting(case.tenant_id, tenant_id, user_ids))
                user_ids.clear()


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """What a change of the rules comes to: how many go from where to where."""

    case: Case
    plan_hash: str
    """Of the change, the rules it was weighed under, and the exact set (user, from, to)."""
    tally: Tally
    sides: Sides
    groups: Counter[tuple[TenantId, bool]]
    """Groups that rules of their own lead to a tenant (True), or no longer (False)."""

    @property
    def total(self) -> int:
        """Users who go anywhere else, or to another role where they are."""
        return self.tally.total


async def case_for(change: RuleChange, *, by: Actor, now: datetime) -> Case:
    """Return what a change is weighed by, read in the open unit or as it is now.

    Raises:
        NotFoundError, InvalidError, ForbiddenError: as for ``rules.change_rules``.
    """
    by.require("mappings:manage")
    change = checked_change(change)
    before = await get_routing(by.tenant_id)
    await check_named(before, change, by=by)
    # Consent changes nobody's place: whoever applies it is asked for it then.
    after = policy_after(before, change, rule_id=new_id(now), consented_by=by.label)
    return await _case(by.tenant_id, before, after, change=change)


async def weigh(tenant_id: TenantId, policy: RoutingPolicy) -> Matrix:
    """Weigh all users of a super tenant as if these were its rules; nothing is changed.

    Raises:
        NotFoundError: it is no super tenant.
    """
    before = await get_routing(tenant_id)
    return await _weighed(await _case(tenant_id, before, policy, change=None))


async def preview(change: RuleChange, *, by: Actor, now: datetime) -> Matrix:
    """Weigh a change for everybody; nothing is changed.

    *From* is where a user is or is on the way to, *to* what the rules say then, by the facts of now. Raises as
    ``case_for`` does.
    """
    return await _weighed(await case_for(change, by=by, now=now))


async def each_step(case: Case) -> AsyncIterator[int | Matrix]:
    """Weigh everybody: yields how many are weighed so far, again and again, and at last what comes of it."""
    tally, sides = Tally(), Sides()
    weigher = await weigher_for(case)
    async for batch in each_weighed(case, weigher, tally=tally):
        await sides.add(case, batch)
        yield tally.weighed_count
    await sides.finish(case)
    groups = await _moving_groups(case)
    yield Matrix(case=case, plan_hash=_hash_of(case, tally, groups), tally=tally, sides=sides, groups=groups)


async def _weighed(case: Case) -> Matrix:
    *_, found = [step async for step in each_step(case)]
    assert isinstance(found, Matrix)  # noqa: S101  # the last step
    return found


async def weigher_for(case: Case) -> Weigher:
    """Return what says where users go by the rules as they would be."""
    policy = case.after
    named = {one.condition.value for one in policy.rules if one.kind == "user" and one.condition.kind == "group"}
    wanted = None if reads_names(policy) else {one for one in named if one is not None}
    names = await rows.list_group_names(case.tenant_id, wanted)
    return Weigher(policy, asked_groups(policy, names))


async def each_weighed(
    case: Case, weigher: Weigher, *, tally: Tally, after: UUID = FIRST
) -> AsyncIterator[list[Mover]]:
    """Yield those who move behind ``after``, batch by batch, in the order of their ids; ``tally`` counts them."""
    there = frozenset((case.after.slugs or {}).values())
    documents = reads_documents(case.after)

    def weighed(batch: Sequence[Row]) -> list[Mover]:
        return tally.add(rows.weighables(batch, there), weigher)

    async for batch in rows.each_batch(case.tenant_id, weigher.group_ids, documents=documents, after=after):
        yield await worked_out(partial(weighed, batch), count=len(batch))


async def _case(tenant_id: TenantId, before: RoutingPolicy, after: RoutingPolicy, *, change: RuleChange | None) -> Case:
    tenant = await access.find_tenant(tenant_id)
    owner = "" if tenant is None else f"{tenant.name} (routing)"
    return Case(tenant_id=tenant_id, change=change, before=before, after=after, owner=owner)


async def _moving_groups(case: Case) -> Counter[tuple[TenantId, bool]]:
    """Return where groups come by rules of their own, and from where these no longer lead them."""
    moving: Counter[tuple[TenantId, bool]] = Counter()
    if not any(rule.kind == "group" for rule in (*case.before.rules, *case.after.rules)):
        return moving
    there = frozenset((case.after.slugs or {}).values())
    async for batch in rows.each_led_group(case.tenant_id):
        for group in batch:
            led = group_destinations(group.group_id, group.name, group.source_id, case.after)
            after = {one.tenant_id for one in led}
            moving.update((tenant_id, True) for tenant_id in after - group.before)
            moving.update((tenant_id, False) for tenant_id in (group.before & there) - after)
    return moving


def _hash_of(case: Case, tally: Tally, groups: Counter[tuple[TenantId, bool]]) -> str:
    """Return what must be the same when the change is applied."""
    head = "" if case.change is None else text_of(case.change)
    rules = repr(replace(case.before, slugs=None)) + repr(sorted((case.before.slugs or {}).items()))
    led = repr(sorted((str(where), arrives, count) for (where, arrives), count in groups.items()))
    return hashlib.sha256(head.encode() + rules.encode() + led.encode() + tally.digest).hexdigest()
