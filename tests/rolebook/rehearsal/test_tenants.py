"""A rehearsal at a super tenant: our own endpoint is right, and one that errs about tenants is found out."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from anyio import to_thread
from click.testing import CliRunner, Result
from litestar.types import ASGIApp

from directory import sources
from directory.model import Preset
from directory.person import ENTERPRISE
from directory.routes import rules
from directory.routes.rules import AddRule, Condition, RuleDraft
from directory.tenants import create_tenant, system_actor
from rolebook.rehearse import rehearse
from tests.fakes.liar import Honest, Lie, LyingEndpoint, Sent, Told
from tests.scim.clients import minimal_app, new_source
from tests.scim.serving import served

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("sqlite_store")]

ROUTING = "urn:rolebook:params:scim:schemas:extension:routing:2.0:User"
SIZE = ("--users", "7", "--groups", "2", "--memberships", "9", "--tenants", "3", "--json")


async def new_group(preset: Preset, *, path: str = f"{ROUTING}:routeTo") -> str:
    """Create a super tenant with three tenants below it, where the attribute says who goes where; return its secret."""
    now = datetime.now(UTC)
    tenant, source, token = await new_source(preset, "group")
    for number in (1, 2, 3):
        await create_tenant(f"Branch {number}", parent_slug="group", now=now)
    by = system_actor(tenant)
    draft = RuleDraft(condition=Condition(kind="named_tenant", path=path))
    await rules.change_rules(AddRule(draft=draft), by=by, now=now)
    await sources.edit_settings(source.source_id, {"accepts_routing": "on"}, by=by, now=now)
    return token


async def rehearsed(preset: Preset, token: str, *words: str, app: ASGIApp | None = None) -> Result:
    async with served(minimal_app() if app is None else app) as address:
        options = ("--base-url", f"{address}/scim/v2", "--secret", token, *SIZE, *words)
        return await to_thread.run_sync(lambda: CliRunner().invoke(rehearse, [preset, *options]))


def told(result: Result) -> Any:  # noqa: ANN401 any JSON
    return json.loads(result.stdout)


@pytest.mark.parametrize("preset", ["entra", "okta"])
async def test_our_own_endpoint_says_where_everybody_is(preset: Preset) -> None:
    result = await rehearsed(preset, await new_group(preset))

    assert result.exit_code == 0, result.stdout
    document = told(result)
    assert (document["ok"], document["tenants"], document["held"]) == (True, ["branch-1", "branch-2", "branch-3"], 0)
    steps = {step["step"] for step in document["steps"]}
    assert {"move user", "send to two tenants", "disable user", "send to an unknown tenant", "delete user"} <= steps


async def test_department_says_where_everybody_is_as_well() -> None:
    token = await new_group("entra", path=f"{ENTERPRISE}:department")

    result = await rehearsed("entra", token, "--route-by", "department")

    assert (result.exit_code, told(result)["wrong"]) == (0, 0)


async def test_users_who_stay_where_they_were_are_found() -> None:
    """The rule follows what the rehearsal does not change."""
    token = await new_group("okta", path=f"{ENTERPRISE}:department")

    result = await rehearsed("okta", token)

    assert result.exit_code == 1
    assert {"create user", "who is in a tenant", "move user"} <= {
        step["step"] for step in told(result)["steps"] if step["wrong"]
    }


async def test_an_ordinary_tenant_ends_it_with_2() -> None:
    _, _, token = await new_source("entra", "plain")

    result = await rehearsed("entra", token)

    assert result.exit_code == 2
    assert "is of no tenant with tenants below it" in result.stderr


async def test_a_connection_that_takes_no_route_ends_it_with_2() -> None:
    token = await new_group("entra")
    tenant, _, other = await new_source("entra", "other")
    await create_tenant("Below", parent_slug="other", now=datetime.now(UTC))
    assert tenant.slug == "other"

    result = await rehearsed("entra", other)

    assert (result.exit_code, token in result.output) == (2, False)
    assert "does not take routeTo" in result.stderr


def about_tenants(change: Callable[[list[Any]], list[Any]]) -> Lie:
    """Return the lie of an endpoint that says something else of each user's tenants."""

    async def lie(sent: Sent, honest: Honest) -> Told:
        answer = await honest(sent)
        document = answer.document
        if not isinstance(document, dict) or "tenants" not in document.get(ROUTING, {}):
            return answer
        return answer.saying({**document, ROUTING: {"tenants": change(document[ROUTING]["tenants"])}})

    return lie


async def finds_nobody_by_tenant(sent: Sent, honest: Honest) -> Told:
    answer = await honest(sent)
    if "tenants.value" not in sent.query:
        return answer
    return answer.saying({**answer.document, "totalResults": 0, "itemsPerPage": 0, "Resources": []})


@pytest.mark.parametrize(
    ("lie", "step"),
    [
        (about_tenants(lambda told: told[:1]), "send to two tenants"),
        (about_tenants(lambda told: [{**one, "active": True} for one in told]), "read user"),
        (about_tenants(lambda told: [*told, {"value": "branch-9", "active": True, "state": "there"}]), "create user"),
        (about_tenants(lambda told: [{**one, "state": "refused"} for one in told]), "create user"),
        (finds_nobody_by_tenant, "who is in a tenant"),
    ],
    ids=["forgets one", "disables nobody", "adds one", "refuses", "finds nobody"],
)
async def test_a_lie_about_tenants_is_found(lie: Lie, step: str) -> None:
    preset: Preset = "okta" if step == "send to two tenants" else "entra"
    result = await rehearsed(preset, await new_group(preset), app=LyingEndpoint(minimal_app(), lie))

    assert result.exit_code == 1, result.stderr
    assert step in {one["step"] for one in told(result)["steps"] if one["wrong"]}
