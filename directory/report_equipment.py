"""The report of people who left and still have equipment: the one that this product exists for."""

from directory import loans
from directory.equipment_model import Money
from directory.loans import DisabledHolder
from directory.report_people import person_of
from directory.report_shapes import Asked, Column, Figure, Report, ReportPage, ReportRow, Summary

SUMMED_MAX = 1_000
"""So many people are summed up."""

PAGE = 250


async def _page(asked: Asked, after: str | None, limit: int) -> ReportPage:
    found = await loans.list_disabled_holders(asked.tenant_id, after=after, limit=limit, now=asked.now)
    return ReportPage(rows=[_row(holder) for holder in found.holders], next_after=found.next_after)


def _row(holder: DisabledHolder) -> ReportRow:
    tags = ", ".join(f"{one.item.details.name} ({one.item.details.tag})" for one in holder.items)
    return (
        person_of(holder.user_id, holder.name, holder.user_name),
        "Deleted" if holder.deleted else "Disabled",
        holder.disabled_at,
        holder.days,
        holder.manager,
        tags,
        ", ".join(map(str, holder.values)),
        holder.last_contact_at if holder.sent_to else None,
        holder.sent_to,
    )


async def _summary(asked: Asked) -> Summary:
    people, items, after = 0, 0, None
    sums: dict[str, int] = {}
    while people < SUMMED_MAX:
        found = await loans.list_disabled_holders(asked.tenant_id, after=after, limit=PAGE, now=asked.now)
        people += len(found.holders)
        items += sum(len(holder.items) for holder in found.holders)
        for value in (value for holder in found.holders for value in holder.values):
            sums[value.currency] = sums.get(value.currency, 0) + value.minor
        if (after := found.next_after) is None:
            break
    more = after is not None
    worth = [
        Figure(label="in value", value=str(Money(minor=minor, currency=currency)), more=more)
        for currency, minor in sorted(sums.items())
    ]
    figures = [
        Figure(label="people", single="person", value=people, more=more),
        Figure(label="items", single="item", value=items, more=more),
        *worth,
    ]
    return Summary(figures=figures, note=f"Of the first {SUMMED_MAX:,} people." if more else "")


EQUIPMENT = Report(
    key="disabled-with-equipment",
    sign="box",
    title="Disabled users with equipment",
    sentence="Who is disabled or deleted and still has equipment, since when, and who is asked to bring it back.",
    nothing="Nobody disabled holds equipment",
    columns=(
        Column(name="Person", detail="User name"),
        Column(name="Status"),
        Column(name="Since"),
        Column(name="Days", counts=True),
        Column(name="Manager"),
        Column(name="Items"),
        Column(name="Value"),
        Column(name="Last contact"),
        Column(name="Return asked of"),
    ),
    read_page=_page,
    summarise=_summary,
)
