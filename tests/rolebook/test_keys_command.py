"""``rolebook keys``: a new key first, everything under it, the old one done without."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from rolebook.cli import main

Command = Callable[..., Result]
CONFIG = {"org_url": "https://acme.okta.com", "auth": "token", "secrets": {"token": "sesame-street-7"}}


@pytest.fixture
def command(sqlite_url: str) -> Command:
    """Runs a command on a migrated SQLite file, in this process."""
    runner = CliRunner(env={"ROLEBOOK_DATABASE_URL": sqlite_url})
    return lambda *words, **env: runner.invoke(main, [str(word) for word in words], env=env)


@pytest.fixture
def key_file(sqlite_url: str) -> Path:
    return Path(sqlite_url.removeprefix("sqlite:///") + ".keys")


def printed(result: Result) -> Any:  # noqa: ANN401 - whatever the command prints
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def keys_findings(checked: Result) -> list[str]:
    found: list[str] = next(one["findings"] for one in json.loads(checked.stdout)["checks"] if one["check"] == "keys")
    return found


def furnish(command: Command, folder: Path) -> None:
    config = folder / "okta.json"
    config.write_text(json.dumps(CONFIG))
    command("tenant", "create", "Acme")
    printed(
        command("source", "create", "--tenant", "acme", "--kind", "okta", "--name", "O", "--config", config, "--json")
    )


def test_a_key_is_rotated_and_the_old_one_done_without(command: Command, key_file: Path, tmp_path: Path) -> None:
    furnish(command, tmp_path)
    added = printed(command("keys", "add", "--json"))
    assert key_file.stat().st_mode & 0o077 == 0
    done = printed(command("keys", "rotate", "--json"))

    new, old = added["keys"]
    assert done == {"key": new, "resealed": 1, "left": {old: 0}, "unreadable": {}}
    assert "0 left under" in command("keys", "rotate").output
    key_file.write_text(key_file.read_text().split()[0] + "\n")
    assert keys_findings(command("check", "--json")) == []


def test_a_key_that_is_gone_too_early_is_named_with_what_needs_it(
    command: Command, key_file: Path, tmp_path: Path
) -> None:
    furnish(command, tmp_path)
    old = printed(command("keys", "add", "--json"))["keys"][1]
    key_file.write_text(key_file.read_text().split()[0] + "\n")

    rotated, checked = command("keys", "rotate"), command("check", "--json")

    assert (rotated.exit_code, checked.exit_code) == (1, 1)
    assert "1 credentials of connectors open with no key of the ring." in rotated.output
    assert f"1 left under {old}." in rotated.output
    assert f"the connector O of acme cannot be pulled without the key {old}" in keys_findings(checked)


def test_without_a_key_there_is_nothing_to_rotate(command: Command) -> None:
    result = command("keys", "rotate")
    assert result.exit_code == 1
    assert "Nothing is sealed without keys" in result.output


def test_keys_of_the_environment_are_put_there(command: Command) -> None:
    result = command("keys", "add", ROLEBOOK_KEYS="wXq3hTzP0aLm5Yv8Rk2Ns7Bd4Fg6Jc1Uo9Ei-Dx_QtM")
    assert result.exit_code == 1
    assert "put a new one first there" in result.output
