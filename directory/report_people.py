"""Reports of people: who is in no feed, and who carries administration and why."""

from datetime import timedelta
from typing import cast
from uuid import UUID

from directory.errors import InvalidError
from directory.model import AccessRole, RoleId
from directory.page_keys import parse_key, render_key
from directory.report_shapes import Asked, Column, Figure, Option, Report, ReportPage, ReportRow, Subject, Summary
from directory.store import access, reports
from directory.store.reports import FIRST_ID, UnseenKind
from directory.store.unit import Row

_KINDS = (
    ("any", "All of them"),
    ("local", "Local users"),
    ("silent", "Users of whom their source says nothing"),
    ("unlinked", "Users without an external id"),
)
_DAYS = (("90", "For 90 days"), ("30", "For 30 days"), ("180", "For 180 days"), ("365", "For a year"))
_WITHOUT_SOURCE = "Local: in no feed"
_ORIGINS = {"mapping": "Group mapping", "default": "Default Access Role", "lock": "Role lock"}


def person_of(user_id: UUID, display_name: str, user_name: str) -> Subject:
    """Return a user as a cell."""
    return Subject(kind="user", ident=user_id, name=display_name or user_name, detail=user_name)


def _person(row: Row) -> Subject:
    return person_of(row["id"], row["display_name"], row["user_name"])


def status_words(*, active: bool) -> str:
    """Return the status as a cell."""
    return "Active" if active else "Disabled"


async def _unseen_page(asked: Asked, after: str | None, limit: int) -> ReportPage:
    kind = cast("UnseenKind", asked.options["kind"])
    _, behind = ("", FIRST_ID) if after is None else parse_key(after, "text")
    before = asked.now - timedelta(days=int(asked.options["days"]))
    rows = await reports.list_unseen(asked.tenant_id, kind, seen_before=before, after=behind, limit=limit + 1)
    page = rows[:limit]
    more = len(rows) > limit
    return ReportPage(
        rows=[
            (
                _person(row),
                status_words(active=row["active"]),
                row["role_name"],
                row["source_label"] or "Local",
                None if row["source_id"] is None else row["modified_at"],
                "; ".join(_why(row, seen=row["source_id"] is not None and row["modified_at"] >= before)),
            )
            for row in page
        ],
        next_after=render_key("", page[-1]["id"]) if more else None,
    )


def _why(row: Row, *, seen: bool) -> list[str]:
    if row["source_id"] is None:
        return [_WITHOUT_SOURCE]
    reasons = [] if seen else ["Its source changed nothing"]
    return reasons if row["links"] else [*reasons, "Known by no external id"]


async def _sum_unseen(asked: Asked) -> Summary:
    if asked.options["kind"] == "unlinked":
        return Summary()
    before = asked.now - timedelta(days=int(asked.options["days"]))
    counts = await reports.count_unseen(asked.tenant_id, seen_before=before)
    return Summary(compared=[("Local users", counts["local"]), ("Source says nothing", counts["silent"])])


UNSEEN = Report(
    key="never-seen",
    sign="people",
    title="Never seen from the identity provider",
    sentence="People in no feed, and people of whom their source has said nothing for a long time.",
    nothing="Everybody is in a feed that still speaks of them",
    columns=(
        Column(name="Person", detail="User name"),
        Column(name="Status"),
        Column(name="Access role"),
        Column(name="Source"),
        Column(name="Last change"),
        Column(name="Why"),
    ),
    options=(
        Option(name="kind", label="Whom", choices=_KINDS),
        Option(name="days", label="Silent", choices=_DAYS),
    ),
    read_page=_unseen_page,
    summarise=_sum_unseen,
    compared_by="Why",
)


async def _administrator_page(asked: Asked, after: str | None, limit: int) -> ReportPage:
    """Return holders role by role: a page may begin in one role and end in the next."""
    roles = _privileged(await access.list_roles(asked.tenant_id))
    place, behind = (0, FIRST_ID) if after is None else _place_of(after, roles)
    rows: list[tuple[AccessRole, Row]] = []
    while place < len(roles) and len(rows) <= limit:
        role = roles[place]
        found = await reports.list_holders(asked.tenant_id, role.role_id, after=behind, limit=limit + 1 - len(rows))
        rows += [(role, row) for row in found]
        place, behind = place + 1, FIRST_ID
    page = rows[:limit]
    more = len(rows) > limit
    return ReportPage(
        rows=[_administrator(role, row) for role, row in page],
        next_after=render_key(str(page[-1][0].role_id), page[-1][1]["id"]) if more else None,
    )


def _place_of(after: str, roles: list[AccessRole]) -> tuple[int, UUID]:
    role_id, user_id = parse_key(after, "text")
    for place, role in enumerate(roles):
        if str(role.role_id) == role_id:
            return place, user_id
    raise InvalidError("after", "is not a place in this list")


def _privileged(roles: list[AccessRole]) -> list[AccessRole]:
    return [role for role in roles if role.privileged]


def _administrator(role: AccessRole, row: Row) -> ReportRow:
    return (
        _person(row),
        status_words(active=row["active"]),
        role.name,
        _derived(row),
        row["source_label"] or "Local",
        row["decided_at"],
    )


def _derived(row: Row) -> str:
    match row["origin"]:
        case "mapping":
            return f"Mapping of {row['group_name']}"
        case "lock":
            return f"Locked by {row['owner']}: {row['reason']}" if row["owner"] else "Role lock"
        case _:
            return "Default Access Role"


async def _sum_administrators(asked: Asked) -> Summary:
    role_ids: list[RoleId] = [role.role_id for role in _privileged(await access.list_roles(asked.tenant_id))]
    found = await reports.count_by_origin(asked.tenant_id, role_ids)
    counts: dict[str, int] = {}
    for origin, local, count in found:
        label = f"{_ORIGINS[origin]}, {'local' if local else 'provisioned'}"
        counts[label] = counts.get(label, 0) + count
    figures = [Figure(label="active administrators", single="active administrator", value=sum(counts.values()))]
    return Summary(figures=figures, compared=sorted(counts.items(), key=lambda one: -one[1]))


ADMINISTRATORS = Report(
    key="administrators",
    sign="shield",
    title="Administrators by origin",
    sentence="Everybody whose access role carries administration, and what gave it to them.",
    nothing="Nobody carries administration",
    columns=(
        Column(name="Person", detail="User name"),
        Column(name="Status"),
        Column(name="Access role"),
        Column(name="Given by"),
        Column(name="Source"),
        Column(name="Since"),
    ),
    read_page=_administrator_page,
    summarise=_sum_administrators,
    compared_by="Given by",
)
