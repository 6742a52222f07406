"""Where the key ring comes from."""

import stat
from pathlib import Path

import pytest

from directory.key_ring import KeyRing, parse_keys
from rolebook.keys import key_ring_for
from rolebook.settings import Settings, SettingsError

KEY = "wXq3hTzP0aLm5Yv8Rk2Ns7Bd4Fg6Jc1Uo9Ei-Dx_QtM"


def settings_in(folder: Path, **given: str) -> Settings:
    return Settings.from_env({"ROLEBOOK_DATABASE_URL": f"sqlite:///{folder}/rolebook.sqlite", **given})


def ring_of(settings: Settings) -> KeyRing:
    ring = key_ring_for(settings)
    assert ring is not None
    return ring


def test_keys_that_are_set_are_the_ring(tmp_path: Path) -> None:
    assert ring_of(settings_in(tmp_path, ROLEBOOK_KEYS=KEY)).names == parse_keys(KEY).names
    assert list(tmp_path.iterdir()) == []


def test_without_them_a_file_is_made_for_its_owner_alone_and_stays(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)

    first, again = ring_of(settings), ring_of(settings)

    (made,) = tmp_path.iterdir()
    assert made.name == "rolebook.sqlite.keys"
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert first.names == again.names


def test_each_database_has_its_own(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()

    assert ring_of(settings_in(one)).names != ring_of(settings_in(other)).names


def test_a_key_put_before_the_old_one_seals_and_the_old_one_still_opens(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    former = ring_of(settings)
    path = tmp_path / "rolebook.sqlite.keys"
    path.write_text(f"{KEY}\n{path.read_text()}")

    assert ring_of(settings).names == (*parse_keys(KEY).names, *former.names)


def test_a_file_that_others_may_read_is_closed_to_them(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    ring_of(settings)
    path = tmp_path / "rolebook.sqlite.keys"
    path.chmod(0o644)

    ring_of(settings)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", ["", "short", "\u00fc" * 40])
def test_a_file_without_a_ring_says_so_and_is_left_alone(tmp_path: Path, content: str) -> None:
    path = tmp_path / "rolebook.sqlite.keys"
    path.write_text(content, encoding="utf-8")

    with pytest.raises(SettingsError, match="ROLEBOOK_KEYS: the key file"):
        key_ring_for(settings_in(tmp_path))
    assert path.read_text(encoding="utf-8") == content


def test_looking_makes_no_file(tmp_path: Path) -> None:
    assert key_ring_for(settings_in(tmp_path), may_make=False) is None
    assert list(tmp_path.iterdir()) == []


def test_postgresql_needs_keys_beyond_this_machine() -> None:
    near = {"ROLEBOOK_DATABASE_URL": "postgresql://app@db/rolebook"}
    far = {**near, "ROLEBOOK_PUBLIC_URL": "https://rolebook.example"}

    assert key_ring_for(Settings.from_env(near)) is None
    with pytest.raises(SettingsError, match="ROLEBOOK_KEYS: missing"):
        key_ring_for(Settings.from_env(far))
    assert ring_of(Settings.from_env({**far, "ROLEBOOK_KEYS": KEY})).names == parse_keys(KEY).names
