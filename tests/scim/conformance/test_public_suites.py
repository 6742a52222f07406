from uuid import uuid4

import pytest

from tests.scim.clients import client_of
from tests.scim.conformance.suites import FOLDER, failures_of, read_suite

pytestmark = pytest.mark.anyio

NAMES = sorted(file.stem for file in FOLDER.glob("*.json"))
NEW_NAME = "cleo.nilsen@okta.example"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.usefixtures("store")
async def test_every_assertion_of_the_suite_holds(name: str) -> None:
    suite = read_suite(name)
    known = {"newName": NEW_NAME, "NEWNAME": NEW_NAME.upper()}
    async with client_of(suite.preset, f"t-{uuid4().hex[:12]}") as client:
        assert await failures_of(suite, client, known) == []


def test_suites_are_whole() -> None:
    suites = {name: read_suite(name) for name in NAMES}
    counts = {name: (suite.request_count, suite.assertion_count) for name, suite in suites.items()}
    assert counts == {
        "okta_spec": (12, 52),
        "okta_entitlements": (2, 12),
        "microsoft_endpoints": (42, 54),
        "microsoft_garbage": (36, 53),
    }
