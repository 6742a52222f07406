"""A real server, a real Chromium, and an identity provider that pushes by HTTP."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from tests.connectors.serving import Served, served
from tests.journeys.serving import Server, rolebook, serving

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
REFUSED = "Failed to load resource: the server responded with a status of 4"
"""What Chromium says of each 404 or 422, which are answers of ours."""


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    browser = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.fail("no Chromium: make test installs it, or set CHROMIUM")
    return {**browser_type_launch_args, "executable_path": browser, "args": chromium_args(), "headless": True}


def chromium_args() -> list[str]:
    """Return the flags of a Chromium that talks to nobody but the pages it opens."""
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    return [*sandbox, "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"]  # fmt: skip


@dataclass(frozen=True)
class Tenant:
    """A tenant with an administrator, and the server it lives on."""

    server: Server
    slug: str

    def at(self, path: str) -> str:
        """Return the address of a page."""
        return f"{self.server.url}/t/{self.slug}/{path}"

    def command(self, *words: str) -> Any:  # noqa: ANN401 - whatever the command prints
        """Run a command beside the server."""
        return rolebook(self.server.database_url, *words, ROLEBOOK_PUBLIC_URL=self.server.url)

    def sign_in_url(self, user_name: str = "rosa", role: str = "administrator") -> str:
        """Create a local user and return the link that lets them in."""
        made = self.command("user", "create", "--tenant", self.slug, "--user-name", user_name, "--role", role)
        return str(made["sign_in_url"])


class Client:
    """An identity provider that pushes with a secret."""

    def __init__(self, base_url: str, secret: str) -> None:
        self._http = httpx.Client(
            base_url=f"{base_url}/", headers={"Authorization": f"Bearer {secret}"}, timeout=20, trust_env=False
        )

    def push(self, kind: str, document: dict[str, Any]) -> str:
        """Create a user or group and return its id."""
        schema = {"Users": USER, "Groups": GROUP}[kind]
        answer = self._http.post(kind, json={"schemas": [schema], **document})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def push_user(self, name: str, **attributes: Any) -> str:  # noqa: ANN401 - attributes of any type
        """Push an active user."""
        document = {"userName": f"{name}@example.org", "externalId": name, "active": True, **attributes}
        return self.push("Users", {"displayName": name.title(), **document})

    def push_group(self, name: str, *user_ids: str) -> str:
        """Push a group with members."""
        return self.push("Groups", {"displayName": name, "members": [{"value": value} for value in user_ids]})

    def meet(self, name: str) -> None:
        """Send somebody who may be somebody else here: refused, and put into the queue."""
        document = {"userName": f"{name}@example.org", "externalId": name, "displayName": name.title()}
        assert self._http.post("Users", json={"schemas": [USER], "title": "Buyer", **document}).status_code == 409

    def delete(self, user_id: str) -> None:
        """Delete a user."""
        assert self._http.delete(f"Users/{user_id}").status_code == 204

    def fail(self) -> None:
        """Send a request that is refused, and recorded."""
        assert self._http.post("Users", json={"schemas": [USER]}).status_code == 400

    def close(self) -> None:
        """Hang up."""
        self._http.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("served")
    with (
        graph_for_microsofts(folder) as (_, settings),
        serving(f"sqlite:///{folder}/rolebook.sqlite", folder, settings=settings) as running,
    ):
        yield running


@contextmanager
def graph_for_microsofts(folder: Path) -> Iterator[tuple[Served, dict[str, str]]]:
    """Run a Graph of ours, and give the settings by which a server takes it for Microsoft's."""
    with served("graph", folder, users=40, groups=5, memberships=90) as graph:
        yield (
            graph,
            {
                "ROLEBOOK_PULL_GRAPH": graph.base,
                "ROLEBOOK_PULL_CA": str(graph.certificate),
                "ROLEBOOK_PULL_PRIVATE": "yes",
            },
        )


@pytest.fixture(scope="session")
def create_tenant(server: Server) -> Callable[[str], Tenant]:
    def created(name: str) -> Tenant:
        made = rolebook(server.database_url, "tenant", "create", name, ROLEBOOK_PUBLIC_URL=server.url)
        return Tenant(server, made["tenant"])

    return created


@dataclass(frozen=True)
class Peopled:
    """A tenant with people, groups, mappings to make, a lock to set and requests to look at."""

    tenant: Tenant
    user_id: str
    group_id: str
    source_id: str
    state: Any
    """The storage of a browser that is signed in."""


@pytest.fixture(scope="session")
def peopled(create_tenant: Callable[[str], Tenant], browser: Browser) -> Peopled:
    """Northwind: 60 people, four groups, one secret."""
    tenant = create_tenant("Northwind")
    source = tenant.command(
        "source", "create", "--tenant", tenant.slug, "--kind", "scim", "--preset", "entra", "--name", "Entra"
    )
    client = Client(source["base_url"], source["secret"])
    people = [client.push_user(f"person{number:02}", title="Engineer") for number in range(60)]
    groups = [
        client.push_group(name, *people[:count])
        for name, count in (("Employees", 50), ("Content Editors", 5), ("IT-Admins", 2), ("Visitors", 0))
    ]
    client.fail()
    client.close()
    context = browser.new_context()
    signed_in(context, tenant.sign_in_url())
    return Peopled(tenant, people[0], groups[0], source["source"], context.storage_state())


def signed_in(context: BrowserContext, sign_in_url: str) -> Page:
    """Sign in by the link and return the overview."""
    page = context.new_page()
    page.goto(sign_in_url)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/overview")
    return page


class Complaints:
    """What a browser complains of: blocked code, failed scripts, unknown files."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def listen(self, page: Page) -> Page:
        """Take note of what this page says from now on."""
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.said.append(str(error)))
        return page

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(REFUSED):
            self.said.append(f"{message.type}: {message.text}")


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    """Collects complaints, and fails the test that has any."""
    collected = Complaints()
    yield collected
    assert collected.said == []
