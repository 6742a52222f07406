"""``rolebook source`` for connections that are pulled: files in, names out, and no credential anywhere."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from rolebook.cli import main

Command = Callable[..., Result]
SECRET = "sesame-street-7"
GRAPH = {"tenant": "contoso.example", "client_id": "11111111-1111-4111-8111-111111111111"}


@pytest.fixture
def command(sqlite_url: str) -> Command:
    """Runs a command on a migrated SQLite file with a tenant, in this process."""
    runner = CliRunner(env={"ROLEBOOK_DATABASE_URL": sqlite_url})
    runner.invoke(main, ["tenant", "create", "Acme"])
    return lambda *words: runner.invoke(main, [str(word) for word in words])


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "graph.json"
    rules = [{"rule": "direct", "target": "userName", "source": "mail"}]
    path.write_text(json.dumps({**GRAPH, "secrets": {"client_secret": SECRET}, "rules": rules}))
    return path


def printed(result: Result) -> Any:  # noqa: ANN401 - whatever the command prints
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def create(command: Command, *more: object, kind: str = "graph") -> Result:
    return command("source", "create", "--tenant", "acme", "--kind", kind, "--name", "Entra", *more)


def test_a_connection_is_created_from_a_file_and_keeps_its_credentials_to_itself(
    command: Command, config: Path, sqlite_url: str
) -> None:
    result = create(command, "--config", config, "--json")
    made = printed(result)

    assert (made["kind"], made["label"], made["mode"]) == ("graph", "Entra", "provision")
    assert made["config"]["tenant"] == "contoso.example"
    assert made["credentials"] == ["client_secret"]
    assert made["settings"]["interval_min"] == 30
    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///")) as connection:
        kept = "\n".join(connection.iterdump())
    connection.close()
    assert SECRET not in kept + result.output


def test_credentials_may_lie_in_a_file_of_their_own(command: Command, tmp_path: Path) -> None:
    config, secrets = tmp_path / "okta.json", tmp_path / "secrets.json"
    config.write_text(json.dumps({"org_url": "https://acme.okta.com", "auth": "token"}))
    secrets.write_text(json.dumps({"token": SECRET}))
    made = printed(create(command, "--config", config, "--secrets", secrets, "--json", kind="okta"))

    assert made["credentials"] == ["token"]
    words = create(command, "--config", config, kind="okta").output
    assert "Credentials: none yet" in words
    assert "--dry-run" in words


def test_a_connection_may_only_compare(command: Command, config: Path) -> None:
    pushed = printed(command("source", "create", "--tenant", "acme", "--preset", "entra", "--name", "Push", "--json"))[
        "source"
    ]
    made = printed(create(command, "--config", config, "--audit", pushed, "--json"))

    assert (made["mode"], made["audits"]) == ("audit", pushed)
    again = printed(command("source", "set", made["source"], "mode=provision", "--json"))
    assert (again["mode"], again["audits"]) == ("provision", None)
    both = ("mode=audit", f"audits={pushed}", "match_target=title")
    back = printed(command("source", "set", made["source"], *both, "--json"))
    assert (back["mode"], back["audits"], back["settings"]["match_target"]) == ("audit", pushed, "title")


def test_rhythm_and_pause_are_set_by_name(command: Command, config: Path) -> None:
    source = printed(create(command, "--config", config, "--json"))["source"]
    changed = printed(command("source", "set", source, "interval_min=20", "paused=yes", "--json"))
    again = printed(command("source", "set", source, "full_every_h=48", "paused=off", "grace_days=60", "--json"))

    assert changed["settings"] | {"paused": True, "interval_min": 20} == changed["settings"]
    assert again["settings"] | {"paused": False, "interval_min": 20, "full_every_h": 48} == again["settings"]
    assert "interval_min = 20" in command("source", "set", source, "interval_min=20").output


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("interval_min=5", "from 20 to 40"),
        ("interval_min=often", "must be a whole number"),
        ("paused=perhaps", "must be on or off"),
        ("mode=mirror", "must be one of: provision, audit"),
        ("mode=audit", "which connection"),
        ("audits=me", "is no id of a connection"),
        ("rate_per_s=5", "no setting of a connection that is pulled"),
        ("token=x", "no setting of a connection that is pulled"),
    ],
)
def test_what_cannot_be_set_is_refused_by_name(command: Command, config: Path, change: str, says: str) -> None:
    source = printed(create(command, "--config", config, "--json"))["source"]
    result = command("source", "set", source, change)

    assert result.exit_code != 0
    assert says in result.output


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "graph.json holds no JSON object"),
        ("[]", "graph.json holds no JSON object"),
        ('{"tenant": ', "graph.json holds no JSON object"),
        ("[" * 100_000, "graph.json holds no JSON object"),
        ("{}", "tenant is missing"),
        (json.dumps({**GRAPH, "client_secret": SECRET}), "client_secret is no field"),
        (json.dumps({**GRAPH, "secrets": {"password": SECRET}}), "there are: certificate, client_secret"),
        (json.dumps({**GRAPH, "secrets": SECRET}), "secrets must be an object of texts"),
        (json.dumps({**GRAPH, "secrets": {"client_secret": 7}}), "secrets must be an object of texts"),
        (json.dumps({**GRAPH, "rules": "mail"}), "rules must be a list of rules"),
        (json.dumps({**GRAPH, "rules": [7]}), "rules have one that is none"),
        (json.dumps({**GRAPH, "rules": []}), "userName has no rule"),
    ],
)
def test_a_file_that_is_wrong_is_refused_in_one_line_without_what_it_holds(
    command: Command, config: Path, content: str, says: str
) -> None:
    config.write_text(content)
    result = create(command, "--config", config)

    assert result.exit_code == 1
    assert says in result.output
    assert SECRET not in result.output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--kind", "graph"), "--kind graph needs --config"),
        (("--kind", "scim"), "--kind scim needs --preset"),
        (("--kind", "ldap", "--config", "{config}"), "kind is none"),
        (("--preset", "entra", "--config", "{config}"), "are for what is pulled"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    command: Command, config: Path, words: tuple[str, ...], says: str
) -> None:
    given = [word.format(config=config) for word in words]
    result = command("source", "create", "--tenant", "acme", "--name", "E", *given)

    assert result.exit_code != 0
    assert says in result.output
