import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.attribute_rules import Constant, Direct, FirstOf, Mapper, Rules, Worked, check_rules, looked_up
from connectors.entra.mapping import DEFAULT_RULES as OF_ENTRA
from connectors.errors import SourceError
from connectors.okta.mapping import DEFAULT_RULES as OF_OKTA

ADA = {
    "userPrincipalName": "ada@example.org",
    "givenName": "Ada",
    "surname": "Adams",
    "mail": None,
    "otherMails": ["", "ada@home.example"],
    "onPremisesExtensionAttributes": {"extensionAttribute1": "E1"},
}


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        (Direct("title", "givenName"), "Ada"),
        (Direct("title", "onPremisesExtensionAttributes.extensionAttribute1"), "E1"),
        (Direct("title", "otherMails.1"), "ada@home.example"),
        (Direct("title", "otherMails.9"), None),
        (Direct("title", "givenName.inside"), None),
        (Direct("title", "nothing"), None),
        (Constant("title", "Guest"), "Guest"),
        (FirstOf("title", ("mail", "otherMails.0", "otherMails.1")), "ada@home.example"),
        (FirstOf("title", ("mail",)), None),
        (Worked("title", 'givenName + " " + surname'), "Ada Adams"),
        (Worked("title", 'mail != null ? mail : userPrincipalName.split("@")[0]'), "ada"),
        (Worked("title", "lowerAscii(givenName)"), "ada"),
        (Worked("title", "otherMails.filter(one, one != '')[0]"), "ada@home.example"),
    ],
)
def test_a_rule_gives_one_value(rule: Direct | Constant | FirstOf | Worked, value: object) -> None:
    assert Mapper((rule,)).values_for(ADA) == {"title": value}


def test_a_rule_that_looks_at_what_is_not_known_gives_nothing_at_all() -> None:
    rules: Rules = (
        Direct("userName", "userPrincipalName"),
        Direct("active", "accountEnabled"),
        FirstOf("title", ("jobTitle", "accountEnabled")),
        Worked("nickName", "accountEnabled ? 'on' : 'off'"),
    )

    values = Mapper(rules).values_for(ADA, unsaid=frozenset({"accountEnabled"}))

    assert values == {"userName": "ada@example.org"}


def test_the_inputs_of_rules_are_the_outermost_names() -> None:
    rules: Rules = (
        Direct("title", "a.b.c"),
        FirstOf("nickName", ("d", "e.0")),
        Worked("displayName", "f + g.map(x, x)[0]"),
        Constant("userType", "x"),
    )

    assert Mapper(rules).inputs == {"a", "d", "e", "f", "g"}


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("surname + 1", "Unsupported"),
        ("mail + surname", "null"),
        ("nobody(1)", "Undefined"),
        ("1 / 0", "zero"),
        ("[1][3]", ""),
        ("timestamp('2026-01-01T00:00:00Z')", "no attribute can have"),
    ],
)
def test_an_expression_that_fails_for_somebody_names_its_target(expression: str, words: str) -> None:
    with pytest.raises(ValueError, match="the expression for title") as caught:
        Mapper((Worked("title", expression),)).values_for(ADA)

    assert words.lower() in str(caught.value).lower()


@pytest.mark.parametrize(
    "rules",
    [
        (Direct("title", "a"),),
        (Direct("userName", "a"), Direct("userName", "b")),
        (Direct("userName", "a"), Direct("roles", "b")),
        (Direct("userName", "a"), Direct("password", "b")),
        (Direct("userName", "a"), Direct("externalId", "b")),
        (Direct("userName", "a"), Direct("not a target", "b")),
        (Direct("userName", "a"), Worked("title", "1 +")),
        (Direct("userName", "a"), Worked("title", "x" * 1001)),
    ],
)
def test_rules_that_cannot_work_are_refused(rules: Rules) -> None:
    with pytest.raises(SourceError) as caught:
        check_rules(rules)

    assert caught.value.kind == "config"


def test_the_shipped_rules_work() -> None:
    for rules in (OF_ENTRA, OF_OKTA):
        check_rules(rules)

        assert {"userName", "active", "displayName"} <= {rule.target for rule in rules}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, st.lists(st.sampled_from(["a", "b", "ab", "0", "1", "9"]), min_size=1, max_size=4))
def test_looking_inside_never_fails(value: object, names: list[str]) -> None:
    found = looked_up({"a": value, "b": [value]}, ".".join(names))

    assert found is None or isinstance(found, str | int | bool | list | dict)


@pytest.mark.parametrize("text", ["a.map(x, a.map(y, y))", "a.filter(x, x > 0).map(x, x)", "a.all (x, a.exists(y, y))"])
def test_an_expression_goes_through_one_list_so_that_it_ends_soon(text: str) -> None:
    with pytest.raises(SourceError, match="goes through one list"):
        Mapper((Worked("title", text),))
