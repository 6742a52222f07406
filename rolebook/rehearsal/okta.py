"""Okta's way: test, users one by one, updates, group push, imports, and what happens to leavers."""

from functools import partial

from rolebook.rehearsal.checks import finds, lists, refuses
from rolebook.rehearsal.company import Company
from rolebook.rehearsal.connection import STEP, test_connection
from rolebook.rehearsal.exchange import Request, query
from rolebook.rehearsal.okta_groups import OktaGroup
from rolebook.rehearsal.okta_import import Import
from rolebook.rehearsal.okta_users import OktaUser, by_name
from rolebook.rehearsal.stage import Act
from rolebook.rehearsal.wire import Wire

WRONG_SECRET = "a-secret-that-nobody-gave-out"  # noqa: S105 - it opens nothing, which is its use


def okta_acts(wire: Wire, company: Company, *, keep: bool) -> list[Act]:
    """Return the rehearsal as Okta plays it; unless ``keep``, what was made is deleted in the end."""
    users = [OktaUser(wire, company, person) for person in company.people]
    groups = [OktaGroup(wire, company, team) for team in company.teams]
    leavers = [user for user in users if user.person.number in company.leavers]
    imports = [
        Import(wire, "/Users", lambda: company.user_ids),
        Import(wire, "/Groups", lambda: company.group_ids),
    ]
    acts = [
        Act("connect", [partial(connect, wire, company.prefix)]),
        Act("create users", [user.create for user in users]),
        Act("push groups", [group.push for group in groups]),
        Act("update users", [user.update for user in users]),
        Act("disable and enable", [user.disable for user in users]),
        Act("check groups", [group.check for group in groups]),
        Act("change groups", [group.change for group in groups]),
        Act("import", [one.walk for one in imports]),
        Act("leave and return", [user.leave_and_return for user in leavers]),
        Act("check groups", [group.check for group in groups]),
    ]
    if not keep:
        acts.append(Act("delete groups", [group.clean_up for group in groups]))
        acts.append(Act("delete users", [user.clean_up for user in users]))
    return acts


async def connect(wire: Wire, prefix: str) -> None:
    """Do what *Test Connector Configuration* does, and try a secret that is none.

    Raises:
        UnreachableError: there is no SCIM endpoint that takes the secret.
    """
    await test_connection(wire, Request("GET", query("/Users", count=1, startIndex=1)), lists())
    await wire.ask(STEP, by_name(f"nobody+{prefix}@rehearsal.example"), finds(None, start=1))
    await wire.ask(STEP, Request("GET", query("/Groups", count=1, startIndex=1)), lists())
    await wire.ask("read nobody", Request("GET", f"/Users/nobody-{prefix}"), refuses(404))
    await wire.ask("wrong secret", Request("GET", "/Users", secret=WRONG_SECRET), refuses(401))
