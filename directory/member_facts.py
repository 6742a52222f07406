"""What an edit of a group's members really changes: statements that depend on the edit, never on the group's size."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from functools import partial
from operator import attrgetter
from typing import Literal

from directory.edits import GroupEdit
from directory.errors import InvalidError
from directory.facts import MembershipFacts
from directory.model import Group, GroupId, UserId
from directory.roles import RolePolicy
from directory.store import circles, people
from directory.store.circles import NamedUser
from directory.threads import worked_out

Unknown = Literal["pending", "reject"]
"""What becomes of members that name no user: they wait for it, or the edit is refused."""

DECIDED_AT_ONCE_MAX = 500
"""Users whose roles are decided in the transaction that moves them; a larger move is followed by a walk over them."""

# An id compares in Python, its number in C: 100,000 of them sort in 20 ms instead of 200.
_by_number = attrgetter("int")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    """Whom the values of an edit name."""

    users: dict[str, NamedUser] = field(default_factory=dict)
    groups: dict[str, GroupId] = field(default_factory=dict)

    @property
    def values(self) -> set[str]:
        """The values that name somebody."""
        return {*self.users, *self.groups}


def decides(policy: RolePolicy, group_id: GroupId) -> bool:
    """Whether roles depend on who is in the group."""
    return group_id in policy.mapped_group_ids


async def find_membership_facts(
    group: Group, edit: GroupEdit, *, policy: RolePolicy, unknown: Unknown, new: bool = False
) -> MembershipFacts:
    """Return what an edit of members really changes; nobody is in a ``new`` group, so nobody is looked for there.

    Raises:
        InvalidError: a member is unknown and ``unknown`` is "reject", or the group is to be a member of itself.
    """
    if not (edit.add or edit.remove or edit.replace):
        return MembershipFacts()
    tenant_id, group_id, count = group.tenant_id, group.group_id, len(edit.add) + len(edit.remove)
    named = await _named(group, edit, unknown=unknown)
    wanted, unwanted = await worked_out(partial(_meant, edit, named), count=count)
    known = {} if new else await circles.members_among(tenant_id, group_id, wanted | unwanted)
    already = {user_id: member.label for user_id, member in known.items() if not member.gone}
    leaving = {user_id: known[user_id].withheld for user_id in already.keys() & unwanted}
    if edit.replace:
        leaving = await circles.members_besides(tenant_id, group_id, wanted)
    strange = edit.add - named.values
    begin, end = (set(strange), set[str]()) if new else await _waiting_moves(group, edit, strange)
    nesting, unnesting = await _nested_moves(group, edit, named)
    moves = await worked_out(partial(_moves, edit, named, wanted, already, leaving.keys()), count=count + len(leaving))
    moving = sorted([*moves.joining, *moves.leaving], key=_by_number)
    back = {user_id for user_id, member in known.items() if member.gone and user_id in wanted}
    return replace(
        await _with_deciders(moves, moving, group, policy=policy),
        overtaking=_overtaking(back, leaving),
        waiting=tuple(sorted(begin)),
        no_longer_waiting=tuple(sorted(end)),
        nesting=nesting,
        unnesting=unnesting,
    )


async def find_leaving_facts(group: Group, *, policy: RolePolicy) -> MembershipFacts:
    """Return what it comes to that all members of a group leave."""
    leaving = await circles.member_ids(group.tenant_id, group.group_id)
    facts = MembershipFacts(leaving=tuple(leaving), overtaking=_overtaking(set(), leaving))
    return await _with_deciders(facts, facts.leaving, group, policy=policy)


def _overtaking(back: set[UserId], leaving: Mapping[UserId, bool]) -> tuple[UserId, ...]:
    """Return those for whom what the guard held is no longer so: they come back, or leave what they never got into."""
    withheld = {user_id for user_id, held in leaving.items() if held}
    return tuple(sorted(back | withheld, key=_by_number))


async def _with_deciders(
    facts: MembershipFacts, moving: Sequence[UserId], group: Group, *, policy: RolePolicy
) -> MembershipFacts:
    """Add what the roles of those who move are decided by, if any depend on it; of very many a walk finds out."""
    if not moving or not decides(policy, group.group_id):
        return facts
    if len(moving) > DECIDED_AT_ONCE_MAX:
        return replace(facts, deferred=True)
    return replace(facts, deciders=tuple(await people.list_role_facts(group.tenant_id, moving)))


def _meant(edit: GroupEdit, named: _Named) -> tuple[set[UserId], set[UserId]]:
    """Return the users who are to be members, and those who are not."""
    wanted = {named.users[value].user_id for value in edit.add & named.users.keys()}
    return wanted, {named.users[value].user_id for value in edit.remove & named.users.keys()} - wanted


def _moves(
    edit: GroupEdit,
    named: _Named,
    wanted: AbstractSet[UserId],
    already: Mapping[UserId, str | None],
    leaving: AbstractSet[UserId],
) -> MembershipFacts:
    """Return which users join, leave, or are called otherwise."""
    joining = wanted - already.keys()
    labels = _labels(edit, named)
    return MembershipFacts(
        joining=tuple(sorted(joining, key=_by_number)),
        leaving=tuple(sorted(leaving, key=_by_number)),
        labels={user_id: label for user_id, label in labels.items() if user_id in joining},
        relabelled={
            user_id: label for user_id, label in labels.items() if user_id in already and already[user_id] != label
        },
    )


async def _named(group: Group, edit: GroupEdit, *, unknown: Unknown) -> _Named:
    """Find out whom the values name; who is named by a value that no user has may be a group."""
    tenant_id, source_id = group.tenant_id, group.source_id
    values, way = (edit.add | edit.remove) - edit.nested, edit.by_external_id
    users = await circles.users_named(tenant_id, source_id, values, by_external_id=way)
    strange = edit.add - users.keys()
    if strange - edit.nested:  # whoever arrives just now is either found here, or finds the group waiting
        await circles.hold_names(tenant_id, source_id, strange - edit.nested)
        users |= await circles.users_named(tenant_id, source_id, strange - edit.nested, by_external_id=way)
        strange = edit.add - users.keys()
    leavers = edit.remove - users.keys() if group.nested_count else frozenset[str]()
    groups = await circles.groups_named(tenant_id, source_id, strange | leavers) if strange or leavers else {}
    strange -= groups.keys()
    if strange and unknown == "reject":
        shown = ", ".join(sorted(strange)[:10])
        raise InvalidError("members", f"name {len(strange)} users who do not exist: {shown}")
    if groups and any(groups.get(value) == group.group_id for value in edit.add):
        raise InvalidError("members", "name the group itself")
    return _Named(users=users, groups=groups)


def _labels(edit: GroupEdit, named: _Named) -> dict[UserId, str]:
    """Return what the source calls users otherwise than we do."""
    return {
        user.user_id: label
        for value, label in edit.labels.items()
        if (user := named.users.get(value)) is not None and label != user.display_name
    }


async def _waiting_moves(group: Group, edit: GroupEdit, strange: frozenset[str]) -> tuple[set[str], set[str]]:
    """Return which values begin to wait, and which wait no more."""
    if not strange and (group.waiting_count == 0 or not (edit.remove or edit.replace)):
        return set(), set()
    tenant_id, group_id = group.tenant_id, group.group_id
    if edit.replace:
        waits = {member.value for member in await circles.list_waiting(tenant_id, group_id)}
        return set(strange - waits), waits - strange
    waits = await circles.waiting_among(tenant_id, group_id, strange | edit.remove)
    return set(strange - waits), waits - edit.add


async def _nested_moves(
    group: Group, edit: GroupEdit, named: _Named
) -> tuple[dict[GroupId, str | None], tuple[GroupId, ...]]:
    """Return which groups become members or are called otherwise, and which are members no more."""
    wanted = {named.groups[value]: edit.labels.get(value) for value in edit.add & named.groups.keys()}
    gone = {named.groups[value] for value in edit.remove & named.groups.keys()}
    if not wanted and (group.nested_count == 0 or not (gone or edit.replace)):
        return {}, ()
    present = await circles.nested_in(group.tenant_id, group.group_id) if group.nested_count else {}
    nesting = {group_id: label for group_id, label in wanted.items() if group_id not in present}
    leaving = present.keys() - wanted.keys() if edit.replace else present.keys() & gone
    return nesting, tuple(sorted(leaving, key=_by_number))
