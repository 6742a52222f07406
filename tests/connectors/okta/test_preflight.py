from collections.abc import Mapping
from contextlib import aclosing
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from connectors.connector import Preflight, Secrets
from tests.connectors.okta.oktas import BY_TOKEN, connect
from tests.connectors.okta.test_tokens import KEY, PEM, SIGNED
from tests.fakes.okta import FakeOkta
from tests.fakes.okta_people import APP, ORG
from tests.fakes.okta_tokens import SCOPES

pytestmark = pytest.mark.anyio

ASSIGNED = {**SIGNED, "scope": "assigned", "app_id": APP}
BY_KEY = Secrets({"private_key": PEM})


@pytest.fixture(autouse=True)
def registered(okta: FakeOkta) -> None:
    """The service app's public key is known."""
    okta.door.keys["k1"] = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


async def checked(okta: FakeOkta, config: Mapping[str, object], secrets: Secrets = BY_KEY) -> Preflight:
    async with aclosing(connect(okta, config, secrets=secrets)) as connector:
        return await connector.preflight(datetime.now(UTC))


async def test_all_steps_pass_and_tell_which_organisation_it_is(okta: FakeOkta) -> None:
    okta.people.assign(crew=1)
    preflight = await checked(okta, ASSIGNED)

    assert preflight.passed
    assert preflight.identity == ORG
    assert [step.key for step in preflight.steps] == [
        "directory", "credentials", "permissions", "users", "groups", "members", "scope",
    ]  # fmt: skip


@pytest.mark.parametrize("scope", SCOPES)
async def test_the_scope_that_is_missing_is_named(okta: FakeOkta, scope: str) -> None:
    okta.door.granted = tuple(one for one in SCOPES if one != scope)
    preflight = await checked(okta, ASSIGNED)
    step = next(one for one in preflight.steps if one.outcome == "failed")

    assert step.missing == (scope,)
    assert scope in step.remedy


async def test_an_api_token_is_warned_of(okta: FakeOkta) -> None:
    preflight = await checked(okta, {}, BY_TOKEN)

    assert preflight.passed
    assert [step.key for step in preflight.steps if step.outcome == "warned"] == ["permissions"]


async def test_a_wrong_token_fails_and_the_rest_is_skipped(okta: FakeOkta) -> None:
    preflight = await checked(okta, {}, Secrets({"token": "wrong"}))

    assert [step.outcome for step in preflight.steps] == [
        "passed",
        "failed",
        "skipped",
        "skipped",
        "skipped",
        "skipped",
    ]


async def test_an_application_without_people_fails(okta: FakeOkta) -> None:
    preflight = await checked(okta, ASSIGNED)

    assert preflight.steps[-1].outcome == "failed"
    assert preflight.steps[-1].remedy
