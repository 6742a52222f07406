"""Looking into a tenant below: asked for with a reason, opened for an hour, told in both tenants."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from directory.commit import commit_plan, in_unit_of
from directory.errors import NotFoundError, RefusedError
from directory.ids import new_id
from directory.model import Actor, TenantId, UserId
from directory.operators import Operator, looking_through, operator_actor
from directory.plan_scoped_views import Deed, plan_step, plan_told, plan_view
from directory.reach import checked_reason
from directory.scoped_view_ends import end_in_unit, guest_of, tell_there
from directory.scoped_view_model import NEEDED, REQUEST_LASTS, VIEW_LASTS, Level, ScopedView
from directory.store import scoped_views
from directory.store.scoped_views import Child

OPENABLE_SHOWN = 20

__all__ = [
    "Child",
    "ScopedView",
    "ask_view",
    "begin_view",
    "find_view",
    "get_child",
    "leave_view",
    "list_children",
    "list_own",
]


class ViewOverError(NotFoundError):
    """The session had a view of this tenant, and it is over."""


async def find_view(operator: Operator, slug: str, *, now: datetime) -> Operator:
    """Return the operator as seen in the tenant ``slug``, by the session's open view of it.

    Asked at each request: time, session, role, the tenant's state and whom it lets in hold at once.

    Raises:
        ViewOverError: there was such a view, and it is over.
        NotFoundError: there was none, or no such tenant: both look the same.
    """
    sight = await scoped_views.find_sight(operator.tenant.tenant_id, operator.session_id, slug)
    if sight is None:
        raise NotFoundError("tenant", slug)
    view = sight.view
    is_open = sight.lets_in and view.state == "open" and not view.is_over and now < view.until
    seen = looking_through(operator, view, sight.tenant) if is_open else None
    if seen is None:
        raise ViewOverError("tenant", slug)
    return seen


async def ask_view(operator: Operator, child_id: UUID, *, level: Level, reason: str, now: datetime) -> ScopedView:
    """Open a tenant below for an hour, or ask there whether one may, as that tenant wants it.

    Raises:
        NotFoundError: no such tenant below that is in use.
        ForbiddenError: the operator's own role does not carry what the level needs.
        InvalidError: no reason.
        RefusedError: the tenant lets nobody in, or was asked already.
    """
    by, reason = operator_actor(operator.own), checked_reason(reason)
    by.require(NEEDED[level])

    async def body() -> ScopedView:
        child = await _child_to_enter(by.tenant_id, child_id)
        await _make_room(operator, child, by=by, now=now)
        view = _new_view(operator, child, level=level, reason=reason, now=now)
        await commit_plan(plan_view(view), by=by, now=now)
        deed: Deed = "opened" if view.state == "open" else "asked"
        await tell_there(plan_told(deed, view, now=now), view, by=guest_of(view, by, operator.own.tenant), now=now)
        return view

    return await in_unit_of(by, body)


async def begin_view(operator: Operator, view_id: UUID, *, now: datetime) -> ScopedView:
    """Open, for an hour from now, what somebody of the tenant agreed to.

    Raises:
        NotFoundError: the operator has no such view.
        RefusedError: nobody has agreed, or too much time has passed, or the tenant lets nobody in by now.
        ForbiddenError: as for ``ask_view``.
    """
    by = operator_actor(operator.own)

    async def body() -> ScopedView:
        view = await _own(view_id, by=by)
        by.require(NEEDED[view.level])
        await _child_to_enter(by.tenant_id, view.to_tenant_id)
        if view.state != "granted" or view.is_over or view.until <= now:
            raise RefusedError("it is not there to be opened: ask again")
        opened = replace(view, state="open", session_id=operator.session_id, begun_at=now, until=now + VIEW_LASTS)
        values = {
            "state": "open",
            "session_id": opened.session_id,
            "begun_at": opened.begun_at,
            "until": opened.until,
        }
        await commit_plan(plan_step(view, values, "opened"), by=by, now=now)
        await tell_there(plan_told("opened", view, now=now), view, by=guest_of(view, by, operator.own.tenant), now=now)
        return opened

    return await in_unit_of(by, body)


async def leave_view(operator: Operator, view_id: UUID, *, now: datetime) -> ScopedView:
    """End a view of the operator's own, or withdraw what was asked; one that is over stays as it is.

    Raises:
        NotFoundError: the operator has no such view.
    """
    by = operator_actor(operator.own)

    async def body() -> ScopedView:
        view = await _own(view_id, by=by)
        if not view.is_over:
            there = guest_of(view, by, operator.own.tenant)
            await end_in_unit(view, "left" if view.state == "open" else "withdrawn", by=by, there=there, now=now)
        return view

    return await in_unit_of(by, body)


async def list_children(tenant_id: TenantId, words: str = "") -> list[Child]:
    """Return up to 20 tenants below that are in use, by name, and whom each lets in."""
    return await scoped_views.list_children(tenant_id, words, limit=OPENABLE_SHOWN)


async def get_child(tenant_id: TenantId, child_id: UUID) -> Child:
    """Return a tenant below that is in use.

    Raises:
        NotFoundError: there is none.
    """
    child = await scoped_views.find_child(tenant_id, child_id)
    if child is None:
        raise NotFoundError("tenant", child_id)
    return child


async def list_own(tenant_id: TenantId, user_id: UserId, *, now: datetime) -> list[ScopedView]:
    """Return what an operator asked for, may open or has open, the newest first."""
    return await scoped_views.list_live_of(tenant_id, user_id, now)


async def _child_to_enter(tenant_id: TenantId, child_id: UUID) -> Child:
    child = await scoped_views.find_child(tenant_id, child_id, hold=True)
    if child is None:
        raise NotFoundError("tenant", child_id)
    if child.lets_in == "closed":
        raise RefusedError(f"{child.tenant.name} lets nobody in from its super tenant")
    return child


async def _make_room(operator: Operator, child: Child, *, by: Actor, now: datetime) -> None:
    """End the view that this session has of the tenant; what the operator asked for and nobody decided stays."""
    for view in await scoped_views.list_live_of(by.tenant_id, operator.user.user_id, now):
        if view.to_tenant_id != child.tenant.tenant_id:
            continue
        if view.state != "open":
            raise RefusedError(f"you have asked {child.tenant.name} already")
        if view.session_id == operator.session_id:
            there = guest_of(view, by, operator.own.tenant)
            await end_in_unit(view, "opened anew", by=by, there=there, now=now)


def _new_view(operator: Operator, child: Child, *, level: Level, reason: str, now: datetime) -> ScopedView:
    asks = child.lets_in == "ask"
    return ScopedView(
        view_id=new_id(now),
        tenant_id=operator.own.tenant.tenant_id,
        to_tenant_id=child.tenant.tenant_id,
        to_name=child.tenant.name,
        to_slug=child.tenant.slug,
        user_id=operator.user.user_id,
        user_label=operator.user.promoted.display_name,
        session_id=None if asks else operator.session_id,
        reason=reason,
        level=level,
        state="asked" if asks else "open",
        asked_at=now,
        decided_at=None,
        decided_by=None,
        begun_at=None if asks else now,
        until=now + (REQUEST_LASTS if asks else VIEW_LASTS),
        ended_at=None,
    )


async def _own(view_id: UUID, *, by: Actor) -> ScopedView:
    view = await scoped_views.find_view(by.tenant_id, view_id, hold=True)
    if view is None or view.user_id != by.user_id:
        raise NotFoundError("view", view_id)
    return view
