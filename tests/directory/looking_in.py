"""A super tenant with a tenant below it, and operators who look in."""

from dataclasses import dataclass
from datetime import datetime

from directory import events, locks, scoped_views, signins, tenants
from directory.model import Actor
from directory.operators import Operator
from directory.scoped_view_model import ScopedView
from directory.visitor import Visitor
from tests.directory.world import World, create_world

HERE = Visitor(network="198.51.100.0/24", software="Firefox")


@dataclass
class Family:
    """Acme, and Bristol below it."""

    home: World
    below: World


async def create_below(home: World, slug: str = "bristol") -> World:
    """Create a tenant below, with a source of its own."""
    below = await create_world(slug, parent_slug=home.tenant.slug)
    below.now = home.now = max(home.now, below.now)
    return below


async def create_family() -> Family:
    """Create Acme with Bristol below it."""
    home = await create_world("acme")
    below = await create_below(home)
    home.tenant = await tenants.get_tenant(home.tenant.tenant_id)
    return Family(home=home, below=below)


async def sign_in(world: World, role: str = "administrator", name: str = "Diaz") -> tuple[Operator, str]:
    """Create a local user with the role, sign it in, and return it with its session's token."""
    user = await locks.create_local_user(
        name, display_name=name, role_id=world.roles[role].role_id, by=world.system, now=world.tick()
    )
    link = await signins.create_link(user.user_id, by=world.system, now=world.tick())
    token = (await signins.redeem_link(link, visitor=HERE, now=world.tick())).token
    return await again(world, token), token


async def again(world: World, token: str, now: datetime | None = None) -> Operator:
    """Return the operator as the next request finds it."""
    found = await signins.find_session(token, now=now or world.tick())
    assert found is not None
    return found


def actor(operator: Operator) -> Actor:
    """Return the operator as the cause of a change."""
    return signins.operator_actor(operator)


async def opened(family: Family, operator: Operator, level: str = "act", reason: str = "Ticket 7") -> ScopedView:
    """Open Bristol."""
    return await scoped_views.ask_view(
        operator,
        family.below.tenant.tenant_id,
        level="act" if level == "act" else "look",
        reason=reason,
        now=family.home.tick(),
    )


async def seen(family: Family, operator: Operator) -> Operator:
    """Return the operator as the next request to Bristol sees it."""
    return await scoped_views.find_view(operator, "bristol", now=family.home.tick())


async def deeds_in(world: World, prefix: str = "tenant:view:") -> list[tuple[str, str]]:
    """Return what was told of views, the oldest first: action and who."""
    told = await events.list_events(world.tenant.tenant_id, limit=100)
    return [(one.action, one.actor_label) for one in reversed(told) if one.action.startswith(prefix)]
