"""What a database says, checked without any code of the program: what is whole, what is there, who has which role."""

from collections import Counter
from typing import Any

from tests.journeys.serving import read_rows

Finding = str


def half_written(url: str) -> list[Finding]:
    """Return what is there without what must have come with it in the same transaction."""
    questions = {
        "user without the event of its creation": """
            SELECT u.id FROM user_row u WHERE NOT EXISTS (SELECT 1 FROM event_row e WHERE e.tenant_id = u.tenant_id
              AND e.subject_id = u.id AND e.action = 'user:created')""",
        "user without its externalId": """
            SELECT u.id FROM user_row u WHERE u.source_id IS NOT NULL AND u.deleted_at IS NULL AND NOT EXISTS
              (SELECT 1 FROM user_link_row l WHERE l.tenant_id = u.tenant_id AND l.user_id = u.id)""",
        "event without its values": """
            SELECT e.id FROM event_row e WHERE NOT EXISTS (SELECT 1 FROM event_value_row v
              WHERE v.tenant_id = e.tenant_id AND v.event_id = e.id)""",
        "event without the request that caused it": """
            SELECT e.id FROM event_row e WHERE e.request_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM request_row r
              WHERE r.tenant_id = e.tenant_id AND r.id = e.request_id)""",
        "group whose count of members is wrong": """
            SELECT g.id FROM group_row g WHERE g.member_count <> (SELECT count(*) FROM member_row m
              WHERE m.tenant_id = g.tenant_id AND m.group_id = g.id)""",
        "user name that two have": """
            SELECT user_name_key FROM user_row WHERE deleted_at IS NULL GROUP BY tenant_id, user_name_key
              HAVING count(*) > 1""",
    }
    return [f"{words}: {row[0]}" for words, sql in questions.items() for row in read_rows(url, sql)]


def wrong_roles(url: str) -> list[Finding]:
    """Return the users whose stored role is not what lock, mappings and default give."""
    defaults = dict(read_rows(url, "SELECT id, default_role_id FROM tenant_row"))
    locks = dict(read_rows(url, "SELECT user_id, role_id FROM lock_row"))
    mappings = read_rows(url, "SELECT group_id, role_id FROM mapping_row ORDER BY tenant_id, position")
    members: dict[str, set[str]] = {}
    for user_id, group_id in read_rows(url, "SELECT user_id, group_id FROM member_row"):
        members.setdefault(user_id, set()).add(group_id)
    users = read_rows(
        url, "SELECT id, tenant_id, role_id FROM user_row WHERE deleted_at IS NULL AND source_id IS NOT NULL"
    )
    findings = []
    for user_id, tenant_id, role_id in users:
        of_groups = (role for group, role in mappings if group in members.get(user_id, ()))
        expected = locks.get(user_id) or next(of_groups, defaults[tenant_id])
        if role_id != expected:
            findings.append(f"{user_id} has {role_id}, not {expected}")
    return findings


def members_by_events(url: str) -> Counter[tuple[str, str]]:
    """Return (group, user) to how often the user joined less how often it left, as events tell."""
    told: Counter[tuple[str, str]] = Counter()
    rows: list[tuple[Any, ...]] = read_rows(
        url,
        "SELECT e.subject_id, m.user_id, m.joined FROM event_member_row m"
        " JOIN event_row e ON e.tenant_id = m.tenant_id AND e.id = m.event_id",
    )
    for group_id, user_id, joined in rows:
        told[group_id, user_id] += 1 if joined else -1
    return told


def members_by_rows(url: str) -> set[tuple[str, str]]:
    """Return every (group, user) that is."""
    return {(group, user) for group, user in read_rows(url, "SELECT group_id, user_id FROM member_row")}
