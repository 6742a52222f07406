"""The server as a process: how it starts, what it prints, and how it ends."""

import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from rolebook.welcome import where
from tests.journeys.arranging import connect_source
from tests.journeys.pushing import USER
from tests.journeys.serving import environment_for, read_rows, rolebook, serving
from tests.rolebook.house import settings_for
from tests.shape.tree import ROOT


def start_on(database_url: str, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Start a server that is expected to end by itself."""
    return subprocess.run(
        [sys.executable, "-m", "rolebook", "serve", "--port", "0", *words],
        cwd=ROOT,
        env=environment_for(database_url, **settings),
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


def test_the_first_start_makes_a_tenant_and_lets_its_administrator_in(database_url: str, tmp_path: Path) -> None:
    with serving(database_url, tmp_path) as server:
        link = server.greeting["sign_in_url"]
        with httpx.Client(trust_env=False, base_url=server.url, follow_redirects=True) as browser:
            shown = browser.get(link)
            home = browser.post(link, headers={"Origin": server.url, "Sec-Fetch-Site": "same-origin"})

    assert server.greeting["tenant"] == "example"
    assert shown.status_code == 200
    assert (home.status_code, home.url.path) == (200, "/t/example/overview")


def test_later_starts_print_the_address_only(database_url: str, tmp_path: Path) -> None:
    with serving(database_url, tmp_path) as server:
        server.stop()
        server.start()

        assert server.greeting == {"url": server.url}
        assert len(read_rows(database_url, "SELECT id FROM tenant_row")) == 1


def test_a_stop_writes_what_was_held_back_and_is_no_failure(database_url: str, tmp_path: Path) -> None:
    with serving(database_url, tmp_path) as server:
        headers = {"Authorization": f"Bearer {connect_source(database_url)}"}
        assert httpx.get(f"{server.url}/scim/v2/Users", headers=headers, trust_env=False).status_code == 200

        assert server.stop() == 0
    assert [path for (path,) in read_rows(database_url, "SELECT path FROM request_row")] == ["/scim/v2/Users"]


@pytest.mark.slow
def test_several_processes_serve_one_postgresql_and_end_together(postgres_url: str, tmp_path: Path) -> None:
    with serving(postgres_url, tmp_path, workers=2) as server:
        secret = connect_source(postgres_url)
        statuses = [
            httpx.post(
                f"{server.url}/scim/v2/Users",
                json={"schemas": [USER], "userName": f"person.{number}@example.com"},
                headers={"Authorization": f"Bearer {secret}", "Content-Type": "application/scim+json"},
                trust_env=False,
            ).status_code
            for number in range(10)
        ]

        assert statuses == [201] * 10
        assert server.stop() == 0
        assert rolebook(postgres_url, "check")["ok"]
    assert server.log.count("Application shutdown complete") == 2


def test_a_taken_port_is_one_line_and_changes_nothing(tmp_path: Path) -> None:
    database_url = f"sqlite:///{tmp_path}/new.sqlite"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = start_on(database_url, "--port", str(port))

    assert ended.returncode == 1
    assert ended.stderr == f"Error: 127.0.0.1:{port} is taken: stop what uses it, or choose another with --port\n"
    assert not (tmp_path / "new.sqlite").exists()


def test_a_person_is_told_how_to_go_on(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "rolebook", "serve", "--port", "0"]
    environment = environment_for(f"sqlite:///{tmp_path}/new.sqlite")
    with subprocess.Popen(words, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = [process.stdout.readline()]
        while told[-1] and "/scim/v2/Users" not in told[-1]:
            told.append(process.stdout.readline())
        process.terminate()
    text = "".join(told)

    assert told[0].startswith("Rolebook serves at http://localhost:")
    assert "/sign-in/" in text
    assert "-m rolebook user link --tenant example --user-name admin" in text
    assert "source create --tenant example --kind scim --preset entra" in text
    assert "curl" in text


def test_a_folder_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    ended = start_on(f"sqlite:///{tmp_path}/missing/new.sqlite")

    assert ended.returncode == 1
    assert ended.stderr.startswith("Error: ")
    assert ended.stderr.count("\n") == 1


def test_a_second_server_of_one_file_is_one_line_and_commands_still_write(sqlite_url: str, tmp_path: Path) -> None:
    with serving(sqlite_url, tmp_path) as server:
        ended = start_on(sqlite_url)
        made = rolebook(sqlite_url, "tenant", "create", "Beside")

        assert ended.returncode == 1
        assert ended.stderr.startswith("Error: ")
        assert ended.stderr.endswith("is served by another process: stop that one first\n")
        assert made == {"tenant": "beside"}
        server.kill()
        server.start()
        assert server.stop() == 0


@pytest.mark.parametrize(
    ("database_url", "told"),
    [
        ("sqlite:///a b.sqlite", " --database-url 'sqlite:///a b.sqlite'"),
        ("postgresql://ann:hunter2@db/rolebook", ""),
    ],
)
def test_commands_that_are_told_name_a_file_that_was_given_as_an_option(database_url: str, told: str) -> None:
    assert where(settings_for(database_url), database_url) == told
    assert where(settings_for(database_url)) == ""


def test_a_person_is_told_the_database_that_was_given_as_an_option(tmp_path: Path) -> None:
    database_url = f"sqlite:///{tmp_path}/new.sqlite"
    words = [sys.executable, "-m", "rolebook", "serve", "--port", "0", "--database-url", database_url]
    environment = environment_for("sqlite:///elsewhere.sqlite")
    with subprocess.Popen(words, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = [process.stdout.readline()]
        while told[-1] and "source create" not in told[-1]:
            told.append(process.stdout.readline())
        process.terminate()
    text = "".join(told)

    assert text.count(f" --database-url {database_url}") == 2
