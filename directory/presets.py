"""The starting settings of each kind of client, and how settings are read from text."""

import re
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from ipaddress import ip_network
from typing import Any, Literal, get_args, get_origin, get_type_hints
from uuid import UUID

from directory.errors import InvalidError
from directory.source_settings import Preset, SourceSettings

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
        on_match="apart",
    ),
}
"""How each provider is met unless its source says otherwise."""

SETTING_NAMES = tuple(field.name for field in fields(SourceSettings))
OWN_VERB = {
    "paused": "is changed where SCIM is turned off and on",
    "administrator_user_id": "is chosen where the SCIM administrator user is",
}
"""Settings that no text changes: more follows from them."""

KEPT = ("accepts_routing", "accepted_domains", "networks", "rate_per_s", "grace_days", *OWN_VERB)
ENTRIES_MAX = 50
RATE_PER_S_MAX = 1000
GRACE_DAYS_MAX = 365

_KINDS = get_type_hints(SourceSettings)
_YES = frozenset({"on", "true", "yes", "1"})
_NO = frozenset({"off", "false", "no", "0"})
_DOMAIN = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")
_BETWEEN = re.compile(r"[\s,;]+")


def edited_settings(settings: SourceSettings, changes: Mapping[str, str]) -> SourceSettings:
    """Return the settings with ``changes``, texts by name.

    A text is ``on`` or ``off``, one of the words of the setting, a number, or a list with blanks or commas between.

    Raises:
        InvalidError: names the setting that does not exist or does not take the value.
    """
    parsed: dict[str, Any] = {name: _parse_setting(name, text) for name, text in changes.items()}
    return replace(settings, **parsed)


def settings_of_preset(settings: SourceSettings, preset: Preset) -> SourceSettings:
    """Return the settings of a preset, with what says nothing of the client kept: limits, administrator, on or off."""
    return replace(PRESETS[preset], **{name: getattr(settings, name) for name in KEPT})


def settings_document(settings: SourceSettings) -> dict[str, str | bool | int | None]:
    """Return the settings by name, lists as one text."""
    told: dict[str, str | bool | int | None] = {}
    for name in SETTING_NAMES:
        value = getattr(settings, name)
        told[name] = (", ".join(value) or None) if isinstance(value, tuple) else value
        if isinstance(value, UUID):
            told[name] = str(value)
    return told


def _parse_setting(name: str, text: str) -> str | bool | int | tuple[str, ...]:
    if name not in _KINDS:
        raise InvalidError(name, f"is no setting of a source; there are: {', '.join(SETTING_NAMES)}")
    if name in OWN_VERB:
        raise InvalidError(name, OWN_VERB[name])
    word = text.strip().lower()
    if name in _READERS:
        return _READERS[name](word)
    if get_origin(_KINDS[name]) is Literal:
        words: tuple[str, ...] = get_args(_KINDS[name])
        if word not in words:
            raise InvalidError(name, f"must be one of: {', '.join(words)}")
        return word
    if word in _YES or word in _NO:
        return word in _YES
    raise InvalidError(name, "must be on or off")


def _rate(word: str) -> int:
    if word == "off":
        return 0
    if not (word.isascii() and word.isdigit() and len(word) <= 4 and int(word) <= RATE_PER_S_MAX):
        raise InvalidError("rate_per_s", f"must be a whole number from 0 (no limit) to {RATE_PER_S_MAX}")
    return int(word)


def _grace_days(word: str) -> int:
    if not (word.isascii() and word.isdigit() and len(word) <= 3 and 1 <= int(word) <= GRACE_DAYS_MAX):
        raise InvalidError("grace_days", f"must be a whole number from 1 to {GRACE_DAYS_MAX}")
    return int(word)


def _domains(word: str) -> tuple[str, ...]:
    domains = _entries("accepted_domains", word)
    for domain in domains:
        if _DOMAIN.fullmatch(domain) is None:
            raise InvalidError("accepted_domains", f"has {domain[:80]}, which is no domain such as example.org")
    return domains


def _networks(word: str) -> tuple[str, ...]:
    networks: list[str] = []
    for entry in _entries("networks", word):
        try:
            networks.append(str(ip_network(entry)))
        except ValueError as error:
            words = f"has {entry[:80]}, which is no network such as 203.0.113.0/24 or 2001:db8::/32"
            raise InvalidError("networks", words) from error
    return tuple(dict.fromkeys(networks))


def _entries(name: str, word: str) -> tuple[str, ...]:
    entries = tuple(dict.fromkeys(entry for entry in _BETWEEN.split(word) if entry))
    if len(entries) > ENTRIES_MAX:
        raise InvalidError(name, f"has {len(entries)} entries; at most {ENTRIES_MAX} are kept")
    return entries


_READERS: Mapping[str, Callable[[str], int | tuple[str, ...]]] = {
    "rate_per_s": _rate,
    "grace_days": _grace_days,
    "accepted_domains": _domains,
    "networks": _networks,
}
