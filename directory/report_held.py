"""The report of changes that the guard holds: what was reported, and waits for somebody."""

from directory import access_roles, held, sources
from directory.held import COUNTED_MAX, HeldFilter, HeldLine
from directory.page_keys import parse_key, render_key
from directory.report_people import person_of
from directory.report_shapes import Asked, Cell, Column, Figure, Report, ReportPage, Subject, Summary

_KINDS = {"disable": "Disabled", "delete": "Deleted", "leave": "Left", "join": "Joined"}
_WAITING = HeldFilter()


async def _page(asked: Asked, after: str | None, limit: int) -> ReportPage:
    behind = None if after is None else parse_key(after, "text")[1]
    found = await held.list_held(asked.tenant_id, _WAITING, after=behind, limit=limit + 1)
    page = found[:limit]
    roles = await access_roles.names_of_roles(asked.tenant_id)
    labels = {source.source_id: source.label for source in await sources.list_sources(asked.tenant_id)}
    return ReportPage(
        rows=[
            (
                _person(line),
                _change(line),
                None if line.role_id is None else roles.get(line.role_id),
                labels.get(line.held.source_id),
                line.held.at,
                line.held.expires_at,
                _request(line),
            )
            for line in page
        ],
        next_after=render_key("", page[-1].held.held_id) if len(found) > limit else None,
    )


def _person(line: HeldLine) -> Cell:
    if line.user_name is None:
        return "Somebody who was deleted for good"
    return person_of(line.held.user_id, line.display_name or "", line.user_name)


def _change(line: HeldLine) -> str:
    words = _KINDS[line.held.kind]
    return f"{words} {line.group_name}" if line.group_name else words


def _request(line: HeldLine) -> Subject | None:
    if line.held.request_id is None or line.reference is None:
        return None
    return Subject(kind="request", ident=line.held.request_id, name=line.reference)


async def _summary(asked: Asked) -> Summary:
    count = await held.count_waiting(asked.tenant_id)
    figure = Figure(label="held changes", single="held change", value=count, more=count >= COUNTED_MAX)
    return Summary(figures=[figure])


HELD = Report(
    key="held-changes",
    title="Held changes",
    sign="pause",
    sentence="What identity providers reported, and what has no effect until somebody decides on Held changes.",
    nothing="Nothing is held",
    columns=(
        Column(name="Person", detail="User name"),
        Column(name="Reported"),
        Column(name="Access role now"),
        Column(name="Source"),
        Column(name="Since"),
        Column(name="Expires"),
        Column(name="Request"),
    ),
    read_page=_page,
    summarise=_summary,
)
