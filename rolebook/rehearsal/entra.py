"""Entra ID's cycle: test connection, schemas, users, groups, members and managers, then what changes later."""

from collections.abc import Iterator
from functools import partial
from uuid import UUID, uuid5

from rolebook.rehearsal.checks import finds, lists
from rolebook.rehearsal.company import Company
from rolebook.rehearsal.comparing import Wrong, differences
from rolebook.rehearsal.connection import STEP, test_connection
from rolebook.rehearsal.entra_bodies import SCHEMA_PLACES
from rolebook.rehearsal.entra_groups import EntraGroup
from rolebook.rehearsal.entra_users import EntraUser
from rolebook.rehearsal.exchange import Reply, Request, query
from rolebook.rehearsal.stage import Act
from rolebook.rehearsal.wire import Wire


def entra_acts(wire: Wire, company: Company, *, keep: bool) -> list[Act]:
    """Return the rehearsal as Entra ID plays it; unless ``keep``, what was made is deleted in the end."""
    users = [EntraUser(wire, company, person) for person in company.people]
    groups = [EntraGroup(wire, company, team) for team in company.teams]
    left = company.leavers
    acts = [
        Act("connect", [partial(connect, wire, company.prefix)]),
        Act("create users", [user.create for user in users]),
        Act("create groups", [group.create for group in groups]),
        Act("add members", [group.fill for group in groups]),
        Act("set managers", [user.set_manager for user in users]),
        Act("change users", [user.change for user in users]),
        Act("disable and enable", [user.disable for user in users]),
        Act("check groups", [partial(group.check_after_leavers, frozenset()) for group in groups]),
        Act("rename users", [user.rename for user in users]),
        Act("change groups", [group.change for group in groups]),
        Act("delete leavers", [user.leave for user in users if user.person.number in left]),
        Act("check groups", [partial(group.check_after_leavers, left) for group in groups]),
    ]
    if not keep:
        acts.append(Act("delete groups", [group.clean_up for group in groups]))
        acts.append(Act("delete users", [user.clean_up for user in users if user.person.number not in left]))
    return acts


async def connect(wire: Wire, prefix: str) -> None:
    """Do what the buttons *Test Connection* and *Save* do.

    Raises:
        UnreachableError: there is no SCIM endpoint that takes the secret.
    """
    nobody = uuid5(UUID(int=0), prefix)
    wanted = (f'userName eq "{nobody}"', f'externalId eq "{nobody}"', f'emails[type eq "work"].value eq "{nobody}"')
    await test_connection(wire, Request("GET", query("/Users", filter=wanted[0])), finds(None))
    for text in wanted[1:]:
        await wire.ask(STEP, Request("GET", query("/Users", filter=text)), finds(None))
    await wire.ask("read schemas", Request("GET", "/Schemas"), lists(), lists_schemas)


def lists_schemas(reply: Reply) -> Iterator[Wrong]:
    """Check that what Entra maps by default is in the schemas; it does not offer what is not."""
    listed = reply.resource().get("Resources")
    for urn, names in SCHEMA_PLACES.items():
        schema = next((one for one in listed or [] if isinstance(one, dict) and one.get("id") == urn), None)
        yield from differences({"attributes": [{"name": name} for name in names]}, schema, urn)
