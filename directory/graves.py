"""Deleted users within their days of grace: listed, restored, and erased when the days are over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from directory.chain import parse_values
from directory.commit import commit_plan, in_unit_of
from directory.erasures import EraseEvents
from directory.errors import AlreadyExistsError, NotFoundError
from directory.events import ERASED
from directory.facts import Arrival, Moment
from directory.loans import counts_of, holds_equipment
from directory.meetings import known_as
from directory.model import Actor, RoleId, SourceId, TenantId, User, UserId
from directory.page_keys import parse_key, render_key
from directory.plan import Plan
from directory.plan_adoptions import plan_erasure, renamed_plan
from directory.plan_users import Kept, plan_return
from directory.reach import role_within
from directory.references import reference_for
from directory.store import access, adoptions, blocks, circles, graves, people
from directory.store.graves import COUNTED_MAX, GraveFilter
from directory.store.policy import read_policy
from directory.store.unit import Row
from directory.tenant_terms import grace_days_in

SHORTEST_GRACE = timedelta(days=1)
LOOKED_AT = 200
PURGED_BATCH = 10
"""Users erased in one pass, each in a transaction of its own: a few ms of SQLite's writer each."""

EVENTS_BATCH = 200
_START = (datetime(1970, 1, 1, tzinfo=UTC), UUID(int=0))

__all__ = [
    "COUNTED_MAX",
    "Grave",
    "GraveFilter",
    "GravePage",
    "count_graves",
    "get_grave",
    "list_graves",
    "purge_grave",
    "purge_graves",
    "restore_user",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grave:
    """A deleted user who can still come back."""

    user_id: UserId
    user_name: str
    display_name: str
    source_id: SourceId | None
    source_label: str | None
    """None for a local user."""
    role_id: RoleId
    role_name: str
    """What the role was."""
    locked: bool
    blocked: bool
    """Whether an operator kept it from signing in: that outlives a deletion."""
    deleted_at: datetime
    deleted_by: str
    reference: str | None
    """Of the request that deleted it."""
    erased_after: datetime
    """From then on it is erased, unless it still holds equipment."""
    equipment_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GravePage:
    """Some of them, the last deleted first; ``next_after`` opens the next page."""

    graves: list[Grave]
    next_after: str | None


async def list_graves(tenant_id: TenantId, wanted: GraveFilter, *, after: str | None, limit: int) -> GravePage:
    """Return a page of deleted users.

    Raises:
        InvalidError: ``after`` was not made by an earlier page.
    """
    behind = None if after is None else parse_key(after, "time")
    rows = await graves.page_of_graves(tenant_id, wanted, after=behind, limit=limit + 1)
    page = await _graves(tenant_id, rows[:limit])
    more = len(rows) > limit
    return GravePage(graves=page, next_after=render_key(page[-1].deleted_at, page[-1].user_id) if more else None)


async def count_graves(tenant_id: TenantId, wanted: GraveFilter) -> int:
    """Return how many deleted users the filter finds; ``COUNTED_MAX`` stands for so many or more."""
    return await graves.count_graves(tenant_id, wanted)


async def get_grave(tenant_id: TenantId, user_id: UserId) -> Grave:
    """Return a deleted user.

    Raises:
        NotFoundError: nobody deleted has this id, or it is erased.
    """
    row = await graves.find_line(tenant_id, user_id)
    if row is None:
        raise NotFoundError("user", user_id)
    (found,) = await _graves(tenant_id, [row])
    return found


async def restore_user(user_id: UserId, *, by: Actor, now: datetime) -> User:
    """Bring a deleted user back, as it was but for what a feed must not bring back; returns it.

    Its role is decided afresh: its groups are not restored, a lock stays unless it gives administration, and so does a
    sign-in block. Its source may send it again as if it were new, and it is this one.

    Raises:
        NotFoundError: nobody deleted has this id.
        AlreadyExistsError: somebody else has the user name or the externalId by now.
        ForbiddenError: the actor may not manage users, or the role carries more than the actor's own.
    """
    by.require("users:manage")

    async def body() -> User:
        policy = await read_policy(by.tenant_id, hold="to decide")
        gone = await graves.find_grave(by.tenant_id, user_id)
        if gone is None:
            raise NotFoundError("user", user_id)
        arrival = await _arrival(gone)
        found = await graves.find_grave_to_change(by.tenant_id, user_id)
        if found is None:
            raise NotFoundError("user", user_id)
        gone, _ = found
        await _check_free(gone)
        moment = Moment(at=now, by=by)
        plan = plan_return(gone, gone.attributes, policy=policy, arrival=arrival, moment=moment, kept=await _kept(gone))
        back = plan.changes[0].user  # type: ignore[union-attr]  # a return begins with the user
        await role_within(back.decision.role_id, by=by, gone=True)
        await commit_plan(renamed_plan(plan, "user:returned", "user:restored"), by=by, now=now)
        await _expect_again(back, by=by, now=now)
        return back

    return await in_unit_of(by, body)


async def purge_graves(*, now: datetime) -> int:
    """Erase some of those whose days of grace are over; returns how many, 0 when nobody is left.

    Who holds equipment is kept until it is back.
    """
    tenant_id = await graves.next_tenant(UUID(int=0), now - SHORTEST_GRACE)
    while tenant_id is not None:
        due = await _list_due(tenant_id, now=now)
        erased = [user_id for user_id in due if await purge_grave(tenant_id, user_id, now=now)]
        if erased:
            return len(erased)
        tenant_id = await graves.next_tenant(tenant_id, now - SHORTEST_GRACE)
    return 0


async def _list_due(tenant_id: TenantId, *, now: datetime) -> list[UserId]:
    """Return some whose days are over and who hold nothing."""
    graces = await _graces(tenant_id)
    after = _START
    while rows := await graves.list_oldest(
        tenant_id, after, deleted_before=now - min(graces.values()), limit=LOOKED_AT
    ):
        over = [UserId(row["id"]) for row in rows if row["deleted_at"] + graces[row["source_id"]] <= now]
        holding = await holds_equipment(tenant_id, over)
        free = [user_id for user_id in over if user_id not in holding]
        if free:
            return free[:PURGED_BATCH]
        after = (rows[-1]["deleted_at"], rows[-1]["id"])
    return []


async def purge_grave(tenant_id: TenantId, user_id: UserId, *, now: datetime) -> bool:
    """Erase a user whose days of grace are over, a batch of its events at a time; False if they are not.

    They begin anew for whoever comes back and is deleted again. Who was given something meanwhile stays, too.
    """
    by = Actor(tenant_id=tenant_id, kind="system", label="end of grace")

    async def body() -> bool | None:
        found = await graves.find_grave_to_change(tenant_id, user_id)
        if found is None or await holds_equipment(tenant_id, [user_id]):
            return False
        gone, deleted_at = found
        if deleted_at + (await _graces(tenant_id))[gone.source_id] > now:
            return False
        told = await graves.count_told(tenant_id, user_id, at_most=EVENTS_BATCH + 1)
        if told > EVENTS_BATCH:
            erase = Plan(changes=(EraseEvents(user_id=user_id, limit=EVENTS_BATCH),))
            await commit_plan(erase, by=by, now=now)
            return None
        plan = plan_erasure(user_id, events_max=EVENTS_BATCH, moment=Moment(at=now, by=by))
        await commit_plan(plan, by=by, now=now)
        return True

    while (done := await in_unit_of(by, body)) is None:
        pass
    return done


async def _graces(tenant_id: TenantId) -> Mapping[SourceId | None, timedelta]:
    """Return how long users can be restored: of each source as its settings say, local ones as the tenant says."""
    sources = await access.list_sources(tenant_id)
    local = timedelta(days=await grace_days_in(tenant_id))
    return {None: local, **{one.source_id: timedelta(days=one.settings.grace_days) for one in sources}}


async def _arrival(gone: User) -> Arrival:
    """Return the groups of the user's source that wait for it, whose names are held."""
    if gone.source_id is None:
        return Arrival()
    values = [value for value in (gone.attributes.external_id, str(gone.user_id)) if value is not None]
    await circles.hold_names(gone.tenant_id, gone.source_id, values)
    return await people.find_waiting(gone.tenant_id, gone.source_id, values)


async def _check_free(gone: User) -> None:
    if await people.find_by_name(gone.tenant_id, gone.attributes.user_name) is not None:
        raise AlreadyExistsError("user", "userName", gone.attributes.user_name)
    external_id = gone.attributes.external_id
    if gone.source_id is None or external_id is None:
        return
    known = await people.find_by_external_id(gone.tenant_id, gone.source_id, external_id)
    if known is None or known[0].user_id != gone.user_id:
        raise AlreadyExistsError("user", "externalId", external_id)


async def _kept(gone: User) -> Kept:
    locked_role = None if gone.lock is None else await access.find_role(gone.tenant_id, gone.lock.role_id)
    return Kept(
        lock=locked_role is not None and not locked_role.privileged,
        block=await blocks.find_block(gone.tenant_id, gone.user_id) is not None,
    )


async def _expect_again(back: User, *, by: Actor, now: datetime) -> None:
    """Let the source's next creation of this user be the user: to the source it is deleted."""
    if back.source_id is not None:
        values = (known_as(back.attributes), back.attributes.external_id, by.label)
        await adoptions.put_restored(back.tenant_id, back.user_id, back.source_id, values, now)


async def _graves(tenant_id: TenantId, rows: Sequence[Row]) -> list[Grave]:
    user_ids = [UserId(row["id"]) for row in rows]
    graces = await _graces(tenant_id)
    deletions = await graves.list_deletions(tenant_id, user_ids) if rows else {}
    counts = await counts_of(tenant_id, user_ids) if rows else {}
    return [_grave_from(row, deletions.get(row["id"]), graces, counts.get(row["id"], 0)) for row in rows]


def _grave_from(
    row: Row, deletion: Row | None, graces: Mapping[SourceId | None, timedelta], equipment_count: int
) -> Grave:
    document = None if deletion is None else deletion["document"]
    request_id = None if deletion is None else deletion["request_id"]
    source_id = None if row["source_id"] is None else SourceId(row["source_id"])
    return Grave(
        user_id=UserId(row["id"]),
        user_name=row["user_name"],
        display_name=row["display_name"],
        source_id=source_id,
        source_label=row["source_label"],
        role_id=RoleId(row["role_id"]),
        role_name=row["role_name"],
        locked=row["lock_role_id"] is not None,
        blocked=row["blocked_id"] is not None,
        deleted_at=row["deleted_at"],
        deleted_by=ERASED if document is None else parse_values(document).actor,
        reference=None if request_id is None else reference_for(request_id),
        erased_after=row["deleted_at"] + graces[source_id],
        equipment_count=equipment_count,
    )
