"""The day somebody leaves, over a real server: one PATCH, and everything follows within a second."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import httpx
import pytest
from anyio.from_thread import BlockingPortal

from directory import access_roles, equipment, loans, locks, signins, tenants
from directory.equipment_model import Details, Money, Terms
from directory.model import UserId
from directory.store.unit import open_store
from rolebook.welcome import TENANT_SLUG
from tests.databases import PostgresDatabases, SQLiteFiles
from tests.journeys.arranging import connect_source
from tests.journeys.serving import Server, read_rows, rolebook, serving

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
OVERVIEW = f"/t/{TENANT_SLUG}/overview"
RETURNS = f"/t/{TENANT_SLUG}/equipment/returns"
ASKED = "SELECT r.sent_to FROM return_task_row r WHERE r.told_at IS NOT NULL"
MAILED = "SELECT recipient, subject FROM outbox_row WHERE kind = 'return'"


@dataclass
class Company:
    """A server with a provider that pushes, an administrator, and somebody who has a laptop."""

    server: Server
    scim: httpx.Client
    administrator: httpx.Client
    leaver: httpx.Client
    leaver_id: str


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An empty migrated database that no other test sees."""
    if request.param == "sqlite":
        files: SQLiteFiles = request.getfixturevalue("sqlite_files")
        yield files.create(tmp_path_factory.mktemp("leaver"))
        return
    databases: PostgresDatabases = request.getfixturevalue("postgres_databases")
    loop: BlockingPortal = request.getfixturevalue("helper_loop")
    url = loop.call(databases.create)
    yield url
    loop.call(databases.drop, url)


@pytest.fixture
def company(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    with ExitStack() as made:
        server = made.enter_context(serving(database_url, tmp_path_factory.mktemp("log")))
        scim = made.enter_context(
            httpx.Client(
                base_url=f"{server.url}/scim/v2/",
                headers={"Authorization": f"Bearer {connect_source(database_url)}"},
                trust_env=False,
            )
        )
        push(scim, "mia", emails=[{"value": "mia@example.org", "primary": True}])
        leaver_id = push(scim, "leo", **{ENTERPRISE: {"manager": {"value": "mia"}}})
        words = ("user", "create", "--tenant", TENANT_SLUG, "--user-name", "rosa", "--role", "administrator")
        link = rolebook(database_url, *words, ROLEBOOK_PUBLIC_URL=server.url)["sign_in_url"]
        administrator = made.enter_context(closing(signed_in(server, httpx.URL(link).path)))
        token = asyncio.run(lend(database_url, leaver_id))
        leaver = made.enter_context(closing(signed_in(server, f"/sign-in/{token}")))
        yield Company(server, scim, administrator, leaver, leaver_id)


def push(scim: httpx.Client, name: str, **said: object) -> str:
    """Create a user through the provider's door."""
    body = {
        "schemas": [USER],
        "userName": f"{name}@example.org",
        "externalId": name,
        "displayName": name.title(),
        **said,
    }
    answer = scim.post("Users", json={**body, "active": True})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def signed_in(server: Server, path: str) -> httpx.Client:
    """Return the browser of whoever has the link."""
    browser = httpx.Client(base_url=server.url, trust_env=False, timeout=20)
    assert browser.post(path, headers=SAME_ORIGIN).status_code == 303
    return browser


async def lend(database_url: str, user_id: str) -> str:
    """Give the user a laptop and a role that may sign in; returns the token of a sign-in link."""
    async with open_store(database_url):
        tenant = await tenants.find_tenant(TENANT_SLUG)
        assert tenant is not None
        by, now, whom = tenants.system_actor(tenant), datetime.now(UTC), UserId(UUID(user_id))
        viewer = await access_roles.find_role(tenant.tenant_id, "Viewer")
        assert viewer is not None
        await locks.lock_role(whom, viewer.role_id, reason="reads", until=None, by=by, now=now)
        details = Details(tag="LAP-1", name="MacBook", value=Money(minor=129_900, currency="EUR"))
        item = await equipment.create_item(details, by=by, now=now)
        await loans.check_out(item.item_id, whom, Terms(), by=by, now=now)
        return await signins.create_link(whom, by=by, now=now)


def test_one_leaver_is_out_and_on_the_report_within_a_second_and_the_manager_is_asked(company: Company) -> None:
    assert company.leaver.get(OVERVIEW).status_code == 200
    assert "Nobody who left has equipment" in company.administrator.get(RETURNS).text
    began = time.monotonic()

    answer = company.scim.patch(
        f"Users/{company.leaver_id}",
        json={"schemas": [PATCH], "Operations": [{"op": "Replace", "path": "active", "value": False}]},
    )
    shut_out = company.leaver.get(OVERVIEW)
    report = company.administrator.get(RETURNS).text
    took_s = time.monotonic() - began

    assert answer.status_code == 204
    assert (shut_out.status_code, "sign-in" in shut_out.headers["location"]) == (303, True)
    assert "leo@example.org" in report
    assert "LAP-1" in report
    assert took_s < 1
    wait_for(company.server.database_url, ASKED)
    assert read_rows(company.server.database_url, MAILED) == [("mia@example.org", "Leo has left with 1 item")]
    assert "mia@example.org" in company.administrator.get(RETURNS).text


def wait_for(database_url: str, sql: str) -> None:
    """Return once the database has a row of that kind; the duty comes by twice a second."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if read_rows(database_url, sql):
            return
    raise AssertionError(f"nothing is found by {sql}")
