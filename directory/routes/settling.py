"""One tenant below: users are brought to be there, or not, as the rules want it; what it refuses is noted."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from directory import users
from directory.commit import source_of
from directory.errors import AlreadyExistsError, DirectoryError, LastAdministratorError, MetError
from directory.facts import Moment
from directory.model import Actor, TenantId, User, UserAttributes, UserId
from directory.route_facts import Copy
from directory.routes.copies import Came, Deed, Did, State, Wish, copy_attributes, deed_for
from directory.routes.editing import REFUSALS, edit_copies
from directory.routes.feeds import feed_of, make_feed
from directory.routes.ground import Ground
from directory.routes.newcomers import Comer, create_comers
from directory.routes.roles import Keeper, keeper_for
from directory.store.routes.facts import list_copies
from directory.store.unit import as_tenant

TAKEN_OVER = "The tenant has made this user its own."
MEETS = "Somebody is there already: the tenant decides whether it is the same person."
NAME_TAKEN = "Somebody else there has this user name."
KEPT = "The tenant's guard keeps the user until somebody there decides."
LAST_ADMINISTRATOR = "Nobody active would be left to administer the tenant."
PROBLEM_CHARS_MAX = 300


async def settle(ground: Ground, tenant_id: TenantId, wishes: Sequence[Wish]) -> list[Came]:
    """Do what the rules want of up to 50 users in one tenant below, in the open unit; says what came of each.

    Whoever leaves goes first, so that a name is free for whoever comes.
    """
    async with as_tenant(tenant_id):
        feed = await feed_of(ground, tenant_id)
        if feed is None:
            if all(wish.destination is None for wish in wishes):
                return [Came(wish=wish) for wish in wishes]
            feed = await make_feed(ground, tenant_id)
        known = [wish.user_id for wish in wishes if not wish.is_new]
        copies = await list_copies(tenant_id, source_of(feed), known) if known else {}
        moment = Moment(at=ground.now, by=feed)
        return await _Tenant(moment, copies, await keeper_for(feed, wishes, moment=moment)).settle(wishes)


class _Tenant:
    """One tenant below, as its feed acts in it."""

    def __init__(self, moment: Moment, copies: Mapping[UserId, Copy], keeper: Keeper) -> None:
        self._moment = moment
        self._copies = copies
        self._keeper = keeper

    @property
    def _feed(self) -> Actor:
        return self._moment.by

    async def settle(self, wishes: Sequence[Wish]) -> list[Came]:
        by_deed: dict[Deed, list[Wish]] = {}
        for wish in wishes:
            by_deed.setdefault(deed_for(wish, self._copies.get(wish.user_id), source_of(self._feed)), []).append(wish)
        left = await self._leave(by_deed.get("leave", []))
        edited = await self._edit(by_deed.get("edit", []))
        created = await self._create(by_deed.get("create", []))
        still = [await self._stay(wish) for wish in by_deed.get("nothing", [])]
        over = [Came(wish=wish, state="refused", problem=TAKEN_OVER) for wish in by_deed.get("taken over", [])]
        return [*left, *edited, *created, *still, *over]

    async def _leave(self, wishes: Sequence[Wish]) -> list[Came]:
        """Have copies deleted; whom the guard keeps stays in effect, and the route with it."""
        refused: dict[UserId, Came] = {}
        for wish in wishes:
            copy = self._copies[wish.user_id].user
            try:
                await users.delete_user(copy.user_id, by=self._feed, now=self._moment.at)
            except REFUSALS as error:
                refused[wish.user_id] = _refused(wish, copy, error)
        gone = [wish.user_id for wish in wishes if wish.user_id not in refused]
        after = await list_copies(self._feed.tenant_id, source_of(self._feed), gone) if gone else {}
        return [refused.get(wish.user_id) or _left(wish, after.get(wish.user_id)) for wish in wishes]

    async def _edit(self, wishes: Sequence[Wish]) -> list[Came]:
        copies = {wish.user_id: self._copies[wish.user_id].user for wish in wishes}
        wanted = {copies[wish.user_id].user_id: copy_attributes(wish) for wish in wishes}
        after = await edit_copies(wanted, moment=self._moment)
        came: list[Came] = []
        for wish in wishes:
            copy = copies[wish.user_id]
            found = after[copy.user_id]
            if not isinstance(found, User):
                came.append(await self._keep(await self._shut(wish, copy, found)))
                continue
            did: Did = "nothing" if found.version == copy.version else "changed"
            freed = found.attributes.user_name != copy.attributes.user_name
            came.append(await self._keep(Came(wish=wish, copy=found, did=did, frees_name=freed)))
        return came

    async def _shut(self, wish: Wish, copy: User, error: DirectoryError) -> Came:
        """Note that an edit was refused; who is disabled above is disabled here whatever else cannot be had."""
        if wish.origin.active or not copy.attributes.active or isinstance(error, LastAdministratorError):
            return _refused(wish, copy, error)
        shut = UserAttributes({**copy.attributes.document, "active": False})
        found = (await edit_copies({copy.user_id: shut}, moment=self._moment))[copy.user_id]
        return _refused(wish, found, error) if isinstance(found, User) else _refused(wish, copy, found)

    async def _create(self, wishes: Sequence[Wish]) -> list[Came]:
        """Create copies: those whom nobody met there all at once, the others one by one."""
        came: dict[UserId, Came] = {}
        comers: dict[UserId, Comer] = {}
        for wish in wishes:
            try:
                role = self._keeper.role_for(wish)
                if wish.user_id not in self._copies and (role is None or not role.privileged):
                    comers[wish.user_id] = Comer(copy_attributes(wish), self._keeper.lock_for(wish))
            except REFUSALS as error:
                came[wish.user_id] = _refused(wish, self._in_effect(wish), error)
        created = await create_comers(comers, moment=self._moment) if comers else {}
        for wish in wishes:
            if wish.user_id in created:
                came[wish.user_id] = Came(wish=wish, copy=created[wish.user_id], did="created")
            elif wish.user_id not in came:
                came[wish.user_id] = await self._create_one(wish)
        return list(came.values())

    async def _create_one(self, wish: Wish) -> Came:
        """Create, revive or get back one copy; whoever meets somebody waits for a decision there."""
        try:
            copy, _ = await users.create_user(
                copy_attributes(wish), by=self._feed, now=self._moment.at, revive_inactive=False
            )
        except MetError:
            return Came(wish=wish, copy=self._in_effect(wish), state="met", problem=MEETS)
        except REFUSALS as error:
            return _refused(wish, self._in_effect(wish), error)
        return await self._keep(Came(wish=wish, copy=copy, did="created"))

    async def _stay(self, wish: Wish) -> Came:
        copy = self._in_effect(wish)
        if wish.destination is not None:
            return await self._keep(Came(wish=wish, copy=copy))
        if copy is None or copy.source_id != self._feed.source_id:
            return Came(wish=wish)
        return Came(wish=wish, copy=copy, state="held", problem=KEPT)

    async def _keep(self, came: Came) -> Came:
        """Give a copy the role that its rule gives, or take back the one that another rule gave."""
        if came.copy is None:
            return came
        try:
            await self._keeper.keep(came.copy, came.wish)
        except REFUSALS as error:
            return replace(came, state="refused", problem=problem_of(error))
        return came

    def _in_effect(self, wish: Wish) -> User | None:
        copy = self._copies.get(wish.user_id)
        return None if copy is None or copy.is_gone else copy.user


def problem_of(error: DirectoryError) -> str:
    """Return why a tenant below refused something, in words that its super tenant may read."""
    if isinstance(error, LastAdministratorError):
        return LAST_ADMINISTRATOR
    if isinstance(error, AlreadyExistsError) and error.attribute == "userName":
        return NAME_TAKEN
    return str(error)[:PROBLEM_CHARS_MAX]


def _refused(wish: Wish, copy: User | None, error: DirectoryError) -> Came:
    state: State = "met" if isinstance(error, MetError) else "refused"
    return Came(wish=wish, copy=copy, state=state, problem=MEETS if state == "met" else problem_of(error))


def _left(wish: Wish, copy: Copy | None) -> Came:
    if copy is None or copy.is_gone:
        return Came(wish=wish, did="left", frees_name=True)
    return Came(wish=wish, copy=copy.user, state="held", problem=KEPT, did="left")
