"""The live tail over a real server: entries arrive, a lost connection goes on, and what ends a stream ends it."""

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx
import pytest
from anyio.from_thread import BlockingPortal

from tests.databases import PostgresDatabases, SQLiteFiles
from tests.journeys.serving import Server, rolebook, serving

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}
USER = "urn:ietf:params:scim:schemas:core:2.0:User"


class Tail:
    """A stream as its browser reads it."""

    def __init__(self, answer: httpx.Response) -> None:
        self.status = answer.status_code
        self._lines = answer.iter_lines()
        self.mark = ""

    def message(self) -> str:
        """Return the next message; ``done`` for the end that is announced, nothing when the connection just ends."""
        data: list[str] = []
        for line in self._lines:
            if line.startswith("id: "):
                self.mark = line.removeprefix("id: ")
            elif line.startswith("data: "):
                data.append(line.removeprefix("data: "))
            elif not line and data:
                return "\n".join(data)
        return ""


class Portal:
    """An administrator's browser without scripts, and the provider's client."""

    def __init__(self, server: Server) -> None:
        self.server = server
        made = rolebook(server.database_url, "tenant", "create", "Northwind", ROLEBOOK_PUBLIC_URL=server.url)
        self.slug = made["tenant"]
        source = self.command("source", "create", "--kind", "scim", "--preset", "entra", "--name", "Entra")
        self.scim = httpx.Client(
            base_url=source["base_url"], headers={"Authorization": f"Bearer {source['secret']}"}, trust_env=False
        )
        self.browser = self.signed_in("rosa")
        self.other_browser = self.signed_in("sam")

    def command(self, first: str, second: str, *rest: str) -> dict[str, str]:
        """Run a command beside the server."""
        words = (first, second, "--tenant", self.slug, *rest)
        made: dict[str, str] = rolebook(self.server.database_url, *words, ROLEBOOK_PUBLIC_URL=self.server.url)
        return made

    def signed_in(self, user_name: str) -> httpx.Client:
        """Create an administrator and return their browser."""
        made = self.command("user", "create", "--user-name", user_name, "--role", "administrator")
        browser = httpx.Client(base_url=self.server.url, trust_env=False, timeout=20)
        answer = browser.post(httpx.URL(made["sign_in_url"]).path, headers=SAME_ORIGIN)
        assert answer.status_code == 303
        return browser

    def close(self) -> None:
        """Hang up."""
        for client in (self.scim, self.browser, self.other_browser):
            client.close()

    def push(self, name: str) -> None:
        """Create a user through the provider's door."""
        body = {"schemas": [USER], "userName": f"{name}@example.org", "displayName": name, "active": True}
        assert self.scim.post("Users", json=body).status_code == 201

    @contextmanager
    def watching(
        self, mark: str = "", path: str = "activity/live", browser: httpx.Client | None = None
    ) -> Iterator[Tail]:
        """Open the live tail."""
        headers = {"Last-Event-ID": mark} if mark else {}
        with (browser or self.browser).stream("GET", f"/t/{self.slug}/{path}", headers=headers) as answer:
            yield Tail(answer)

    def sign_out(self, browser: httpx.Client) -> None:
        """End a session in another tab."""
        page = browser.get(f"/t/{self.slug}/overview").text
        token = re.search(r'name="csrf_token" value="([0-9a-f]+)"', page)
        assert token is not None
        answer = browser.post("/sign-out", data={"csrf_token": token[1]}, headers=SAME_ORIGIN)
        assert answer.status_code == 303


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def portal(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """One server for each database; the last test stops it."""
    folder = tmp_path_factory.mktemp("tail")
    with ExitStack() as made:
        if request.param == "sqlite":
            files: SQLiteFiles = request.getfixturevalue("sqlite_files")
            database_url = files.create(folder)
        else:
            databases: PostgresDatabases = request.getfixturevalue("postgres_databases")
            loop: BlockingPortal = request.getfixturevalue("helper_loop")
            database_url = loop.call(databases.create)
            made.callback(loop.call, databases.drop, database_url)
        portal = Portal(made.enter_context(serving(database_url, folder)))
        made.callback(portal.close)
        yield portal


def test_changes_arrive_and_a_lost_connection_goes_on_where_it_was(portal: Portal) -> None:
    with portal.watching() as tail:
        first = tail.message()
        portal.push("Ann Archer")
        arrived = tail.message()
        mark = tail.mark
    portal.push("Ben Baker")
    with portal.watching(mark) as again:
        caught_up = again.message()

    assert tail.status == 200
    assert "Ann Archer" not in first
    assert "Ann Archer" in arrived
    assert "Ben Baker" in caught_up


def test_requests_arrive_with_reads_and_refusals(portal: Portal) -> None:
    with portal.watching(path="activity/live/requests") as tail:
        portal.scim.get("Users")
        portal.scim.post("Users", json={"schemas": [USER]})
        seen = ""
        while "400" not in seen:
            message = tail.message()
            assert message
            seen += message

    assert "GET /scim/v2/Users" in seen


def test_signing_out_ends_the_stream_for_good(portal: Portal) -> None:
    with portal.watching(browser=portal.other_browser) as tail:
        tail.message()
        portal.sign_out(portal.other_browser)
        began = time.monotonic()
        while (told := tail.message()) != "done":
            assert told
        took_s = time.monotonic() - began

    assert took_s < 3
    with portal.watching(browser=portal.other_browser) as refused:
        assert refused.status == 303


def test_a_fifth_stream_ends_the_first_for_good(portal: Portal) -> None:
    with portal.watching() as first, portal.watching(), portal.watching(), portal.watching():
        first.message()
        with portal.watching() as fifth:
            fifth.message()

            assert first.message() == "done"


def test_a_stop_does_not_wait_for_whoever_watches(portal: Portal) -> None:
    with portal.watching() as tail:
        tail.message()
        began = time.monotonic()
        status = portal.server.stop()
        took_s = time.monotonic() - began

        assert tail.message() == ""
    assert status == 0
    assert took_s < 4
