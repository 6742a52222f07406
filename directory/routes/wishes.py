"""What the rules want of users of a super tenant, by what is so now."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from directory.model import GroupId, TenantId, User, UserId
from directory.route_facts import Origin, Route, origin_of
from directory.routes.copies import Wish
from directory.routes.ground import Ground
from directory.routing import Destination, Outcome, RoutedPerson, RoutingPolicy, outcome_for
from directory.store.manager_refs import asked_by, resolve
from directory.store.routes.facts import hold_origins, list_groups_in_effect, list_routes


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """One user, and where it was led the last time."""

    origin: Origin
    outcome: Outcome
    groups: Mapping[GroupId, str] = field(default_factory=dict)
    routes: Sequence[Route] = ()
    queued: str | None = None
    """Why it is in the queue, if it is."""
    manager_id: UserId | None = None
    is_new: bool = False

    @property
    def unrouted(self) -> str:
        """Why no rule leads it anywhere; empty if one does, or none has to."""
        return self.outcome.unrouted


async def see(ground: Ground, user_ids: Sequence[UserId]) -> list[Sight]:
    """Return users as they are, and hold them; whoever never was is left out."""
    tenant_id = ground.tenant.tenant_id
    origins = await hold_origins(tenant_id, user_ids)
    groups = await list_groups_in_effect(tenant_id, user_ids)
    routes, queued = await list_routes(tenant_id, user_ids)
    managers = await _managers(ground, origins)
    return [
        Sight(
            origin=origin,
            outcome=_outcome(ground.policy, origin, groups.get(origin.user_id, {}), routes.get(origin.user_id, ())),
            groups=groups.get(origin.user_id, {}),
            routes=routes.get(origin.user_id, ()),
            queued=queued.get(origin.user_id),
            manager_id=managers.get(origin.user_id),
        )
        for origin in origins
    ]


async def see_new(ground: Ground, newcomers: Sequence[User]) -> list[Sight]:
    """Return users who were created a moment ago."""
    origins = [origin_of(user) for user in newcomers]
    managers = await _managers(ground, origins)
    return [
        Sight(
            origin=origin,
            outcome=_outcome(ground.policy, origin, {}, ()),
            manager_id=managers.get(origin.user_id),
            is_new=True,
        )
        for origin in origins
    ]


def wishes_for(sight: Sight, policy: RoutingPolicy) -> Iterator[tuple[TenantId, Wish]]:
    """Yield what is wanted of a user in each tenant where it is to be, or was.

    A tenant that is deleted is left alone until it is back: nobody is led there, and nobody from there.
    """
    there = frozenset((policy.slugs or {}).values())
    rules = {rule.rule_id: rule for rule in policy.rules}
    wanted = {one.tenant_id: one for one in sight.outcome.destinations}
    before = {route.to_tenant_id: route for route in sight.routes}
    for tenant_id in there & (wanted.keys() | before.keys()):
        destination = wanted.get(tenant_id)
        yield (
            tenant_id,
            Wish(
                origin=sight.origin,
                destination=destination,
                rule=None if destination is None or destination.rule_id is None else rules.get(destination.rule_id),
                route=before.get(tenant_id),
                manager_id=sight.manager_id,
                is_new=sight.is_new,
            ),
        )


def _outcome(policy: RoutingPolicy, origin: Origin, groups: Mapping[GroupId, str], routes: Sequence[Route]) -> Outcome:
    """Return where a user belongs: who is gone nowhere, who was made local where it is."""
    if origin.is_gone:
        return Outcome()
    if origin.source_id is None:
        # Whom only a guard below still keeps was led away before.
        kept = [one for one in routes if one.state != "held"]
        return Outcome(
            destinations=tuple(
                Destination(tenant_id=one.to_tenant_id, rule_id=one.rule_id, role_key=one.role_key) for one in kept
            )
        )
    person = RoutedPerson(document=origin.document, source_id=origin.source_id, groups=groups)
    return outcome_for(person, policy)


async def _managers(ground: Ground, origins: Sequence[Origin]) -> dict[UserId, UserId]:
    """Return whom users name as their managers, of those who are here."""
    named = {
        one.user_id: asked_by(one.source_id, one.manager_ref)
        for one in origins
        if one.manager_ref is not None and not one.is_gone
    }
    if not named:
        return {}
    meant = await resolve(ground.tenant.tenant_id, set(named.values()))
    return {user_id: meant[asked].user_id for user_id, asked in named.items() if asked in meant}
