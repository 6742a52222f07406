"""The configuration: where it is read from, and everything that is wrong with it at once."""

from dataclasses import FrozenInstanceError, fields
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from rolebook.settings import Secret, Settings, SettingsError

KEY = "wXq3hTzP0aLm5Yv8Rk2Ns7Bd4Fg6Jc1Uo9Ei-Dx_QtM"


def problems_of(environ: dict[str, str], **flags: str | int | None) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(environ, **flags)
    return caught.value.problems


def test_an_empty_environment_gives_a_usable_server() -> None:
    settings = Settings.from_env({})

    assert settings.database_url.reveal() == "sqlite:///rolebook.sqlite"
    assert settings.base_url == "http://localhost:8000"
    assert settings.workers == 1


def test_all_problems_come_at_once() -> None:
    environ = {
        "ROLEBOOK_DATABASE_URL": "mysql://host/name",
        "ROLEBOOK_PORT": "eighty",
        "ROLEBOOK_PUBLIC_URL": "http://a.example",
        "ROLEBOOK_WROKERS": "2",
    }

    assert problems_of(environ) == [
        "ROLEBOOK_DATABASE_URL: it is neither sqlite:///PATH nor postgresql://USER@HOST/NAME",
        "ROLEBOOK_PORT: 'eighty' is not a whole number",
        "ROLEBOOK_PUBLIC_URL: 'http://a.example' must be https: plain http is for this machine only (localhost)",
        "ROLEBOOK_WROKERS: no such setting",
    ]


def test_a_wrong_address_is_never_repeated_since_it_may_hold_a_password() -> None:
    (problem,) = problems_of({"ROLEBOOK_DATABASE_URL": "mysql://ann:hunter2@host/name"})

    assert "hunter2" not in problem


def test_other_peoples_variables_are_not_ours() -> None:
    assert Settings.from_env({"PORT": "1", "PATH": "/bin"}).port == 8000


def test_the_key_ring_is_read_and_never_shown() -> None:
    settings = Settings.from_env({"ROLEBOOK_KEYS": f"{KEY} {KEY[::-1]}"})

    assert settings.keys is not None
    assert settings.keys.reveal() == f"{KEY} {KEY[::-1]}"
    assert KEY not in repr(settings)


def test_a_weak_key_is_refused_without_being_repeated() -> None:
    (problem,) = problems_of({"ROLEBOOK_KEYS": f"{KEY} something"})

    assert problem == "ROLEBOOK_KEYS: key 2 is too weak: it needs 32 random bytes"


@pytest.mark.parametrize("url", ["http://localhost:8000", "http://127.0.0.1", "http://[::1]:9", "https://a.example"])
def test_addresses_that_browsers_can_trust_are_accepted(url: str) -> None:
    assert Settings.from_env({"ROLEBOOK_PUBLIC_URL": url + "/"}).base_url == url


@pytest.mark.parametrize("url", ["http://10.0.0.1", "ftp://a.example", "https://a.example/path", "https://u@a.example"])
def test_other_addresses_are_refused(url: str) -> None:
    (problem,) = problems_of({"ROLEBOOK_PUBLIC_URL": url})

    assert problem.startswith(f"ROLEBOOK_PUBLIC_URL: '{url}'")


@pytest.mark.parametrize("name", ["PORT", "WORKERS"])
@pytest.mark.parametrize("text", ["-1", "1.5", "1e3", "99999", "²"])
def test_numbers_are_whole_and_within_bounds(name: str, text: str) -> None:
    (problem,) = problems_of({f"ROLEBOOK_{name}": text})

    assert problem.startswith(f"ROLEBOOK_{name}: ")


def test_several_processes_need_postgresql() -> None:
    (problem,) = problems_of({"ROLEBOOK_WORKERS": "2"})

    assert "needs PostgreSQL" in problem
    assert (
        Settings.from_env({"ROLEBOOK_DATABASE_URL": "postgresql://db/rolebook", "ROLEBOOK_WORKERS": "2"}).workers == 2
    )


def test_a_flag_wins_over_its_variable() -> None:
    assert Settings.from_env({"ROLEBOOK_PORT": "1"}, port=2, host=None).port == 2


def test_a_wrong_flag_is_a_problem_like_a_wrong_variable() -> None:
    assert problems_of({}, port=70_000) == ["ROLEBOOK_PORT: 70000 is not between 0 and 65535"]


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("s3cret\n", encoding="utf-8")

    assert Settings.from_env({"ROLEBOOK_METRICS_TOKEN_FILE": str(file)}).metrics_token == Secret("s3cret")


def test_a_file_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    missing = tmp_path / "missing"

    assert problems_of({"ROLEBOOK_METRICS_TOKEN_FILE": str(missing)}) == [
        f"ROLEBOOK_METRICS_TOKEN: the file {missing} cannot be read"
    ]


def test_a_value_and_a_file_for_it_contradict_each_other() -> None:
    (problem,) = problems_of({"ROLEBOOK_METRICS_TOKEN": "a", "ROLEBOOK_METRICS_TOKEN_FILE": "b"})

    assert "which of them holds" in problem


def test_only_secrets_come_from_files() -> None:
    assert problems_of({"ROLEBOOK_PORT_FILE": "x"}) == ["ROLEBOOK_PORT_FILE: no such setting"]


def test_secrets_do_not_show_themselves() -> None:
    settings = Settings.from_env({"ROLEBOOK_DATABASE_URL": "postgresql://ann:hunter2@db/rolebook"})

    assert "hunter2" not in f"{settings!r} {settings.database_url}"
    assert settings.database_url.reveal().endswith("@db/rolebook")


def test_the_owner_is_of_postgresql_only() -> None:
    assert len(problems_of({"ROLEBOOK_DATABASE_OWNER_URL": "sqlite:///x"})) == 1
    assert len(problems_of({"ROLEBOOK_DATABASE_OWNER_URL": "postgresql://owner@db/rolebook"})) == 1


def test_settings_do_not_change() -> None:
    settings = Settings.from_env({})

    with pytest.raises(FrozenInstanceError):
        settings.port = 1  # type: ignore[misc]  # what the test is about


def test_every_setting_parses_its_own_default_into_its_own_type() -> None:
    hints = get_type_hints(Settings)
    settings = Settings.from_env({})
    strange = [
        field.name
        for field in fields(Settings)
        if not isinstance(getattr(settings, field.name), get_args(hints[field.name]) or hints[field.name])
    ]

    assert strange == []
