"""Events in words: what happened, and values as people read them."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

import msgspec

from directory.model import JsonValue
from directory.plan import AttributeChange
from portal.times import moment

VALUE_CHARS_MAX = 300
ACTION_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "data:exported": "List given out as a file",
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
        "role:changed": "Access role changed",
        "role:created": "Access role created",
        "role:deleted": "Access role deleted",
        "session:closed": "Signed out",
        "session:confirmed": "Confirmed who they are",
        "session:opened": "Signed in",
        "source:administrator:changed": "SCIM administrator user changed",
        "source:changed": "Connection changed",
        "source:closed": "SCIM turned off",
        "source:created": "Connection created",
        "source:opened": "SCIM turned on",
        "source:secret:issued": "Secret created",
        "source:secret:revoked": "Secret revoked",
        "source:secret:rotated": "Secret rotated",
        "source:settings:changed": "Settings of a connection changed",
        "source:users:released": "Users of a connection became local",
        "tenant:created": "Tenant created",
        "tenant:restored": "Brought back from a backup",
        "tenant:signin:refused": "Sign-in refused: no such user",
        "user:changed": "User changed",
        "user:created": "User created",
        "user:deleted": "User deleted",
        "user:disabled": "User disabled",
        "user:enabled": "User enabled",
        "user:exported": "Data of the person given out",
        "user:factor:added": "Second factor set up",
        "user:factor:removed": "Second factor removed",
        "user:factor:replaced": "Second factor replaced",
        "user:factor:reset": "Second factor reset by an administrator",
        "user:link:created": "Sign-in link created",
        "user:password:changed": "Password changed",
        "user:password:set": "Password set",
        "user:recovery:renewed": "Recovery codes made",
        "user:recovery:used": "Recovery code used",
        "user:relinked": "Known to the source by another id",
        "user:returned": "User came back",
        "user:role:granted": "Access role granted",
        "user:role:lock:reviewed": "Role lock reviewed",
        "user:role:locked": "Role locked",
        "user:role:unlocked": "Role lock removed",
        "user:sign-in:allowed": "Sign-in allowed again",
        "user:sign-in:blocked": "Sign-in disabled here",
        "user:signin:refused": "Sign-in refused",
        "user:unlinked": "Known to the source by no external id",
    }
)


_TIME_PATTERN = re.compile(r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9](\.[0-9]{6})?\+00:00")


def words_for(action: str) -> str:
    """Return an event's action in words; one that is new here keeps its own."""
    return ACTION_WORDS.get(action, action.replace(":", " ").capitalize())


def derivation_words(action: str, changes: Sequence[AttributeChange], names: Mapping[str, str]) -> str | None:
    """Return why a role was granted, as the event keeps it; None for any other change."""
    if action != "user:role:granted":
        return None
    new = {change.name: change.new for change in changes}
    if new.get("group") is not None:
        return f"The mapping of {value_words(new['group'], names)} decides: the highest in the list that fits."
    match new.get("origin"):
        case "default":
            return "No mapped group has this person, so the Default Access Role applies."
        case "lock":
            return "The role lock decides, whatever groups and mappings say."
        case _:
            return "The same rule decides as before; it gives another role now."


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
