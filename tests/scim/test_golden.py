from typing import Any
from uuid import uuid4

import pytest

from tests.scim.clients import BASE_URL, Client, client_of
from tests.scim.golden import Golden, Step, all_golden, difference, filled

pytestmark = pytest.mark.anyio


async def check_step(client: Client, step: Step, known: dict[str, str]) -> None:
    """Send one step and compare the answer with what the client must get."""
    path, request, expected = (filled(part, known) for part in (step.path, step.request, step.response))
    response = await client.send(step.method, path, request, **step.headers)
    assert response.status_code == step.status, f"{step.method} {path}: {response.text}"
    body: Any = response.json() if response.content else None
    if step.keep:
        known[step.keep] = body["id"]
        expected = filled(expected, known)
        assert response.headers["location"] == body["meta"]["location"]
    if expected is not None:
        assert difference(expected, body) is None, (
            f"{step.method} {path}: {difference(expected, body)}\n{response.text}"
        )
    if response.status_code >= 400:
        assert "Reference" in body["detail"] or response.status_code in {404, 405}
    if body is not None:
        assert response.headers["content-type"] == "application/scim+json"


@pytest.mark.parametrize("golden", all_golden(), ids=lambda golden: golden.name)
@pytest.mark.usefixtures("store")
async def test_client_gets_what_it_must(golden: Golden) -> None:
    known = {"base": BASE_URL}
    async with client_of(golden.preset, f"t-{uuid4().hex[:12]}") as client:
        for step in golden.scenario.steps:
            await check_step(client, step, known)
