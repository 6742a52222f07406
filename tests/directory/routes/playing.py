"""Steps of a history, done to the directory and to the model alike."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from directory import groups, guard_limits, local_users, locks, mappings, tenants, users
from directory.edits import GroupEdit
from directory.errors import AlreadyExistsError
from directory.guard import Limits
from directory.model import Group, GroupAttributes, JsonObject, RoleId, TenantId, User, UserAttributes
from directory.person import ENTERPRISE
from directory.routes import rules
from directory.routing import Condition
from directory.sub_tenants import states
from tests.directory.routes.family import Family, create_family
from tests.directory.routes.model import Below, Circle, Model, Person, Question, Rule
from tests.directory.world import World

PEOPLE = ("ann", "bob", "carl", "dora", "eve", "finn")
CIRCLES = ("staff", "admins", "guests")
BRANCHES = ("bath", "cork", "dover", "ely", "fife")
DEPARTMENTS = ("sales", "legal")
DOMAINS = ("example.org", "example.net")
ROLES = ("editor", "viewer", "user_manager")
QUESTIONS: tuple[Question, ...] = ("department", "domain", "group", "group_name", "everybody")
RULES_MAX = 6


@dataclass(frozen=True)
class Step:
    """One thing that happens; what a kind of step does not need, it ignores."""

    deed: str
    person: str
    circle: str
    chosen: frozenset[str]
    branches: frozenset[str]
    number: int
    question: Question
    role: str | None


@dataclass
class Play:
    """A super tenant, what is known of it, and what it should come to."""

    family: Family
    model: Model
    role_ids: Mapping[str, Mapping[str, RoleId]]
    """By tenant and shipped key."""
    users: dict[str, User] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    locals: dict[tuple[str, str], User] = field(default_factory=dict)

    @property
    def world(self) -> World:
        """The super tenant."""
        return self.family.above

    @property
    def slugs(self) -> list[str]:
        """The tenants below, in the order of ``BRANCHES``."""
        return list(self.family.below)

    def tenant_id(self, slug: str) -> TenantId:
        """Return the id of a tenant below."""
        return self.family.below[slug].tenant_id

    def goes_to(self, step: Step) -> tuple[str, ...]:
        """Return the tenants that a step names, at least one: those that are there."""
        there = [slug for slug in self.slugs if slug not in self.model.deleted]
        named = tuple(slug for slug in there if slug.rpartition("-")[2] in step.branches)
        return named or (there[step.number % len(there)],)

    def document(self, name: str, person: Person) -> JsonObject:
        """Return a person as the source sends it."""
        return {
            "userName": f"{name}@example.org",
            "externalId": f"ext-{name}",
            "displayName": person.display_name,
            "active": person.active,
            "emails": [{"value": f"{name}@{person.domain}", "primary": True}],
            ENTERPRISE: {"department": person.department},
        }

    async def take(self, step: Step) -> None:
        """Do a step, if it can be done now, and let duties do what waits."""
        await DEEDS[step.deed](self, step)
        if step.deed not in INLINE:
            await self.family.work_off()


async def begin(above: str) -> Play:
    """Create a super tenant with five below it, whose guards let everything pass."""
    family = await create_family(*(f"{above}-{branch}" for branch in BRANCHES), above=above)
    for tenant in (family.above.tenant, *family.below.values()):
        await guard_limits.set_limits(Limits(on=False), by=tenants.system_actor(tenant), now=family.above.tick())
    roles = {slug: (await family.world_of(slug)).roles for slug in family.below}
    role_ids = {slug: {key: role.role_id for key, role in held.items()} for slug, held in roles.items()}
    return Play(family, Model({slug: Below() for slug in family.below}), role_ids)


async def arrive(play: Play, step: Step) -> None:
    """Somebody comes, or comes back."""
    if step.person in play.model.people and play.model.people[step.person].here:
        return
    person = Person(DEPARTMENTS[step.number % 2], DOMAINS[step.number // 2 % 2], f"Name {step.number}")
    made, _ = await users.create_user(
        UserAttributes(play.document(step.person, person)),
        by=play.world.client,
        now=play.world.tick(),
        revive_inactive=True,
    )
    play.users[step.person], play.model.people[step.person] = made, person


async def change(play: Play, step: Step) -> None:
    """Somebody moves, gets another name, is disabled or enabled."""
    person = play.model.people.get(step.person)
    if person is None or not person.here:
        return
    match step.number % 4:
        case 0:
            person.department = DEPARTMENTS[step.number // 4 % 2]
        case 1:
            person.domain = DOMAINS[step.number // 4 % 2]
        case 2:
            person.display_name = f"Name {step.number}"
        case _:
            person.active = not person.active
    document = play.document(step.person, person)
    await users.edit_user(
        play.users[step.person].user_id,
        lambda _: UserAttributes(document),
        by=play.world.client,
        now=play.world.tick(),
    )


async def leave(play: Play, step: Step) -> None:
    """Somebody is deleted, and with that in no group any more."""
    person = play.model.people.get(step.person)
    if person is None or not person.here:
        return
    person.here = False
    for circle in play.model.circles.values():
        circle.members.discard(step.person)
    await users.delete_user(play.users[step.person].user_id, by=play.world.client, now=play.world.tick())


async def gather(play: Play, step: Step) -> None:
    """A group comes or comes back with members, or gets exactly these."""
    circle = play.model.circles.get(step.circle)
    named = frozenset(f"ext-{name}" for name in step.chosen)
    if circle is not None and circle.here:
        circle.members = set(step.chosen)
        await play.world.edit_members(play.groups[step.circle], add=named, replace=True)
        return
    had = set() if circle is None else circle.had
    play.model.circles[step.circle] = Circle(step.circle, set(step.chosen), had=had)
    play.groups[step.circle] = await play.world.push_group(step.circle, named)


async def join(play: Play, step: Step) -> None:
    """Some join a group, and one leaves it; some of them may not have arrived yet."""
    circle = play.model.circles.get(step.circle)
    if circle is None or not circle.here:
        return
    going = {step.person} - step.chosen
    circle.members = circle.members - going | step.chosen
    add, remove = ([f"ext-{name}" for name in some] for some in (step.chosen, going))
    await play.world.edit_members(play.groups[step.circle], add=add, remove=remove)


async def rename(play: Play, step: Step) -> None:
    """A group gets another name."""
    circle = play.model.circles.get(step.circle)
    if circle is None or not circle.here:
        return
    circle.display_name = f"{CIRCLES[step.number % 3]} {step.number}"
    attributes = GroupAttributes({"displayName": circle.display_name, "externalId": f"ext-{step.circle}"})
    edit = GroupEdit(change=lambda _: attributes)
    await groups.edit_group(
        play.groups[step.circle].group_id, edit, by=play.world.client, now=play.world.tick(), unknown="pending"
    )


async def dissolve(play: Play, step: Step) -> None:
    """A group is deleted."""
    circle = play.model.circles.get(step.circle)
    if circle is None or not circle.here:
        return
    circle.here, circle.members = False, set()
    circle.had &= play.model.deleted  # what is in a deleted tenant stays as it is until that comes back
    await groups.delete_group(play.groups[step.circle].group_id, by=play.world.client, now=play.world.tick())


async def add_rule(play: Play, step: Step) -> None:
    """A rule is added."""
    if len(play.model.rules) >= RULES_MAX or (step.question == "group" and step.circle not in play.model.circles):
        return
    if step.question == "group" and not play.model.circles[step.circle].here:
        return
    of_groups = step.question in {"group", "group_name", "everybody"} and step.number % 3 == 0
    rule = Rule(
        question=step.question,
        answer=answer_of(step),
        goes_to=play.goes_to(step),
        role=None if of_groups else step.role,
        stops=step.number % 2 == 0,
        of_groups=of_groups,
    )
    draft = rules.RuleDraft(
        kind="group" if of_groups else "user",
        condition=condition_of(play, rule),
        goes_to=tuple(play.tenant_id(slug) for slug in rule.goes_to),
        role_key=rule.role,
        stops=rule.stops,
    )
    await rules.create_rule(draft, by=play.world.system, now=play.world.tick())
    play.model.rules.append(rule)


def answer_of(step: Step) -> str:
    """Return what the rule of a step compares with."""
    of = {"department": DEPARTMENTS, "domain": DOMAINS, "group_name": CIRCLES, "everybody": ("",)}
    return step.circle if step.question == "group" else of[step.question][step.number % len(of[step.question])]


def condition_of(play: Play, rule: Rule) -> Condition:
    """Return what a rule asks, in the directory's words."""
    match rule.question:
        case "department":
            return Condition(kind="attribute", path=f"{ENTERPRISE}:department", values=(rule.answer,))
        case "domain":
            return Condition(kind="domain", values=(rule.answer,))
        case "group":
            return Condition(kind="group", value=play.groups[rule.answer].group_id)
        case "group_name":
            return Condition(kind="group_name", test="pattern", values=(f"{rule.answer}*",))
        case _:
            return Condition(kind="source", value=play.world.source.source_id)


async def change_rules(play: Play, step: Step) -> None:
    """A rule goes or moves, or the list is read otherwise."""
    model, now, by = play.model, play.world.tick(), play.world.system
    if not model.rules or step.number % 3 == 0:
        model.counts_all = step.number % 2 == 0
        model.fallback = play.goes_to(step)[0] if step.branches else None
        fallback = None if model.fallback is None else play.tenant_id(model.fallback)
        reading = rules.SetReading(matches="all" if model.counts_all else "first", fallback=fallback)
        await rules.edit_routing(reading, by=by, now=now)
        return
    at = step.number % len(model.rules)
    rule_id = (await rules.list_rules(play.family.tenant_id)).lines[at].rule.rule_id
    moved = model.rules.pop(at)
    if step.number % 3 == 1:
        await rules.delete_rule(rule_id, by=by, now=now)
        return
    model.rules.insert(max(at - 1, 0), moved)
    if at:
        await rules.move_rule(rule_id, places=-1, by=by, now=now)


async def come_local(play: Play, step: Step) -> None:
    """A tenant below makes a user of its own with a name that is also above, or deletes it."""
    person = play.model.people.get(step.person)
    likely = sorted(play.model.led_to(step.person)) if person is not None and step.number % 4 else []
    slug = likely[step.number % len(likely)] if likely else play.goes_to(step)[0]
    by, now, key = tenants.system_actor(play.family.below[slug]), play.world.tick(), (slug, step.person)
    if key in play.locals:
        await local_users.delete_local_user(play.locals.pop(key).user_id, by=by, now=now)
        play.model.below[slug].locals.discard(step.person)
        return
    with suppress(AlreadyExistsError):
        play.locals[key] = await locks.create_local_user(
            f"{step.person}@example.org", role_id=play.role_ids[slug]["viewer"], by=by, now=now
        )
        play.model.below[slug].locals.add(step.person)


async def map_below(play: Play, step: Step) -> None:
    """A tenant below maps the copy of a group, or does so no more."""
    circle = play.model.circles.get(step.circle)
    if circle is None or not circle.here:
        return
    found = await play.family.copies_of(play.groups[step.circle])
    copies = {slug: copy_id for slug, copy_id in found.items() if slug not in play.model.deleted}
    if not copies:
        return
    slug = sorted(copies)[step.number % len(copies)]
    below = play.model.below[slug]
    by, now = tenants.system_actor(play.family.below[slug]), play.world.tick()
    mapped = [one for one in below.mapped if one[0] == step.circle]
    if mapped:
        below.mapped.remove(mapped[0])
        await mappings.remove_mapping(copies[slug], by=by, now=now)
    else:
        role = step.role or "viewer"
        below.mapped.append((step.circle, role))
        await mappings.add_mapping(copies[slug], play.role_ids[slug][role], consent=False, by=by, now=now)
    await mappings.redecide(play.tenant_id(slug), now=now, batches=10)


async def end_tenant(play: Play, step: Step) -> None:
    """A tenant below is suspended, which routing does not mind, or deleted, or comes back."""
    by, now = play.world.system, play.world.tick()
    if play.model.deleted:
        slug = play.model.deleted.pop()
        await states.restore_tenant(play.tenant_id(slug), by=by, now=now)
        await states.resume_tenant(play.tenant_id(slug), by=by, now=now)
        return
    slug = play.goes_to(step)[0]
    if step.number % 3 == 0:
        await states.suspend_tenant(play.tenant_id(slug), by=by, now=now)
    elif step.number % 3 == 1:
        await states.resume_tenant(play.tenant_id(slug), by=by, now=now)
    else:
        play.model.deleted.add(slug)
        await states.delete_tenant(play.tenant_id(slug), play.family.below[slug].name, by=by, now=now)


DEEDS: Mapping[str, Callable[[Play, Step], Awaitable[None]]] = {
    "arrive": arrive,
    "change": change,
    "leave": leave,
    "gather": gather,
    "join": join,
    "rename": rename,
    "dissolve": dissolve,
    "add rule": add_rule,
    "change rules": change_rules,
    "come local": come_local,
    "map below": map_below,
    "end tenant": end_tenant,
}
INLINE = {"arrive", "change", "leave", "gather", "join"}
"""What follows these is there as soon as they are: nothing is left to a duty."""
