"""The commands that scripts depend on: what they print, and that they fail loudly."""

import json
import re
import sqlite3
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from rolebook.cli import main
from tests.journeys.serving import read_rows, rolebook
from tests.shape.tree import ROOT

Command = Callable[..., Result]


@pytest.fixture
def command(sqlite_url: str) -> Command:
    """Runs a command on a migrated SQLite file, in this process."""
    runner = CliRunner(env={"ROLEBOOK_DATABASE_URL": sqlite_url})
    return lambda *words: runner.invoke(main, words)


def printed(result: Result) -> Any:  # noqa: ANN401 - whatever the command prints
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_a_tenant_an_administrator_and_a_connection_from_nothing(database_url: str) -> None:
    made = rolebook(database_url, "tenant", "create", "Acme Inc")
    words = ("--tenant", "acme-inc")
    ann = rolebook(database_url, "user", "create", *words, "--user-name", "ann", "--role", "Administrator")
    source = rolebook(
        database_url, "source", "create", *words, "--kind", "scim", "--preset", "okta", "--name", "Okta",
        ROLEBOOK_PUBLIC_URL="https://rolebook.example",
    )  # fmt: skip

    assert made == {"tenant": "acme-inc"}
    assert ann["sign_in_url"].startswith("http://localhost:8000/sign-in/")
    assert source["base_url"] == "https://rolebook.example/scim/v2"
    assert re.fullmatch(r"rbk_s_[A-Za-z0-9]{10}_[A-Za-z0-9]{49}", source["secret"])
    assert read_rows(database_url, "SELECT id FROM source_row") == [(source["source"],)]


def test_commands_speak_to_people_without_json(command: Command) -> None:
    command("tenant", "create", "Acme")
    result = command("user", "create", "--tenant", "acme", "--user-name", "ann", "--role", "viewer")

    assert "ann has the role Viewer." in result.stdout
    assert "http://localhost:8000/sign-in/" in result.stdout


def test_the_secret_is_printed_once_and_kept_nowhere(command: Command, sqlite_url: str, tmp_path: Path) -> None:
    printed(command("tenant", "create", "Acme", "--json"))
    words = ("source", "create", "--tenant", "acme", "--preset", "entra", "--name", "Entra", "--json")
    secret = printed(command(*words))["secret"]
    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///")) as connection:
        kept = "\n".join(connection.iterdump())
    connection.close()

    assert secret not in kept
    assert secret.split("_")[3] not in kept
    assert tmp_path.exists()


def test_a_loanee_gets_no_link_since_the_role_has_no_sign_in(command: Command) -> None:
    command("tenant", "create", "Acme")
    made = printed(command("user", "create", "--tenant", "acme", "--user-name", "lo", "--role", "Loanee", "--json"))

    assert made["sign_in_url"] is None


def test_a_new_link_for_somebody_who_lost_theirs(command: Command) -> None:
    command("tenant", "create", "Acme")
    words = ("--tenant", "acme", "--user-name")
    first = printed(command("user", "create", *words, "ann", "--role", "Administrator", "--json"))
    second = printed(command("user", "link", *words, "ANN", "--json"))

    assert second["user"] == first["user"]
    assert second["sign_in_url"] != first["sign_in_url"]


def test_the_second_factor_of_somebody_who_has_none_is_not_reset(command: Command) -> None:
    command("tenant", "create", "Acme")
    words = ("--tenant", "acme", "--user-name", "ann")
    made = printed(command("user", "create", *words, "--role", "Administrator", "--json"))

    answer = printed(command("user", "reset-second-factor", *words, "--json"))

    assert answer == {"user": made["user"], "reset": False}
    assert "ann has no second factor" in command("user", "reset-second-factor", *words).output


def test_settings_of_a_connection_are_changed_by_name(command: Command) -> None:
    command("tenant", "create", "Acme")
    words = ("source", "create", "--tenant", "acme", "--preset", "entra", "--name", "Entra", "--json")
    source = printed(command(*words))["source"]
    changed = printed(command("source", "set", source, "patch_response=no_content", "unknown_members=reject", "--json"))

    assert changed["settings"]["patch_response"] == "no_content"
    assert changed["settings"]["unknown_members"] == "reject"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("user create --tenant nowhere --user-name a --role Viewer", "no tenant nowhere"),
        ("user create --tenant acme --user-name a --role King", "must be one of: Administrator, User Manager"),
        ("user link --tenant acme --user-name nobody", "no user nobody"),
        ("source create --tenant acme --kind okta --preset okta --name O", "--kind okta needs --config"),
        ("source create --tenant acme --preset ping --name P", "'ping' is not one of"),
        ("source set 01a202c4-ea41-7423-95fb-6ccc841786b0 patch_response=body", "no source 01a202c4"),
        ("source set 01a202c4-ea41-7423-95fb-6ccc841786b0 patch_response", "is not KEY=VALUE"),
        ("source set nonsense a=b", "'nonsense' is not a valid UUID"),
        ("tenant create Acme", "already has the slug acme"),
        ("tenant create !!!", "give a slug too"),
        ("tenant create Other --parent nowhere", "no tenant nowhere"),
        ("serve --workers 2", "more than one process needs PostgreSQL"),
        ("serve --port 99999", "99999 is not between 0 and 65535"),
        ("migrate --public-url http://a.example", "must be https"),
    ],
)
def test_what_cannot_be_done_is_said_on_standard_error(command: Command, words: str, says: str) -> None:
    command("tenant", "create", "Acme")
    result = command(*words.split(), *(["--json"] if "serve" not in words else []))

    assert result.exit_code != 0
    assert says in result.stderr
    assert result.stdout == ""


def test_all_wrong_settings_are_told_at_once(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLEBOOK_PROT", "1")
    monkeypatch.setenv("ROLEBOOK_PORT", "x")
    result = command("migrate")

    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "Error: ROLEBOOK_PORT: 'x' is not a whole number",
        "ROLEBOOK_PROT: no such setting",
    ]


def test_a_database_that_cannot_be_reached_is_one_line(command: Command) -> None:
    result = command("migrate", "--database-url", "postgresql://ann:hunter2@127.0.0.1:1/rolebook")

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert "hunter2" not in result.stderr


def test_migrate_tells_the_version(command: Command) -> None:
    told = printed(command("migrate", "--json"))

    assert told["version"] == told["migrations"][-1]


@pytest.mark.parametrize(
    "group",
    [
        "",
        "serve",
        "migrate",
        "check",
        "rehearse",
        "tenant",
        "tenant create",
        "user create",
        "user link",
        "source create",
        "source set",
    ],
)
def test_every_command_explains_itself(command: Command, group: str) -> None:
    result = command(*group.split(), "--help")

    assert result.exit_code == 0
    assert result.stdout.startswith("Usage:")


@pytest.mark.parametrize("words", [("check",), ("user", "link", "--tenant", "acme", "--user-name", "ann")])
def test_what_only_reads_makes_no_database(tmp_path: Path, words: tuple[str, ...]) -> None:
    result = CliRunner().invoke(main, [*words, "--database-url", f"sqlite:///{tmp_path}/no.sqlite"])

    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: there is no database {tmp_path}/no.sqlite: ")
    assert list(tmp_path.iterdir()) == []


def test_the_version_is_told() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    result = CliRunner().invoke(main, ["--version"])

    assert result.stdout == f"rolebook, version {project['version']}\n"


def test_a_tenant_is_suspended_resumed_deleted_and_restored(command: Command) -> None:
    command("tenant", "create", "Acme")
    command("tenant", "create", "Bristol", "--parent", "acme")
    states = [
        printed(command("tenant", *words, "--json"))["state"]
        for words in (
            ("suspend", "bristol"),
            ("resume", "bristol"),
            ("rename", "bristol", "Bath"),
            ("delete", "bristol", "--name", "Bath"),
            ("restore", "bristol"),
        )
    ]

    assert states == ["suspended", "open", "open", "deleted", "suspended"]
    assert [
        (one["tenant"], one["name"], one["state"]) for one in printed(command("tenant", "list", "--json"))["tenants"]
    ] == [
        ("acme", "Acme", "open"),
        ("bristol", "Bath", "suspended"),
    ]
    assert "bristol: Bath, suspended" in command("tenant", "list").stdout


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("suspend", "nowhere"), "no tenant nowhere"),
        (("restore", "acme"), "no deleted tenant"),
        (("delete", "acme", "--name", "Acne"), "name is not the one of this tenant"),
        (("delete", "acme", "--name", "Acme"), "delete those first"),
        (("create", "Deep", "--parent", "bristol"), "parent is below another tenant itself"),
    ],
)
def test_what_cannot_be_done_to_a_tenant_fails_loudly(command: Command, words: tuple[str, ...], reason: str) -> None:
    command("tenant", "create", "Acme")
    command("tenant", "create", "Bristol", "--parent", "acme")
    result = command("tenant", *words)

    assert result.exit_code != 0
    assert reason in result.stderr


def test_a_deleted_tenant_is_nowhere_for_other_commands(command: Command) -> None:
    command("tenant", "create", "Acme")
    command("tenant", "delete", "acme", "--name", "Acme")
    result = command("user", "create", "--tenant", "acme", "--user-name", "ann", "--role", "viewer")

    assert result.exit_code != 0
    assert "no tenant acme" in result.stderr
