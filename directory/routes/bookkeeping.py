"""What is kept of where users were led, and what is told of it at the super tenant."""

from collections.abc import Mapping, Sequence

from directory.commit import commit_events
from directory.model import TenantId, UserId
from directory.plan import AttributeChange, Event
from directory.route_facts import Route
from directory.routes.copies import Came
from directory.routes.ground import Ground
from directory.routes.wishes import Sight
from directory.store.routes import routes

ROUTED = "user:tenants:changed"


async def keep_outcomes(ground: Ground, sights: Sequence[Sight], came: Mapping[TenantId, Sequence[Came]]) -> None:
    """Write what changed of routes and of the queue, in the open unit, and an event for each user it changed for."""
    tenant_id = ground.tenant.tenant_id
    puts: list[Route] = []
    after: dict[UserId, dict[TenantId, Route]] = {sight.origin.user_id: _kept(sight, came) for sight in sights}
    for to_tenant_id in sorted(came):
        dropped: list[UserId] = []
        for one in came[to_tenant_id]:
            route = _route(one, to_tenant_id, ground)
            if route is None:
                dropped += [one.wish.user_id] if one.wish.route is not None else []
                continue
            after[one.wish.user_id][to_tenant_id] = route
            puts += [route] if route != one.wish.route else []
        if dropped:
            await routes.drop_routes(tenant_id, to_tenant_id, dropped)
    if puts:
        await routes.put_routes(tenant_id, puts)
    await _keep_queue(ground, sights)
    told = [event for sight in sights if (event := _event(sight, after[sight.origin.user_id], ground)) is not None]
    if told:
        await commit_events(told, by=ground.by, now=ground.now)


async def _keep_queue(ground: Ground, sights: Sequence[Sight]) -> None:
    fresh = [(one.origin.user_id, one.unrouted) for one in sights if one.unrouted and one.unrouted != one.queued]
    over = [one.origin.user_id for one in sights if one.queued is not None and not one.unrouted]
    if fresh:
        await routes.put_unrouted(ground.tenant.tenant_id, fresh, ground.now)
    if over:
        await routes.drop_unrouted(ground.tenant.tenant_id, over)


def _kept(sight: Sight, came: Mapping[TenantId, Sequence[Came]]) -> dict[TenantId, Route]:
    """Return the routes that nothing was done about: to tenants that are deleted."""
    return {route.to_tenant_id: route for route in sight.routes if route.to_tenant_id not in came}


def _route(one: Came, to_tenant_id: TenantId, ground: Ground) -> Route | None:
    """Return what is kept of a user in a tenant; None if nothing is left to say."""
    if not one.stays:
        return None
    before, wanted = one.wish.route, one.wish.destination
    copy_id = None if one.copy is None else one.copy.user_id
    same = before is not None and (before.state, before.copy_user_id) == (one.state, copy_id)
    return Route(
        user_id=one.wish.user_id,
        to_tenant_id=to_tenant_id,
        rule_id=None if wanted is None else wanted.rule_id,
        role_key=None if wanted is None else wanted.role_key,
        copy_user_id=copy_id,
        state=one.state,
        problem=one.problem,
        since=before.since if before is not None and same else ground.now,
    )


def _event(sight: Sight, after: Mapping[TenantId, Route], ground: Ground) -> Event | None:
    slugs = {tenant_id: slug for slug, tenant_id in (ground.policy.slugs or {}).items()}
    before = {route.to_tenant_id: route for route in sight.routes}
    old, new = _words(before, slugs), _words(after, slugs)
    smooth = all(route.state == "there" for route in after.values())
    if old == new or (sight.is_new and smooth):  # that somebody came is told already, and where to is kept
        return None
    return Event(
        action=ROUTED,
        subject_kind="user",
        subject_id=sight.origin.user_id,
        subject_label=sight.origin.label,
        changes=(AttributeChange(name="tenants", old=old, new=new),),
    )


def _words(found: Mapping[TenantId, Route], slugs: Mapping[TenantId, str]) -> str | None:
    """Return where a user is, in words: the slugs, and in brackets what is not as it should be."""
    named = sorted((slugs[tenant_id], route.state) for tenant_id, route in found.items() if tenant_id in slugs)
    return ", ".join(slug if state == "there" else f"{slug} ({state})" for slug, state in named) or None
