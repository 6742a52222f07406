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
        "change:undone": "Change undone",
        "alert:acknowledged": "Alert is looked after",
        "alert:raised": "Alert raised",
        "alert:recipient:added": "Recipient of alerts added",
        "alert:recipient:changed": "Recipient of alerts changed",
        "alert:recipient:removed": "Recipient of alerts removed",
        "alert:recipient:tested": "Test mail sent",
        "alert:recovered": "Alert is over",
        "alert:worsened": "Alert got worse",
        "data:exported": "List given out as a file",
        "equipment:changed": "Item changed",
        "equipment:created": "Item written down",
        "equipment:key:created": "Key of the equipment API created",
        "equipment:key:revoked": "Key of the equipment API revoked",
        "equipment:key:rotated": "Key of the equipment API rotated",
        "group:changed": "Group changed",
        "group:created": "Group created",
        "group:deleted": "Group deleted",
        "group:members:changed": "Members changed",
        "group:returned": "Group came back",
        "held:approved": "Held changes approved",
        "held:expired": "Held changes expired",
        "held:overtaken": "Held changes overtaken",
        "held:rejected": "Held changes rejected",
        "held:waiting": "Held by the guard",
        "mail:failed:resent": "Failed mails sent again",
        "mail:left": "Mail left as it is",
        "mail:resent": "Mail sent again",
        "mapping:added": "Group mapping added",
        "mapping:changed": "Access role of a group mapping changed",
        "mapping:moved": "Group mapping moved",
        "mapping:removed": "Group mapping removed",
        "policy:default:changed": "Default Access Role changed",
        "policy:guard:changed": "Limits of the guard changed",
        "routing:changed": "Reading of the routing rules changed",
        "routing:rule:added": "Routing rule added",
        "routing:rule:changed": "Routing rule changed",
        "routing:rule:moved": "Routing rule moved",
        "routing:rule:removed": "Routing rule removed",
        "role:changed": "Access role changed",
        "role:created": "Access role created",
        "role:deleted": "Access role deleted",
        "schedule:asked": "Report asked for now",
        "schedule:changed": "Schedule of a report changed",
        "schedule:created": "Schedule of a report created",
        "schedule:deleted": "Schedule of a report deleted",
        "schedule:failed": "Report not sent",
        "schedule:paused": "Schedule of a report paused",
        "schedule:resumed": "Schedule of a report resumed",
        "schedule:sent": "Report sent",
        "schedule:tested": "Test of a report asked for",
        "session:closed": "Signed out",
        "session:confirmed": "Confirmed who they are",
        "session:opened": "Signed in",
        "source:administrator:changed": "SCIM administrator user changed",
        "source:changed": "Connection changed",
        "source:closed": "Connection turned off",
        "source:configured": "Configuration of a pull changed",
        "source:created": "Connection created",
        "source:credentials:changed": "Credentials of a pull changed",
        "source:credentials:forgotten": "Credentials of a pull forgotten: it goes elsewhere",
        "source:guard:raised": "More let pass by the guard, once",
        "source:mapping:changed": "Attribute mapping of a pull changed",
        "source:mode:changed": "Connection provisions, or only compares",
        "source:opened": "Connection turned on",
        "source:paused": "Pulls paused",
        "source:pull:asked": "Pull asked for",
        "source:pull:cancelled": "Pull cancelled",
        "source:resumed": "Pulls resumed",
        "source:schedule:changed": "Rhythm of pulls changed",
        "source:secret:issued": "Secret created",
        "source:secret:revoked": "Secret revoked",
        "source:secret:rotated": "Secret rotated",
        "source:settings:changed": "Settings of a connection changed",
        "source:users:released": "Users of a connection became local",
        "tenant:conversion:started": "Conversion of user names begun",
        "tenant:conversion:done": "Conversion of user names over",
        "tenant:conversion:resumed": "Conversion of user names resumed",
        "tenant:conversion:stopped": "Conversion of user names stopped",
        "tenant:conversion:undone": "Undo of a conversion of user names begun",
        "tenant:conversion:restored": "Undo of a conversion of user names over",
        "tenant:created": "Tenant created",
        "tenant:field:added": "Attribute field added",
        "tenant:field:changed": "Attribute field changed",
        "tenant:field:removed": "Attribute field removed",
        "tenant:deleted": "Tenant deleted",
        "tenant:erased": "Tenant erased: its days were over",
        "tenant:policies:changed": "Policies decided by the super tenant",
        "tenant:renamed": "Tenant renamed",
        "tenant:restored": "Brought back from a backup",
        "tenant:resumed": "Tenant resumed",
        "tenant:returned": "Tenant restored",
        "tenant:suspended": "Tenant suspended",
        "tenant:view:asked": "Asked to look into a tenant",
        "tenant:view:ended": "Scoped view over",
        "tenant:view:expired": "Scoped view withdrawn, or not opened in time",
        "tenant:view:granted": "Scoped view agreed to",
        "tenant:view:opened": "Looked into a tenant",
        "tenant:view:refused": "Scoped view refused",
        "tenant:views:changed": "Who may look in from the super tenant",
        "tenant:signin:refused": "Sign-in refused: no such user",
        "user:adopted": "Given to another source",
        "user:adoption:apart": "Kept apart from whom a connection sent",
        "user:adoption:asked": "A connection sent somebody who may be this person",
        "user:adoption:rejected": "Whom a connection sent as this person was rejected",
        "user:adoption:reopened": "Whether this is one person is open again",
        "user:changed": "User changed",
        "user:created": "User created",
        "user:deleted": "User deleted",
        "user:disabled": "User disabled",
        "user:enabled": "User enabled",
        "user:equipment:due": "Equipment due on another day",
        "user:equipment:in": "Equipment given back",
        "user:equipment:out": "Equipment handed over",
        "user:erased": "Person erased",
        "user:exported": "Data of the person given out",
        "user:factor:added": "Second factor set up",
        "user:factor:removed": "Second factor removed",
        "user:factor:replaced": "Second factor replaced",
        "user:factor:reset": "Second factor reset by an administrator",
        "user:link:created": "Sign-in link created",
        "user:name:converted": "User name became the e-mail",
        "user:name:ended": "Former user name matches no more",
        "user:name:restored": "User name of before the conversion restored",
        "user:password:changed": "Password changed",
        "user:password:set": "Password set",
        "user:recovery:renewed": "Recovery codes made",
        "user:recovery:used": "Recovery code used",
        "user:relinked": "Known to the source by another id",
        "user:return:asked": "Asked to return equipment",
        "user:return:done": "All equipment returned",
        "user:return:reminded": "Asked again to return equipment",
        "user:restored": "User restored",
        "user:returned": "User came back",
        "user:role:granted": "Access role granted",
        "user:role:lock:reviewed": "Role lock reviewed",
        "user:role:locked": "Role locked",
        "user:role:unlocked": "Role lock removed",
        "user:sign-in:allowed": "Sign-in allowed again",
        "user:sign-in:blocked": "Sign-in disabled here",
        "user:signin:refused": "Sign-in refused",
        "user:tenants:changed": "Led to tenants by rules",
        "user:unlinked": "Known to the source by no external id",
        "webhook:broken": "Webhook turned off: nobody answered",
        "webhook:changed": "Webhook changed",
        "webhook:closed": "Webhook turned off",
        "webhook:created": "Webhook created",
        "webhook:deleted": "Webhook deleted",
        "webhook:opened": "Webhook turned on",
        "webhook:replayed": "Webhook deliveries sent again",
        "webhook:rotated": "Secret of a webhook rotated",
        "webhook:tested": "Test event sent",
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
