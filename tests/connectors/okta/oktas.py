"""Connections to our own Okta, and the truth about it."""

from collections.abc import Mapping

import msgspec

from connectors.attribute_rules import Rules
from connectors.connector import Secrets
from connectors.okta.config import OktaConfig
from connectors.okta.connector import Okta
from connectors.okta.mapping import DEFAULT_RULES
from connectors.terms import Terms
from directory.person import ENTERPRISE
from directory.pulls.targets import MANAGER
from tests.connectors.pulling import Values, hurried_terms
from tests.fakes.okta import FakeOkta
from tests.fakes.okta_people import group_id, user_id
from tests.fakes.okta_tokens import TOKEN
from tests.fakes.population import Person

BY_TOKEN = Secrets({"token": TOKEN})


def connect(
    okta: FakeOkta,
    config: Mapping[str, object] | None = None,
    *,
    secrets: Secrets = BY_TOKEN,
    rules: Rules = DEFAULT_RULES,
    terms: Terms | None = None,
) -> Okta:
    """Give a connection to our own Okta; by API token, unless the configuration says otherwise."""
    made = msgspec.convert({"org_url": okta.base, "auth": "token", **(config or {})}, OktaConfig)
    return Okta(made, secrets, rules, terms or hurried_terms())


def truth(
    okta: FakeOkta,
) -> tuple[dict[str, Values], dict[str, Values], set[tuple[str, str]], set[tuple[str, str]]]:
    """Give what a mirror of the directory should show."""
    people = okta.people
    users = {user_id(one.number): expected_user(one) for one in people.people() if not one.gone}
    crews = [crew for crew in people.crews if not crew.gone]
    groups: dict[str, Values] = {group_id(crew.number): {"displayName": crew.name} for crew in crews}
    edges = {(group_id(crew.number), user_id(one)) for crew in crews for one in people.members(crew.number)}
    return users, groups, {one for one in edges if one[1] in users}, set()


def expected_user(person: Person) -> Values:
    """Give the values that the shipped rules make of somebody, worked out by hand."""
    return {
        "userName": person.login,
        "active": person.status not in {"SUSPENDED", "DEPROVISIONED", "STAGED"},
        "displayName": None,
        "name.givenName": person.given,
        "name.familyName": person.family,
        "title": person.title,
        "emails[work]": person.mail or f"home-{person.login}",
        "preferredLanguage": None,
        f"{ENTERPRISE}:department": person.department,
        f"{ENTERPRISE}:employeeNumber": str(person.number),
        MANAGER: None if person.manager is None else user_id(person.manager),
    }
