"""The report of roles that changed hands in a period: from what to what, and by what."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import cast
from uuid import UUID

from directory import access_roles, events, group_lists
from directory.events import ERASED, EventView
from directory.ids import first_id_at
from directory.page_keys import parse_key, render_key
from directory.report_shapes import Asked, Column, Figure, Move, Option, Report, ReportPage, ReportRow, Subject, Summary
from directory.store import access, role_changes
from directory.store.reports import LAST_ID
from directory.store.role_changes import COUNTED_MAX, ChangesWanted

_PERIODS = (("7", "Last 7 days"), ("1", "Last day"), ("31", "Last 31 days"), ("90", "Last 90 days"))
_KINDS = (("moves", "From one role to another"), ("first", "First roles of new users"), ("all", "Both"))
_NEW = "New user"


def _since(asked: Asked) -> UUID:
    return first_id_at(asked.now - timedelta(days=int(asked.options["period"])))


async def _page(asked: Asked, after: str | None, limit: int) -> ReportPage:
    wanted = cast("ChangesWanted", asked.options["kind"])
    _, below = ("", LAST_ID) if after is None else parse_key(after, "text")
    found = await role_changes.list_role_changes(
        asked.tenant_id, wanted, below=below, since=_since(asked), limit=limit + 1
    )
    views = [events.view_of(row) for row in found.rows[:limit]]
    ended = views[-1].event_id if len(found.rows) > limit else found.floor
    roles = await access_roles.names_of_roles(asked.tenant_id)
    groups = await group_lists.names_of_groups(asked.tenant_id, _groups_in(views))
    names = {str(ident): name for ident, name in (*roles.items(), *groups.items())}
    return ReportPage(
        rows=[_row(view, names) for view in views],
        next_after=None if ended is None else render_key("", ended),
    )


def _groups_in(views: Sequence[EventView]) -> set[str]:
    return {
        change.new
        for view in views
        for change in view.changes
        if change.name == "group" and isinstance(change.new, str)
    }


def _row(view: EventView, names: Mapping[str, str]) -> ReportRow:
    person = Subject(kind="user", ident=view.subject_id, name=view.subject_label)
    told = {change.name: change for change in view.changes}
    if "role" not in told:
        return view.at, person, ERASED, ERASED, ERASED, view.actor_label, _request(view)
    old, new = told["role"].old, told["role"].new
    before = _NEW if old is None else names.get(str(old), str(old))
    rule = _by_what({name: change.new for name, change in told.items()}, names)
    return view.at, person, before, names.get(str(new), str(new)), rule, view.actor_label, _request(view)


def _request(view: EventView) -> Subject | None:
    if view.request_id is None or view.reference is None:
        return None
    return Subject(kind="request", ident=view.request_id, name=view.reference)


def _by_what(derived: Mapping[str, object], names: Mapping[str, str]) -> str:
    group_id = derived.get("group")
    if group_id is not None:
        return f"Mapping of {names.get(str(group_id), 'a group that is gone')}"
    match derived.get("origin"):
        case "default":
            return "Default Access Role"
        case "lock":
            return "Role lock"
        case _:
            return "The same rule, with another role"


async def _summary(asked: Asked) -> Summary:
    wanted, since = cast("ChangesWanted", asked.options["kind"]), _since(asked)
    pairs = await role_changes.count_role_changes(asked.tenant_id, wanted, since=since, below=LAST_ID)
    more = await role_changes.has_more_changes(asked.tenant_id, since=since, below=LAST_ID)
    roles = {str(role.role_id): role for role in await access.list_roles(asked.tenant_id, gone=True)}
    moves = [
        Move(
            before=_NEW if old is None else roles[old].name if old in roles else old,
            after=roles[new].name if new in roles else str(new),
            count=count,
            privileged=new in roles and roles[new].privileged,
        )
        for old, new, count in pairs
    ]
    note = f"Of the newest {COUNTED_MAX:,} of the period." if more else ""
    figures = [Figure(label="role changes", single="role change", value=sum(move.count for move in moves), more=more)]
    return Summary(figures=figures, moves=moves, note=note)


ROLE_CHANGES = Report(
    key="role-changes",
    sign="ladder",
    title="Role changes",
    sentence="Whose access role changed, from what to what, and which rule or person did it.",
    nothing="No access role changed hands in this period",
    columns=(
        Column(name="When"),
        Column(name="Person"),
        Column(name="From"),
        Column(name="To"),
        Column(name="By rule"),
        Column(name="Caused by"),
        Column(name="Request"),
    ),
    options=(
        Option(name="period", label="Period", choices=_PERIODS),
        Option(name="kind", label="Which", choices=_KINDS),
    ),
    read_page=_page,
    summarise=_summary,
)
