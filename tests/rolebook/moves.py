"""Many people who move from one tenant to another, and where each of them is, read without any code of the program."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from directory import events, guard_limits, tenants
from directory.followers import use_follower
from directory.guard import Limits
from directory.model import TenantId
from directory.routes import due, rules
from directory.routes.follow import follow_commits
from directory.store.unit import open_store
from tests.directory.world import World, create_world
from tests.journeys.facts import half_written
from tests.journeys.serving import read_rows

LIVE = """
    SELECT l.external_id, t.slug, (SELECT count(*) FROM member_row m WHERE m.tenant_id = u.tenant_id
      AND m.user_id = u.id AND NOT m.gone) FROM user_row u JOIN tenant_row t ON t.id = u.tenant_id
      JOIN user_link_row l ON l.tenant_id = u.tenant_id AND l.user_id = u.id
      WHERE u.deleted_at IS NULL AND t.parent_id IS NOT NULL"""
ROUTES = """
    SELECT r.user_id, t.slug, r.state FROM route_row r JOIN tenant_row t ON t.id = r.to_tenant_id"""
TOLD = """
    SELECT l.external_id, t.slug, e.action FROM event_row e JOIN tenant_row t ON t.id = e.tenant_id
      JOIN user_link_row l ON l.tenant_id = e.tenant_id AND l.user_id = e.subject_id
      WHERE t.parent_id IS NOT NULL AND e.action IN ('user:created', 'user:deleted')"""
HISTORY = """
    SELECT id, content_hash FROM event_row ORDER BY id"""
WALK = "SELECT done_count, ended_at FROM route_walk_row ORDER BY id DESC LIMIT 1"

Place = tuple[str, int]
"""A tenant's slug, and in how many groups one is there."""


@dataclass(frozen=True)
class Begun:
    """A move that was asked for and not yet done."""

    url: str
    count: int
    history: Mapping[str, str]
    """Everything that was told before, by id."""


def begin(url: str, count: int) -> Begun:
    """Push people who are led to Bristol, half of them in a group, and let the rules lead them to Cardiff."""
    ask = asyncio.run(seed(url, count))
    history = dict(read_rows(url, HISTORY))
    asyncio.run(ask())
    return Begun(url, count, history)


async def seed(url: str, count: int) -> Callable[[], Coroutine[None, None, None]]:
    """Push them, and return what lets the rules lead them elsewhere."""
    async with open_store(url):
        use_follower(follow_commits)
        world = await create_world("acme")
        world.now = datetime.now(UTC) - timedelta(minutes=30)
        bristol, cardiff = [await below(world, slug) for slug in ("bristol", "cardiff")]
        everybody = rules.Condition(kind="source", value=world.source.source_id)
        leads = rules.RuleDraft(condition=everybody, goes_to=(bristol,))
        await rules.create_rule(leads, by=world.system, now=world.tick())
        for number in range(count):
            await world.push_user(f"p{number}")
        await world.push_group("Even", [f"ext-p{number}" for number in range(0, count, 2)])
        while await due.has_due(world.tick()):
            await due.work_due(world.tick())
        while await events.seal_events(now=world.tick(), limit=5_000):
            pass
        (line,) = (await rules.list_rules(world.tenant.tenant_id)).lines
    draft = rules.RuleDraft(condition=everybody, goes_to=(cardiff,))
    change = rules.EditRule(rule_id=line.rule.rule_id, draft=draft)

    async def ask() -> None:
        async with open_store(url):
            await rules.change_rules(change, lets_pass=True, by=world.system, now=datetime.now(UTC))

    return ask


async def below(world: World, slug: str) -> TenantId:
    """Create a tenant below whose guard counts nothing: who moves there is meant to."""
    tenant = await tenants.create_tenant(slug.title(), parent_slug=world.tenant.slug, now=world.tick())
    await guard_limits.set_limits(Limits(on=False), by=tenants.system_actor(tenant), now=world.tick())
    return tenant.tenant_id


def progress(begun: Begun) -> tuple[int, bool]:
    """Return how many the walk is through with, and whether it is over."""
    ((done, ended_at),) = read_rows(begun.url, WALK)
    return done, ended_at is not None


def problems_of(begun: Begun) -> list[str]:
    """Return what is half done: everybody is in one tenant, wholly, with one event for each way they went."""
    live: dict[str, list[Place]] = {}
    for user_id, slug, group_count in read_rows(begun.url, LIVE):
        live.setdefault(str(user_id), []).append((slug, group_count))
    routes = {str(user_id): (slug, state) for user_id, slug, state in read_rows(begun.url, ROUTES)}
    told = Counter((str(user_id), slug, action) for user_id, slug, action in read_rows(begun.url, TOLD))
    found = [f"{len(live)} of {begun.count} people are anywhere"] if len(live) != begun.count else []
    found += [f"{user_id} is in {places}" for user_id, places in live.items() if len(places) != 1]
    found += [f"{user_id} is said to be in {routes.get(user_id)}" for user_id, [(slug, _), *_] in live.items()
              if routes.get(user_id) != (slug, "there")]  # fmt: skip
    for user_id, [(slug, _), *_] in live.items():
        moved = int(slug == "cardiff")
        wanted = {
            ("bristol", "user:created"): 1,
            ("bristol", "user:deleted"): moved,
            ("cardiff", "user:created"): moved,
        }
        found += [f"{user_id}: {what} told {told[user_id, *what]} times, not {times}"
                  for what, times in wanted.items() if told[user_id, *what] != times]  # fmt: skip
    grouped = sum(group_count for places in live.values() for _, group_count in places)
    found += [] if grouped == (begun.count + 1) // 2 else [f"{grouped} memberships below"]
    return [*found, *lost_history(begun), *half_written(begun.url)]


def lost_history(begun: Begun) -> list[str]:
    """Return what was told before and is told no more, or otherwise."""
    now = dict(read_rows(begun.url, HISTORY))
    return [f"event {event_id}" for event_id, digest in begun.history.items() if now.get(event_id) != digest]


def moved_count(begun: Begun) -> int:
    """Return how many are in Cardiff."""
    return sum(slug == "cardiff" for _, slug, _ in read_rows(begun.url, LIVE))
