from contextlib import suppress
from dataclasses import fields

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from directory.errors import InvalidError
from directory.model import SourceSettings
from directory.presets import PRESETS, SETTING_NAMES, edited_settings, settings_document

LISTS = {"accepted_domains", "networks"}
WORDS = {
    *("on", "true", "yes", "1", "off", "false", "no", "0"),
    *("body", "no_content", "pending", "reject", "reactivate", "409"),
}


def test_entra_is_answered_without_a_body_and_has_unique_group_names() -> None:
    assert PRESETS["entra"].patch_response == "no_content"
    assert PRESETS["entra"].group_displayname_unique


def test_only_strict_refuses_what_others_are_forgiven() -> None:
    assert [name for name, settings in PRESETS.items() if not settings.lenient_reader] == ["strict"]
    strict = PRESETS["strict"]
    assert (strict.unknown_members, strict.post_existing_inactive) == ("reject", "409")
    assert not strict.string_booleans
    assert not strict.create_on_missing_value_path


def test_every_setting_can_be_named() -> None:
    assert (
        set(settings_document(PRESETS["okta"]))
        == set(SETTING_NAMES)
        == {field.name for field in fields(SourceSettings)}
    )


@pytest.mark.parametrize(
    ("text", "value"), [("on", True), (" TRUE ", True), ("1", True), ("off", False), ("No", False)]
)
def test_a_switch_is_set_by_a_word(text: str, value: bool) -> None:  # a parameter of the test
    assert edited_settings(SourceSettings(), {"string_booleans": text}).string_booleans is value


def test_a_choice_is_set_by_one_of_its_words() -> None:
    edited = edited_settings(SourceSettings(), {"patch_response": "No_Content", "post_existing_inactive": "409"})
    assert edited == SourceSettings(patch_response="no_content", post_existing_inactive="409")


@pytest.mark.parametrize(
    ("name", "text"),
    [("colour", "red"), ("patch_response", "maybe"), ("lenient_reader", "perhaps"), ("string_booleans", ""), ("", "")],
)
def test_what_cannot_be_set_is_refused_by_name(name: str, text: str) -> None:
    with pytest.raises(InvalidError) as caught:
        edited_settings(SourceSettings(), {name: text})
    assert caught.value.attribute == name


@given(st.dictionaries(st.sampled_from(SETTING_NAMES), st.sampled_from(["on", "off", "body", "409"]), min_size=1))
def test_settings_that_are_taken_can_be_set_again_without_effect(changes: dict[str, str]) -> None:
    with suppress(InvalidError):
        edited = edited_settings(SourceSettings(), changes)
        assert edited_settings(edited, changes) == edited


@given(st.sampled_from([name for name in SETTING_NAMES if name not in LISTS]) | st.text(), st.text())
def test_text_that_is_no_word_of_ours_is_refused(name: str, text: str) -> None:
    assume(not (name in {"rate_per_s", "grace_days"} and text.strip().isdigit()))
    assume(text.strip().lower() not in WORDS)
    with pytest.raises(InvalidError):
        edited_settings(SourceSettings(), {name: text})


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("accepted_domains", "Example.org, mail.example.com\nexample.org", ("example.org", "mail.example.com")),
        ("accepted_domains", "", ()),
        (
            "networks",
            "203.0.113.0/24 2001:DB8::/32; 198.51.100.7",
            ("203.0.113.0/24", "2001:db8::/32", "198.51.100.7/32"),
        ),
        ("rate_per_s", "25", 25),
        ("grace_days", "7", 7),
        ("on_match", "Refuse", "refuse"),
        ("rate_per_s", "off", 0),
    ],
)
def test_lists_and_numbers_are_read_from_text(name: str, text: str, value: object) -> None:
    assert getattr(edited_settings(SourceSettings(), {name: text}), name) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("accepted_domains", "example"),
        ("accepted_domains", "a@example.org"),
        ("accepted_domains", "-x.org"),
        ("networks", "203.0.113.7/24"),
        ("networks", "everywhere"),
        ("networks", " ".join(f"203.0.113.{last}" for last in range(51))),
        ("rate_per_s", "1001"),
        ("grace_days", "0"),
        ("grace_days", "366"),
        ("on_match", "never"),
        ("rate_per_s", "-1"),
        ("rate_per_s", "2.5"),
        ("rate_per_s", "\u0661"),
        ("paused", "on"),
        ("administrator_user_id", "01890a5d-ac96-774b-bcce-b302099a8057"),
    ],
)
def test_what_is_no_such_value_is_refused_by_name(name: str, text: str) -> None:
    with pytest.raises(InvalidError) as caught:
        edited_settings(SourceSettings(), {name: text})
    assert caught.value.attribute == name


def test_settings_of_before_these_values_are_still_read() -> None:
    assert msgspec.json.decode(b'{"patch_response":"no_content"}', type=SourceSettings) == SourceSettings(
        patch_response="no_content"
    )
