"""Connections to our own Graph, and the truth about it."""

from connectors.attribute_rules import Rules
from connectors.connector import Secrets
from connectors.entra.config import Endpoints, GraphConfig
from connectors.entra.connector import Graph
from connectors.entra.mapping import DEFAULT_RULES
from connectors.terms import Terms
from directory.person import ENTERPRISE
from directory.pulls.targets import MANAGER
from tests.connectors.pulling import Values, hurried_terms
from tests.fakes.graph import FakeGraph
from tests.fakes.graph_people import group_id, principal_name, user_id
from tests.fakes.graph_tokens import APPLICATION, DIRECTORY, SECRET
from tests.fakes.population import Person

CONFIG = GraphConfig(tenant=DIRECTORY, client_id=APPLICATION)
BY_SECRET = Secrets({"client_secret": SECRET})


def connect(
    graph: FakeGraph,
    config: GraphConfig = CONFIG,
    *,
    secrets: Secrets = BY_SECRET,
    rules: Rules = DEFAULT_RULES,
    terms: Terms | None = None,
) -> Graph:
    """Give a connection to our own Graph."""
    endpoints = Endpoints(graph.base, graph.base)
    return Graph(config, secrets, rules, terms or hurried_terms(), endpoints=endpoints)


def truth(
    graph: FakeGraph, *, guests: bool = False
) -> tuple[dict[str, Values], dict[str, Values], set[tuple[str, str]], set[tuple[str, str]]]:
    """Give what a mirror of the directory should show."""
    people = graph.people
    here = [one for one in people.people() if not one.gone and (guests or not one.guest)]
    users = {user_id(one.number): expected_user(one) for one in here}
    crews = [crew for crew in people.crews if not crew.gone]
    groups: dict[str, Values] = {group_id(crew.number): {"displayName": crew.name} for crew in crews}
    edges = {(group_id(crew.number), user_id(one)) for crew in crews for one in people.members(crew.number)}
    nested = {(group_id(crew.number), group_id(inner)) for crew in crews for inner in crew.nested}
    return users, groups, {one for one in edges if one[1] in users}, nested


def expected_user(person: Person) -> Values:
    """Give the values that the shipped rules make of somebody, worked out by hand."""
    return {
        "userName": principal_name(person),
        "active": person.status == "ACTIVE",
        "displayName": f"{person.given} {person.family}",
        "name.givenName": person.given,
        "name.familyName": person.family,
        "title": person.title,
        "emails[work]": person.mail or f"home-{person.login}",
        "preferredLanguage": "en-GB",
        f"{ENTERPRISE}:department": person.department,
        f"{ENTERPRISE}:employeeNumber": str(person.number),
        MANAGER: None if person.manager is None else user_id(person.manager),
    }
