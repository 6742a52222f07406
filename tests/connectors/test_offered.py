"""What connectors offer to a portal: fields of forms, words for what is wrong, checks against our own directories."""

import asyncio
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors import offered
from connectors.errors import SourceError
from connectors.offered import Offered
from connectors.terms import Network, Terms
from directory.errors import InvalidError
from directory.model import JsonObject
from directory.pulls.kinds import ConfigField
from tests.fakes.graph import fake_graph
from tests.fakes.graph_tokens import APPLICATION, DIRECTORY, SECRET
from tests.fakes.okta import fake_okta
from tests.fakes.okta_tokens import TOKEN
from tests.fakes.web import client_tls

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
OFFERED = Offered(network=Network(tls=client_tls(), private_addresses=True))
PUBLIC = Offered(network=Network())
GRAPH: JsonObject = {"tenant": DIRECTORY, "client_id": APPLICATION}
OKTA: JsonObject = {"org_url": "https://example.okta.com", "auth": "token"}
GIVEN: list[JsonObject] = [
    {"mail": "ann@example.org", "otherMails": ["a@example.org"], "ids": {"one": "1"}, "surname": None},
    {"mail": None, "otherMails": [], "surname": "Bee"},
]


def test_kinds_are_described_as_a_form_asks_for_them() -> None:
    graph, okta = PUBLIC.kinds()
    fields = {field.name: field for field in graph.fields}

    assert (graph.name, graph.label, okta.name) == ("graph", "Entra ID (Microsoft Graph)", "okta")
    assert fields["tenant"] == ConfigField(
        name="tenant", kind="text", required=True, help="Directory (tenant) id, or a verified domain of it."
    )
    assert fields["scope"].kind == "choice"
    assert fields["scope"].choices == ("all", "assigned")
    assert fields["cloud"].choices[0] == "global"
    assert (fields["guests"].kind, fields["guests"].default) == ("switch", False)
    assert [(field.kind, field.default) for field in okta.fields if field.name == "parallel"] == [("number", 4)]
    assert all(field.help for kind in (graph, okta) for field in kind.fields)
    assert [one.name for one in okta.credentials] == ["private_key", "token"]
    assert graph.bound_to == ("tenant", "client_id", "cloud")
    assert {"rule": "direct", "target": "userName", "source": "userPrincipalName"} in graph.default_rules


def test_describing_kinds_loads_no_library_of_a_provider() -> None:
    code = (
        "import sys; from connectors.offered import Offered; from connectors.terms import Network;"
        " Offered(network=Network()).kinds(); assert not {'okta', 'msal', 'aiohttp'} & sys.modules.keys()"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_a_form_sends_is_read_as_what_it_means() -> None:
    sent: JsonObject = {**OKTA, "parallel": "2", "staged": "true", "client_id": "  ", "org_url": " https://a.okta.com "}
    assert OFFERED.checked_config("okta", sent) == {
        "org_url": "https://a.okta.com", "auth": "token", "client_id": None, "key_id": None, "scope": "all",
        "app_id": None, "staged": True, "reserve_pct": 40, "parallel": 2,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"auth": "token"}, "org_url"),
        ({**OKTA, "org_url": "http://example.okta.com"}, "org_url"),
        ({**OKTA, "org_url": "https://example-admin.okta.com"}, "org_url"),
        ({**OKTA, "org_url": "https://127.0.0.1"}, "org_url"),
        ({**OKTA, "org_url": "https://[::1"}, "org_url"),
        ({**OKTA, "auth": "private_key"}, "client_id"),
        ({**OKTA, "scope": "assigned"}, "app_id"),
        ({**OKTA, "parallel": 9}, "parallel"),
        ({**OKTA, "parallel": "many"}, "parallel"),
        ({**OKTA, "reserve_pct": -1}, "reserve_pct"),
        ({**OKTA, "token": "x"}, "token"),
        ({**OKTA, "auth": "magic"}, "auth"),
        ({**OKTA, "org_url": {"a": 1}}, "org_url"),
    ],
)
def test_what_is_wrong_with_a_configuration_is_told_at_its_field(config: JsonObject, field: str) -> None:
    with pytest.raises(InvalidError) as caught:
        PUBLIC.checked_config("okta", config)
    assert caught.value.attribute == field


@pytest.mark.parametrize("kind", ["ldap", "", "scim", "connectors.okta.kind:OKTA"])
def test_a_kind_that_there_is_not_is_refused(kind: str) -> None:
    with pytest.raises(InvalidError) as caught:
        PUBLIC.get_kind(kind)
    assert caught.value.attribute == "kind"


@pytest.mark.parametrize(
    "rules",
    [
        [],
        [{"rule": "magic", "target": "userName"}],
        [{"rule": "direct", "target": "userName"}],
        [{"rule": "direct", "target": "userName", "source": "a"}, {"rule": "direct", "target": "roles", "source": "b"}],
        [{"rule": "expression", "target": "userName", "expression": "1 +"}],
        [{"target": "userName", "source": "a"}],
        [{"rule": 7}],
    ],
)
def test_rules_that_cannot_work_are_refused(rules: list[JsonObject]) -> None:
    with pytest.raises(InvalidError) as caught:
        PUBLIC.checked_rules(rules)
    assert caught.value.attribute == "rules"


def test_rules_are_tried_on_what_a_directory_gave() -> None:
    rules: list[JsonObject] = [
        {"rule": "first_of", "target": "userName", "sources": ["mail", "otherMails.0"]},
        {"rule": "expression", "target": "title", "expression": "surname.upperAscii()"},
    ]
    first, second = PUBLIC.tried_rules("graph", rules, GIVEN)
    assert first.values == {}
    assert "title" in first.problem
    assert second.values == {"userName": None, "title": "BEE"}
    assert second.problem


def test_the_attributes_that_people_have_are_named() -> None:
    assert PUBLIC.inputs_of(GIVEN) == ("ids", "ids.one", "mail", "otherMails", "otherMails.0", "surname")


async def test_a_connection_to_graph_is_checked_step_by_step() -> None:
    async with fake_graph(users=20, groups=3, memberships=30) as graph:
        here = Offered(network=Network(tls=client_tls(), private_addresses=True, graph_at=(graph.base, graph.base)))
        well = await here.check("graph", GRAPH, {"client_secret": SECRET}, None, now=NOW)
        wrong = await here.check("graph", GRAPH, {"client_secret": "wrong"}, None, now=NOW)

    assert well.passed
    assert (well.identity, well.users, well.groups) == (DIRECTORY, 20, 3)
    assert [step.outcome for step in wrong.steps][:2] == ["failed", "skipped"]
    assert "AADSTS7000215" in wrong.steps[0].detail


async def test_a_connection_to_okta_is_checked_step_by_step() -> None:
    async with fake_okta(users=20, groups=3, memberships=30) as okta:
        config: JsonObject = {**OKTA, "org_url": okta.base}
        well = await OFFERED.check("okta", config, {"token": TOKEN}, None, now=NOW)

    assert well.passed, well.steps


@pytest.mark.parametrize(("kind", "config"), [("graph", GRAPH), ("okta", OKTA), ("okta", {}), ("ldap", {})])
async def test_what_cannot_even_begin_is_a_failed_step_and_no_error(kind: str, config: JsonObject) -> None:
    found = await OFFERED.check(kind, config, {}, None, now=NOW)

    assert not found.passed
    assert [step.outcome for step in found.steps] == ["failed"]
    assert found.steps[0].detail


class Stuck(Offered):
    """Connections that never answer, nor ever will."""

    async def connected(self, *_: object, **__: object) -> Any:  # noqa: ANN401  # as much of a connector as is used
        return Endless()


class Endless:
    closed = 0

    async def preflight(self, _now: datetime) -> None:
        await asyncio.Event().wait()

    async def aclose(self) -> None:
        Endless.closed += 1


async def test_a_check_ends_after_a_minute_at_most_and_closes_its_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offered, "CHECK_S", 0)
    found = await Stuck(network=OFFERED.network).check("graph", GRAPH, {}, None, now=NOW)

    assert [(step.key, step.outcome) for step in found.steps] == [("connection", "failed")]
    assert Endless.closed == 1


async def test_a_connection_that_cannot_be_made_says_so_as_pulls_know_it() -> None:
    with pytest.raises(SourceError) as caught:
        await OFFERED.connected("graph", {}, {}, None, terms=Terms(network=OFFERED.network))
    assert caught.value.kind == "config"
