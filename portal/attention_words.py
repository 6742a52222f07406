"""What waits for somebody, in words with a next step."""

from dataclasses import dataclass
from datetime import datetime

from directory.overview import Attention
from portal.alert_words import alert_title
from portal.times import ago
from portal.visit import Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One thing that waits for somebody, as the operator reads it."""

    kind: str
    """How it is coloured: ``bad``, ``warn`` or ``info``."""
    title: str
    text: str
    path: str
    label: str


def task_for(one: Attention, visit: Visit) -> Task:
    """Return the words for one thing that waits."""
    title, text, path, label = _of_source(one, visit) if one.source_id is not None else _of_tenant(one, visit)
    kind = {"high": "bad", "medium": "warn", "low": "info"}[one.risk]
    return Task(kind=kind, title=title, text=text, path=path, label=label)


Words = tuple[str, str, str, str]
_ABOUT_PEOPLE = frozenset(
    {
        "no_local_administrator",
        "one_administrator",
        "changes_held",
        "equipment_out",
        "locks_due",
        "adoptions_open",
        "unrouted",
    }
)


def _of_pulled(one: Attention, visit: Visit) -> Words:
    page = visit.path("connectors", one.source_id)
    match one.kind:
        case "source_failing":
            return f"{one.label} cannot be pulled", one.reason, page, "Open the connection"
        case "secret_ended":
            text = "Nothing can be pulled until there is a new one. Make it there, then enter it here."
            return f"The credential of {one.label} has ended", text, page, "Open the connection"
        case _:
            text = "Make a new one there and enter it here; the next pull uses it."
            return f"The credential of {one.label} ends {_in(one.at, visit)}", text, page, "Open the connection"


def _of_source(one: Attention, visit: Visit) -> Words:
    if one.pulled:
        return _of_pulled(one, visit)
    page = visit.path("configure-scim", one.source_id)
    match one.kind:
        case "source_failing":
            failed = visit.path("activity", "requests") + f"?result=failed&source={one.source_id}"
            return f"{one.label} is failing", one.reason, failed, "See the failed requests"
        case "source_silent":
            text = f"{one.reason} Look whether provisioning is still switched on at the provider."
            return f"{one.label} is silent", text, page, "Open the connection"
        case "secret_ended":
            text = "Nothing can be pushed until there is a new one. Create it, then enter it at the provider."
            return f"{one.label} has no valid secret", text, page, "Create a secret"
        case _:
            text = "Rotate it with an overlap, enter the new one at the provider, and nobody notices."
            return f"The secret of {one.label} expires {_in(one.at, visit)}", text, page, "Rotate the secret"


def _of_people(one: Attention, visit: Visit) -> Words:
    match one.kind:
        case "no_local_administrator":
            text = "If the provider takes the role away from everybody, nobody gets in any more. Make a local one."
            people = visit.path("sub-accounts")
            return "No local administrator", text, people, "Create a local user"
        case "one_administrator":
            text = "Whoever it is will be away one day. Give the role to a second person."
            return "Only one active administrator", text, visit.path("sub-accounts"), "See the people"
        case "changes_held":
            plural = "change of a provider waits" if one.count == 1 else "changes of a provider wait"
            text = f"The guard held them: nothing of them has taken effect. The first came {_in(one.at, visit)}."
            return f"{one.count:,} {plural} for approval", text, visit.path("held"), "Approve or reject"
        case "adoptions_open":
            plural = "person was sent who may" if one.count == 1 else "people were sent who may"
            text = "Their connection is refused until you decide whether they are one person or two."
            return f"{one.count:,} {plural} be somebody here", text, visit.path("adoption"), "Compare and decide"
        case "unrouted":
            plural = "person is" if one.count == 1 else "people are"
            text = "No routing rule leads them anywhere. The queue suggests rules that would take them."
            return f"{one.count:,} {plural} in no tenant", text, visit.path("unrouted"), "See the queue"
        case "equipment_out":
            plural = "person has" if one.count == 1 else "people have"
            text = "Disabled or deleted, and something is still out. Their managers were asked; see who was not."
            returns = visit.path("equipment", "returns")
            return f"{one.count:,} {plural} left with equipment", text, returns, "See what is out"
        case _:
            plural = "role lock ends" if one.count == 1 else "role locks end"
            text = f"The first {_in(one.at, visit)}. The role then follows groups and mappings."
            return f"{one.count} {plural} within a week", text, visit.path("role-locks"), "Review the locks"


def _of_tenant(one: Attention, visit: Visit) -> Words:
    if one.kind in _ABOUT_PEOPLE:
        return _of_people(one, visit)
    match one.kind:
        case "alert_open":
            title = alert_title(one.alert_kind)
            return f"{title}: {one.label}", one.reason, visit.path(one.path), "See to it"
        case "worker_late":
            text = "Events are not sealed, locks not ended, records not pruned. Look at the log of the server."
            return f"Background work stopped {_in(one.at, visit)}", text, visit.path("activity"), "See the activity"
        case "mappings_gone":
            plural = "mapping waits for a group" if one.count == 1 else "mappings wait for groups"
            text = "The provider deleted it. Remove the mapping, or push the group again."
            return f"{one.count} {plural} that is gone", text, visit.path("group-mappings"), "See the mappings"
        case "records_lost":
            text = "The database was away. The requests were answered; their records are missing."
            requests = visit.path("activity", "requests")
            return f"{one.count} request records were lost", text, requests, "See the gap"
        case _:
            text = "A change of the mappings is on its way to everybody. This takes seconds, with many people minutes."
            return "Roles are being decided anew", text, visit.path("group-mappings"), "See the mappings"


def _in(at: datetime | None, visit: Visit) -> str:
    return "soon" if at is None else ago(at, visit.now)
