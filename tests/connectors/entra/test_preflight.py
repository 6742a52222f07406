from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from connectors.attribute_rules import Direct
from connectors.connector import Preflight, Secrets, Step
from connectors.entra.config import GraphConfig
from connectors.entra.mapping import DEFAULT_RULES
from tests.connectors.entra.graphs import BY_SECRET, CONFIG, connect
from tests.fakes.graph import FakeGraph
from tests.fakes.graph_people import COST_CENTRE
from tests.fakes.graph_tokens import DIRECTORY
from tests.fakes.web import certificate

pytestmark = pytest.mark.anyio

NOW = datetime.now(UTC)
ASSIGNED = msgspec.structs.replace(CONFIG, scope="assigned")


async def checked(graph: FakeGraph, config: GraphConfig = CONFIG, secrets: Secrets = BY_SECRET) -> Preflight:
    async with aclosing(connect(graph, config, secrets=secrets)) as connector:
        return await connector.preflight(NOW)


def failed(preflight: Preflight) -> Step:
    """Give the step that failed; those behind it are skipped."""
    at = next(at for at, step in enumerate(preflight.steps) if step.outcome == "failed")
    assert all(step.outcome == "skipped" for step in preflight.steps[at + 1 :])
    return preflight.steps[at]


async def test_all_steps_pass_and_tell_which_directory_it_is(graph: FakeGraph) -> None:
    preflight = await checked(graph)

    assert preflight.passed
    assert [step.key for step in preflight.steps] == [
        "credentials", "permissions", "directory", "users", "groups", "counts",
    ]  # fmt: skip
    assert (preflight.identity, preflight.identity_name) == (DIRECTORY, "Example")
    assert (preflight.users, preflight.groups) == (90, 8)


@pytest.mark.parametrize("role", ["User.Read.All", "GroupMember.Read.All", "Application.Read.All"])
async def test_the_permission_that_is_missing_is_named(graph: FakeGraph, role: str) -> None:
    graph.identity.roles = tuple(one for one in graph.identity.roles if one != role)
    step = failed(await checked(graph, ASSIGNED))

    assert step.missing == (role,)
    assert role in step.remedy


async def test_one_permission_stands_for_all_others(graph: FakeGraph) -> None:
    graph.identity.roles = ("Directory.Read.All",)

    assert (await checked(graph)).passed


async def test_a_permission_to_write_is_refused(graph: FakeGraph) -> None:
    graph.identity.roles = (*graph.identity.roles, "User.ReadWrite.All")

    assert "User.ReadWrite.All" in failed(await checked(graph)).remedy


async def test_a_wrong_secret_fails_the_first_step(graph: FakeGraph) -> None:
    preflight = await checked(graph, secrets=Secrets({"client_secret": "wrong"}))

    assert not preflight.passed
    assert failed(preflight).key == "credentials"


async def test_who_is_assigned_is_counted_and_nobody_is_a_failure(graph: FakeGraph) -> None:
    assert failed(await checked(graph, ASSIGNED)).key == "scope"

    graph.people.assign(crew=2)
    preflight = await checked(graph, ASSIGNED)

    assert preflight.passed
    assert [step.detail for step in preflight.steps if step.key == "scope"] == ["0 users and 1 groups are assigned"]


async def test_an_attribute_that_the_directory_does_not_have_fails_before_the_pull(graph: FakeGraph) -> None:
    for source, passes in ((COST_CENTRE, True), ("costCentre", False)):
        rules = (*DEFAULT_RULES, Direct("userType", source))
        async with aclosing(connect(graph, rules=rules)) as connector:
            assert (await connector.preflight(NOW)).passed is passes


async def test_nulls_instead_of_people_fail_before_the_pull(graph: FakeGraph) -> None:
    graph.deltas.limited = True
    step = failed(await checked(graph))

    assert step.key == "users"
    assert "User.Read.All" in step.remedy


async def test_a_certificate_that_ends_soon_is_told_of(graph: FakeGraph) -> None:
    pem, key = certificate("Rolebook", rsa.generate_private_key(public_exponent=65537, key_size=2048))
    graph.identity.certificates.append(pem)
    async with aclosing(
        connect(graph, secrets=Secrets({"certificate": pem.decode(), "private_key": key.decode()}))
    ) as one:
        later, now = await one.preflight(NOW + timedelta(days=350)), await one.preflight(NOW)

    assert (later.steps[0].outcome, now.steps[0].outcome) == ("warned", "passed")
    assert later.credential_expires_at is not None
    assert later.passed
