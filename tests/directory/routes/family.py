"""A super tenant and tenants below it to act in: rules, who is where, and the queue worked off."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from directory import access_roles, groups, guard_limits, locks, mappings, tenants, users
from directory.commit import commit_plan, in_unit_of, source_of
from directory.followers import unfollowed
from directory.guard import Limits
from directory.ids import new_id
from directory.model import Actor, Group, GroupId, JsonValue, Tenant, TenantId, User, UserAttributes, UserId
from directory.plan import DeleteRows, InsertRow, Plan, ReleaseUsers, UpdateRows, joined_plan
from directory.query import Window
from directory.routes import due, walks
from directory.routes.edges import Problems, Standing, route_edges
from directory.routes.feeds import feed_of, make_feed
from directory.routes.ground import Ground, find_ground
from directory.routes.groups import route_groups
from directory.routes.people import route_people
from directory.routing import Condition, RoutingRule, RuleKind
from directory.store.routes import group_routes
from directory.store.routes.policy import texts_of
from directory.store.unit import as_tenant, in_joined_unit
from tests.directory.world import World, create_world


@dataclass
class Family:
    """What a test needs to push above, and to look below."""

    above: World
    below: dict[str, Tenant]
    rule_count: int = 0
    rules: dict[str, RoutingRule] = field(default_factory=dict)

    @property
    def tenant_id(self) -> TenantId:
        """The super tenant's id."""
        return self.above.tenant.tenant_id

    async def ground(self, *, lets_pass: bool = False) -> Ground:
        """Return what routing stands on now."""
        found = await find_ground(self.tenant_id, by=self.above.system, now=self.above.tick(), lets_pass=lets_pass)
        assert found is not None
        return found

    async def lead(
        self, kind: RuleKind, condition: Condition, *slugs: str, label: str = "", role_key: str | None = None
    ) -> RoutingRule:
        """Add a rule behind the others, with the walk that follows a change of rules."""
        now = self.above.tick()
        self.rule_count += 1
        rule = RoutingRule(
            rule_id=new_id(now),
            kind=kind,
            position=self.rule_count,
            label=label or f"rule {self.rule_count}",
            condition=condition,
            goes_to=tuple(self.below[slug].tenant_id for slug in slugs),
            role_key=role_key,
        )
        self.rules[rule.label] = rule
        said, goes_to = texts_of(rule)
        row = InsertRow(
            table="routing_rule_row",
            values={
                "tenant_id": self.tenant_id,
                "id": rule.rule_id,
                "kind": rule.kind,
                "position": rule.position,
                "label": rule.label,
                "condition": said,
                "goes_to": goes_to,
                "role_key": rule.role_key,
                "stops": rule.stops,
                "consented_by": None,
                "created_at": now,
            },
        )
        await self.change_rules(Plan(changes=(row,)))
        return rule

    async def change_rules(self, plan: Plan, *, lets_pass: bool = False) -> None:
        """Commit a change of the rules as their verbs do: with a new mark, and a walk."""
        now = self.above.tick()
        mark = UpdateRows(
            table="tenant_row", values={"routing_mark": new_id(now)}, where={"id": self.tenant_id}, require=1
        )
        total_count = await walks.count_everybody(self.tenant_id)
        walk = walks.plan_walk(
            self.tenant_id, asked_by="R. Diaz", now=now, total_count=total_count, lets_pass=lets_pass
        )
        plan = joined_plan(plan, Plan(changes=(mark,)), walk)
        await in_unit_of(self.above.system, lambda: commit_plan(plan, by=self.above.system, now=now))

    async def drop_rule(self, rule: RoutingRule, *, lets_pass: bool = False) -> None:
        """Take a rule away, with the walk that follows."""
        where = {"tenant_id": self.tenant_id, "id": rule.rule_id}
        gone = Plan(changes=(DeleteRows(table="routing_rule_row", where=where),))
        await self.change_rules(gone, lets_pass=lets_pass)

    async def release(self, copy: User) -> None:
        """Make a user one of the tenant's own, as turning a connection off would."""
        family = [self.above.tenant, *self.below.values()]
        by = tenants.system_actor(next(one for one in family if one.tenant_id == copy.tenant_id))
        now = self.above.tick()
        assert copy.source_id is not None
        plan = Plan(changes=(ReleaseUsers(source_id=copy.source_id, user_ids=(copy.user_id,), at=now),))
        await in_unit_of(by, lambda: commit_plan(plan, by=by, now=now))
        await self.work_off()

    async def work_off(self) -> int:
        """Let the duty do all that waits."""
        done = 0
        while (some := await due.work_due(self.above.tick())) > 0:
            done += some
        return done

    async def route(self, *people: User, lets_pass: bool = False) -> Counter[str]:
        """Route users in a unit of work of its own, and return what was done."""
        ground = await self.ground(lets_pass=lets_pass)
        user_ids = [user.user_id for user in people]
        return await in_joined_unit(self.tenant_id, lambda: route_people(ground, user_ids))

    async def feed(self, slug: str) -> Actor:
        """Return who acts in a tenant below."""
        ground = await self.ground()
        async with as_tenant(self.below[slug].tenant_id):
            found = await feed_of(ground, self.below[slug].tenant_id)
            return found or await make_feed(ground, self.below[slug].tenant_id)

    async def put_copy(self, user: User, slug: str) -> User:
        """Create the copy of a user in a tenant below, as routing would."""
        by = await self.feed(slug)
        document: dict[str, JsonValue] = {**user.attributes.document, "externalId": str(user.user_id)}
        async with as_tenant(self.below[slug].tenant_id):
            with unfollowed():
                copy, _ = await users.create_user(
                    UserAttributes(document), by=by, now=self.above.tick(), revive_inactive=True
                )
        return copy

    async def route_edges(self, *standings: Standing) -> Problems:
        """Route memberships in a unit of work."""
        ground = await self.ground()
        return await in_joined_unit(self.tenant_id, lambda: route_edges(ground, standings))

    async def route_groups(self, *given: Group) -> None:
        """Route groups in a unit of work."""
        ground = await self.ground()
        ids = [group.group_id for group in given]
        await in_joined_unit(self.tenant_id, lambda: route_groups(ground, ids))

    async def group_named(self, name: str) -> Group:
        """Return a group of the super tenant."""
        found = await groups.list_groups(self.tenant_id, None, None, Window(limit=1000))
        return next(group for group in found.things if group.attributes.display_name == name)

    async def copies_of(self, group: Group) -> dict[str, GroupId]:
        """Return where copies of a group are, by the tenant's slug."""
        slugs = {tenant.tenant_id: slug for slug, tenant in self.below.items()}
        return {
            slugs[copy.tenant_id]: copy.copy_id
            for copy in await group_routes.list_copies(self.tenant_id, [group.group_id])
        }

    async def members_in(self, slug: str, group: Group) -> set[str] | None:
        """Return the names of the members that a group has in a tenant below; None if it is not there."""
        copy_id = (await self.copies_of(group)).get(slug)
        if copy_id is None:
            return None
        found = await groups.list_members(self.below[slug].tenant_id, copy_id, after=None, limit=1000)
        return {member.user_name.partition("@")[0] for member in found}

    async def names_in(self, slug: str) -> set[str]:
        """Return who is in a tenant below by routing, by name."""
        by = await self.feed(slug)
        found = await users.list_users(by.tenant_id, source_of(by), None, Window(limit=1000))
        return {user.attributes.user_name.partition("@")[0] for user in found.things}

    async def map_copy(self, slug: str, group: Group, role: str) -> None:
        """Map the copy of a group to a shipped role of the tenant below."""
        world = await self.world_of(slug)
        copy_id = (await self.copies_of(group))[slug]
        await mappings.add_mapping(
            copy_id, world.roles[role].role_id, consent=True, by=world.system, now=self.above.tick()
        )

    async def put_administrator(self, slug: str) -> None:
        """Give a tenant below an administrator of its own."""
        below = await self.world_of(slug)
        role_id = below.roles["administrator"].role_id
        await locks.create_local_user("root", role_id=role_id, by=below.system, now=self.above.tick())

    async def switch_guard_off(self, slug: str) -> None:
        """Let a tenant below take whatever comes."""
        by = tenants.system_actor(self.below[slug])
        await guard_limits.set_limits(Limits(on=False), by=by, now=self.above.tick())

    async def world_of(self, slug: str) -> World:
        """Return a tenant below as a world, with the roles it has; its source is that of the super tenant's world."""
        return await world_of(self.below[slug], self.above)


async def world_of(tenant: Tenant, like: World) -> World:
    """Return a tenant as a world to look at."""
    roles = {role.shipped: role for role in await access_roles.list_roles(tenant.tenant_id) if role.shipped}
    return World(tenant=tenant, source=like.source, system=tenants.system_actor(tenant), roles=roles, now=like.now)


def standing_of(user: User, in_groups: Iterable[Group], copies: Sequence[User]) -> Standing:
    """Return where a user stands."""
    return Standing(
        user_id=user.user_id,
        groups={group.group_id: group.attributes.display_name for group in in_groups},
        copies={copy.tenant_id: UserId(copy.user_id) for copy in copies},
    )


async def create_family(*slugs: str, above: str = "above") -> Family:
    """Create a super tenant, and tenants below it."""
    world = await create_world(above)
    below = {
        slug: await tenants.create_tenant(slug.title(), slug=slug, parent_slug=above, now=world.tick())
        for slug in slugs
    }
    return Family(above=world, below=below)
