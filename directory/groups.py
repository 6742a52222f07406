"""What can be done with groups: create, edit by deltas, delete, find, list."""

from collections.abc import Sequence
from datetime import datetime

from directory.commit import check_version, commit_plan, in_unit_of, source_of
from directory.edits import Expect, GroupEdit
from directory.errors import AlreadyExistsError, NotFoundError
from directory.facts import MembershipFacts, Moment
from directory.guarding import guard_members, with_alert
from directory.ids import new_id
from directory.member_facts import Unknown, find_leaving_facts, find_membership_facts
from directory.model import (
    Actor,
    Group,
    GroupAttributes,
    GroupId,
    Member,
    NestedGroup,
    SourceId,
    TenantId,
    UserId,
    WaitingMember,
)
from directory.person import check_group
from directory.plan import Plan, PutGroup, joined_plan
from directory.plan_groups import plan_group_edit, plan_group_end, plan_group_return, plan_members, plan_new_group
from directory.query import Found, Query, Window
from directory.roles import RolePolicy
from directory.store import circles, search
from directory.store.policy import read_policy
from directory.threads import worked_out


async def create_group(
    attributes: GroupAttributes,
    members: frozenset[str] | GroupEdit,
    *,
    by: Actor,
    now: datetime,
    unique_name: bool,
    unknown: Unknown,
) -> Group:
    """Create a group of the actor's source with its first members, by our id or by externalId.

    A deleted group comes back under its old id when the same source names the same externalId, so its mapping holds.

    Raises:
        AlreadyExistsError: the externalId is taken, or, with ``unique_name``, the name.
        InvalidError: the attributes cannot be a group, or a member is unknown and ``unknown`` is "reject".
    """
    check_group(attributes)
    first = members if isinstance(members, GroupEdit) else GroupEdit(add=members)

    async def body() -> Group:
        policy = await read_policy(by.tenant_id, hold="to decide")
        gone = await _tombstone(attributes, by=by)
        moment = Moment(at=now, by=by)
        group = gone or _blank(attributes, moment)
        facts = await find_membership_facts(group, first, policy=policy, unknown=unknown, new=gone is None)
        facts = await guard_members(group, facts, policy=policy, moment=moment)

        def planned() -> Plan:
            if gone is None:
                return plan_new_group(group, facts, policy=policy, claims_name=unique_name)
            return _return(gone, attributes, facts, policy=policy, moment=moment, claims_name=unique_name)

        plan = await worked_out(planned, count=facts.moved_count)
        await commit_plan(with_alert(plan, moment=moment), by=by, now=now)
        return _group_of(plan)

    return await in_unit_of(by, body)


async def edit_group(
    group_id: GroupId,
    edit: GroupEdit,
    *,
    by: Actor,
    now: datetime,
    expect: Expect = None,
    unknown: Unknown = "pending",
) -> Group:
    """Apply ``edit`` to a group, and what follows for the users it names.

    It costs what the edit names, however many members the group has.

    Raises:
        NotFoundError: no such group, or not this source's.
        StaleError: the group is not at the expected version.
        AlreadyExistsError: the new name or externalId is taken.
        InvalidError: the edited attributes cannot be a group, or a member is unknown and ``unknown`` is "reject".
    """

    async def body() -> Group:
        policy = await read_policy(by.tenant_id, hold="to decide")
        await circles.hold_unknown(by.tenant_id, source_of(by), edit.add - edit.nested)
        group = await _group_to_change(group_id, by=by)
        check_version("group", group_id, group.version, expect)
        facts = await find_membership_facts(group, edit, policy=policy, unknown=unknown)
        moment = Moment(at=now, by=by)
        facts = await guard_members(group, facts, policy=policy, moment=moment)
        plan = await worked_out(
            lambda: plan_group_edit(group, edit.change, facts, policy=policy, moment=moment), count=facts.moved_count
        )
        await commit_plan(with_alert(plan, moment=moment), by=by, now=now)
        return _group_of(plan) if plan else group

    return await in_unit_of(by, body)


async def delete_group(group_id: GroupId, *, by: Actor, now: datetime, expect: Expect = None) -> None:
    """Turn a group into a tombstone: its memberships end, its mapping stays for the day it returns.

    Raises:
        NotFoundError, StaleError: as for ``edit_group``.
        LastAdministratorError: the tenant would have no active administrator.
    """

    async def body() -> None:
        policy = await read_policy(by.tenant_id, hold="to decide")
        group = await _group_to_change(group_id, by=by)
        check_version("group", group_id, group.version, expect)
        moment = Moment(at=now, by=by)
        facts = await find_leaving_facts(group, policy=policy)
        facts = await guard_members(group, facts, policy=policy, moment=moment)
        plan = await worked_out(
            lambda: plan_group_end(group, facts, policy=policy, moment=moment), count=facts.moved_count
        )
        await commit_plan(with_alert(plan, moment=moment), by=by, now=now)

    await in_unit_of(by, body)


async def get_group(tenant_id: TenantId, group_id: GroupId, *, source_id: SourceId | None = None) -> Group:
    """Return a group; with ``source_id`` only if that source owns it.

    Raises:
        NotFoundError: no such group there.
    """
    group = await circles.find_group(tenant_id, group_id, source_id=source_id)
    if group is None:
        raise NotFoundError("group", group_id)
    return group


async def list_groups(
    tenant_id: TenantId, source_id: SourceId | None, query: Query | None, window: Window
) -> Found[Group]:
    """Return a page of what a search finds: the groups of a source, or with None of all.

    Raises:
        InvalidError: an attribute that cannot be searched or sorted by.
    """
    return await search.list_groups(tenant_id, source_id, query, window)


async def list_members(tenant_id: TenantId, group_id: GroupId, *, after: UserId | None, limit: int) -> list[Member]:
    """Return a page of a group's members in the order of their ids, after the given one."""
    return await circles.list_members(tenant_id, group_id, after=after, limit=limit)


async def members_of_groups(tenant_id: TenantId, group_ids: Sequence[GroupId]) -> dict[GroupId, list[Member]]:
    """Return all members of these groups; for answers that must list them."""
    return await circles.members_of(tenant_id, group_ids)


async def nested_of_groups(tenant_id: TenantId, group_ids: Sequence[GroupId]) -> dict[GroupId, list[NestedGroup]]:
    """Return the groups that are members of these groups; nobody's role comes from them."""
    return await circles.nested_of(tenant_id, group_ids)


async def list_waiting(tenant_id: TenantId, group_id: GroupId, *, limit: int) -> list[WaitingMember]:
    """Return values that wait for their user, the oldest first."""
    return await circles.list_waiting(tenant_id, group_id, limit=limit)


async def _tombstone(attributes: GroupAttributes, *, by: Actor) -> Group | None:
    """Return the deleted group that a posted one brings back."""
    external_id = attributes.external_id
    if external_id is None:
        return None
    found = await circles.find_group_by_external_id(by.tenant_id, source_of(by), external_id)
    if found is None:
        return None
    group, deleted = found
    if not deleted:
        raise AlreadyExistsError("group", "externalId", external_id)
    return group


def _return(
    gone: Group,
    attributes: GroupAttributes,
    facts: MembershipFacts,
    *,
    policy: RolePolicy,
    moment: Moment,
    claims_name: bool,
) -> Plan:
    back = plan_group_return(gone, attributes, facts, claims_name=claims_name, moment=moment)
    return joined_plan(back, plan_members(_group_of(back), facts, policy=policy))


def _blank(attributes: GroupAttributes, moment: Moment) -> Group:
    return Group(
        group_id=GroupId(new_id(moment.at)),
        tenant_id=moment.by.tenant_id,
        source_id=source_of(moment.by),
        attributes=attributes,
        member_count=0,
        waiting_count=0,
        version=1,
        created_at=moment.at,
        modified_at=moment.at,
    )


async def _group_to_change(group_id: GroupId, *, by: Actor) -> Group:
    group = await circles.find_group_to_change(by.tenant_id, group_id, source_id=source_of(by))
    if group is None:
        raise NotFoundError("group", group_id)
    return group


def _group_of(plan: Plan) -> Group:
    return next(change.group for change in plan.changes if isinstance(change, PutGroup))
