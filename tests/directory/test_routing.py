"""Where a user belongs follows from the rules alone: the first that fits, or all of them down to one that stops."""

import re
import string
from dataclasses import replace
from typing import Literal
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory.model import GroupId, JsonObject, JsonValue, SourceId, TenantId
from directory.names import name_key
from directory.person import ENTERPRISE
from directory.routing import (
    Condition,
    Destination,
    Outcome,
    RoutedPerson,
    RoutingPolicy,
    RoutingRule,
    RuleKind,
    destinations_for,
    domain_of,
    fits_person,
    group_destinations,
    is_like,
    outcome_for,
    texts_at,
)

TENANTS = [TenantId(UUID(int=at)) for at in range(1, 6)]
BRISTOL, CARDIFF, DERBY, EXETER, GONE = TENANTS
SLUGS = {"bristol": BRISTOL, "cardiff": CARDIFF, "derby": DERBY, "exeter": EXETER}
STAFF = GroupId(UUID(int=100))
ENTRA = SourceId(UUID(int=200))
TITLE = Condition(kind="attribute", path="title", values=("boss",))


def rule(
    condition: Condition, *goes_to: TenantId, kind: RuleKind = "user", stops: bool = True, role_key: str | None = None
) -> RoutingRule:
    return RoutingRule(
        rule_id=uuid4(),
        kind=kind,
        position=1,
        label="a rule",
        condition=condition,
        goes_to=goes_to,
        role_key=role_key,
        stops=stops,
    )


def policy(
    *rules: RoutingRule, matches: Literal["first", "all"] = "first", fallback: TenantId | None = None
) -> RoutingPolicy:
    return RoutingPolicy(rules=rules, matches=matches, fallback=fallback, slugs=SLUGS)


def person(*groups: str, source_id: SourceId | None = ENTRA, **document: JsonValue) -> RoutedPerson:
    return known({"userName": "ann@example.org", **document}, *groups, source_id=source_id)


def known(document: JsonObject, *groups: str, source_id: SourceId | None = ENTRA) -> RoutedPerson:
    named = {GroupId(UUID(int=100 + at)): name for at, name in enumerate(groups)}
    return RoutedPerson(document=document, source_id=source_id, groups=named)


def ids(found: tuple[Destination, ...]) -> list[TenantId]:
    return [one.tenant_id for one in found]


@pytest.mark.parametrize(
    ("condition", "who"),
    [
        (Condition(kind="group", value=STAFF), person("Staff")),
        (Condition(kind="group_name", values=("Acme-*-UK",)), person("Other", "acme-sales-uk")),
        (Condition(kind="source", value=ENTRA), person()),
        (Condition(kind="domain", values=("Example.org",)), person()),
        (Condition(kind="domain", values=("@b.test",)), person(emails=[{"value": "a@B.test", "primary": True}])),
        (Condition(kind="domain", values=("*.b.test",)), person(emails=[{"value": "a@uk.b.test"}])),
        (TITLE, person(title="Boss")),
        (Condition(kind="attribute", test="one_of", path="TITLE", values=("x", "boss")), person(title="BOSS")),
        (Condition(kind="attribute", test="pattern", path="title", values=("b*s",)), person(title="Boss")),
        (
            Condition(kind="attribute", path=f"{ENTERPRISE}:department", values=("sales",)),
            known({ENTERPRISE: {"department": "Sales"}}),
        ),
        (
            Condition(kind="attribute", path="emails.value", values=("b@b.test",)),
            person(emails=[{"value": "a@b.test"}, {"value": "B@b.test"}]),
        ),
        (Condition(kind="attribute", path="entitlements", values=("uk",)), person(entitlements=[{"value": "UK"}])),
        (Condition(kind="attribute", path="active", values=("true",)), person(active=True)),
        (Condition(kind="named_tenant", path="x"), person(x=["bristol"])),
    ],
)
def test_conditions_hold_whatever_the_case(condition: Condition, who: RoutedPerson) -> None:
    assert fits_person(rule(condition, BRISTOL), who)


@pytest.mark.parametrize(
    ("condition", "who"),
    [
        (Condition(kind="group", value=STAFF), person()),
        (Condition(kind="group_name", values=("Acme-*-UK",)), person("acme-sales-fr", "acme-uk")),
        (Condition(kind="source", value=ENTRA), person(source_id=None)),
        (Condition(kind="domain", values=("example.com",)), person()),
        (Condition(kind="domain", values=("org",)), person(userName="ann")),
        (TITLE, person(title="bosses")),
        (TITLE, person(title=None)),
        (TITLE, person(name={"title": "boss"})),
        (Condition(kind="attribute", path="name.givenName", values=("ann",)), person(name="ann")),
        (Condition(kind="named_tenant", path="x"), person(x=[" ", ""])),
    ],
)
def test_conditions_do_not_hold_for_others(condition: Condition, who: RoutedPerson) -> None:
    assert not fits_person(rule(condition, BRISTOL), who)


def test_the_first_rule_that_fits_decides() -> None:
    rules = rule(TITLE, CARDIFF), rule(Condition(kind="source", value=ENTRA), BRISTOL)
    assert ids(destinations_for(person(title="boss"), policy(*rules))) == [CARDIFF]
    assert ids(destinations_for(person(), policy(*rules))) == [BRISTOL]


def test_all_matches_count_down_to_a_rule_that_stops_and_the_first_gives_the_role() -> None:
    anyone = Condition(kind="source", value=ENTRA)
    rules = (
        rule(anyone, BRISTOL, stops=False, role_key="viewer"),
        rule(anyone, BRISTOL, CARDIFF, role_key="editor"),
        rule(anyone, DERBY),
    )
    found = destinations_for(person(), policy(*rules, matches="all"))
    assert [(one.tenant_id, one.role_key) for one in found] == [(BRISTOL, "viewer"), (CARDIFF, "editor")]


def test_the_fallback_is_for_whom_no_rule_fits() -> None:
    assert outcome_for(person(), policy(rule(TITLE, CARDIFF))) == Outcome(unrouted="no rule")
    found = outcome_for(person(), policy(rule(TITLE, CARDIFF), fallback=DERBY))
    assert found.destinations == (Destination(tenant_id=DERBY, rule_id=None),)


def test_a_tenant_that_is_gone_leads_to_the_queue_and_nowhere_else() -> None:
    gone = policy(rule(TITLE, GONE), rule(Condition(kind="source", value=ENTRA), BRISTOL), fallback=DERBY)
    assert outcome_for(person(title="boss"), gone) == Outcome(unrouted="tenant is gone")
    assert outcome_for(person(), policy(fallback=GONE)) == Outcome(unrouted="tenant is gone")
    assert ids(destinations_for(person(title="boss"), policy(rule(TITLE, GONE, CARDIFF)))) == [CARDIFF]


def test_a_user_who_names_its_tenants_goes_there() -> None:
    named = policy(rule(Condition(kind="named_tenant", path="x"), DERBY), fallback=EXETER)
    assert ids(destinations_for(person(x=["Cardiff", "bristol", "nowhere"]), named)) == [CARDIFF, BRISTOL]
    assert outcome_for(person(x=["nowhere"]), named) == Outcome(unrouted="name is unknown")
    assert ids(destinations_for(person(), named)) == [EXETER]


def test_rules_for_groups_lead_groups_and_no_users() -> None:
    by_name = rule(Condition(kind="group_name", values=("uk-*",)), BRISTOL, kind="group")
    by_attribute = rule(TITLE, CARDIFF, kind="group")
    assert ids(group_destinations(STAFF, "UK-Staff", ENTRA, policy(by_attribute, by_name))) == [BRISTOL]
    assert group_destinations(STAFF, "FR-Staff", ENTRA, policy(by_name)) == ()
    assert outcome_for(person("uk-staff", title="boss"), policy(by_attribute, by_name)).unrouted == "no rule"


TEXTS = st.text(alphabet="ab*.?[\\(\u0130\u00df", max_size=8)


@given(TEXTS, TEXTS)
def test_a_star_stands_for_anything_and_nothing_else_does(pattern: str, text: str) -> None:
    expression = "".join(".*" if letter == "*" else re.escape(letter) for letter in name_key(pattern))
    assert is_like(pattern, text) is (re.fullmatch(expression, name_key(text), re.DOTALL) is not None)


def test_a_pattern_of_many_stars_takes_no_time() -> None:
    assert not is_like("*a" * 500 + "b", "a" * 50_000)


VALUES: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(alphabet=string.ascii_lowercase, max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "value"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["a", "b", "urn:x:2.0:User"]), VALUES, max_size=3), st.text(max_size=12))
def test_any_path_into_any_document_gives_texts(document: dict[str, JsonValue], path: str) -> None:
    for one in (path, "a", "a.b", "b.value", "urn:x:2.0:User:a"):
        assert all(texts_at(document, one))
    assert isinstance(domain_of({**document, "emails": document.get("a")}), str)


CONDITIONS = st.one_of(
    st.builds(Condition, kind=st.just("attribute"), path=st.just("title"), values=st.sampled_from([("a",), ("b",)])),
    st.builds(Condition, kind=st.just("source"), value=st.sampled_from([ENTRA, SourceId(UUID(int=201))])),
    st.builds(Condition, kind=st.just("named_tenant"), path=st.just("x")),
)
RULES = st.lists(
    st.builds(
        RoutingRule,
        rule_id=st.uuids(),
        kind=st.sampled_from(["user", "group"]),
        position=st.integers(1, 9),
        label=st.just("any"),
        condition=CONDITIONS,
        goes_to=st.lists(st.sampled_from(TENANTS), max_size=3).map(tuple),
        role_key=st.sampled_from([None, "viewer"]),
        stops=st.booleans(),
    ),
    max_size=5,
)
PEOPLE = st.builds(
    lambda title, named: person(title=title, x=named),
    st.sampled_from(["a", "b", "c"]),
    st.lists(st.sampled_from(["bristol", "derby", "nowhere"]), max_size=2),
)


@given(RULES, PEOPLE, st.sampled_from(["first", "all"]), st.sampled_from([None, *TENANTS]))
def test_everybody_is_led_to_tenants_that_are_there_or_waits_with_a_reason(
    rules: list[RoutingRule], who: RoutedPerson, matches: Literal["first", "all"], fallback: TenantId | None
) -> None:
    found = outcome_for(who, policy(*rules, matches=matches, fallback=fallback))
    assert bool(found.destinations) is not bool(found.unrouted)
    assert len(set(ids(found.destinations))) == len(found.destinations)
    assert set(ids(found.destinations)) <= set(SLUGS.values())


@given(RULES, PEOPLE)
def test_a_rule_that_does_not_fit_changes_nothing(rules: list[RoutingRule], who: RoutedPerson) -> None:
    fitting = [one for one in rules if fits_person(one, who)]
    assert outcome_for(who, policy(*rules)) == outcome_for(who, policy(*fitting))
    first = [replace(one, stops=True) for one in fitting]
    assert outcome_for(who, policy(*rules)) == outcome_for(who, policy(*first, matches="all"))
