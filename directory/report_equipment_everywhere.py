"""The report of leavers who still have equipment, over a super tenant and all tenants below it."""

from collections import Counter
from typing import NamedTuple
from uuid import UUID

from directory import loans
from directory.equipment_model import Money
from directory.loans import DisabledHolder
from directory.model import TenantId
from directory.page_keys import parse_texts, render_texts
from directory.report_people import person_of
from directory.report_shapes import Asked, Cell, Column, Figure, Report, ReportPage, ReportRow, Summary
from directory.store.routes import reports
from directory.store.unit import Row, as_tenant

PAGE = 250
PAGES_MAX = 4
"""So many pages are summed up."""

COMPARED_MAX = 20


class Owing(NamedTuple):
    """Somebody who left, in which tenant, and who it is in the super tenant if it led them there."""

    tenant_id: UUID
    tenant_name: str
    holder: DisabledHolder
    origin_id: UUID | None


async def _page(asked: Asked, after: str | None, limit: int) -> ReportPage:
    found, next_after = await _read(asked, after, limit)
    return ReportPage(rows=[_row(one) for one in found], next_after=next_after)


async def _read(asked: Asked, after: str | None, limit: int) -> tuple[list[Owing], str | None]:
    """Return people tenant by tenant, by slug: a page may begin in one and end in another."""
    found: list[Owing] = []
    read_count = 0
    slug, behind = ("", None) if after is None else _place_of(after)
    tenants = await reports.list_owing(asked.tenant_id, since_slug=slug, limit=limit + 1)
    for tenant in tenants:
        if read_count == limit:
            return found, render_texts(tenant["slug"], "")
        place = behind if tenant["slug"] == slug else None
        page = await _holders(asked, tenant, after=place, limit=limit - read_count)
        read_count += len(page.holders)
        found += await _shown(asked, tenant, page.holders)
        if page.next_after is not None:
            return found, render_texts(tenant["slug"], page.next_after)
    return found, None


def _place_of(after: str) -> tuple[str, str | None]:
    slug, behind = parse_texts(after, 2)
    return slug, behind or None


async def _holders(asked: Asked, tenant: Row, *, after: str | None, limit: int) -> loans.HolderPage:
    async with as_tenant(tenant["id"]):
        return await loans.list_disabled_holders(TenantId(tenant["id"]), after=after, limit=limit, now=asked.now)


async def _shown(asked: Asked, tenant: Row, holders: list[DisabledHolder]) -> list[Owing]:
    """Return those of a tenant: where the super tenant may not look in by itself, only whom it led there."""
    ids: list[UUID] = [holder.user_id for holder in holders]
    is_own = tenant["id"] == asked.tenant_id
    origins = (
        dict(zip(ids, ids, strict=True)) if is_own else await reports.origins_of(asked.tenant_id, tenant["id"], ids)
    )
    return [
        Owing(tenant["id"], tenant["name"], holder, origins.get(holder.user_id))
        for holder in holders
        if holder.user_id in origins or tenant["scoped_views"] == "open"
    ]


def _row(owing: Owing) -> ReportRow:
    holder = owing.holder
    name = holder.name or holder.user_name
    person: Cell = name if owing.origin_id is None else person_of(owing.origin_id, name, "")
    return (
        owing.tenant_name,
        person,
        holder.user_name,
        "Deleted" if holder.deleted else "Disabled",
        holder.disabled_at,
        holder.days,
        holder.manager,
        ", ".join(f"{one.item.details.name} ({one.item.details.tag})" for one in holder.items),
        len(holder.items),
        ", ".join(map(str, holder.values)),
        holder.last_contact_at if holder.sent_to else None,
    )


async def _summary(asked: Asked) -> Summary:
    found: list[Owing] = []
    after: str | None = None
    for _ in range(PAGES_MAX):
        page, after = await _read(asked, after, PAGE)
        found += page
        if after is None:
            break
    more = after is not None
    worth: Counter[str] = Counter()
    for value in (value for one in found for value in one.holder.values):
        worth[value.currency] += value.minor
    items = sum(len(one.holder.items) for one in found)
    tenants = Counter(one.tenant_name for one in found)
    figures = [
        Figure(label="people", single="person", value=len(found), more=more),
        Figure(label="tenants", single="tenant", value=len({one.tenant_id for one in found}), more=more),
        Figure(label="items", single="item", value=items, more=more),
        *(
            Figure(label="in value", value=str(Money(minor=minor, currency=currency)), more=more)
            for currency, minor in sorted(worth.items())
        ),
    ]
    return Summary(figures=figures, compared=tenants.most_common(COMPARED_MAX), note=_note(more=more))


def _note(*, more: bool) -> str:
    of_whom = f"Of the first {PAGE * PAGES_MAX:,} people. " if more else ""
    return (
        f"{of_whom}Of tenants that are looked into only after somebody there agrees, only whom this tenant led there."
    )


EVERYWHERE = Report(
    key="disabled-with-equipment-all",
    sign="box",
    title="Disabled users with equipment, all tenants",
    sentence="Who is disabled or deleted in this tenant or one below it and still has equipment there, and since when.",
    nothing="Nobody disabled holds equipment in any tenant",
    columns=(
        Column(name="Tenant"),
        Column(name="Person"),
        Column(name="User name"),
        Column(name="Status"),
        Column(name="Since"),
        Column(name="Days", counts=True),
        Column(name="Manager"),
        Column(name="Items"),
        Column(name="Count", counts=True),
        Column(name="Value"),
        Column(name="Last contact"),
    ),
    read_page=_page,
    summarise=_summary,
    compared_by="Tenant",
    of_super_tenants=True,
)
