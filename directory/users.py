"""What can be done with users: create, edit, delete, find, list."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from directory.aliases import kept_name
from directory.commit import check_version, commit_plan, in_unit_of, source_of
from directory.edits import Expect, UserEdit
from directory.errors import AlreadyExistsError, NotFoundError
from directory.facts import Arrival, Moment, role_facts
from directory.guarding import guard_arrival, guard_link, plan_guarded_edit, plan_guarded_end, with_alert
from directory.ids import new_id
from directory.meetings import (
    MeetingError,
    OnMatch,
    at_first_contact,
    check_newcomer,
    is_expected,
    keys_of,
    met_owner,
    moves_names,
    note_meeting,
    note_return,
    note_shared,
    note_taken,
)
from directory.model import Actor, GroupId, SourceId, TenantId, User, UserAttributes, UserId, UserView
from directory.names import name_key
from directory.person import check_user
from directory.plan import Plan, PutUser, joined_plan
from directory.plan_users import Kept, plan_arrival, plan_new_user, plan_return
from directory.query import Found, Query, Window
from directory.roles import RolePolicy
from directory.store import access, blocks, circles, people, search, views
from directory.store.arrivals import look_around
from directory.store.policy import read_policy


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRef:
    """A group that has a user directly."""

    group_id: GroupId
    display_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Link:
    """What is held before the user who gets an externalId: what decides roles, the id, and the groups that wait."""

    external_id: str
    policy: RolePolicy
    arrival: Arrival


class _NewLinkError(Exception):
    """An edit gives a user another externalId, which was not held before the user; for ``edit_user`` alone."""

    def __init__(self, external_id: str) -> None:
        super().__init__("another externalId")
        self.external_id = external_id


async def create_user(
    attributes: UserAttributes, *, by: Actor, now: datetime, revive_inactive: bool, on_match: OnMatch = "queue"
) -> tuple[User, bool]:
    """Create a user of the actor's source; returns it, and whether nobody had seen it before.

    A deleted user comes back when the same source names the same externalId. With ``revive_inactive`` an inactive user
    of the same source and name keeps its id and groups and takes the attributes; so does one that an operator gave to
    the source, once. It joins groups that wait for it.

    Raises:
        AlreadyExistsError: an active user has the user name or the externalId.
        MetError: it may be somebody who is not the source's, or no more; ``on_match`` says what then.
        InvalidError: the attributes cannot be a user.
    """
    check_user(attributes)

    async def body() -> tuple[User, bool]:
        keys = [] if on_match == "apart" else keys_of(attributes)
        policy, met = await look_around(by.tenant_id, source_of(by), attributes.user_name, attributes.external_id, keys)
        arrival = await _arrival(attributes, by=by, revive_inactive=revive_inactive) if met else Arrival()
        if arrival.twin is not None:
            link = _Link(external_id=attributes.external_id or "", policy=policy, arrival=arrival)
            back = arrival.twin.reported_deleted_at is not None
            return await _meet(arrival.twin, attributes, link, moment=Moment(at=now, by=by)), back
        if met and arrival.tombstone is None:
            await check_newcomer(attributes, by=by, on_match=on_match)
        moment = Moment(at=now, by=by)
        plan = await _creation(attributes, policy=policy, arrival=arrival, moment=moment)
        await commit_plan(with_alert(plan, moment=moment), by=by, now=now)
        if arrival.tombstone is not None:
            await note_return(arrival.tombstone, _user_of(plan), moment=moment)
        return _user_of(plan), arrival.tombstone is None

    try:
        return await in_unit_of(by, body)
    except MeetingError as error:
        await note_meeting(error, attributes, by=by, now=now)
        raise


async def edit_user(user_id: UserId, edit: UserEdit, *, by: Actor, now: datetime, expect: Expect = None) -> User:
    """Apply ``edit`` to a user of the actor's source; if nothing comes of it, the user is returned as it is.

    Everybody holds policy, externalIds and groups before users. Which externalId comes of an edit shows once the user
    is held: if it is another one, all begins anew and in that order, so that the usual edit pays nothing for it.

    Raises:
        NotFoundError: no such user, or not this source's.
        StaleError: the user is not at the expected version.
        AlreadyExistsError: the new user name or externalId is taken.
        InvalidError: the edited attributes cannot be a user.
        LastAdministratorError: the tenant would have no active administrator.
    """
    new_id_seen: str | None = None

    async def body() -> User:
        link = None if new_id_seen is None else await _held_link(new_id_seen, by=by)
        user = await people.find_user_to_edit(by.tenant_id, user_id, source_id=source_of(by))
        if user is None:
            raise NotFoundError("user", user_id)
        check_version("user", user_id, user.version, expect)
        return await _edit(user, edit, link, moment=Moment(at=now, by=by))

    while True:
        try:
            return await in_unit_of(by, body)
        except _NewLinkError as seen:
            new_id_seen = seen.external_id
        except AlreadyExistsError as error:
            await note_taken(user_id, error, by=by, now=now)
            raise


async def delete_user(user_id: UserId, *, by: Actor, now: datetime, expect: Expect = None) -> None:
    """Turn a user into a tombstone: gone at once, without memberships and sign-ins; the same source may revive it.

    Raises:
        NotFoundError, StaleError, LastAdministratorError: as for ``edit_user``.
    """

    async def body() -> None:
        await people.group_ids_to_change(by.tenant_id, user_id)  # groups before users: everybody locks in this order
        user = await _user_to_change(user_id, by=by)
        check_version("user", user_id, user.version, expect)
        group_ids = await people.group_ids_to_change(by.tenant_id, user_id)
        moment = Moment(at=now, by=by)
        plan = await plan_guarded_end(user, group_ids, moment=moment)
        await commit_plan(with_alert(plan, moment=moment), by=by, now=now)

    await in_unit_of(by, body)


async def get_user(tenant_id: TenantId, user_id: UserId, *, source_id: SourceId | None = None) -> User:
    """Return a user; with ``source_id`` only if that source owns it.

    Raises:
        NotFoundError: no such user there.
    """
    user = await people.find_user(tenant_id, user_id, source_id=source_id)
    if user is None:
        raise NotFoundError("user", user_id)
    return user


async def show_user(
    tenant_id: TenantId, user_id: UserId, source_id: SourceId, *, with_groups: bool = False
) -> UserView:
    """Return what a source is shown of a user of its own.

    Raises:
        NotFoundError: no such user, or not this source's.
    """
    view = await views.find_view(tenant_id, user_id, source_id, with_groups=with_groups)
    if view is None:
        raise NotFoundError("user", user_id)
    return view


async def list_users(
    tenant_id: TenantId, source_id: SourceId, query: Query | None, window: Window, *, with_groups: bool = False
) -> Found[UserView]:
    """Return a page of what a search finds: the users of a source.

    Raises:
        InvalidError: an attribute that cannot be searched or sorted by.
    """
    return await search.list_users(tenant_id, source_id, query, window, with_groups=with_groups)


async def groups_of_users(tenant_id: TenantId, user_ids: Sequence[UserId]) -> dict[UserId, list[GroupRef]]:
    """Return the groups that have each of these users directly."""
    found: dict[UserId, list[GroupRef]] = {user_id: [] for user_id in user_ids}
    for user_id, group_id, display_name in await people.list_groups_of(tenant_id, user_ids):
        found[user_id].append(GroupRef(group_id=group_id, display_name=display_name))
    return found


async def _arrival(attributes: UserAttributes, *, by: Actor, revive_inactive: bool) -> Arrival:
    """Find out whom and what a posted user meets."""
    source_id, external_id = source_of(by), attributes.external_id
    # Groups before users; the id itself is held since the look around.
    waiting = Arrival() if external_id is None else await people.find_waiting(by.tenant_id, source_id, [external_id])
    named = await people.find_by_name(by.tenant_id, attributes.user_name)
    known = None if external_id is None else await people.find_by_external_id(by.tenant_id, source_id, external_id)
    tombstone = known[0] if known is not None and known[1] else None
    twin = known[0] if known is not None and not known[1] else named
    if twin is not None:
        if named is not None and named.user_id != twin.user_id:
            raise AlreadyExistsError("user", "userName", attributes.user_name)
        if twin.source_id != source_id:
            raise met_owner(twin, attributes, by_name=named is not None)
        if twin.reported_deleted_at is not None:
            if not _is_same(twin, attributes):
                raise _taken(attributes, by_name=named is not None)
            values = [value for value in (external_id, str(twin.user_id)) if value is not None]
            return replace(await _waiting(by.tenant_id, source_id, values), twin=twin)
        inactive = revive_inactive and not twin.attributes.active and _is_same(twin, attributes, renewed=True)
        if not inactive and not await is_expected(twin, attributes, source_id):
            raise _taken(attributes, by_name=named is not None)
        return replace(waiting, twin=twin)
    return waiting if tombstone is None else await _revival(tombstone, attributes, source_id)


async def _revival(tombstone: User, attributes: UserAttributes, source_id: SourceId) -> Arrival:
    if tombstone.source_id != source_id:  # it was given to another source since, which alone brings it back
        raise met_owner(tombstone, attributes, by_name=False)
    values = [value for value in (attributes.external_id, str(tombstone.user_id)) if value is not None]
    return replace(await _waiting(tombstone.tenant_id, source_id, values), tombstone=tombstone)


def _is_same(twin: User, attributes: UserAttributes, *, renewed: bool = False) -> bool:
    """Whether a posted user is the one that it met: by the externalId, or with ``renewed`` by the present name alone.

    A former name is no proof of a person: its source may have given it to somebody else meanwhile.
    """
    named = name_key(twin.attributes.user_name) == name_key(attributes.user_name)
    if named and renewed:
        return True
    same = twin.attributes.external_id == attributes.external_id
    return same and (named or attributes.external_id is not None)


async def _waiting(tenant_id: TenantId, source_id: SourceId, values: Sequence[str]) -> Arrival:
    await circles.hold_names(tenant_id, source_id, values)
    return await people.find_waiting(tenant_id, source_id, values)


async def _held_link(external_id: str, *, by: Actor) -> _Link:
    policy = await read_policy(by.tenant_id, hold="to decide")
    arrival = await _waiting(by.tenant_id, source_of(by), [external_id])
    return _Link(external_id=external_id, policy=policy, arrival=arrival)


def _taken(attributes: UserAttributes, *, by_name: bool) -> AlreadyExistsError:
    if by_name:
        return AlreadyExistsError("user", "userName", attributes.user_name)
    return AlreadyExistsError("user", "externalId", str(attributes.external_id))


async def _creation(attributes: UserAttributes, *, policy: RolePolicy, arrival: Arrival, moment: Moment) -> Plan:
    gone = arrival.tombstone
    if gone is None:
        user_id = UserId(new_id(moment.at))
        arrival = await guard_arrival(arrival, user_id, policy=policy, moment=moment)
        return plan_new_user(user_id, attributes, policy=policy, arrival=arrival, moment=moment)
    locked_role = None if gone.lock is None else await access.find_role(gone.tenant_id, gone.lock.role_id)
    kept = Kept(
        lock=locked_role is not None and not locked_role.privileged,
        block=await blocks.find_block(gone.tenant_id, gone.user_id) is not None,
    )
    arrival = await guard_arrival(arrival, gone.user_id, policy=policy, moment=moment)
    return plan_return(gone, attributes, policy=policy, arrival=arrival, moment=moment, kept=kept)


async def _meet(twin: User, attributes: UserAttributes, link: _Link, *, moment: Moment) -> User:
    """Have a posted user be one who is here: inactive, or given to the source by an operator."""

    def replaced(_: UserAttributes) -> UserAttributes:
        return attributes

    edit = await at_first_contact(twin, replaced, moment=moment)
    return await _edit(twin, edit or replaced, link, moment=moment)


async def _edit(user: User, edit: UserEdit, link: _Link | None, *, moment: Moment) -> User:
    """Plan and commit an edit of a user whose row is held, and what follows if its externalId is a new one.

    Raises:
        _NewLinkError: it is, and not the one that is held.
    """
    # Whoever is active is not blocked: the usual edit does not look.
    blocked = not user.active and await blocks.find_block(user.tenant_id, user.user_id) is not None
    plan = await plan_guarded_edit(user, edit, moment=moment, blocked=blocked)
    if not plan:
        return user
    after = _user_of(plan)
    renamed = moves_names(user, after.attributes)
    if renamed and (kept_edit := await at_first_contact(user, edit, moment=moment)) is not None:
        return await _edit(user, kept_edit, link, moment=moment)
    if after.attributes.user_name != user.attributes.user_name:
        kept = await kept_name(user, after.attributes)
        if kept is not None:
            return await _edit(user, kept, link, moment=moment)
    external_id = after.attributes.external_id
    if external_id is not None and (external_id != user.attributes.external_id or user.reported_deleted_at is not None):
        if link is None or link.external_id != external_id:
            raise _NewLinkError(external_id)
        plan = joined_plan(plan, await _found_by_groups(after, link, moment=moment))
    await commit_plan(with_alert(plan, moment=moment), by=moment.by, now=moment.at)
    if renamed:
        await note_shared(user, after, moment=moment)
    return after


async def _found_by_groups(user: User, link: _Link, *, moment: Moment) -> Plan:
    mapped = await people.mapped_groups_of(user.tenant_id, [user.user_id])
    facts = role_facts(user, mapped.get(user.user_id, frozenset()))
    arrival = await guard_link(link.arrival, facts, policy=link.policy, moment=moment)
    return plan_arrival(facts, policy=link.policy, arrival=arrival, moment=moment)


async def _user_to_change(user_id: UserId, *, by: Actor) -> User:
    user = await people.find_user_to_change(by.tenant_id, user_id, source_id=source_of(by))
    if user is None:
        raise NotFoundError("user", user_id)
    return user


def _user_of(plan: Plan) -> User:
    return next(change.user for change in plan.changes if isinstance(change, PutUser))
