"""The starting settings of each kind of client, and how settings are read from text."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, Literal, get_args, get_origin, get_type_hints

from directory.errors import InvalidError
from directory.model import Preset, SourceSettings

PRESETS: Mapping[Preset, SourceSettings] = {
    "entra": SourceSettings(patch_response="no_content", group_displayname_unique=True),
    "okta": SourceSettings(),
    "onelogin": SourceSettings(),
    "jumpcloud": SourceSettings(),
    "strict": SourceSettings(
        unknown_members="reject",
        string_booleans=False,
        create_on_missing_value_path=False,
        post_existing_inactive="409",
        lenient_reader=False,
    ),
}
"""How each provider is met unless its source says otherwise."""

SETTING_NAMES = tuple(field.name for field in fields(SourceSettings))

_KINDS = get_type_hints(SourceSettings)
_YES = frozenset({"on", "true", "yes", "1"})
_NO = frozenset({"off", "false", "no", "0"})


def edited_settings(settings: SourceSettings, changes: Mapping[str, str]) -> SourceSettings:
    """Return the settings with ``changes``, texts by name: ``on`` or ``off``, or one of the words of the setting.

    Raises:
        InvalidError: names the setting that does not exist or does not take the value.
    """
    parsed: dict[str, Any] = {name: _parse_setting(name, text) for name, text in changes.items()}
    return replace(settings, **parsed)


def settings_document(settings: SourceSettings) -> dict[str, str | bool]:
    """Return the settings by name."""
    return {name: getattr(settings, name) for name in SETTING_NAMES}


def _parse_setting(name: str, text: str) -> str | bool:
    if name not in _KINDS:
        raise InvalidError(name, f"is no setting of a source; there are: {', '.join(SETTING_NAMES)}")
    word = text.strip().lower()
    if get_origin(_KINDS[name]) is Literal:
        words: tuple[str, ...] = get_args(_KINDS[name])
        if word not in words:
            raise InvalidError(name, f"must be one of: {', '.join(words)}")
        return word
    if word in _YES or word in _NO:
        return word in _YES
    raise InvalidError(name, "must be on or off")
