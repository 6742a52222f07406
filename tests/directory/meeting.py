"""Two connections and local people who may meet."""

from dataclasses import replace

from directory import adoptions, locks, sources, users
from directory.adoption_cases import Entry
from directory.adoptions import EntryFilter, Verdict
from directory.meetings import OnMatch
from directory.model import PERMISSIONS, Actor, JsonValue, Source, User, UserAttributes
from tests.directory.world import World


async def second_source(world: World, label: str = "Okta") -> Actor:
    """Add a connection and return its client."""
    made: Source = await sources.create_source(
        kind="scim", preset="okta", label=label, by=world.system, now=world.tick()
    )
    return replace(world.client, source_id=made.source_id, label=label)


async def push(world: World, client: Actor, name: str, *, on_match: OnMatch = "queue", **attributes: JsonValue) -> User:
    """Have a client create a user ``name`` with the externalId ``ext-<name>``."""
    document: dict[str, JsonValue] = {"userName": name, "externalId": f"ext-{name}", "active": True, **attributes}
    user, _ = await users.create_user(
        UserAttributes({key: value for key, value in document.items() if value is not None}),
        by=client,
        now=world.tick(),
        revive_inactive=True,
        on_match=on_match,
    )
    return user


def mail(address: str) -> list[JsonValue]:
    """Return one e-mail address as an attribute."""
    return [{"value": address, "type": "work", "primary": True}]


async def local_user(world: World, name: str, role: str = "viewer", email: str | None = None) -> User:
    """Create a local user."""
    return await locks.create_local_user(
        name,
        display_name=name.title(),
        email=email,
        role_id=world.roles[role].role_id,
        by=world.system,
        now=world.tick(),
    )


def operator(world: World, label: str = "R. Diaz") -> Actor:
    """Return somebody who may do everything."""
    return Actor(tenant_id=world.tenant.tenant_id, kind="operator", label=label, permissions=frozenset(PERMISSIONS))


async def queue(world: World, wanted: EntryFilter | None = None) -> list[Entry]:
    """Return the entries that wait."""
    page = await adoptions.list_entries(world.tenant.tenant_id, wanted or EntryFilter(), limit=50)
    return page.entries


async def decide(world: World, entry: Entry, verdict: Verdict, by: Actor | None = None) -> None:
    """Decide on an entry as it is now."""
    case = await adoptions.get_case(world.tenant.tenant_id, entry.entry_id)
    await adoptions.decide(entry.entry_id, verdict, seen=case.seen, by=by or operator(world), now=world.tick())
