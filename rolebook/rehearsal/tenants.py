"""A rehearsal at a super tenant: users sent to the tenants below, and what of them changes later."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from rolebook.rehearsal import entra, okta
from rolebook.rehearsal.checks import ids_in, is_number, lists
from rolebook.rehearsal.company import Company, Person
from rolebook.rehearsal.comparing import Wrong
from rolebook.rehearsal.entra_groups import EntraGroup
from rolebook.rehearsal.exchange import Reply, Request, literal, query
from rolebook.rehearsal.okta_groups import OktaGroup
from rolebook.rehearsal.places import ROUTING, Places
from rolebook.rehearsal.stage import Act, Sequenced
from rolebook.rehearsal.tenant_dialects import Dialect, EntraDialect, OktaDialect
from rolebook.rehearsal.tenant_users import TenantUser
from rolebook.rehearsal.wire import UnreachableError, Wire

EACH = 60
"""One in so many does each thing, so that the guards of the tenants let everything pass: 10, or 10 % in a day."""

PAGE = 100
STEP = "who is in a tenant"


def sent_people(company: Company, places: Places) -> Company:
    """Return the company with departments that are tenants, where the department says who goes where."""
    if places.attribute != "department":
        return company
    people = tuple(replace(person, department=places.home_of(person.number)) for person in company.people)
    return replace(company, people=people)


def entra_tenant_acts(wire: Wire, company: Company, places: Places, *, keep: bool) -> list[Act]:
    """Return the rehearsal as Entra ID plays it."""
    groups = [EntraGroup(wire, company, team) for team in company.teams]
    left = frozenset(person.number for person in _every(company, 3))
    users = _users(wire, company, places, EntraDialect(places))
    return [
        Act("connect", [partial(entra.connect, wire, company.prefix), partial(read_extension, wire, places)]),
        Act("create users", [user.create for user in users]),
        Act("create groups", [group.create for group in groups]),
        Act("add members", [group.fill for group in groups]),
        *_changes(wire, company, places, users),
        Act("check groups", [partial(group.check_after_leavers, left) for group in groups]),
        *_end(users, [group.clean_up for group in groups], left, keep=keep),
    ]


def okta_tenant_acts(wire: Wire, company: Company, places: Places, *, keep: bool) -> list[Act]:
    """Return the rehearsal as Okta plays it."""
    groups = [OktaGroup(wire, company, team) for team in company.teams]
    users = _users(wire, company, places, OktaDialect(places))
    return [
        Act("connect", [partial(okta.connect, wire, company.prefix), partial(read_extension, wire, places)]),
        Act("create users", [user.create for user in users]),
        Act("push groups", [group.push for group in groups]),
        *_changes(wire, company, places, users),
        Act("check groups", [group.check for group in groups]),
        *_end(users, [group.clean_up for group in groups], frozenset(), keep=keep),
    ]


def _users(wire: Wire, company: Company, places: Places, dialect: Dialect) -> list[TenantUser]:
    return [TenantUser(wire, company, person, places, dialect) for person in company.people]


def _every(company: Company, first: int) -> Sequence[Person]:
    return company.people[first::EACH]


def _changes(wire: Wire, company: Company, places: Places, users: Sequence[TenantUser]) -> list[Act]:
    rolls = [Roll(wire, company, places, slug).call for slug in places.slugs]
    two = users[1::EACH] if places.attribute == "routeTo" and len(places.slugs) > 1 else []
    return [
        Act("check tenants", rolls),
        Act("move users", [user.move for user in users[::EACH]] if len(places.slugs) > 1 else []),
        Act("be in two tenants", [user.be_in_two for user in two]),
        Act("disable and enable", [user.disable for user in users[2::EACH]]),
        Act("get lost", [user.get_lost for user in users[4::EACH]]),
        Act("leave", [user.leave for user in users[3::EACH]]),
        Act("check tenants", rolls),
    ]


def _end(users: Sequence[TenantUser], cleaning: Sequence[Sequenced], left: frozenset[int], *, keep: bool) -> list[Act]:
    if keep:
        return []
    remaining = [user.clean_up for user in users if user.person.number not in left]
    return [Act("delete groups", cleaning), Act("delete users", remaining)]


async def read_extension(wire: Wire, places: Places) -> None:
    """Read the schema that says in which tenants users are.

    Raises:
        UnreachableError: the endpoint has none, or does not take from us where users go.
    """
    reply = await wire.ask("read extension", Request("GET", f"/Schemas/{ROUTING}"))
    listed = reply.resource().get("attributes")
    names = {one.get("name") for one in listed if isinstance(one, dict)} if isinstance(listed, list) else set[object]()
    if "tenants" not in names:
        raise UnreachableError(f"{wire.address} is of no tenant with tenants below it: {reply.shown}")
    if places.attribute == "routeTo" and "routeTo" not in names:
        raise UnreachableError(f"{wire.address} does not take routeTo: switch accepts_routing of the connection on")


@dataclass(frozen=True, slots=True)
class Roll:
    """The users of one tenant, as the endpoint finds them."""

    wire: Wire
    company: Company
    places: Places
    slug: str

    async def call(self) -> None:
        """Find them page by page, and nobody else of ours."""
        text = f"{ROUTING}:tenants.value eq {literal(self.slug)} and userName co {literal(self.company.prefix)}"
        found: list[str] = []
        start, total = 1, 1
        while start <= total:
            asked = query("/Users", filter=text, attributes="userName", startIndex=start, count=PAGE)
            reply = await self.wire.ask(STEP, Request("GET", asked), lists(), partial(self._complete, [*found]))
            found += ids_in(reply)
            said = reply.resource().get("totalResults")
            total, start = said if is_number(said) else 0, start + PAGE

    def _complete(self, before: list[str], reply: Reply) -> Iterator[Wrong]:
        """On the last page everybody who should be there was found, and nobody else but whom a guard keeps there."""
        total = reply.resource().get("totalResults")
        found = [*before, *ids_in(reply)]
        if not is_number(total) or len(found) < total:
            return
        ids, known = set(found), self.company.user_ids
        expected = {known[number] for number, slugs in self.places.expected.items() if self.slug in slugs}
        kept = {user_id for user_id, slug in self.places.held if slug == self.slug}
        if len(ids) != len(found):
            yield Wrong("nobody twice", f"{len(found)} found, {len(ids)} different ones")
        if missing := expected - ids:
            yield Wrong(f"{len(expected)} users in {self.slug}", f"{len(missing)} missing, such as {min(missing)}")
        if surplus := ids - expected - kept:
            yield Wrong(f"{len(expected)} users in {self.slug}", f"{len(surplus)} too many, such as {min(surplus)}")
