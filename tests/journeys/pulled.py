"""What a pull must come to, by the export of a directory of ours, and what the database says without our code."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tests.fakes import graph_people, okta_people
from tests.journeys.facts import members_by_events, members_by_rows
from tests.journeys.serving import read_rows

Which = Literal["graph", "okta"]
Export = Mapping[str, Any]
"""``users`` and ``groups`` by number, as ``/_control/export`` gives them."""

DISABLED_IN_OKTA = frozenset({"SUSPENDED", "DEPROVISIONED"})


@dataclass(frozen=True, slots=True)
class Directory:
    """What is compared, by the ids of whoever is pulled from."""

    users: dict[str, tuple[str, bool, str | None]]
    """User name, active, department."""
    groups: dict[str, str]
    members: set[tuple[str, str]]


def meant_by(export: Export, which: Which) -> Directory:
    """Return what an export comes to: guests of Entra ID stay out, as the shipped configuration has it."""
    ids = graph_people if which == "graph" else okta_people
    users = {
        ids.user_id(int(number)): (user["login"], is_active(user["status"], which), user["department"])
        for number, user in export["users"].items()
        if not user["gone"] and not (which == "graph" and user["guest"])
    }
    groups = {ids.group_id(int(number)): group["name"] for number, group in export["groups"].items()}
    members = {
        (ids.group_id(int(number)), ids.user_id(member))
        for number, group in export["groups"].items()
        for member in group["members"]
    }
    return Directory(users, groups, {pair for pair in members if pair[1] in users})


def is_active(status: str, which: Which) -> bool:
    """Whether a word of Okta's means somebody who may sign in; at Entra ID all others are disabled."""
    return status not in DISABLED_IN_OKTA if which == "okta" else status == "ACTIVE"


USERS = """
    SELECT l.source_id, l.external_id, u.user_name, u.active, u.department FROM user_link_row l
    JOIN user_row u ON u.tenant_id = l.tenant_id AND u.id = l.user_id WHERE u.deleted_at IS NULL"""
GROUPS = """
    SELECT l.source_id, l.external_id, g.display_name FROM group_link_row l
    JOIN group_row g ON g.tenant_id = l.tenant_id AND g.id = l.group_id WHERE g.deleted_at IS NULL"""
MEMBERS = """
    SELECT k.source_id, k.external_id, l.external_id FROM group_link_row k
    JOIN group_row g ON g.tenant_id = k.tenant_id AND g.id = k.group_id
    JOIN member_row m ON m.tenant_id = g.tenant_id AND m.group_id = g.id
    JOIN user_link_row l ON l.tenant_id = m.tenant_id AND l.user_id = m.user_id AND l.source_id = k.source_id
    JOIN user_row u ON u.tenant_id = l.tenant_id AND u.id = l.user_id
    WHERE g.deleted_at IS NULL AND u.deleted_at IS NULL AND NOT m.gone AND NOT m.withheld"""
WITHOUT_ACCESS = """
    SELECT l.source_id, l.external_id FROM user_link_row l
    JOIN user_row u ON u.tenant_id = l.tenant_id AND u.id = l.user_id
    WHERE u.deleted_at IS NOT NULL OR NOT u.active"""


def stored_of(url: str, source_id: str) -> Directory:
    """Return the users and groups of a source as they lie in the database, in effect."""
    return stored_by_source(url).get(source_id, Directory({}, {}, set()))


def stored_by_source(url: str) -> dict[str, Directory]:
    """Return the same of every source."""
    sources: dict[str, Directory] = {}
    for source_id, ext_id, name, active, department in read_rows(url, USERS):
        _of(sources, source_id).users[ext_id] = (name, bool(active), department)
    for source_id, ext_id, name in read_rows(url, GROUPS):
        _of(sources, source_id).groups[ext_id] = name
    for source_id, group, user in read_rows(url, MEMBERS):
        _of(sources, source_id).members.add((group, user))
    return sources


def _of(sources: dict[str, Directory], source_id: str) -> Directory:
    return sources.setdefault(source_id, Directory({}, {}, set()))


def differences(stored: Directory, meant: Directory) -> list[str]:
    """Return in words where a database and the truth differ; a few of them are enough to understand it."""
    found = [
        f"{what} {key}: {have.get(key)} instead of {want.get(key)}"
        for what, have, want in (("user", stored.users, meant.users), ("group", stored.groups, meant.groups))
        for key in sorted({*have, *want})
        if have.get(key) != want.get(key)
    ]
    found += [f"member too many: {pair}" for pair in sorted(stored.members - meant.members)]
    found += [f"member missing: {pair}" for pair in sorted(meant.members - stored.members)]
    return found[:20]


def without_access(url: str, source_id: str) -> set[str]:
    """Return who is disabled or deleted here."""
    return {ext for of, ext in read_rows(url, WITHOUT_ACCESS) if of == source_id}


def told_twice(url: str) -> list[str]:
    """Return what events of a first pull tell more than once, or tell and is not so."""
    rows = read_rows(
        url,
        """
        SELECT action, subject_id, count(*) FROM event_row WHERE subject_kind IN ('user', 'group')
        AND action NOT LIKE 'group:member%' GROUP BY tenant_id, action, subject_id HAVING count(*) > 1""",
    )
    found = [f"{action} of {subject} {count} times" for action, subject, count in rows]
    told: Counter[tuple[str, str]] = members_by_events(url)
    found += [f"{pair} joined {count} times" for pair, count in told.items() if count not in (0, 1)]
    joined = {pair for pair, count in told.items() if count}
    return found + [
        f"membership without an event, or the other way round: {one}" for one in joined ^ members_by_rows(url)
    ]


RESOURCES = (
    "user_row", "email_row", "user_link_row", "group_row", "group_link_row", "member_row", "waiting_row", "nested_row",
    "held_change_row", "adoption_row", "alias_row", "lock_row", "reference_row",
)  # fmt: skip


def resources_in(url: str) -> str:
    """Return all that a pull is about, as one text to compare."""
    told = {table: sorted(map(repr, read_rows(url, f"SELECT * FROM {table}"))) for table in RESOURCES}  # noqa: S608
    told["event_row"] = sorted(map(repr, read_rows(url, "SELECT id FROM event_row WHERE subject_kind <> 'source'")))
    return json.dumps(told)
