"""Where users of a super tenant are, as tests look at it, and pushes that change it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from directory import events, mappings, tenants, users
from directory.commit import commit_plan, in_unit_of
from directory.followers import use_follower
from directory.model import JsonValue, TenantId, User, UserAttributes, UserId
from directory.plan import Plan, UpdateRows
from directory.routes.follow import follow_commits
from directory.routing import Condition, RoutingRule
from directory.store.routes.facts import list_routes
from directory.store.unit import as_tenant
from tests.directory.routes.family import Family, create_family


async def titled_family(*slugs: str) -> Family:
    """Create a super tenant where whoever has the title of a place is led there."""
    family = await create_family(*slugs)
    for slug in slugs:
        await family.lead("user", titled(slug), slug)
    await family.work_off()
    return family


def titled(title: str) -> Condition:
    return Condition(kind="attribute", path="title", values=(title,))


async def states_of(family: Family, user: User) -> dict[str, str]:
    """Return where a user is, by slug, with the state of the route and what is wrong with it."""
    slugs = {tenant.tenant_id: slug for slug, tenant in family.below.items()}
    routes, _ = await list_routes(family.tenant_id, [user.user_id])
    found = routes.get(user.user_id, [])
    return {slugs[one.to_tenant_id]: f"{one.state} {one.problem}".strip() for one in found}


async def queued_of(family: Family, user: User) -> str | None:
    _, queued = await list_routes(family.tenant_id, [user.user_id])
    return queued.get(user.user_id)


async def copy_in(family: Family, slug: str, user: User) -> User:
    """Return the copy of a user, as the tenant has it now."""
    routes, _ = await list_routes(family.tenant_id, [user.user_id])
    tenant_id = family.below[slug].tenant_id
    (copy_id,) = [one.copy_user_id for one in routes[user.user_id] if one.to_tenant_id == tenant_id]
    assert copy_id is not None
    return await found_in(tenant_id, copy_id)


async def found_in(tenant_id: TenantId, user_id: UserId) -> User:
    async with as_tenant(tenant_id):
        return await users.get_user(tenant_id, user_id)


async def edit(family: Family, user: User, **attributes: JsonValue) -> User:
    """Push other attributes of a user; None takes one away."""

    def change(before: UserAttributes) -> UserAttributes:
        after = {**before.document, **attributes}
        return UserAttributes({name: value for name, value in after.items() if value is not None})

    return await users.edit_user(user.user_id, change, by=family.above.client, now=family.above.tick())


async def told_of(tenant_id: TenantId, user_id: UserId) -> list[str]:
    async with as_tenant(tenant_id):
        return [event.action for event in await events.list_events(tenant_id, subject_id=user_id, limit=100)]


async def mark_tenant(family: Family, slug: str, **values: datetime | None) -> None:
    """Suspend, delete or restore a tenant below, as far as routing knows it."""
    now, by = family.above.tick(), tenants.system_actor(family.below[slug])
    change = UpdateRows(table="tenant_row", values=values, where={"id": by.tenant_id}, require=1)
    async with as_tenant(by.tenant_id):
        await in_unit_of(by, lambda: commit_plan(Plan(changes=(change,)), by=by, now=now))
    await family.change_rules(Plan())


async def consent_to(family: Family, rule: RoutingRule) -> None:
    """Consent to a rule that gives administration."""
    where = {"tenant_id": family.tenant_id, "id": rule.rule_id}
    change = UpdateRows(table="routing_rule_row", values={"consented_by": "R. Diaz"}, where=where, require=1)
    await family.change_rules(Plan(changes=(change,)))


async def finish_decisions(family: Family) -> None:
    """Let the duty decide the roles that a change of mappings left."""
    while await mappings.redecide(None, now=family.above.tick(), batches=10):
        pass


@contextmanager
def nothing_following() -> Iterator[None]:
    """Let nothing follow what is committed, as if it were all one."""
    use_follower(None)
    try:
        yield
    finally:
        use_follower(follow_commits)
