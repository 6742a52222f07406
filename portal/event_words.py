"""Events in words: what happened, and values as people read them."""

import re
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

import msgspec

from directory.model import JsonValue
from portal.times import moment

VALUE_CHARS_MAX = 300
ACTION_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "group:changed": "Group changed",
        "group:created": "Group created",
        "group:deleted": "Group deleted",
        "group:members:changed": "Members changed",
        "group:returned": "Group came back",
        "mapping:added": "Group mapping added",
        "mapping:changed": "Access role of a group mapping changed",
        "mapping:moved": "Group mapping moved",
        "mapping:removed": "Group mapping removed",
        "policy:default:changed": "Default Access Role changed",
        "session:closed": "Signed out",
        "session:opened": "Signed in",
        "source:created": "Connection created",
        "source:secret:issued": "Secret created",
        "source:secret:revoked": "Secret revoked",
        "source:secret:rotated": "Secret rotated",
        "source:settings:changed": "Settings of a connection changed",
        "tenant:created": "Tenant created",
        "user:changed": "User changed",
        "user:created": "User created",
        "user:deleted": "User deleted",
        "user:disabled": "User disabled",
        "user:enabled": "User enabled",
        "user:link:created": "Sign-in link created",
        "user:returned": "User came back",
        "user:role:granted": "Access role granted",
        "user:role:locked": "Role locked",
        "user:role:unlocked": "Role lock removed",
    }
)


_TIME_PATTERN = re.compile(r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9](\.[0-9]{6})?\+00:00")


def words_for(action: str) -> str:
    """Return an event's action in words; one that is new here keeps its own."""
    return ACTION_WORDS.get(action, action.replace(":", " ").capitalize())


def value_words(value: JsonValue, names: Mapping[str, str]) -> str:
    """Return a value as people read it: ids of roles and groups by name, times with their zone, cut short."""
    match value:
        case str():
            text = names.get(value) or _moment_in(value) or value
        case bool():
            text = "yes" if value else "no"
        case dict() | list():
            text = msgspec.json.encode(value).decode()
        case _:
            text = str(value)
    return text if len(text) <= VALUE_CHARS_MAX else f"{text[:VALUE_CHARS_MAX]}…"


def _moment_in(text: str) -> str | None:
    if _TIME_PATTERN.fullmatch(text) is None:
        return None
    try:
        return moment(datetime.fromisoformat(text))
    except ValueError:  # the 31st of February, sent by an identity provider
        return None
