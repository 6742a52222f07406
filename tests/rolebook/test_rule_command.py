"""``rolebook rule``: rules by command, as scripts write them."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result

from directory.person import ENTERPRISE
from directory.routing import ROUTING_EXTENSION, Condition
from rolebook.cli import main
from rolebook.routing_rules import attribute_condition, condition_from
from tests.directory.world import create_world

Command = Callable[..., Result]
LIST = ("rule", "list", "--tenant", "group", "--json")


@pytest.fixture
def command(sqlite_url: str) -> Command:
    """Runs a command on a migrated SQLite file with a super tenant, in this process."""
    runner = CliRunner(env={"ROLEBOOK_DATABASE_URL": sqlite_url})

    def run(*words: str) -> Result:
        return runner.invoke(main, words)

    run("tenant", "create", "Group")
    for name in ("York", "Leeds"):
        run("tenant", "create", name, "--parent", "group")
    return run


def printed(result: Result) -> Any:  # noqa: ANN401 - whatever the command prints
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def add(command: Command, when: str, *words: str) -> Result:
    return command("rule", "create", "--tenant", "group", "--when", when, *words, "--json")


@pytest.mark.parametrize(
    ("when", "words", "shown"),
    [
        ("domain=york.example,@yo.example", ("--to", "york"), "e-mail at york.example, yo.example"),
        ("attribute:department=Sales", ("--to", "york"), "department is Sales"),
        ("attribute:title=A,B", ("--to", "york"), "title is one of A, B"),
        ("attribute:title=A*", ("--to", "york"), "title is like A*"),
        ("group-name=York *", ("--to", "york,leeds"), "group is like York *"),
        ("source=Entra", ("--to", "leeds"), "comes from a connection: Entra"),
        ("named-tenant=routeTo", (), "routeTo names the tenant"),
    ],
)
def test_each_condition_makes_a_rule(command: Command, when: str, words: tuple[str, ...], shown: str) -> None:
    command("source", "create", "--tenant", "group", "--preset", "entra", "--name", "Entra")

    (rule,) = printed(add(command, when, *words))["rules"]

    to = words[1].split(",") if words else []
    assert (rule["when"], rule["to"], rule["place"], rule["role"]) == (shown, to, 1, None)


def test_rules_are_put_in_places_given_roles_and_taken_off(command: Command) -> None:
    add(command, "domain=a.example", "--to", "york", "--label", "A")
    add(command, "domain=b.example", "--to", "leeds", "--label", "B", "--place", "1", "--role", "Viewer", "--continue")
    add(command, "group-name=Staff*", "--to", "leeds", "--groups", "--label", "C")
    told = printed(command(*LIST))
    assert [(one["label"], one["kind"], one["role"], one["stops"]) for one in told["rules"]] == [
        ("B", "user", "viewer", False),
        ("A", "user", None, True),
        ("C", "group", None, True),
    ]

    left = printed(command("rule", "delete", told["rules"][0]["rule"], "--tenant", "group", "--json"))
    assert [one["label"] for one in left["rules"]] == ["A", "C"]


def test_how_rules_count_is_set_word_by_word(command: Command) -> None:
    words = ("rule", "set", "--tenant", "group", "--json")
    assert [printed(command(*words, "--fallback", "york"))[key] for key in ("matches", "fallback")] == ["first", "york"]
    assert [printed(command(*words, "--matches", "all"))[key] for key in ("matches", "fallback")] == ["all", "york"]
    assert [printed(command(*words, "--fallback", "queue"))[key] for key in ("matches", "fallback")] == ["all", None]


def test_people_read_the_rules_in_sentences(command: Command) -> None:
    add(command, "domain=a.example", "--to", "york", "--role", "viewer")
    said = command("rule", "list", "--tenant", "group").stdout.splitlines()
    assert said[0].startswith("1. e-mail at a.example -> york as viewer  (")
    assert said[1] == "The first rule that fits counts. Whoever fits none goes to the queue of the unrouted."


@pytest.mark.parametrize(
    ("when", "words", "says"),
    [
        ("domain=a.example", ("--to", "paris"), "paris, which is no tenant below group"),
        ("domain=a.example", (), "needs at least one tenant"),
        ("domain=", ("--to", "york"), "needs at least one value"),
        ("colour=red", ("--to", "york"), "must be domain, attribute:PATH"),
        ("group=Nobody", ("--to", "york"), "names no groups of that name"),
        ("source=Nobody", ("--to", "york"), "names no connections of that name"),
        ("domain=a.example", ("--to", "york", "--role", "administrator"), "carries administration"),
        ("attribute:department=x", ("--to", "york", "--groups"), "is one for users"),
    ],
)
def test_what_cannot_be_a_rule_is_said(command: Command, when: str, words: tuple[str, ...], says: str) -> None:
    result = add(command, when, *words)

    assert result.exit_code == 1
    assert says in result.stderr
    assert printed(command(*LIST))["rules"] == []


def test_consent_lets_a_rule_give_administration(command: Command) -> None:
    told = printed(add(command, "domain=a.example", "--to", "york", "--role", "administrator", "--consent"))
    assert [one["role"] for one in told["rules"]] == ["administrator"]


def test_a_tenant_without_tenants_below_has_no_rules(command: Command) -> None:
    command("tenant", "create", "Alone")
    for words in (("rule", "list", "--tenant", "alone"), ("rule", "list", "--tenant", "nowhere")):
        assert command(*words).exit_code == 1


def test_attributes_are_named_as_people_do() -> None:
    department = attribute_condition("department", ("Sales",))
    assert department == Condition(kind="attribute", path=f"{ENTERPRISE}:department", values=("Sales",))
    route_to = attribute_condition("routeTo", ("a", "b"))
    assert (route_to.path, route_to.test) == (f"{ROUTING_EXTENSION}:routeTo", "one_of")
    assert attribute_condition("title", ("a*", "b")).test == "pattern"


@pytest.mark.anyio
@pytest.mark.usefixtures("sqlite_store")
async def test_a_pushed_group_is_meant_by_its_name() -> None:
    world = await create_world()
    staff = await world.push_group("Staff")
    found = await condition_from(world.tenant, "group=Staff")
    assert found == Condition(kind="group", value=staff.group_id)
