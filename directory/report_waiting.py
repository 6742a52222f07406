"""The report of members and managers that a source named and that have not arrived."""

from directory import managers
from directory.report_shapes import Asked, Column, Figure, Option, Report, ReportPage, Subject, Summary


async def _waiting_page(asked: Asked, after: str | None, limit: int) -> ReportPage:
    if asked.options["kind"] == "managers":
        return await _managers_page(asked, after, limit)
    found = await managers.list_waiting_members(asked.tenant_id, after=after, limit=limit)
    return ReportPage(
        rows=[
            (
                Subject(kind="group", ident=one.group_id, name=one.group_name),
                "Member",
                one.value,
                one.source_label,
                one.since,
            )
            for one in found.waiting
        ],
        next_after=found.next_after,
    )


async def _managers_page(asked: Asked, after: str | None, limit: int) -> ReportPage:
    found = await managers.list_waiting_managers(asked.tenant_id, after=after, limit=limit)
    return ReportPage(
        rows=[
            (_people(one.people_count), "Manager", one.ref, one.source_label or "Local", one.since)
            for one in found.waiting
        ],
        next_after=found.next_after,
    )


def _people(count: int) -> str:
    more = "+" if count >= managers.PEOPLE_MAX else ""
    return f"{count}{more} {'person' if count == 1 else 'people'}"


async def _sum_waiting(asked: Asked) -> Summary:
    counts = await managers.count_waiting(asked.tenant_id)
    return Summary(
        figures=[
            Figure(label="members", single="member", value=counts.members, more=counts.members >= managers.COUNTED_MAX),
            Figure(
                label="managers", single="manager", value=counts.managers, more=counts.managers >= managers.COUNTED_MAX
            ),
        ]
    )


WAITING = Report(
    key="waiting-references",
    sign="clock",
    title="Waiting references",
    sentence="Members and managers that a source named and that have not arrived; they join by themselves.",
    nothing="Nobody is waited for",
    columns=(
        Column(name="Of"),
        Column(name="As"),
        Column(name="Waits for"),
        Column(name="Source"),
        Column(name="Since"),
    ),
    options=(Option(name="kind", label="Which", choices=(("members", "Members of groups"), ("managers", "Managers"))),),
    read_page=_waiting_page,
    summarise=_sum_waiting,
)
